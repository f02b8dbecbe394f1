import { BROKEN } from './broken.ts'
import { carryOut, settingsOf } from './carry-out.ts'
import { canMount, DISK } from './disk.ts'
import type { Experiment } from './experiment.ts'
import { LEAVING } from './leaving.ts'
import { ONE_DOWN } from './one-down.ts'
import { REFUSALS } from './refusals.ts'
import { SLOW } from './slow.ts'
import { STORMS } from './storm.ts'
import { SWEEP } from './sweep.ts'
import { HEADER_TIMEOUT, type Row, TABLE } from './table.ts'

/** Whether the experiments with a failing disk can be done here; only root may mount one. */
export const hasDisks = canMount()

export const EXPERIMENTS: readonly Experiment[] = [
  ...SLOW,
  ...[...TABLE, HEADER_TIMEOUT].map(rowExperiment),
  ...REFUSALS,
  ...LEAVING,
  ...BROKEN,
  ...DISK,
  ...ONE_DOWN,
  ...STORMS,
  ...SWEEP,
]

/** One row of the table in each of its settings; the short form leaves out the cases that take long or say the same again. */
function rowExperiment(row: Row): Experiment {
  return {
    promise: 'M13',
    claim: `${row.condition}: attempts, charge and loss are those of the table`,
    ...(row.cases.every(({ slow }) => slow) && { longOnly: true }),
    async run({ simulator, database, isLong }) {
      const cases = row.cases.filter(({ slow }) => isLong || !slow)
      const runs: Awaited<ReturnType<typeof carryOut>>[] = []
      for (const given of cases)
        runs.push(
          // At the same time: on slow roads that takes a third of the time.
          ...(await Promise.all(
            settingsOf(row).map(async (setting) => {
              try {
                return await carryOut(row, given, setting, simulator, database)
              } catch (error) {
                throw new Error(`${given.name}, ${setting}`, { cause: error })
              }
            }),
          )),
        )
      return {
        cases: cases.length,
        buys: runs.length,
        attempts: runs.reduce((total, { attempts }) => total + attempts, 0),
        slowestMs: Math.max(0, ...runs.map(({ ms }) => ms)),
      }
    },
  }
}
