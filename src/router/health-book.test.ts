import assert from 'node:assert/strict'
import { test } from 'node:test'

import { makeBulkheads } from './bulkhead.ts'
import type { Outcome } from './health.ts'
import { makeForgetfulBook, makeHealthBook, type Route } from './health-book.ts'
import { NOON, virtualClock } from './test-clock.ts'

const ROUTE: Route = { provider: 'acme', model: 'pix', credentials: 2 }

function openBook() {
  const clock = virtualClock()
  const bulkheads = makeBulkheads({ clock })
  const book = makeHealthBook({ clock, bulkheads })
  return {
    clock,
    book,
    bulkheads,
    ended(outcome: Outcome, { times = 1, credential = 0, route = ROUTE } = {}): void {
      const at = clock.monotonic()
      for (let call = 0; call < times; call += 1) {
        book.note(route, credential, { type: 'claimed', at })
        book.note(route, credential, { type: 'sent', at })
        book.note(route, credential, {
          type: 'ended',
          at,
          claimedAt: at,
          sentAt: at,
          isProbe: false,
          outcome,
          random: 0.5,
        })
      }
    },
  }
}

test('a route that nobody has called stands well', () => {
  assert.deepEqual(openBook().book.standing('acme', 'pix'), { state: 'good', p50Ms: undefined })
})

test('one failure is an outage for thirty seconds', async () => {
  const { clock, book, ended } = openBook()
  ended({ is: 'fault' })

  await clock.pass(30_000)
  assert.equal(book.standing('acme', 'pix').state, 'outage')
  await clock.pass(1)
  assert.equal(book.standing('acme', 'pix').state, 'good')
})

test('a route is ejected when every one of its credentials is, the ones never used included', () => {
  const { book, ended } = openBook()

  ended({ is: 'fault' }, { times: 5 })
  assert.equal(book.standing('acme', 'pix').state, 'outage')
  ended({ is: 'denied' }, { credential: 1 })
  assert.equal(book.standing('acme', 'pix').state, 'ejected')
})

test('a route that is only rate limited is moved back, not ejected', () => {
  const { book, ended } = openBook()
  for (const credential of [0, 1]) ended({ is: 'limited', retryAfterMs: 9_000 }, { credential })

  assert.equal(book.standing('acme', 'pix').state, 'outage')
  assert.equal(book.limitedMs(ROUTE, 1), 9_000)
})

test('the other model of the same provider is another matter', () => {
  const { book, ended } = openBook()
  ended({ is: 'fault' }, { times: 5 })

  assert.equal(book.usable(ROUTE, 0), 'open')
  assert.equal(book.usable({ ...ROUTE, model: 'pix-2' }, 0), 'free')
})

test('durations are told from ten good calls on, of the last hundred', () => {
  const { book, ended } = openBook()
  for (let ms = 1; ms <= 9; ms += 1) ended({ is: 'good', ms })
  assert.equal(book.standing('acme', 'pix').p50Ms, undefined)

  for (let ms = 1_000; ms < 1_100; ms += 1) ended({ is: 'good', ms })
  assert.equal(book.standing('acme', 'pix').p50Ms, 1_049)
  assert.equal(book.report().providers[0]?.models[0]?.p99Ms, 1_098)
})

test('the status line is waited for three times the p99, at least a minute and at most five', () => {
  const known = (ms: number) => {
    const { book, ended } = openBook()
    ended({ is: 'good', ms }, { times: 10 })
    return book.patienceMs(ROUTE)
  }

  assert.equal(openBook().book.patienceMs(ROUTE), 300_000)
  assert.equal(known(2_000), 60_000)
  assert.equal(known(30_000), 90_000)
  assert.equal(known(200_000), 300_000)
})

test('the report tells it all in wall time', async () => {
  const { clock, book, bulkheads, ended } = openBook()
  await clock.pass(10_000)
  bulkheads.take('acme')
  ended({ is: 'fault' }, { times: 5 })
  ended({ is: 'limited', retryAfterMs: 4_000 }, { credential: 1 })

  assert.deepEqual(book.report().providers, [
    {
      provider: 'acme',
      inFlight: 1,
      queued: 0,
      ambiguous: { used: 0, left: 3 },
      models: [
        {
          model: 'pix',
          state: 'outage',
          p50Ms: undefined,
          p99Ms: undefined,
          outcomes: { good: 0, fault: 5, limited: 1, denied: 0, neutral: 0 },
          credentials: [
            {
              credential: 0,
              breaker: 'open',
              openUntil: NOON + 40_000,
              calls: 5,
              failures: 5,
              failuresInRow: 5,
              rateLimitedUntil: undefined,
              deniedUntil: undefined,
            },
            {
              credential: 1,
              breaker: 'closed',
              openUntil: undefined,
              calls: 0,
              failures: 0,
              failuresInRow: 0,
              rateLimitedUntil: NOON + 14_000,
              deniedUntil: undefined,
            },
          ],
        },
      ],
    },
  ])
})

test('the forgetful book learns nothing', () => {
  const book = makeForgetfulBook()
  const at = 0
  for (let call = 0; call < 9; call += 1) {
    const ended = { type: 'ended', at, claimedAt: at, sentAt: at, isProbe: false, random: 0 } as const
    book.note(ROUTE, 0, { ...ended, outcome: { is: 'fault' } })
    assert.equal(typeof book.budgets.take('acme'), 'object')
  }

  assert.equal(book.usable(ROUTE, 0), 'free')
  assert.equal(book.standing('acme', 'pix').state, 'good')
})
