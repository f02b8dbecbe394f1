import { parseArgs } from 'node:util'

import { attemptAll, type Verdict } from './sabotage/attempt.ts'
import { SABOTAGES } from './sabotage/list.ts'

// Every promise is broken once on purpose, in a copy of the tree, and its tests have to notice.
const { values } = parseArgs({ options: { match: { type: 'string', default: '' } } })
const chosen = SABOTAGES.filter(({ promise, deed }) => `${promise} ${deed}`.includes(values.match))
const startedAt = performance.now()

const verdicts = await attemptAll(chosen, ({ sabotage: { promise, deed }, colour, told, seconds }: Verdict) =>
  console.log(
    `${colour.padEnd(6)} ${seconds.toFixed(1).padStart(5)} s  ${promise.padEnd(10)}  ${deed}\n${' '.repeat(28)}${told}`,
  ),
)
const noticed = verdicts.filter(({ colour }) => colour === 'red').length
console.log(`${noticed} of ${chosen.length} were noticed, in ${Math.round((performance.now() - startedAt) / 1000)} s`)
process.exitCode = noticed === chosen.length ? 0 : 1
