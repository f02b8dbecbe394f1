import assert from 'node:assert/strict'
import { createHmac, sign } from 'node:crypto'
import { after, before, test } from 'node:test'
import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'
import { testKey } from './test-key-file.ts'

let sandbox: Sandbox
let base: string
const KEY = testKey()
const MODEL = 'gemini-3.1-flash-image'

before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
  base = sandbox.baseUrlFor('google-vertex') ?? ''
})
after(() => sandbox.close())

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const HEADER = { alg: 'RS256', typ: 'JWT', kid: KEY.private_key_id }

function claims(): Record<string, unknown> {
  const iat = Math.floor(Date.now() / 1000)
  const scope = 'https://www.googleapis.com/auth/cloud-platform'
  return { iss: KEY.client_email, scope, aud: 'https://oauth2.googleapis.com/token', iat, exp: iat + 3600 }
}

function jwt(more: Record<string, unknown> = {}, header: object = HEADER, privateKey = KEY.private_key): string {
  const text = [header, { ...claims(), ...more }].map((each) => encoded(JSON.stringify(each))).join('.')
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), privateKey).toString('base64url')}`
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url')
}

async function exchange(fields: Record<string, string>) {
  const answer = await fetch(`${base}/token`, { method: 'POST', body: new URLSearchParams(fields) })
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> }
}

test('a good assertion is worth a token for an hour, as a form and as JSON', async () => {
  const fields = { grant_type: GRANT, assertion: jwt() }
  const form = await exchange(fields)
  const json = await fetch(`${base}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fields),
  })

  assert.deepEqual([form.status, json.status], [200, 200])
  assert.deepEqual(Object.keys(form.json), ['access_token', 'expires_in', 'token_type'])
  assert.deepEqual([form.json['expires_in'], form.json['token_type']], [3599, 'Bearer'])
  assert.match(String(form.json['access_token']), /^ya29\./u)
})

const NOW = Math.floor(Date.now() / 1000)
const REFUSED: readonly (readonly [what: string, fields: () => Record<string, string>, error: RegExp])[] = [
  ['no assertion', () => ({ grant_type: GRANT }), /invalid_grant/u],
  ['another grant', () => ({ grant_type: 'password', assertion: jwt() }), /unsupported_grant_type/u],
  ['a parameter too many', () => ({ grant_type: GRANT, assertion: jwt(), code: '1' }), /invalid_request: .*code/u],
  ['another account', () => asserted(jwt({ iss: 'someone@kites-2026.iam.gserviceaccount.com' })), /account not found/u],
  ['another key', () => asserted(jwt({}, HEADER, testKey().private_key)), /Invalid JWT Signature/u],
  ['another key id', () => asserted(jwt({}, { ...HEADER, kid: 'f'.repeat(40) })), /Invalid JWT Signature/u],
  ['a signature of other claims', () => asserted(swapped()), /Invalid JWT Signature/u],
  ['a shared secret', () => asserted(hmac()), /wrong algorithm/u],
  ['no signature', () => asserted(jwt().split('.').slice(0, 2).join('.')), /Invalid JWT Signature/u],
  ['another audience', () => asserted(jwt({ aud: 'https://example.com/token' })), /audience check/u],
  ['a claim too many', () => asserted(jwt({ sub: 'root@example.com' })), /unknown claims/u],
  ['a lifetime of two hours', () => asserted(jwt({ iat: NOW, exp: NOW + 7200 })), /short-lived/u],
  ['a clock of yesterday', () => asserted(jwt({ iat: NOW - 90_000, exp: NOW - 86_400 })), /short-lived/u],
  ['a clock of tomorrow', () => asserted(jwt({ iat: NOW + 86_400, exp: NOW + 90_000 })), /short-lived/u],
  ['milliseconds', () => asserted(jwt({ iat: NOW * 1000, exp: NOW * 1000 + 3600 })), /short-lived/u],
  ['another scope', () => asserted(jwt({ scope: 'openid' })), /invalid_scope/u],
]

function asserted(assertion: string): Record<string, string> {
  return { grant_type: GRANT, assertion }
}

function swapped(): string {
  const [header, , signature] = jwt().split('.')
  return `${header}.${encoded(JSON.stringify({ ...claims(), scope: 'openid' }))}.${signature}`
}

/** Signed with the public key as if it were a password: the oldest trick with these tokens. */
function hmac(): string {
  const text = `${encoded(JSON.stringify({ alg: 'HS256', typ: 'JWT' }))}.${encoded(JSON.stringify(claims()))}`
  const [, key = ''] = KEY.client_email.split(/[.@]/u)
  return `${text}.${createHmac('sha256', Buffer.from(key, 'base64url')).update(text).digest('base64url')}`
}

for (const [what, fields, error] of REFUSED) {
  test(`there is no token for ${what}`, async () => {
    const { status, json } = await exchange(fields())

    assert.equal(status, 400)
    assert.match(`${String(json['error'])}: ${String(json['error_description'])}`, error)
  })
}

async function generate(body: object, { resource = `publishers/google/models/${MODEL}`, key = 'AQ.express' } = {}) {
  const headers: Record<string, string> = key.startsWith('ya29')
    ? { authorization: `Bearer ${key}` }
    : { 'x-goog-api-key': key }
  const url = `${base}/v1/${resource}:generateContent`
  const answer = await fetch(url, { method: 'POST', headers: key === '' ? {} : headers, body: JSON.stringify(body) })
  const json = (await answer.json()) as { error?: { code: number; status: string; message: string } }
  return { status: answer.status, error: json.error }
}

const USER = { role: 'user', parts: [{ text: 'a kite' }] }
const asking = (imageConfig: object, more: object = {}) => ({
  contents: [USER],
  generationConfig: { imageConfig: { imageSize: '512', ...imageConfig } },
  ...more,
})

const WRONG: readonly (readonly [what: string, body: object, message: RegExp])[] = [
  ['store, which AI Studio alone knows', asking({}, { store: false }), /Unknown name "store"/u],
  ['a turn without a role', { contents: [{ parts: [{ text: 'a kite' }] }] }, /valid role/u],
  ['WebP', asking({ imageOutputOptions: { mimeType: 'image/webp' } }), /Unsupported output mime type: image\/webp/u],
  ['the names of the client library', asking({ outputMimeType: 'image/png' }), /Unknown name "outputMimeType"/u],
  ['a quality of PNG', asking({ imageOutputOptions: { compressionQuality: 50 } }), /only supported for image\/jpeg/u],
  [
    'a quality over 100',
    asking({ imageOutputOptions: { mimeType: 'image/jpeg', compressionQuality: 101 } }),
    /\[0, 100\]/u,
  ],
  ['small letters', asking({ personGeneration: 'allow_adult' }), /person_generation/u],
  ['a size in small letters', asking({ imageSize: '1k' }), /image_size: "1k"/u],
]

for (const [what, body, message] of WRONG) {
  test(`${what} is a 400 that names it`, async () => {
    const { status, error } = await generate(body)

    assert.deepEqual([status, error?.status], [400, 'INVALID_ARGUMENT'])
    assert.match(error?.message ?? '', message)
  })
}

test('every field of its own is accepted', async () => {
  const own = { personGeneration: 'ALLOW_ADULT', prominentPeople: 'BLOCK_PROMINENT_PEOPLE' }
  const imageOutputOptions = { mimeType: 'image/jpeg', compressionQuality: 80 }
  const safetySettings = [{ category: 'HARM_CATEGORY_IMAGE_HATE', threshold: 'BLOCK_ONLY_HIGH' }]

  const { status, error } = await generate(
    asking({ ...own, imageOutputOptions }, { safetySettings, labels: { team: 'kites' } }),
  )

  assert.equal(status, 200, error?.message)
})

test('who is not let in is told so, before anything else', async () => {
  const { json } = await exchange(asserted(jwt()))
  const token = String(json['access_token'])
  const own = `projects/kites-2026/locations/global/publishers/google/models/${MODEL}`
  for (const [options, expected] of [
    [{ key: '' }, [401, 'UNAUTHENTICATED']],
    [{ key: 'ya29.invented', resource: own }, [401, 'UNAUTHENTICATED']],
    [{ key: token }, [403, 'PERMISSION_DENIED']],
    [{ key: token, resource: own.replace('kites', 'boats') }, [403, 'PERMISSION_DENIED']],
    [{ key: 'invalid' }, [400, 'INVALID_ARGUMENT']],
    [{ key: 'locked' }, [403, 'PERMISSION_DENIED']],
    [{ key: token, resource: own.replace('global', 'europe-west4') }, [404, 'NOT_FOUND']],
    [{ key: token, resource: own.replace(MODEL, 'imagen-4.0-generate-001') }, [404, 'NOT_FOUND']],
    [{ key: token, resource: own }, [400, 'INVALID_ARGUMENT']],
  ] as const) {
    const { status, error } = await generate({}, options)

    assert.deepEqual([status, error?.status], expected, JSON.stringify(options))
  }
})
