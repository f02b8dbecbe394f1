import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { seeds } from '../src/ledger/test-ledger.ts'
import { EXPERIMENTS, hasDisks } from './faults/experiments.ts'
import { SLOW } from './faults/slow.ts'
import { DATABASES } from './support/home.ts'
import { type Simulator, startSimulator } from './support/simulator.ts'

/** The short form of `npm run test:faults`: every promise and nearly every row, with fewer ways into each. */
const SIDE_BY_SIDE = 4
const ON_POSTGRES_EVERY = 5

let simulator: Simulator
const [seed = 1] = seeds(1)

before(async () => {
  simulator = await startSimulator('refuse')
})
after(() => simulator.stop())

test('a failing disk can be made', { skip: hasDisks || process.env['CI'] ? false : 'no mount permitted here' }, () => {
  assert.ok(hasDisks, 'CI must be able to mount a tmpfs: the tests of R10 did not run')
})

describe('a whole gateway before a provider that fails', { concurrency: SIDE_BY_SIDE }, () => {
  const short = EXPERIMENTS.filter((experiment) => experiment.longOnly === undefined && !SLOW.includes(experiment))
  for (const [index, { promise, claim, run }] of short.entries()) {
    const skip = promise === 'R10' && !hasDisks ? 'no mount permitted here' : false
    // The long form has every one of them on both.
    const database = index % ON_POSTGRES_EVERY === 0 ? (DATABASES.at(-1) ?? 'sqlite') : 'sqlite'
    test(`${promise}: ${claim}`, { skip }, async (context) => {
      const figures = await run({ simulator, database, seed, isLong: false })
      context.diagnostic(`${promise} ${JSON.stringify(figures)}, ${database}, seed ${seed}`)
    })
  }
})
