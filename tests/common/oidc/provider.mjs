// The npm package `oidc-provider` (OpenID certified) as a city's identity provider, on loopback.
// node provider.mjs PACKAGES PORT JWKS-FILE   prints "ready" once it listens.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [packages, port, jwksFile] = process.argv.slice(2)
const found = createRequire(`${packages}/package.json`).resolve('oidc-provider')
const { default: Provider } = await import(pathToFileURL(found))

const jwks = JSON.parse(readFileSync(jwksFile, 'utf8'))
const api = (audience) => ({
  audience,
  scope: 'read',
  accessTokenFormat: 'jwt',
  accessTokenTTL: 600,
  jwt: { sign: { alg: jwks.keys[0].alg } }
})
const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks,
  clients: ['tich-hop', 'nguoi-la'].map((id) => ({
    client_id: id,
    client_secret: `${id}-secret`,
    grant_types: ['client_credentials'],
    id_token_signed_response_alg: jwks.keys[0].alg,
    redirect_uris: [],
    response_types: []
  })),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // urn:x:lantoa → audience lantoa
      getResourceServerInfo: (_, resource) => api(resource.split(':').pop())
    }
  }
})
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'))
