// A strict client: discovery, code + PKCE, refresh, introspection, revocation. Talks by lines of JSON:
// out {"go": address}; in the address the browser was sent back to; out what came of it all.
import * as readline from 'node:readline/promises'
import * as oidc from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env
const lines = readline.createInterface({ input: process.stdin })

const config = await oidc.discovery(
  new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, oidc.ClientSecretBasic(CLIENT_SECRET),
  { execute: [oidc.allowInsecureRequests] },
)
const verifier = oidc.randomPKCECodeVerifier()
const state = oidc.randomState()
const nonce = oidc.randomNonce()
const address = oidc.buildAuthorizationUrl(config, {
  redirect_uri: REDIRECT_URI,
  scope: 'openid profile',
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})
console.log(JSON.stringify({ go: address.href }))

const back = new URL((await lines[Symbol.asyncIterator]().next()).value)
const first = await oidc.authorizationCodeGrant(config, back, {
  pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
})
const about = await oidc.fetchUserInfo(config, first.access_token, first.claims().sub)
const second = await oidc.refreshTokenGrant(config, first.refresh_token)
const before = await oidc.tokenIntrospection(config, second.access_token)
await oidc.tokenRevocation(config, second.refresh_token)
const after = await oidc.tokenIntrospection(config, second.access_token)
let refused = ''
try {
  await oidc.refreshTokenGrant(config, second.refresh_token)
} catch (error) {
  refused = error.error
}
console.log(JSON.stringify({
  subject: first.claims().sub, name: about.name, before: before.active, after, refused,
}))
lines.close()
