import { parseArgs } from 'node:util'

import { DATABASES } from '../support/home.ts'
import { crashRounds } from './rounds.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    seed: { type: 'string' },
    database: { type: 'string' },
    callers: { type: 'string', default: '24' },
  },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
for (const database of DATABASES.filter((kind) => values.database === undefined || kind === values.database)) {
  const replay = `npm run test:crash -- --database ${database} --rounds ${values.rounds} --seed ${seed}`
  console.log(`${database}, seed ${seed} (${replay})`)
  const startedAt = performance.now()
  const figures = await crashRounds({
    rounds: Number(values.rounds),
    seed,
    database,
    callers: Number(values.callers),
    log: console.log,
  })
  console.log({ database, seed, seconds: Math.round((performance.now() - startedAt) / 1000), ...figures })
}
