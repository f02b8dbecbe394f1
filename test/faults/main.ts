import { parseArgs } from 'node:util'

import { noteFigure } from '../support/figures.ts'
import { DATABASES } from '../support/home.ts'
import { startSimulator } from '../support/simulator.ts'
import { EXPERIMENTS, hasDisks } from './experiments.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string' },
    database: { type: 'string' },
    short: { type: 'boolean' },
  },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
const simulator = await startSimulator('refuse')
let broken = 0
let tried = 0
console.log(`seed ${seed} (npm run test:faults -- --seed ${seed})`)
for (const database of DATABASES.filter((kind) => values.database === undefined || kind === values.database)) {
  for (const { promise, claim, run } of EXPERIMENTS) {
    if (values.only !== undefined && !`${promise}: ${claim}`.includes(values.only)) continue
    if (promise === 'R10' && !hasDisks) {
      console.log(`skip  ${promise}: ${claim} (no mount permitted here)`)
      continue
    }
    const outcome = await run({ simulator, database, seed, isLong: !values.short }).then(
      (figure) => ({ kept: true, figure }),
      (error: unknown) => ({ kept: false, figure: wordsOf(error) }),
    )
    tried += 1
    if (!outcome.kept) broken += 1
    // What the short form measures is no figure.
    if (!values.short) noteFigure('faults', { promise, claim, ...outcome, database, seed })
    console.log(outcome.kept ? 'kept ' : 'BROKEN', `${promise}: ${claim} (${database})`, outcome.figure)
  }
}
await simulator.stop()
console.log(`${tried - broken} of ${tried} kept`)
if (broken > 0) process.exitCode = 1

/** The first lines of an error and of what caused it, without the stack: they end up in the docs. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [line = ''] = error.message.split('\n')
  return error.cause === undefined ? line : `${line}: ${wordsOf(error.cause)}`
}
