import { after, before, describe, test } from 'node:test'

import { seeds } from '../src/ledger/test-ledger.ts'
import { SLOW } from './faults/slow.ts'
import { DATABASES } from './support/home.ts'
import { type Simulator, startSimulator } from './support/simulator.ts'

/** In a process of its own: what is measured here are times, and test/faults.test.ts keeps its process busy. */
let simulator: Simulator
const [seed = 1] = seeds(1)

before(async () => {
  simulator = await startSimulator('refuse')
})
after(() => simulator.stop())

describe('a whole gateway before a provider that takes its time', { concurrency: true }, () => {
  for (const database of DATABASES)
    for (const { promise, claim, run } of SLOW)
      test(`${promise}: ${claim} (${database})`, async (context) => {
        const figures = await run({ simulator, database, seed, isLong: false })
        context.diagnostic(`${promise} ${JSON.stringify(figures)}, seed ${seed}`)
      })
})
