import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, RequestListener } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../core/image-request.ts'
import { type Intake, JsonBlob } from '../core/json-blob.ts'
import type { Result } from '../core/result.ts'
import type { Traits } from './entry.ts'
import type { Upstream, UpstreamLimits } from './http.ts'
import {
  answer,
  callTo,
  chunked,
  CREDENTIAL,
  cutOff,
  drip,
  playback,
  type Played,
  silence,
  tcp,
  withUpstream,
} from './playback.ts'
import type { Call, Provider, UpstreamFailure } from './provider.ts'
import { traitContract, type TraitFixtures } from './trait-contract.ts'

export { formFields } from './playback.ts'

/** What the suite has to know of a provider. Answers are recorded ones, with keys and personal data removed. */
export interface ContractFixtures {
  readonly model: string
  /** Path of the one paid request, below the base URL. Everything else that a provider sends is free. */
  readonly path: string
  /** The one header that may carry the credential, and what it has to be. */
  readonly credentialHeader: readonly [name: string, value: (credential: string) => string]
  /** The body for nothing but a model and the prompt `a red fox`. */
  readonly smallestBody: unknown
  /** How a body is read that is not JSON: a form as an object of its fields. */
  readBody?(request: Played): Promise<unknown>
  /** A good answer with one picture, whose base64 is given, to the paid request. */
  answerWith(base64: string): string
  /** For providers that are asked several times: what the free requests are answered, until the picture's bytes. */
  freeAnswer?(request: IncomingMessage, picture: Buffer): RequestListener
  /** Paths under which pictures are handed over, without any credential. */
  readonly deliveries?: RegExp
  readonly failures: readonly RecordedFailure[]
  /** The entry's own, to be compared with what is sent. */
  readonly traits?: Traits
  /** Models that show a trait which `model` has no use for: traits are the adapter's, whatever one of its models makes of them. */
  readonly ableModels?: TraitFixtures['ableModels']
}

export interface RecordedFailure {
  readonly name: string
  /** 200 when absent. */
  readonly status?: number
  readonly body: unknown
  readonly expect: Partial<UpstreamFailure>
  /** Part of the message: the provider's own reason. */
  readonly says: string
}

const SMALLEST: ImageRequest = { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a red fox' }] }] }

/** What every adapter has to keep, whatever its provider speaks. Real sockets, no stand-ins for the HTTP client. */
export function providerContract(make: (upstream: Upstream) => Provider, fixtures: ContractFixtures): void {
  const bytes = randomBytes(300_000)
  const good = fixtures.answerWith(bytes.toString('base64'))
  const { freeAnswer = () => answer(404, '{}'), deliveries = /^$/, readBody = asJson } = fixtures
  /** The provider at its best. */
  const goodPlay: RequestListener = (request, response) => {
    const listener = request.url === fixtures.path ? answer(200, good) : freeAnswer(request, bytes)
    listener(request, response)
  }
  const paid = (requests: readonly Played[]) => requests.filter(({ path }) => path === fixtures.path)
  const generate = (call: Call, request = SMALLEST, limits: Partial<UpstreamLimits> = {}) =>
    withUpstream(limits, (upstream) => make(upstream).generate(request, { ...call, model: fixtures.model }))

  describe('the provider contract', { concurrency: 4 }, () => {
    test('one generate is one upstream call, and the picture is the provider’s to the byte', async () => {
      await using server = await playback(goodPlay)
      const encoded: Buffer[] = []
      const plain: Buffer[] = []

      const result = await generate(callTo(server.url, { intake: into(encoded), intakeBytes: into(plain) }))

      assert.ok(result.ok)
      assert.equal(result.value.images.length, 1)
      assert.equal(sha256(bytesOf(result.value.images[0]?.blob)), sha256(bytes))
      const watched = Buffer.concat([...plain, Buffer.from(Buffer.concat(encoded).toString('latin1'), 'base64')])
      assert.equal(sha256(watched), sha256(bytes))
      assert.equal(paid(server.requests).length, 1)
      assert.equal(server.requests[0]?.path, fixtures.path)
    })

    test('the departure is told once, before the first byte of the paid request', async () => {
      await using server = await playback(goodPlay)
      const left = departures()

      await generate(callTo(server.url, left))

      assert.equal(left.count(), 1)

      const order: string[] = []
      await using listener = await tcp((socket) => socket.once('data', () => order.push('first byte')))
      const departing = () => order.push('departing')
      await generate(callTo(listener.url, { departing, deadlineMs: 1_000 }), withPicture(24_000_000))

      assert.deepEqual(order, ['departing', 'first byte'])
    })

    test('the credential is in its own header and nowhere else', async () => {
      await using server = await playback(goodPlay)

      await generate(callTo(server.url))

      const [name, value] = fixtures.credentialHeader
      assert.ok(server.requests.length > 0)
      for (const sent of server.requests) {
        assert.equal(sent.headers[name], deliveries.test(sent.path) ? undefined : value(CREDENTIAL))
        const elsewhere = { ...sent, headers: { ...sent.headers, [name]: undefined } }
        assert.ok(!JSON.stringify(elsewhere).includes(CREDENTIAL))
      }
    })

    test('what the caller left out is left out', async () => {
      await using server = await playback(goodPlay)

      await generate(callTo(server.url))

      const [sent] = server.requests
      assert.ok(sent !== undefined)
      assert.deepEqual(await readBody(sent), fixtures.smallestBody)
      assert.equal(
        server.requests[0]?.headers['content-length'],
        String(Buffer.byteLength(server.requests[0]?.body ?? '')),
      )
    })

    for (const { name, status = 200, body, expect, says } of fixtures.failures) {
      test(`${name}: ${expect.kind}, billed ${expect.billed}`, async () => {
        await using server = await playback(answer(status, JSON.stringify(body)))

        const result = await generate(callTo(server.url))

        const failure = failureOf(result)
        assert.deepEqual({ ...failure, ...expect }, failure)
        if (expect.retryAfterMs === undefined) assert.equal(failure.retryAfterMs, undefined)
        assert.ok(failure.message.includes(says), failure.message)
        assert.equal(failure.raw, JSON.stringify(body).slice(0, 4096))
        assert.equal(server.requests.length, 1)
      })
    }

    const broken: readonly [
      name: string,
      play: RequestListener,
      expect: Partial<UpstreamFailure>,
      limits?: Partial<UpstreamLimits>,
    ][] = [
      ['a body cut off', cutOff(good), { kind: 'no_image', billed: 'yes', status: 200 }],
      [
        'a page of HTML with 200',
        answer(200, '<html>Welcome</html>', 'text/html'),
        { kind: 'no_image', billed: 'yes', status: 200 },
      ],
      ['an empty 200', answer(200, ''), { kind: 'no_image', billed: 'yes', status: 200 }],
      ['a body over the limit', answer(200, good), { kind: 'no_image', billed: 'yes' }, { answerBytes: 100_000 }],
      [
        'a body over the limit that hides its length',
        chunked(good),
        { kind: 'no_image', billed: 'yes' },
        { answerBytes: 100_000 },
      ],
      ['a body that drips', drip(good), { kind: 'no_image', billed: 'yes' }, { paceMs: 200 }],
      ['a body that falls silent', silence(good), { kind: 'no_image', billed: 'yes' }, { silenceMs: 200 }],
      [
        'a page of HTML with 502',
        answer(502, '<html>Bad gateway</html>'),
        { kind: 'unavailable', billed: 'unknown', status: 502 },
      ],
      [
        'a page of HTML with 503',
        answer(503, '<html>Busy</html>'),
        { kind: 'unavailable', billed: 'unknown', status: 503 },
      ],
      ['a page of HTML with 400', answer(400, '<html>No</html>'), { kind: 'rejected', billed: 'no', status: 400 }],
      [
        'the end of the stream instead of an answer',
        (_, response) => response.socket?.end(),
        { kind: 'unavailable', billed: 'unknown' },
      ],
      [
        'a reset instead of an answer',
        (_, response) => response.socket?.resetAndDestroy(),
        { kind: 'unavailable', billed: 'unknown' },
      ],
      [
        'an answer that is not HTTP',
        (_, response) => response.socket?.end('SSH-2.0\r\n\r\n'),
        { kind: 'unavailable', billed: 'unknown' },
      ],
    ]
    for (const [name, play, expect, limits] of broken) {
      test(`${name}: ${expect.kind}, billed ${expect.billed}, not tried again`, async () => {
        await using server = await playback(play)

        const failure = failureOf(await generate(callTo(server.url), SMALLEST, limits))

        assert.deepEqual({ ...failure, ...expect }, failure)
        await delay(20)
        assert.equal(server.requests.length, 1)
      })
    }

    test('a reset in the middle of the request costs nothing', async () => {
      await using server = await tcp((socket) => socket.once('data', () => socket.resetAndDestroy()))

      const failure = failureOf(await generate(callTo(server.url), withPicture(24_000_000)))

      assert.deepEqual([failure.kind, failure.billed], ['unavailable', 'no'])
      assert.equal(server.connections(), 1)
    })

    test('a refused connection costs nothing', async () => {
      const server = await tcp(() => {})
      await server[Symbol.asyncDispose]()

      const left = departures()
      const failure = failureOf(await generate(callTo(server.url, left)))

      assert.deepEqual([failure.kind, failure.billed, failure.code], ['unavailable', 'no', 'ECONNREFUSED'])
      assert.equal(left.count(), 0)
    })

    test('a name that does not exist costs nothing', async () => {
      const left = departures()
      const failure = failureOf(await generate(callTo('http://plantain.invalid', left)))

      assert.deepEqual([failure.kind, failure.billed, left.count()], ['unavailable', 'no', 0])
    })

    test('a TLS handshake that never ends is given up after the connect timeout and costs nothing', async () => {
      await using server = await tcp(() => {})

      const left = departures()
      const failure = failureOf(
        await generate(callTo(server.url.replace('http:', 'https:'), left), SMALLEST, { connectMs: 200 }),
      )

      assert.deepEqual([failure.kind, failure.billed, left.count()], ['unavailable', 'no', 0])
    })

    const hangs: readonly [name: string, scheme: string, play: RequestListener, billed: UpstreamFailure['billed']][] = [
      ['while connecting', 'https:', () => {}, 'no'],
      ['before the status line', 'http:', () => {}, 'unknown'],
      ['in the middle of the body', 'http:', silence(good), 'unknown'],
    ]
    for (const [when, scheme, play, billed] of hangs) {
      test(`the deadline is kept ${when}, the socket closed`, async () => {
        await using server = scheme === 'https:' ? await tcp(() => {}) : await playback(play)
        const url = server.url.replace('http:', scheme)
        const { failure, ms } = await withUpstream({ connectMs: 400 }, async (upstream) => {
          const startedAt = performance.now()
          const call = { ...callTo(url, { deadlineMs: 300 }), model: fixtures.model }
          const result = await make(upstream).generate(SMALLEST, call)
          return { failure: failureOf(result), ms: performance.now() - startedAt }
        })

        assert.deepEqual([failure.kind, failure.billed], ['timeout', billed])
        assert.ok(ms < 1_300, `${ms} ms`)
        await server.allClosed()
      })
    }

    test('a call whose deadline has passed is not sent', async () => {
      await using server = await playback(answer(200, good))

      const left = departures()
      const failure = failureOf(await generate({ ...callTo(server.url, left), signal: AbortSignal.abort() }))

      assert.deepEqual([failure.kind, failure.billed, left.count()], ['timeout', 'no', 0])
      assert.equal(server.requests.length, 0)
    })

    for (const status of [301, 302, 303, 307, 308]) {
      test(`a ${status} is not followed, and its target never learns the credential`, async () => {
        await using target = await playback(answer(200, good))
        await using server = await playback((_, response) =>
          response.writeHead(status, { location: `${target.url}/stolen` }).end('{}'),
        )

        const failure = failureOf(await generate(callTo(server.url)))

        assert.deepEqual([failure.kind, failure.billed, failure.status], ['unavailable', 'no', status])
        assert.deepEqual([server.requests.length, target.requests.length], [1, 0])
      })
    }

    test('a provider that repeats the credential does not get it into a failure', async () => {
      const echo = {
        error: { code: 403, message: `${CREDENTIAL} is not allowed`, status: CREDENTIAL, padding: 'x'.repeat(9000) },
      }
      for (const [status, type] of [
        [403, 'json'],
        [200, 'html'],
        [502, 'html'],
      ] as const) {
        const text = type === 'json' ? JSON.stringify(echo) : `<p>${CREDENTIAL}</p>${'é'.repeat(5000)}`
        await using server = await playback(answer(status, text))

        const failure = failureOf(await generate(callTo(server.url)))

        assert.ok(!JSON.stringify(failure).includes(CREDENTIAL.slice(0, 20)))
        assert.ok(failure.raw.includes('[credential]'))
        assert.ok(Buffer.byteLength(failure.raw) <= 4096)
      }
    })

    test('a model id or base URL that leads elsewhere is refused unsent', async () => {
      await using server = await playback(answer(200, good))
      for (const model of [
        '../../secrets',
        'a/../../b',
        '..',
        'x?key=1',
        'x#y',
        'x\r\nhost: evil',
        '',
        'a\\b',
        '%2e%2e',
        'é/..',
      ]) {
        const result = await withUpstream({}, (upstream) =>
          make(upstream).generate(SMALLEST, { ...callTo(server.url), model }),
        )
        if (server.requests.length > 0) {
          const path = server.requests.pop()?.path ?? ''
          assert.equal(path.split('/').length, fixtures.path.split('/').length, `${model} → ${path}`)
        } else assert.deepEqual([failureOf(result).kind, failureOf(result).billed], ['rejected', 'no'])
      }
      for (const baseUrl of [
        `${server.url}?x=`,
        `${server.url}/#`,
        'ftp://127.0.0.1',
        'not a url',
        server.url.replace('//', '//me:pw@'),
      ]) {
        assert.equal(failureOf(await generate({ ...callTo(server.url), baseUrl })).kind, 'rejected')
      }
      for (const credential of ['', 'a b', 'x\r\nhost: evil', 'schlüssel']) {
        assert.equal(failureOf(await generate({ ...callTo(server.url), credential })).kind, 'unauthorized')
      }
      assert.equal(server.requests.length, 0)
    })

    test('its free question, where it has one, costs nothing and tells a bad credential from a silent provider', async () => {
      await using server = await playback(answer(401, '{}'))
      const left = departures()
      const check = (call: Call) =>
        withUpstream({}, async (upstream) => make(upstream).check?.({ ...call, model: fixtures.model }))

      const refused = await check(callTo(server.url, left))
      const silent = await check(callTo('http://plantain.invalid', left))

      if (refused === undefined || silent === undefined) return
      assert.equal(failureOf(refused).kind, 'unauthorized')
      assert.equal(failureOf(silent).kind, 'unavailable')
      assert.equal(server.requests[0]?.headers[fixtures.credentialHeader[0]], fixtures.credentialHeader[1](CREDENTIAL))
      assert.deepEqual([left.count(), paid(server.requests).length], [0, 0])
    })
  })

  const { traits } = fixtures
  if (traits !== undefined) traitContract(make, { ...fixtures, traits })
}

async function asJson({ body }: Played): Promise<unknown> {
  return JSON.parse(body)
}

export function failureOf(result: Result<unknown, UpstreamFailure>): UpstreamFailure {
  assert.ok(!result.ok, 'a failure was expected')
  return result.error
}

export function bytesOf(blob: JsonBlob | undefined): Buffer {
  assert.ok(blob !== undefined && blob.form !== 'text')
  const bytes = Buffer.concat(blob.slices)
  return blob.form === 'binary' ? bytes : Buffer.from(bytes.toString('latin1'), 'base64')
}

/** An intake that collects. */
function into(parts: Buffer[]): () => Intake {
  return () => ({ write: (part: Buffer) => void parts.push(part), end: () => {}, abort: () => {} })
}

/** Counts what departs: a throw in there would be swallowed on the way. */
function departures() {
  let count = 0
  return { departing: () => void (count += 1), count: () => count }
}

function withPicture(characters: number): ImageRequest {
  const blob = new JsonBlob('base64', [Buffer.alloc(characters, 'A')], 'image/png')
  const picture = { field: 'image', source: { type: 'inline', blob } } as const
  return { model: 'any', turns: [{ role: 'user', parts: [{ type: 'image', picture }] }] }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
