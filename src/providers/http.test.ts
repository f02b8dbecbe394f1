import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import type { Clock } from '../core/clock.ts'
import { ok } from '../core/result.ts'
import { watchBody } from './answer-body.ts'
import { retryAfterMs, scrubbed } from './failure.ts'
import type { JsonPost, Upstream } from './http.ts'
import { answer, callTo, playback, withUpstream } from './playback.ts'

const POST: JsonPost<number> = {
  path: '/x',
  headers: {},
  body: {},
  pictures: () => false,
  read: ({ status }) => ok(status),
}

describe('sockets to a provider', () => {
  test('are used again one call after another, and never by two calls at once', async () => {
    await using server = await playback((request, response) => {
      setTimeout(() => answer(200, '{}')(request, response), 30)
    })

    const counts = await withUpstream({}, async (upstream) => {
      for (let calls = 0; calls < 3; calls += 1) {
        await posted(upstream, server.url)
        // undici lets a turn of the event loop pass before it trusts a socket again.
        await delay(10)
      }
      const inTurn = server.connections()
      await Promise.all([1, 2, 3].map(() => posted(upstream, server.url)))
      return [inTurn, server.connections()]
    })

    assert.deepEqual(counts, [1, 3])
  })

  test('are closed when idle, whatever the provider says of keeping them', async () => {
    await using server = await playback((_, response) =>
      response.writeHead(200, { 'keep-alive': 'timeout=600' }).end('{}'),
    )

    await withUpstream({ keepAliveMs: 100 }, async (upstream) => {
      await posted(upstream, server.url)
      await server.allClosed()
    })
  })

  test('are not kept busy by an error nobody can read: its status still counts', async () => {
    await using server = await playback(answer(418, `{"much": "${'x'.repeat(50_000)}"}`))

    const result = await withUpstream({ errorBytes: 10_000 }, async (upstream) =>
      upstream.postJson(callTo(server.url), { ...POST, read: ({ status, value }) => ok([status, value]) }),
    )

    assert.deepEqual(result, ok([418, undefined]))
  })
})

test('R6: a redirect is not an answer that an adapter gets to read', async () => {
  await using server = await playback((_, response) => response.writeHead(302, { location: '/y' }).end('{}'))

  const result = await withUpstream({}, (upstream) => upstream.postJson(callTo(server.url), POST))

  assert.ok(!result.ok && result.error.kind === 'unavailable')
})

describe('the pace of an answer', () => {
  const limits = { paceBytesPerSecond: 100, paceMs: 1000 }

  test('is only held against the provider while we wait for it', async () => {
    const clock = handClock()
    const arriving = async function* () {
      for (let pieces = 0; pieces < 5; pieces += 1) {
        clock.pass(100)
        yield Buffer.alloc(30)
      }
    }
    const body = watchBody(arriving(), limits, clock)

    let bytes = 0
    for await (const piece of body.bytes) {
      bytes += piece.length
      clock.pass(60_000)
    }

    assert.deepEqual([bytes, body.problem()], [150, undefined])
  })

  test('is measured over windows: a fast start does not excuse a drip', async () => {
    const clock = handClock()
    const arriving = async function* () {
      yield Buffer.alloc(5_000)
      for (;;) {
        clock.pass(250)
        yield Buffer.alloc(1)
      }
    }
    const body = watchBody(arriving(), limits, clock)

    let waited = 0
    for await (const piece of body.bytes) if (piece.length === 1) waited += 250

    assert.match(body.problem() ?? '', /slowly/)
    assert.ok(waited < 2_000)
  })
})

describe('what a failure says', () => {
  test('of waiting is read from seconds and from dates', () => {
    const clock = handClock(Date.UTC(2026, 10, 22, 12))
    const cases = [
      ['2', 2000],
      ['0.5', 500],
      ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
      ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
      ['soon', undefined],
      ['', undefined],
    ] as const
    for (const [header, expected] of cases) assert.equal(retryAfterMs({ 'retry-after': header }, clock), expected)
    assert.equal(retryAfterMs({}, clock), undefined)
  })

  test('never holds the credential, in whatever form it was repeated', () => {
    const credential = 'key/with+signs=and-more'
    const text = `${credential} and ${encodeURIComponent(credential)}`

    const failure = scrubbed({ kind: 'rejected', billed: 'no', message: text, raw: text, code: text }, credential)

    assert.deepEqual([failure.message, failure.raw, failure.code], Array(3).fill('[credential] and [credential]'))
  })
})

async function posted(upstream: Upstream, url: string): Promise<void> {
  assert.deepEqual(await upstream.postJson(callTo(url), POST), ok(200))
}

/** Moved by hand. Nothing here sleeps. */
function handClock(start = 0): Clock & { pass(ms: number): void } {
  let now = start
  return {
    now: () => now,
    monotonic: () => now,
    sleep: () => Promise.reject(new Error('nothing here sleeps')),
    pass: (ms) => {
      now += ms
    },
  }
}
