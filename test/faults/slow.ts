import assert from 'node:assert/strict'

import { until } from '../support/generations.ts'
import type { Experiment } from './experiment.ts'
import { attemptsOf, openScene } from './scene.ts'

const DEADLINE_S = 10

/** Providers that take their time. */
export const SLOW: readonly Experiment[] = [
  {
    promise: 'R2',
    claim: 'a provider that hangs is left at the deadline, its socket closed and the hold resolved',
    async run({ simulator, database }) {
      await using scene = await openScene({ simulator, database, providers: ['google', 'openrouter'] })
      assert.equal((await scene.buy()).status, 200)
      scene.roads.google.always({ fault: 'hang' })

      const bought = await scene.buy({ headers: { 'x-plantain-deadline': String(DEADLINE_S) } })
      const answeredAt = performance.now()

      assert.deepEqual([bought.status, bought.error?.code], [408, 'timeout'])
      assert.equal(bought.headers.get('x-should-retry'), 'false')
      assert.deepEqual(attemptsOf(bought), ['google unknown'])
      assert.ok(bought.ms >= DEADLINE_S * 1000 - 50, `after ${bought.ms} ms`)
      assert.ok(bought.ms <= DEADLINE_S * 1000 + 1000, `after ${bought.ms} ms`)
      await until('no open socket', () => (scene.roads.google.open() === 0 ? true : undefined), 1_000)
      const closedMs = Math.max(0, (scene.roads.google.passages.at(-1)?.closedAt ?? 0) - answeredAt)
      assert.equal(scene.roads.google.passages.at(-1)?.closedBy, 'gateway')
      assert.equal(scene.roads.openrouter.posts(), 0, 'there was no time for another')
      await scene.books()
      return { overDeadlineMs: Math.round(bought.ms - DEADLINE_S * 1000), socketClosedMs: Math.round(closedMs) }
    },
  },
  {
    promise: 'R3',
    claim:
      'a picture that comes at a byte a second is given up within 25 seconds of its first byte, and booked as lost',
    async run({ simulator, database }) {
      await using scene = await openScene({ simulator, database })
      scene.roads.google.always({ fault: 'drip=1' })

      const bought = await scene.buy()

      const { firstByteAt = 0, closedAt = 0, closedBy } = scene.roads.google.passages.at(-1) ?? {}
      const tookMs = Math.round(closedAt - firstByteAt)
      assert.equal(closedBy, 'gateway')
      assert.ok(tookMs <= 25_000, `${tookMs} ms`)
      assert.equal(bought.status, 502)
      assert.deepEqual(attemptsOf(bought), ['google billed_no_output'])
      assert.ok((await scene.books()).loss > 0n)
      return { endedAfterMs: tookMs }
    },
  },
]
