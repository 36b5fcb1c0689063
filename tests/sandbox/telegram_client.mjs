// A city's day on a channel, with the client library grammy: node telegram_client.mjs PACKAGES ADDRESS TOKEN CHANNEL
// Prints what it was told; uploads, forms and errors are the library's own.
import { createRequire } from 'node:module'

const [packages, address, token, channel] = process.argv.slice(2)
const { Api, InputFile } = createRequire(`${packages}/package.json`)('grammy')
const api = new Api(token, { apiRoot: `${address}/telegram` })
const chat = `@${channel}`
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const pause = () => new Promise((done) => setTimeout(done, 1100))
const refused = async (asked) => asked.then(() => null, (error) => [error.error_code, error.description])

const told = {}
const me = await api.getMe()
told.me = [me.is_bot, (await api.getChatMember(chat, me.id)).status]
const post = await api.sendMessage(chat, '<b>Ngập</b> ở Ô Chợ Dừa', { parse_mode: 'HTML' })
told.post = [post.text, post.entities, post.chat.type]
told.same = await refused(api.editMessageText(chat, post.message_id, '<b>Ngập</b> ở Ô Chợ Dừa', { parse_mode: 'HTML' }))
const edited = await api.editMessageText(chat, post.message_id, 'Hết ngập')
told.edited = [edited.text, edited.edit_date >= edited.date]
told.flood = await api.sendMessage(chat, 'nữa').catch((error) => [error.error_code, error.parameters])
await pause()
const photo = await api.sendPhoto(chat, new InputFile(png, 'anh.png'), { caption: 'Ảnh phố' })
told.photo = [photo.caption, photo.photo.at(-1).width]
await pause()
const media = [0, 1].map((n) => ({ type: 'photo', media: new InputFile(png, `${n}.png`), caption: n ? undefined : 'Hai ảnh' }))
const album = await api.sendMediaGroup(chat, media)
told.album = [album.length, new Set(album.map((m) => m.media_group_id)).size, album.map((m) => m.caption ?? null)]
await pause()
const updates = await api.getUpdates()
told.receipts = updates.map((u) => {
  const copy = u.message ?? u.edited_message
  return [u.message ? 'new' : 'edited', copy.is_automatic_forward, copy.forward_origin.message_id]
})
await api.setWebhook('https://thanhpho.example/tg', { secret_token: 'ma-bi-mat' })
told.conflict = (await refused(api.getUpdates()))[0]
await api.deleteWebhook()
told.deleted = await api.deleteMessages(chat, album.map((m) => m.message_id))
told.gone = await refused(api.deleteMessage(chat, album[0].message_id))
console.log(JSON.stringify(told))
