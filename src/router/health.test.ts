import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { dice, seeds } from '../ledger/test-ledger.ts'
import { type Health, HEALTHY, LIMIT_CAP_MS, LIMIT_MS, type Outcome, passOf, reduce } from './health.ts'
import { total } from './rolling.ts'

const FAULT: Outcome = { is: 'fault' }
const GOOD: Outcome = { is: 'good', ms: 10 }
/** The middle of the jitter. */
const HALF = 0.5

/** One whole call: claimed, sent and ended at the same moment, unless it took some time. */
function call(health: Health, outcome: Outcome, at: number, { ms = 0, random = HALF } = {}): Health {
  const isProbe = passOf(health, at) === 'probe'
  let next = reduce(health, { type: 'claimed', at })
  next = reduce(next, { type: 'sent', at })
  return reduce(next, { type: 'ended', at: at + ms, claimedAt: at, sentAt: at, isProbe, outcome, random })
}

function calls(health: Health, outcomes: readonly Outcome[], from: number, everyMs = 100): Health {
  return outcomes.reduce((before, outcome, index) => call(before, outcome, from + index * everyMs), health)
}

/** Open since 400. */
const OPEN = calls(HEALTHY, [FAULT, FAULT, FAULT, FAULT, FAULT], 0)

describe('the breaker', () => {
  test('opens at the fifth failure in a row, not at the fourth', () => {
    assert.equal(passOf(calls(HEALTHY, [FAULT, FAULT, FAULT, FAULT], 0), 500), 'free')
    assert.equal(passOf(OPEN, 500), 'open')
  })

  test('a good call in between starts the row again', () => {
    const health = calls(HEALTHY, [FAULT, FAULT, FAULT, FAULT, GOOD, FAULT, FAULT, FAULT, FAULT], 0)

    assert.equal(passOf(health, 1_000), 'free')
  })

  test('opens when half of twenty calls of two minutes failed, not of nineteen', () => {
    const mixed = (count: number) => Array.from({ length: count }, (_, index) => (index % 2 === 0 ? GOOD : FAULT))

    assert.equal(passOf(calls(HEALTHY, mixed(19), 0, 1_000), 20_000), 'free')
    assert.equal(passOf(calls(HEALTHY, mixed(20), 0, 1_000), 20_000), 'open')
    assert.equal(passOf(calls(HEALTHY, mixed(30), 0, 13_000), 400_000), 'free')
  })

  test('calls count when they are sent: those under way keep a few early failures from being half of all', () => {
    let busy = HEALTHY
    for (let sent = 0; sent < 20; sent += 1) busy = reduce(busy, { type: 'sent', at: 0 })
    const mixed = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? GOOD : FAULT))

    assert.equal(passOf(calls(busy, mixed, 0, 1_000), 20_000), 'free')
  })

  test('a call that hung for longer than the window still counts when it ends', () => {
    let health = HEALTHY
    for (let at = 0; at < 20; at += 1) health = call(health, at % 2 === 0 ? GOOD : FAULT, at * 1_000, { ms: 200_000 })

    assert.equal(passOf(health, 220_000), 'open')
  })

  for (const [is, outcome] of [
    ['a 4xx, a safety block or a caller who left', { is: 'neutral' }],
    ['a 429', { is: 'limited', retryAfterMs: 0 }],
    ['a credential that is not accepted', { is: 'denied' }],
  ] as const) {
    test(`${is} never counts, neither as a failure nor as a call`, () => {
      const health = calls(
        HEALTHY,
        Array.from({ length: 40 }, () => outcome),
        0,
      )

      assert.equal(health.breaker.state, 'closed')
      assert.deepEqual(total(health.recent, 4_000), { calls: 0, marked: 0 })
    })
  }

  test('stays open for 30 s, then 60, 120, 240 and 300, each by up to a fifth shorter or longer', () => {
    for (const [random, factor] of [
      [0, 0.8],
      [0.5, 1],
      [0.999_999, 1.2],
    ] as const) {
      let health = call(calls(HEALTHY, [FAULT, FAULT, FAULT, FAULT], 0), FAULT, 400, { random })
      let openedAt = 400
      for (const seconds of [30, 60, 120, 240, 300, 300]) {
        const until = openedAt + seconds * 1_000 * factor

        assert.equal(passOf(health, until - 1), 'open')
        assert.equal(passOf(health, until + 1), 'probe')
        openedAt = until + 1
        health = call(health, FAULT, openedAt, { random })
      }
    }
  })

  test('lets one probe through at a time, and two good ones close it', () => {
    const probing = reduce(OPEN, { type: 'claimed', at: 31_000 })
    assert.equal(passOf(probing, 31_000), 'probing')

    const once = call(OPEN, GOOD, 31_000)
    assert.equal(passOf(once, 31_001), 'probe')
    assert.equal(once.breaker.state, 'half_open')

    const twice = call(once, GOOD, 32_000)
    assert.equal(passOf(twice, 32_001), 'free')
    assert.equal(twice.breaker.state, 'closed')
  })

  test('a probe that tells nothing, or was never sent, gives its place to the next', () => {
    assert.equal(passOf(call(OPEN, { is: 'neutral' }, 31_000), 31_001), 'probe')

    const claimed = reduce(OPEN, { type: 'claimed', at: 31_000 })
    const unused = { type: 'ended', at: 31_005, claimedAt: 31_000, sentAt: undefined, isProbe: true } as const
    assert.equal(passOf(reduce(claimed, { ...unused, outcome: { is: 'neutral' }, random: HALF }), 31_006), 'probe')
  })

  test('what was sent before it opened neither prolongs nor closes it', () => {
    const late = { type: 'ended', at: 20_000, claimedAt: 0, sentAt: 0, isProbe: false, random: HALF } as const

    assert.deepEqual(reduce(OPEN, { ...late, outcome: FAULT }).breaker, OPEN.breaker)
    assert.deepEqual(reduce(OPEN, { ...late, outcome: GOOD }).breaker, OPEN.breaker)
  })

  test('two good calls that went to an open breaker for want of another route close it', () => {
    assert.equal(passOf(calls(OPEN, [GOOD, GOOD], 5_000), 6_000), 'free')
  })
})

describe('429 and 401', () => {
  test('a 429 keeps calls away until its Retry-After, a moment without one, five minutes at most', () => {
    const limited = (retryAfterMs?: number) => call(HEALTHY, { is: 'limited', retryAfterMs }, 0)

    assert.equal(passOf(limited(2_000), 1_999), 'limited')
    assert.equal(passOf(limited(2_000), 2_000), 'free')
    assert.equal(passOf(limited(), LIMIT_MS - 1), 'limited')
    assert.equal(passOf(limited(), LIMIT_MS), 'free')
    assert.equal(passOf(limited(86_400_000), LIMIT_CAP_MS - 1), 'limited')
    assert.equal(passOf(limited(86_400_000), LIMIT_CAP_MS), 'free')
  })

  test('a credential that is not accepted is passed over for 30 s, longer each time, until it is good again', () => {
    const once = call(HEALTHY, { is: 'denied' }, 0)
    assert.equal(passOf(once, 29_999), 'denied')
    assert.equal(passOf(once, 30_000), 'free')

    const twice = call(once, { is: 'denied' }, 30_000)
    assert.equal(passOf(twice, 89_999), 'denied')
    assert.equal(passOf(call(call(twice, GOOD, 90_000), { is: 'denied' }, 90_001), 120_001), 'free')
  })

  test('calls that were under way together with the same bad credential are one denial', () => {
    const both = call(call(HEALTHY, { is: 'denied' }, 0), { is: 'denied' }, 10)

    assert.equal(both.denied.times, 1)
  })
})

test('under random events there is never more than one probe, and an open breaker lets nobody through', (t) => {
  for (const seed of seeds(60)) {
    t.diagnostic(`PLANTAIN_SEED=${seed}`)
    const random = dice(seed)
    let health = HEALTHY
    let at = 0
    const underWay: { claimedAt: number; sentAt: number; isProbe: boolean }[] = []

    for (let step = 0; step < 600; step += 1) {
      const where = `seed ${seed} step ${step}`
      at += random.roll(8) === 0 ? random.roll(60_000) : random.roll(500)
      const pass = passOf(health, at)
      const isForced = pass === 'open' && random.roll(20) === 0
      if (underWay.length > 0 && random.roll(2) === 0) {
        const { claimedAt, sentAt, isProbe } = random.take(underWay)
        const outcome = outcomes[random.roll(outcomes.length)] ?? FAULT
        health = reduce(health, {
          type: 'ended',
          at,
          claimedAt,
          sentAt,
          isProbe,
          outcome,
          random: random.roll(100) / 100,
        })
      } else if (pass === 'free' || pass === 'probe' || isForced) {
        health = reduce(reduce(health, { type: 'claimed', at }), { type: 'sent', at })
        underWay.push({ claimedAt: at, sentAt: at, isProbe: pass === 'probe' })
      }

      const { breaker, since } = health
      const probes = underWay.filter(({ isProbe, claimedAt }) => isProbe && claimedAt >= since)
      assert.ok(probes.length <= 1, `${where}: ${probes.length} probes`)
      if (breaker.state === 'half_open') assert.equal(breaker.isProbing, probes.length === 1, where)
      if (breaker.state === 'open' && breaker.until > at) assert.notEqual(passOf(health, at), 'free', where)
    }
  }
})

const outcomes: readonly Outcome[] = [
  FAULT,
  FAULT,
  FAULT,
  GOOD,
  GOOD,
  { is: 'neutral' },
  { is: 'limited', retryAfterMs: 700 },
  { is: 'denied' },
]
