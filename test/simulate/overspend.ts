import assert from 'node:assert/strict'

import { dice } from '../../src/ledger/test-ledger.ts'
import { checkEndings } from './endings.ts'
import { FINE } from './fates.ts'
import { holdFor } from './goods.ts'
import type { Figures, Run } from './run.ts'
import { inWorld } from './world.ts'

const CALLS = 200
const COVERED = 50

/** What holds the callers back. In turn, not by lot: a few seeds in a row have to see them all. */
const PURSES = ['balance', 'limit', 'metered limit'] as const

/** Its only price, so that the charge is the hold and nothing comes home that would pay for another. */
const WISH = { models: ['sim/slow'], n: 1, prompt: 'a fox' } as const

/** M1: what covers 50 calls lets 50 of 200 through, however their steps fall; the other 150 are told why not. */
export async function overspend({ seed, database, nodes }: Run): Promise<Figures> {
  const price = holdFor(WISH)
  const budget = price * BigInt(COVERED) + BigInt(dice(seed).roll(Number(price)))
  const purse = PURSES[seed % PURSES.length]
  const refusal = purse === 'balance' ? 'insufficient_credit' : 'key_limit_reached'
  const terms = purse === 'balance' ? {} : { limit: budget, isMetered: purse === 'metered limit' }
  const balance = purse === 'balance' ? budget : purse === 'limit' ? budget * 10n : 0n

  return await inWorld({ seed, database, nodes, weather: FINE, keys: { key: terms }, balance }, async (world) => {
    const { scheduler } = world
    await scheduler.run(() => world.ready().length === nodes)
    const told = new Map<string, number>()
    let left = CALLS
    const call = async (number: number): Promise<string> => {
      const { engine } = world.ready()[number % nodes] ?? assert.fail('nobody dies here')
      const started = await engine.start(world.ask(number, WISH), world.owner(number, 'key'))
      if (!started.ok) return started.error.code
      const ended = await engine.wait(started.value.id, new AbortController().signal)
      return ended.ok ? 'delivered' : ended.error.code
    }
    for (let number = 0; number < CALLS; number += 1)
      call(number)
        .then((code) => told.set(code, (told.get(code) ?? 0) + 1))
        .catch(scheduler.fail)
        .finally(() => (left -= 1))
    await scheduler.run(() => left === 0)

    assert.deepEqual(Object.fromEntries(told), { delivered: COVERED, [refusal]: CALLS - COVERED })
    const endings = await checkEndings(world)
    assert.equal(endings.settled, COVERED)
    assert.equal(endings.charged, price * BigInt(COVERED))
    return { steps: scheduler.steps(), trace: scheduler.trace, counts: { ...endings } }
  })
}
