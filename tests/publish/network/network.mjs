// A real Bluesky network on loopback: directory of identities, a PDS, an AppView, and the queue between them; from the
// npm package @atproto/dev-env, without its moderation service (which the city's account never meets).
// node network.mjs PACKAGES POSTGRES-URL SCHEMA   prints one line of JSON once it serves; ends with its input.
import { createRequire } from 'node:module'
import net from 'node:net'
import { pathToFileURL } from 'node:url'

const [packages, dbPostgresUrl, schema] = process.argv.slice(2)

// The package listens on every address of the machine; a test has no business outside loopback.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...given) {
  if (typeof given[0] === 'number' && typeof given[1] !== 'string') given.splice(1, 0, '127.0.0.1')
  else if (given[0]?.port !== undefined) given[0] = { ...given[0], host: '127.0.0.1' }
  return listen.apply(this, given)
}

const find = createRequire(`${packages}/package.json`)
const { TestBsky, TestBsync, TestPds, TestPlc, mockNetworkUtilities } = await import(
  pathToFileURL(find.resolve('@atproto/dev-env'))
)

const freePort = () =>
  new Promise((resolve) => {
    const probe = net.createServer().listen(0, () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })

const pdsPort = await freePort()
const plc = await TestPlc.create({})
const bsync = await TestBsync.create({ apiKeys: ['bsync'], dbUrl: dbPostgresUrl, dbSchema: `bsync_${schema}` })
const bsky = await TestBsky.create({
  plcUrl: plc.url,
  pdsPort,
  bsyncApiKey: 'bsync',
  bsyncUrl: bsync.url,
  repoProvider: `ws://127.0.0.1:${pdsPort}`,
  dbPostgresSchema: `appview_${schema}`,
  dbPostgresUrl
})
const pds = await TestPds.create({
  port: pdsPort,
  didPlcUrl: plc.url,
  bskyAppViewUrl: bsky.url,
  bskyAppViewDid: bsky.ctx.cfg.serverDid
})
mockNetworkUtilities(pds, bsky)
console.log(JSON.stringify({ pds: `http://127.0.0.1:${pdsPort}`, appview: bsky.url, plc: plc.url }))

process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
