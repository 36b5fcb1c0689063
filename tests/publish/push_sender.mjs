// What npm's web-push would send: node push_sender.mjs PACKAGES '{"subscription", "vapid", "payload", "options"}'
import { createRequire } from 'node:module'

const find = createRequire(`${process.argv[2]}/package.json`)
const { subscription, vapid, payload, options } = JSON.parse(process.argv[3])
const made = find('web-push').generateRequestDetails(subscription, payload, {
  ...options,
  vapidDetails: vapid,
  contentEncoding: 'aes128gcm'
})
process.stdout.write(JSON.stringify({ headers: made.headers, body: made.body.toString('base64') }))
