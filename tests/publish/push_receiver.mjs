// A push service and the browser behind it, by code of others: node push_receiver.mjs PACKAGES
// Prints its subscription, then, for each message, what was checked (jws) and what it opened (http_ece).
import { createECDH, createPublicKey, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'

const find = createRequire(`${process.argv[2]}/package.json`)
const ece = find('http_ece')
const jws = find('jws')
const privateKey = createECDH('prime256v1')
privateKey.generateKeys()
const auth = randomBytes(16)
const say = (told) => process.stdout.write(`${JSON.stringify(told)}\n`)

function checked(header) {
  const [, token, key] = /^vapid t=([^,]+), *k=(\S+)$/.exec(header)
  const point = Buffer.from(key, 'base64url')
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'))
  const pem = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  return { signed: jws.verify(token, 'ES256', pem), claims: jws.decode(token, { json: true }).payload, key }
}

const server = createServer(async (request, response) => {
  const parts = []
  for await (const part of request) parts.push(part)
  const body = Buffer.concat(parts)
  const opened = ece.decrypt(body, { version: 'aes128gcm', privateKey, authSecret: auth })
  say({ ...checked(request.headers.authorization), headers: request.headers, bytes: body.length, opened: opened.toString() })
  response.writeHead(201, { Location: '/m/1' }).end()
})
server.listen(0, '127.0.0.1', () => {
  const keys = { p256dh: privateKey.getPublicKey('base64url'), auth: auth.toString('base64url') }
  say({ endpoint: `http://127.0.0.1:${server.address().port}/send/mot`, expirationTime: null, keys })
})
process.stdin.resume().on('end', () => process.exit(0))
