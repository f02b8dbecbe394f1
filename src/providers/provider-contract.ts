import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../core/image-request.ts'
import { JsonBlob, type OpenIntake } from '../core/json-blob.ts'
import type { Upstream, UpstreamLimits } from './http.ts'
import { answer, callTo, chunked, CREDENTIAL, cutOff, drip, playback, silence, tcp, withUpstream } from './playback.ts'
import type { Call, Provider, UpstreamFailure } from './provider.ts'

/** What the suite has to know of a provider. Answers are recorded ones, with keys and personal data removed. */
export interface ContractFixtures {
  readonly model: string
  /** Path of the one upstream call, below the base URL. */
  readonly path: string
  /** The one header that may carry the credential, and what it has to be. */
  readonly credentialHeader: readonly [name: string, value: (credential: string) => string]
  /** The body for nothing but a model and the prompt `a red fox`. */
  readonly smallestBody: unknown
  /** A good answer with one picture, whose base64 is given. */
  answerWith(base64: string): string
  readonly failures: readonly RecordedFailure[]
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
  const generate = (call: Call, request = SMALLEST, limits: Partial<UpstreamLimits> = {}) =>
    withUpstream(limits, (upstream) => make(upstream).generate(request, { ...call, model: fixtures.model }))

  describe('the provider contract', { concurrency: 4 }, () => {
    test('one generate is one upstream call, and the picture is the provider’s to the byte', async () => {
      await using server = await playback(answer(200, good))
      const watched: Buffer[] = []
      const intake: OpenIntake = () => ({ write: (part) => void watched.push(part), end: () => {}, abort: () => {} })

      const result = await generate(callTo(server.url, { intake }))

      assert.ok(result.ok)
      assert.equal(result.value.images.length, 1)
      assert.equal(sha256(bytesOf(result.value.images[0]?.blob)), sha256(bytes))
      assert.equal(sha256(Buffer.from(Buffer.concat(watched).toString('latin1'), 'base64')), sha256(bytes))
      assert.equal(server.requests.length, 1)
      assert.equal(server.requests[0]?.path, fixtures.path)
    })

    test('the credential is in its own header and nowhere else', async () => {
      await using server = await playback(answer(200, good))

      await generate(callTo(server.url))

      const [name, value] = fixtures.credentialHeader
      const sent = server.requests[0]
      assert.ok(sent)
      assert.equal(sent.headers[name], value(CREDENTIAL))
      const elsewhere = { ...sent, headers: { ...sent.headers, [name]: undefined } }
      assert.ok(!JSON.stringify(elsewhere).includes(CREDENTIAL))
    })

    test('what the caller left out is left out', async () => {
      await using server = await playback(answer(200, good))

      await generate(callTo(server.url))

      assert.deepEqual(JSON.parse(server.requests[0]?.body ?? ''), fixtures.smallestBody)
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
      const picture = new JsonBlob('base64', [Buffer.alloc(24_000_000, 'A')], 'image/png')
      const source = { type: 'inline', blob: picture } as const
      const parts = [{ type: 'image', picture: { field: 'image', source } }] as const

      const failure = failureOf(await generate(callTo(server.url), { model: 'any', turns: [{ role: 'user', parts }] }))

      assert.deepEqual([failure.kind, failure.billed], ['unavailable', 'no'])
      assert.equal(server.connections(), 1)
    })

    test('a refused connection costs nothing', async () => {
      const server = await tcp(() => {})
      await server[Symbol.asyncDispose]()

      const failure = failureOf(await generate(callTo(server.url)))

      assert.deepEqual([failure.kind, failure.billed, failure.code], ['unavailable', 'no', 'ECONNREFUSED'])
    })

    test('a name that does not exist costs nothing', async () => {
      const failure = failureOf(await generate(callTo('http://plantain.invalid')))

      assert.deepEqual([failure.kind, failure.billed], ['unavailable', 'no'])
    })

    test('a TLS handshake that never ends is given up after the connect timeout and costs nothing', async () => {
      await using server = await tcp(() => {})

      const failure = failureOf(
        await generate(callTo(server.url.replace('http:', 'https:')), SMALLEST, { connectMs: 200 }),
      )

      assert.deepEqual([failure.kind, failure.billed], ['unavailable', 'no'])
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
          const result = await make(upstream).generate(SMALLEST, callTo(url, { deadlineMs: 150 }))
          return { failure: failureOf(result), ms: performance.now() - startedAt }
        })

        assert.deepEqual([failure.kind, failure.billed], ['timeout', billed])
        assert.ok(ms < 1150, `${ms} ms`)
        await server.allClosed()
      })
    }

    test('a call whose deadline has passed is not sent', async () => {
      await using server = await playback(answer(200, good))

      const failure = failureOf(await generate({ ...callTo(server.url), signal: AbortSignal.abort() }))

      assert.deepEqual([failure.kind, failure.billed], ['timeout', 'no'])
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
  })
}

export function failureOf(result: Awaited<ReturnType<Provider['generate']>>): UpstreamFailure {
  assert.ok(!result.ok, 'a failure was expected')
  return result.error
}

export function bytesOf(blob: JsonBlob | undefined): Buffer {
  assert.equal(blob?.form, 'base64')
  return Buffer.from(Buffer.concat(blob.slices).toString('latin1'), 'base64')
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
