// The reference library @atproto/lexicon, with every schema of @atproto/api, asked about samples.
// node library.mjs PACKAGES < [[kind, nsid, value], ...]   prints [null | what is wrong, ...]
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const find = createRequire(`${process.argv[2]}/package.json`)
const load = (name) => import(pathToFileURL(find.resolve(name)))
const { schemas } = await load('@atproto/api')
const { Lexicons, jsonToLex } = await load('@atproto/lexicon')
const lexicons = new Lexicons(schemas)
const check = {
  record: (nsid, value) => lexicons.assertValidRecord(nsid, value),
  input: (nsid, value) => lexicons.assertValidXrpcInput(nsid, value),
  params: (nsid, value) => lexicons.assertValidXrpcParams(nsid, value),
  output: (nsid, value) => lexicons.assertValidXrpcOutput(nsid, value)
}
const judge = ([kind, nsid, value]) => {
  try {
    check[kind](nsid, jsonToLex(value))
    return null
  } catch (error) {
    return error.message
  }
}
console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(judge)))
