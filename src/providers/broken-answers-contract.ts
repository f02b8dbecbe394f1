import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'node:test'

import type { UpstreamLimits } from './http.ts'
import { answer, callTo, chunked, cutOff, drip, playback, silence, tcp } from './playback.ts'
import type { UpstreamFailure } from './provider.ts'
import { departures, failureOf, SMALLEST, type Subject, withPicture } from './test-fixtures.ts'

/** Answers that break off, drip, are something else or never begin: what each is taken for, and that it is not asked for twice. */
export function brokenAnswerCases({ good, generate }: Subject): void {
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
}
