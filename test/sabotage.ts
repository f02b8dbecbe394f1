import { parseArgs } from 'node:util'

import { attemptAll, type Verdict } from './sabotage/attempt.ts'
import { SABOTAGES } from './sabotage/list.ts'

// Every promise is broken once on purpose, in a copy of the tree, and its tests have to notice.
const { values } = parseArgs({ options: { match: { type: 'string', default: '' } } })
const matching = SABOTAGES.filter(({ promise, deed }) => `${promise} ${deed}`.includes(values.match))
const hasPostgres = process.env['TEST_DATABASE_URL'] !== undefined
const chosen = matching.filter(({ needsPostgres }) => hasPostgres || !needsPostgres)
const startedAt = performance.now()

const verdicts = await attemptAll(chosen, ({ sabotage: { promise, deed }, colour, told, seconds }: Verdict) =>
  console.log(
    `${colour.padEnd(6)} ${seconds.toFixed(1).padStart(5)} s  ${promise.padEnd(10)}  ${deed}\n${' '.repeat(28)}${told}`,
  ),
)
const noticed = verdicts.filter(({ colour }) => colour === 'red').length
console.log(`${noticed} of ${chosen.length} were noticed, in ${Math.round((performance.now() - startedAt) / 1000)} s`)
const untried = matching.length - chosen.length
if (untried > 0) console.log(`${untried} were not tried: they need TEST_DATABASE_URL`)
process.exitCode = noticed === chosen.length && (untried === 0 || process.env['CI'] === undefined) ? 0 : 1
