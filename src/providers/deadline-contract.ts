import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { test } from 'node:test'

import { answer, callTo, playback, silence, tcp, withUpstream } from './playback.ts'
import type { UpstreamFailure } from './provider.ts'
import { departures, failureOf, SMALLEST, type Subject } from './test-fixtures.ts'

/** A deadline is kept wherever a call stands, and nothing is sent behind it. */
export function deadlineCases({ make, fixtures, good, generate }: Subject): void {
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
}
