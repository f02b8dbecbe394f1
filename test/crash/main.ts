import { parseArgs } from 'node:util'

import { noteFigure } from '../support/figures.ts'
import { DATABASES } from '../support/home.ts'
import { killDatabase } from './database-kills.ts'
import { crashAtFailpoints } from './failpoints.ts'
import { oneKey, overspend } from './nodes.ts'
import { crashRounds, HUNDRED } from './rounds.ts'

const { values } = parseArgs({
  options: {
    /** Kills at random moments. */
    rounds: { type: 'string' },
    /** Visits of each named moment. */
    failpoints: { type: 'string' },
    /** Kills of a gateway with a hundred generations under way, this many times. */
    parallel: { type: 'string' },
    /** Runs of a hundred calls with one key over three gateways. */
    nodes: { type: 'string' },
    seed: { type: 'string' },
    database: { type: 'string' },
    callers: { type: 'string', default: '24' },
    /** PostgreSQL: rounds say that no other node is alive instead of waiting until leases lapse. */
    'skip-leases': { type: 'boolean', default: false },
    /** What the rounds kill: the gateway, a PostgreSQL server of their own, or both at once. */
    what: { type: 'string', default: 'gateway' },
  },
})

const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
const log = console.log
const databases = DATABASES.filter((kind) => values.database === undefined || kind === values.database)
const isPlain = [values.failpoints, values.parallel, values.nodes].every((value) => value === undefined)
const rounds = Number(values.rounds ?? (isPlain ? 50 : 0))

/** Runs one form, says how to run it again, and writes down what it measured. */
async function measure<T extends object>(promise: string, options: string, work: () => Promise<T>): Promise<void> {
  const replay = `npm run test:crash -- ${options} --seed ${seed}`
  console.log(`${promise}, seed ${seed} (${replay})`)
  const startedAt = performance.now()
  const figure = { ...(await work()), seconds: Math.round((performance.now() - startedAt) / 1000) }
  console.log(figure)
  noteFigure('crash', { promise, figure: { ...figure, replay }, seed })
}

/** Pictures that are as long under way as real ones. */
const LONG = { pictures: 'fine' } as const

const { what, 'skip-leases': skipLeases } = values
const [skip, lapse] = skipLeases ? [' --skip-leases', ', leases ended'] : ['', '']
if (rounds > 0 && (what === 'postgres' || what === 'both'))
  await measure(`M4 R7 ${what}`, `--what ${what} --rounds ${rounds}`, () => killDatabase({ rounds, seed, what, log }))
else if (rounds > 0)
  for (const database of databases)
    await measure(`M3 ${database}${lapse}`, `--database ${database} --rounds ${rounds}${skip}`, () =>
      crashRounds({ ...LONG, rounds, seed, database, callers: Number(values.callers), skipLeases, log }),
    )

if (values.parallel !== undefined)
  for (const database of databases)
    await measure(`M3 parallel ${database}`, `--database ${database} --parallel ${values.parallel}`, () =>
      crashRounds({ ...LONG, ...HUNDRED, rounds: Number(values.parallel), seed, database, log }),
    )

if (values.failpoints !== undefined)
  for (const database of databases)
    await measure(`M6 ${database}`, `--database ${database} --failpoints ${values.failpoints}`, () =>
      crashAtFailpoints({ times: Number(values.failpoints), seed, database, log }),
    )

if (values.nodes !== undefined) {
  for (const by of ['balance', 'key limit'] as const)
    await measure(`M1 three processes, ${by}`, `--nodes ${values.nodes}`, () => overspend({ seed, by }))
  await measure('M7 three processes', `--nodes ${values.nodes}`, () =>
    oneKey({ runs: Number(values.nodes), seed, log }),
  )
}
