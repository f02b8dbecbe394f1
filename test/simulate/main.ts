import { parseArgs } from 'node:util'

import { noteFigure } from '../support/figures.ts'
import { DATABASES } from '../support/home.ts'
import type { Figures, Run } from './run.ts'
import { replayOf, type ScenarioName, SCENARIOS } from './scenarios.ts'

/** What each scenario was written for. */
const PROMISES = { overspend: 'M1', traffic: 'M2', 'one-key': 'M7' } as const satisfies Record<ScenarioName, string>

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    seeds: { type: 'string', default: '20' },
    seed: { type: 'string' },
    steps: { type: 'string', default: '10000' },
    database: { type: 'string' },
    nodes: { type: 'string' },
    stalls: { type: 'boolean', default: false },
  },
})
const first = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
const names = Object.keys(SCENARIOS).filter((name) => values.scenario === undefined || values.scenario === name)
const databases = DATABASES.filter((kind) => values.database === undefined || kind === values.database)
if (names.length === 0 || databases.length === 0) throw new RangeError('there is no such scenario, or no such database')

for (const name of names as readonly ScenarioName[])
  for (const database of databases)
    for (const nodes of values.nodes === undefined ? nodesOf(name) : [Number(values.nodes)])
      await live(name, { seed: first, database, nodes, steps: Number(values.steps), stalls: values.stalls })

/** A key is shared over three nodes; money has to be safe on one as well. */
function nodesOf(name: ScenarioName): readonly number[] {
  return name === 'one-key' ? [3] : [1, 3]
}

/** All seeds of one kind; goes on after one that fails, so that the figures say how many do. */
async function live(name: ScenarioName, run: Run): Promise<void> {
  const startedAt = performance.now()
  const counts: Record<string, number> = {}
  let steps = 0
  let failed = 0
  for (let seed = run.seed; seed < run.seed + Number(values.seeds); seed += 1) {
    try {
      const figures: Figures = await SCENARIOS[name]({ ...run, seed })
      steps += figures.steps
      for (const [what, count] of Object.entries(figures.counts)) counts[what] = (counts[what] ?? 0) + Number(count)
    } catch (error) {
      failed += 1
      process.exitCode = 1
      console.log(`FAILED: ${replayOf(name, { ...run, seed })}`)
      console.log(error)
    }
  }
  const seconds = (performance.now() - startedAt) / 1000
  console.log(`${name}, ${run.database}, ${run.nodes} nodes: ${values.seeds} seeds from ${run.seed}, ${failed} failed`)
  const figure = { seeds: Number(values.seeds), seeds_failed: failed, seconds: Math.round(seconds), steps, ...counts }
  console.log(figure)
  noteFigure('simulate', {
    promise: PROMISES[name],
    claim: run.nodes === 1 ? 'one process' : `${run.nodes} processes`,
    database: run.database,
    figure,
    seed: run.seed,
    kept: failed === 0,
  })
}
