import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { seeds } from '../src/ledger/test-ledger.ts'
import type { Figures, Run } from './simulate/run.ts'
import { replayOf, type ScenarioName, SCENARIOS } from './simulate/scenarios.ts'
import { DATABASES } from './support/home.ts'

/** The short form; `npm run test:simulate` has the long one. */
const SEEDS = {
  overspend: { sqlite: 12, postgres: 1 },
  traffic: { sqlite: 8, postgres: 1 },
  'one-key': { sqlite: 3, postgres: 1 },
} as const

const STEPS = 400

/** Lives one life and says how it is lived again. */
async function live(context: TestContext, name: ScenarioName, run: Run): Promise<Figures> {
  context.diagnostic(replayOf(name, run))
  const figures = await SCENARIOS[name](run)
  const counts = Object.entries(figures.counts).map(([what, count]) => `${what} ${count}`)
  context.diagnostic(`${figures.steps} steps: ${counts.join(', ')}`)
  return figures
}

for (const database of DATABASES) {
  test(`M1: what covers 50 calls lets 50 of 200 through, on one node and on three, however their steps fall (${database})`, async (context) => {
    for (const seed of seeds(SEEDS.overspend[database]))
      await live(context, 'overspend', { seed, database, nodes: seed % 2 === 0 ? 1 : 3, steps: 0 })
  })

  test(`M2: the ledger equals a model of it after every step of mixed traffic with failures, cancels, crashes and top-ups (${database})`, async (context) => {
    for (const seed of seeds(SEEDS.traffic[database]))
      await live(context, 'traffic', { seed, database, nodes: 1 + (seed % 3), steps: STEPS })
  })

  test(`M7: a hundred callers with one key on three nodes buy once and are told the same, whoever dies (${database})`, async (context) => {
    for (const seed of seeds(SEEDS['one-key'][database]))
      await live(context, 'one-key', { seed, database, nodes: 3, steps: 0 })
  })

  test(`the same seed is the same life, step by step (${database})`, async (context) => {
    const [seed = 1] = seeds(1)
    const run = { seed, database, nodes: 3, steps: database === 'sqlite' ? STEPS : 100 }

    const first = await live(context, 'traffic', run)
    const second = await live(context, 'traffic', run)

    assert.deepEqual(second.trace, first.trace)
    assert.ok(first.trace.length > run.steps)
  })
}
