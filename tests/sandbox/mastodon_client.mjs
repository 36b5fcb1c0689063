// A city's day on an instance, with the client library masto: node mastodon_client.mjs PACKAGES ADDRESS TOKEN
// Prints what it was told; the library reads every answer by its own idea of the API.
import { createRequire } from 'node:module'

const [packages, address, token] = process.argv.slice(2)
const find = createRequire(`${packages}/package.json`)
const { createRestAPIClient } = find('masto')
const direct = globalThis.fetch
// The library asks at the root of a host; the sandbox holds each platform under a name of its own.
globalThis.fetch = (request, init) => {
  const url = new URL(request.url ?? request)
  if (!url.pathname.startsWith('/mastodon/')) url.pathname = `/mastodon${url.pathname}`
  return direct(request instanceof Request ? new Request(url, request) : url, init)
}
const masto = createRestAPIClient({ url: address, accessToken: token })
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

const told = {}
told.instance = (await masto.v2.instance.fetch()).configuration.statuses
const me = await masto.v1.accounts.verifyCredentials()
told.me = me.username
const media = await masto.v2.media.create({ file: new Blob([png], { type: 'image/png' }), description: 'Ảnh phố' })
told.media = [media.type, media.description, media.meta.original.width]
const post = await masto.v1.statuses.create(
  { status: 'Ngập ở Ô Chợ Dừa', mediaIds: [media.id], language: 'vi', visibility: 'public' },
  { requestInit: { headers: { 'Idempotency-Key': 'k' } } }
)
told.post = [post.content, post.mediaAttachments.length, post.createdAt.endsWith('Z')]
const edited = await masto.v1.statuses.$select(post.id).update({ status: 'Hết ngập', mediaIds: [media.id] })
told.edited = [edited.content, edited.editedAt !== null]
told.source = (await masto.v1.statuses.$select(post.id).source.fetch()).text
told.history = (await masto.v1.statuses.$select(post.id).history.list()).length
told.context = (await masto.v1.statuses.$select(post.id).context.fetch()).descendants.length
const at = new Date(Date.now() + 3600_000).toISOString()
const planned = await masto.v1.statuses.create({ status: 'Hẹn giờ', scheduledAt: at })
told.planned = planned.params.text
await masto.v1.scheduledStatuses.$select(planned.id).remove()
for (let n = 0; n < 5; n++) await masto.v1.statuses.create({ status: `Tin ${n}` })
told.list = []
for await (const page of masto.v1.accounts.$select(me.id).statuses.list({ limit: 2 })) {
  told.list.push(...page.map((status) => status.content))
}
await masto.v1.statuses.$select(post.id).remove()
try {
  await masto.v1.statuses.$select(post.id).fetch()
} catch (error) {
  told.gone = [error.name, error.statusCode, error.message]
}
console.log(JSON.stringify(told))
