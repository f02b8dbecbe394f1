import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { type Clock, systemClock } from '../../core/clock.ts'
import { testKey } from '../../sandbox/vertex/test-key-file.ts'
import type { Upstream } from '../http.ts'
import { answer, callTo, playback, type Played, withUpstream } from '../playback.ts'
import type { Call, Provider } from '../provider.ts'
import { failureOf } from '../test-fixtures.ts'
import { makeVertex } from './provider.ts'

const KEY = testKey({ tokenUri: '/token' })
const DIRECTORY = mkdtempSync(join(tmpdir(), 'plantain-key-'))
after(() => rmSync(DIRECTORY, { recursive: true }))

const REQUEST = { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }] } as const
const PICTURE = { inlineData: { mimeType: 'image/png', data: 'AAAA' } }
const ANSWER = JSON.stringify({ candidates: [{ content: { role: 'model', parts: [PICTURE] }, finishReason: 'STOP' }] })

let files = 0

/** The path of a key file. */
function keyFile(more: object = {}): string {
  return fileOf(JSON.stringify({ ...KEY, ...more }))
}

function fileOf(text: string): string {
  const path = join(DIRECTORY, `key-${(files += 1)}.json`)
  writeFileSync(path, text)
  return path
}

/** Google in two addresses of one listener; tokens are numbered. */
function google({ token = () => ({}), picture = answer(200, ANSWER), delayMs = 0 }: Play = {}): RequestListener {
  let issued = 0
  return (request, response) => {
    if (request.url !== '/token') return picture(request, response)
    const told = { access_token: `ya29.token-${(issued += 1)}`, expires_in: 3599, token_type: 'Bearer', ...token() }
    setTimeout(() => answer(200, JSON.stringify(told))(request, response), delayMs)
  }
}

interface Play {
  readonly token?: () => object
  readonly picture?: RequestListener
  readonly delayMs?: number
}

/** Time that stands still until it is moved. */
function heldClock() {
  let ahead = 0
  const clock: Clock = {
    ...systemClock,
    now: () => systemClock.now() + ahead,
    monotonic: () => systemClock.monotonic() + ahead,
  }
  return { clock, move: (ms: number) => void (ahead += ms) }
}

function withVertex<T>(use: (vertex: Provider, upstream: Upstream) => Promise<T>): Promise<T> {
  return withUpstream({}, (upstream) => use(makeVertex(upstream), upstream))
}

function callWith(url: string, credential: string, more: Partial<Call> = {}): Call {
  return { ...callTo(url), model: 'gemini-3-pro-image', credential, ...more }
}

function tokensAsked(requests: readonly Played[]): number {
  return requests.filter(({ path }) => path === '/token').length
}

describe('a service account', { concurrency: 4 }, () => {
  test('shows a signed assertion made out to the token endpoint, and the token at the picture', async () => {
    await using server = await playback(google())

    const result = await withVertex((vertex) => vertex.generate(REQUEST, callWith(server.url, keyFile())))

    assert.ok(result.ok)
    const [exchange, picture] = server.requests
    const { grant_type: grant, assertion } = Object.fromEntries(new URLSearchParams(exchange?.body))
    assert.equal(grant, 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    const [header = '', claims = '', signature = ''] = (assertion ?? '').split('.')
    const publicKey = createPublicKey(KEY.private_key)
    assert.ok(verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url')))
    assert.deepEqual(decoded(header), { alg: 'RS256', typ: 'JWT', kid: KEY.private_key_id })
    const { iat, exp, ...rest } = decoded(claims)
    assert.deepEqual(rest, {
      iss: KEY.client_email,
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      aud: `${server.url}/token`,
    })
    assert.equal(Number(exp) - Number(iat), 3600)
    assert.ok(Math.abs(Number(iat) - Date.now() / 1000) < 5)

    const path = '/v1/projects/kites-2026/locations/global/publishers/google/models/gemini-3-pro-image:generateContent'
    assert.equal(picture?.path, path)
    assert.equal(picture.headers.authorization, 'Bearer ya29.token-1')
    assert.ok(!JSON.stringify(server.requests).includes('PRIVATE KEY'))
  })

  test('asks for one token for many calls at once, and keeps it', async () => {
    await using server = await playback(google({ delayMs: 50 }))
    const path = keyFile()

    await withVertex(async (vertex) => {
      const results = await Promise.all(
        Array.from({ length: 8 }, () => vertex.generate(REQUEST, callWith(server.url, path))),
      )
      assert.ok(results.every(({ ok }) => ok))
      await vertex.generate(REQUEST, callWith(server.url, path))
    })

    assert.deepEqual([tokensAsked(server.requests), server.requests.length], [1, 10])
  })

  test('has a token of its own for each key file', async () => {
    await using server = await playback(google())

    await withVertex(async (vertex) => {
      for (const path of [keyFile(), keyFile({ project_id: 'boats' })]) {
        await vertex.generate(REQUEST, callWith(server.url, path))
      }
    })

    const used = server.requests.flatMap(({ headers }) => headers.authorization ?? [])
    assert.deepEqual(used, ['Bearer ya29.token-1', 'Bearer ya29.token-2'])
    assert.ok(server.requests.at(-1)?.path.includes('/projects/boats/'))
  })

  test('gets another token five minutes before the old one ends, and reads the file again for it', async () => {
    await using server = await playback(google())
    const { clock, move } = heldClock()
    const path = keyFile()

    await withVertex(async (vertex) => {
      const call = () => callWith(server.url, path, { clock, remainingMs: () => 5_000 })
      await vertex.generate(REQUEST, call())
      move((3599 - 300) * 1000 - 5_000)
      await vertex.generate(REQUEST, call())
      assert.equal(tokensAsked(server.requests), 1)

      move(6_000)
      writeFileSync(path, JSON.stringify({ ...KEY, project_id: 'moved' }))
      await vertex.generate(REQUEST, call())
    })

    assert.equal(tokensAsked(server.requests), 2)
    assert.ok(server.requests.at(-1)?.path.includes('/projects/moved/'))
  })

  test('drops a token that is refused: the call fails, the next one has another', async () => {
    let refusals = 1
    const picture: RequestListener = (request, response) => {
      const error = { code: 401, message: 'Request had invalid authentication credentials.', status: 'UNAUTHENTICATED' }
      const play = (refusals -= 1) >= 0 ? answer(401, JSON.stringify({ error })) : answer(200, ANSWER)
      play(request, response)
    }
    await using server = await playback(google({ picture }))
    const path = keyFile()

    await withVertex(async (vertex) => {
      const failure = failureOf(await vertex.generate(REQUEST, callWith(server.url, path)))
      assert.deepEqual([failure.kind, failure.billed, failure.status], ['unauthorized', 'no', 401])

      assert.ok((await vertex.generate(REQUEST, callWith(server.url, path))).ok)
    })

    const used = server.requests.flatMap(({ headers }) => headers.authorization ?? [])
    assert.deepEqual(used, ['Bearer ya29.token-1', 'Bearer ya29.token-2'])
  })

  test('keeps a token whatever else goes wrong', async () => {
    await using server = await playback(google({ picture: answer(503, '{"error":{"code":503,"message":"Busy."}}') }))
    const path = keyFile()

    await withVertex(async (vertex) => {
      for (let tries = 0; tries < 3; tries += 1) await vertex.generate(REQUEST, callWith(server.url, path))
    })

    assert.equal(tokensAsked(server.requests), 1)
  })

  test('never has its token in a failure, however often it is repeated', async () => {
    const picture: RequestListener = (request, response) =>
      answer(400, JSON.stringify({ error: { message: `not ${request.headers.authorization}`, status: 'X' } }))(
        request,
        response,
      )
    await using server = await playback(google({ picture }))

    const failure = failureOf(await withVertex((vertex) => vertex.generate(REQUEST, callWith(server.url, keyFile()))))

    assert.ok(!JSON.stringify(failure).includes('ya29'))
    assert.ok(failure.message.includes('[credential]'))
  })

  test('whose caller has no time left is not waited for, and leaves its place to who has', async () => {
    await using server = await playback(google({ delayMs: 200 }))
    const path = keyFile()

    const [hasty, patient, impatient] = await withVertex(async (vertex) => {
      const hurried = (ms: number): Partial<Call> => ({ signal: AbortSignal.timeout(ms), remainingMs: () => ms })
      return await Promise.all([
        vertex.generate(REQUEST, callWith(server.url, path, hurried(60))),
        vertex.generate(REQUEST, callWith(server.url, path)),
        vertex.generate(REQUEST, callWith(server.url, path, hurried(30))),
      ])
    })

    for (const result of [hasty, impatient]) {
      assert.deepEqual([failureOf(result).kind, failureOf(result).billed], ['timeout', 'no'])
    }
    assert.ok(patient.ok)
    assert.equal(tokensAsked(server.requests), 2)
  })

  test('departs only with the picture’s request', async () => {
    await using server = await playback(google())
    const order: string[] = []
    const departing = () => void order.push(`departing after ${server.requests.length} requests`)

    await withVertex((vertex) => vertex.generate(REQUEST, callWith(server.url, keyFile(), { departing })))

    assert.deepEqual(order, ['departing after 1 requests'])
  })

  test('is asked about for nothing', async () => {
    await using server = await playback(google({ picture: answer(200, '{"totalTokens":1}') }))

    const found = await withVertex(async (vertex) => await vertex.check?.(callWith(server.url, keyFile())))

    assert.ok(found?.ok)
    assert.equal(found.value, 'the key of the project kites-2026 is good')
  })
})

describe('a key file', { concurrency: 4 }, () => {
  const cases: readonly [what: string, path: () => string, says: string][] = [
    ['that is not there', () => join(DIRECTORY, 'gone.json'), 'cannot be read (ENOENT)'],
    ['that is a directory', () => `${DIRECTORY}/`, 'cannot be read (EISDIR)'],
    ['that is no JSON', () => fileOf('-----BEGIN'), 'is not a service account’s'],
    ['of a person', () => fileOf('{"type":"authorized_user","refresh_token":"1//secret"}'), 'is not one of a service'],
    ['without a project', () => keyFile({ project_id: undefined }), 'project_id missing or of another type'],
    ['with a broken key', () => keyFile({ private_key: 'secret' }), 'holds a private key that cannot be read'],
    ['with a token_uri in the clear', () => keyFile({ token_uri: 'http://169.254.169.254/' }), 'neither https nor'],
    ['with a token_uri that is none', () => keyFile({ token_uri: 'file:///etc/passwd' }), 'neither https nor'],
    ['with a token_uri with a password', () => keyFile({ token_uri: 'https://a:b@x.example/' }), 'neither https nor'],
  ]
  for (const [what, path, says] of cases) {
    test(`${what} is the credential’s fault, told without the path, and nothing is sent`, async () => {
      await using server = await playback(google())
      const credential = path()

      const failure = failureOf(
        await withVertex((vertex) => vertex.generate(REQUEST, callWith(server.url, credential))),
      )

      assert.deepEqual([failure.kind, failure.billed], ['unauthorized', 'no'])
      const start = 'The key file that GOOGLE_APPLICATION_CREDENTIALS names '
      assert.ok(failure.message.startsWith(start) && failure.message.includes(says.replace('’', "'")), failure.message)
      assert.ok(!JSON.stringify(failure).includes(DIRECTORY) && !JSON.stringify(failure).includes('secret'))
      assert.equal(server.requests.length, 0)
    })
  }
})

describe('the token endpoint', { concurrency: 4 }, () => {
  const oauth = (error: string, description: string) => JSON.stringify({ error, error_description: description })
  const secret = '{"id_token":"ya29.elsewhere"}'
  const cases: readonly [what: string, play: RequestListener, kind: string, says: string, raw: boolean][] = [
    [
      'refusing the key',
      answer(400, oauth('invalid_grant', 'Invalid JWT Signature.')),
      'unauthorized',
      'invalid_grant: Invalid JWT Signature.',
      true,
    ],
    ['refusing the client', answer(401, oauth('invalid_client', 'No.')), 'unauthorized', 'invalid_client: No.', true],
    ['over its rate', answer(429, '{}'), 'rate_limited', 'no more calls', true],
    ['failing', answer(500, '<html>'), 'unavailable', 'it failed', true],
    ['answering without a token', answer(200, secret), 'unavailable', 'It gave no token.', false],
    ['answering nonsense', answer(200, `<html>${secret}`), 'unavailable', 'cannot be read', false],
    ['hanging up', (_, response) => response.socket?.end(), 'unavailable', 'without an answer', false],
    ['silent', () => {}, 'timeout', 'deadline', false],
  ]
  for (const [what, play, kind, says, raw] of cases) {
    test(`${what}: ${kind}, and nothing was billed`, async () => {
      await using server = await playback(play)
      const call = callWith(server.url, keyFile(), { signal: AbortSignal.timeout(400), remainingMs: () => 400 })

      const failure = failureOf(await withVertex((vertex) => vertex.generate(REQUEST, call)))

      assert.deepEqual([failure.kind, failure.billed], [kind, 'no'], failure.message)
      assert.ok(failure.message.startsWith("Google's token endpoint: ") && failure.message.includes(says))
      assert.equal(failure.raw !== '', raw)
      assert.equal(server.requests.length, 1)
    })
  }

  test('that repeats the assertion does not get it into a failure', async () => {
    const repeat: RequestListener = (_, response) => {
      const [sent] = server.requests
      const { assertion } = Object.fromEntries(new URLSearchParams(sent?.body))
      answer(400, oauth('invalid_grant', `Bad ${assertion}`))(_, response)
    }
    await using server = await playback(repeat)

    const failure = failureOf(await withVertex((vertex) => vertex.generate(REQUEST, callWith(server.url, keyFile()))))

    assert.ok(failure.message.includes('Bad [credential]'), failure.message)
    assert.ok(!JSON.stringify(failure).includes('eyJ'))
  })

  test('is asked again after a failure', async () => {
    let failures = 1
    const good = google()
    await using server = await playback((request, response) => {
      const play = request.url === '/token' && (failures -= 1) >= 0 ? answer(503, '{}') : good
      play(request, response)
    })
    const path = keyFile()

    const results = await withVertex(async (vertex) => [
      await vertex.generate(REQUEST, callWith(server.url, path)),
      await vertex.generate(REQUEST, callWith(server.url, path)),
    ])

    assert.deepEqual(
      results.map(({ ok }) => ok),
      [false, true],
    )
  })
})

function decoded(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>
}
