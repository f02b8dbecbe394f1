import { oneKey } from './one-key.ts'
import { overspend } from './overspend.ts'
import type { Run, Scenario } from './run.ts'
import { traffic } from './traffic.ts'

/** What can be simulated, by the name that the command line has for it. */
export const SCENARIOS = {
  overspend,
  traffic,
  'one-key': oneKey,
} as const satisfies Readonly<Record<string, Scenario>>

export type ScenarioName = keyof typeof SCENARIOS

/** The command that lives the same life again. */
export function replayOf(scenario: ScenarioName, { seed, database, nodes, steps, stalls = false }: Run): string {
  const more = scenario === 'traffic' ? ` --steps ${steps}${stalls ? ' --stalls' : ''}` : ''
  return `npm run test:simulate -- --scenario ${scenario} --database ${database} --nodes ${nodes} --seeds 1 --seed ${seed}${more}`
}
