// The stage's authorization server, checked by clients that none of us wrote: oauth4webapi reads
// its metadata, makes PKCE values, sends the token request and judges the answer; pyotp computes
// the one-time codes. Only the challenge endpoint is spoken by hand, for want of a client.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as oauth from 'oauth4webapi'
import { code, control, stage } from './stage.mjs'

const loopback = { [oauth.allowInsecureRequests]: true }

async function discover(issuer) {
  const url = new URL(issuer)
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...loopback }))
}

const details = [{
  type: 'agent_intent',
  action: { name: 'tools/call' },
  resource: { type: 'mcp-tool', id: 'delete_user', properties: { arguments: { userId: 'alice' } } },
}]

async function firstRequest(started, as, codeVerifier) {
  const body = new URLSearchParams({
    response_type: 'code',
    client_id: started.client_id,
    login_hint: started.account,
    resource: started.resource,
    authorization_details: JSON.stringify(details),
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
  })
  const response = await fetch(as.authorization_challenge_endpoint, { method: 'POST', body, redirect: 'error' })
  assert.equal(response.headers.get('cache-control'), 'no-store')
  return response
}

function followUp(as, body) {
  return fetch(as.authorization_challenge_endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
    redirect: 'error',
  })
}

/** The ceremony of the scenario `single`; returns the code. */
async function authorizationCode(started, as, codeVerifier, otp) {
  const challenge = await (await firstRequest(started, as, codeVerifier)).json()
  assert.equal(challenge.error, 'insufficient_authorization')
  const granted = await followUp(as, { auth_session: challenge.auth_session, response: { otp } })
  return { status: granted.status, ...(await granted.json()) }
}

function tokenRequest(started, as, parameters) {
  const client = { client_id: started.client_id }
  return oauth.genericTokenEndpointRequest(as, client, oauth.None(), 'authorization_code', parameters, loopback)
}

for (const digits of ['6', '8']) {
  test(`the whole path: metadata, selection, ${digits} digits from pyotp, code, token, resource`, async (t) => {
    const started = await stage(t, '--otp-digits', digits)
    const as = await discover(started.issuer)
    assert.ok(as.code_challenge_methods_supported.includes('S256'))
    const codeVerifier = oauth.generateRandomCodeVerifier()

    const choice = await (await firstRequest(started, as, codeVerifier)).json()
    assert.equal(choice.elicitations[0].requestedSchema.properties.authenticator.oneOf[0].const, 'totp')
    const form = await (await followUp(as, { auth_session: choice.auth_session, response: { authenticator: 'totp' } })).json()
    assert.notEqual(form.auth_session, choice.auth_session)
    const { pattern } = form.elicitations[0].requestedSchema.properties.otp
    const otp = code(started.otpauth)
    assert.match(otp, new RegExp(pattern))
    const granted = await followUp(as, { auth_session: form.auth_session, response: { otp } })
    assert.equal(granted.status, 200)
    const { authorization_code } = await granted.json()

    const client = { client_id: started.client_id }
    const response = await tokenRequest(started, as, { code: authorization_code, code_verifier: codeVerifier })
    const token = await oauth.processGenericTokenEndpointResponse(as, client, response)
    assert.deepEqual(token.authorization_details, details)

    const called = await oauth.protectedResourceRequest(
      token.access_token, 'POST', new URL(`${started.resource}/delete_user`),
      new Headers({ 'content-type': 'application/json' }), JSON.stringify({ userId: 'alice' }), loopback)
    assert.equal(called.status, 200)
    assert.equal((await called.json()).done, 'delete_user')
    await assert.rejects(
      oauth.protectedResourceRequest(
        token.access_token, 'POST', new URL(`${started.resource}/delete_user`),
        new Headers({ 'content-type': 'application/json' }), JSON.stringify({ userId: 'bob' }), loopback),
      (e) => e instanceof oauth.WWWAuthenticateChallengeError && e.status === 403)

    const journal = await control(started, 'GET', '/journal')
    assert.equal(journal.entries.filter((entry) => JSON.stringify(entry).includes(otp)).length, 1)
  })
}

test('metadata of an issuer with a path are found where RFC 8414 puts them', async (t) => {
  const started = await stage(t, '--issuer-path', 'tenant')
  const as = await discover(started.issuer)
  assert.equal(as.issuer, `${new URL(started.issuer).origin}/tenant`)
})

test('another issuer in the metadata is refused by the client', async (t) => {
  const started = await stage(t, '--scenario', 'issuer-mismatch')
  await assert.rejects(discover(started.issuer), { code: 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED' })
})

test('codes of the steps before and after are accepted, further ones and used ones are not', async (t) => {
  const started = await stage(t, '--scenario', 'single')
  const as = await discover(started.issuer)
  const codeVerifier = oauth.generateRandomCodeVerifier()
  for (const [steps, status] of [[-3, 400], [3, 400], [-1, 200], [0, 200], [0, 400], [1, 200], [1, 400]]) {
    await control(started, 'POST', '/unlock')
    await awayFromTheEndOfAStep()
    const answer = await authorizationCode(started, as, codeVerifier, code(started.otpauth, steps))
    assert.equal(answer.status, status, `${steps} steps from now`)
  }
})

test('a code is good once, and only with its verifier', async (t) => {
  const started = await stage(t, '--scenario', 'single')
  const as = await discover(started.issuer)
  const client = { client_id: started.client_id }
  const codeVerifier = oauth.generateRandomCodeVerifier()
  const refusal = (e) => e instanceof oauth.ResponseBodyError && e.error === 'invalid_grant'
  const redeem = async (parameters) =>
    oauth.processGenericTokenEndpointResponse(as, client, await tokenRequest(started, as, parameters))

  const first = await authorizationCode(started, as, codeVerifier, (await control(started, 'POST', '/code/fresh')).code)
  await assert.rejects(redeem({ code: first.authorization_code, code_verifier: oauth.generateRandomCodeVerifier() }), refusal)
  const second = await authorizationCode(started, as, codeVerifier, (await control(started, 'POST', '/code/fresh')).code)
  await redeem({ code: second.authorization_code, code_verifier: codeVerifier })
  await assert.rejects(redeem({ code: second.authorization_code, code_verifier: codeVerifier }), refusal)
})

test('the way through the browser passes the checks of RFC 9207, state and redirect_uri', async (t) => {
  const started = await stage(t, '--scenario', 'no-challenge-endpoint')
  const as = await discover(started.issuer)
  assert.equal(as.authorization_challenge_endpoint, undefined)
  const client = { client_id: started.client_id }
  const codeVerifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const redirectUri = 'http://127.0.0.1:49152/back'
  const page = new URL(as.authorization_endpoint)
  page.search = new URLSearchParams({
    response_type: 'code', client_id: started.client_id, login_hint: started.account, redirect_uri: redirectUri, state,
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier), code_challenge_method: 'S256',
  })
  const body = new URLSearchParams({ otp: code(started.otpauth) })
  const back = await fetch(page, { method: 'POST', body, redirect: 'manual' })
  const parameters = oauth.validateAuthResponse(as, client, new URL(back.headers.get('location')), state)
  const response = await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), parameters, redirectUri, codeVerifier, loopback)
  const token = await oauth.processAuthorizationCodeResponse(as, client, response)
  assert.equal(token.token_type, 'bearer')
})

/** A code must not age by a step between pyotp and the stage: waits out the last two seconds. */
async function awayFromTheEndOfAStep() {
  const left = 30_000 - (Date.now() % 30_000)
  if (left < 2_000) await new Promise((done) => setTimeout(done, left + 50))
}
