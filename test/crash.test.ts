import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { type Failpoint, FAILPOINTS } from '../src/core/failpoint.ts'
import { seeds } from '../src/ledger/test-ledger.ts'
import { serverPrograms } from './crash/cluster.ts'
import { killDatabase } from './crash/database-kills.ts'
import { crashAtFailpoints } from './crash/failpoints.ts'
import { oneKey } from './crash/nodes.ts'
import { crashRounds } from './crash/rounds.ts'
import { ROOT } from './support/child.ts'
import { DATABASES } from './support/home.ts'

/** The short forms; `npm run test:crash` has the long ones, and waits for leases to lapse. */
const ROUNDS = { sqlite: 1, postgres: 2 } as const

/** Where most is at stake; CI visits all of them with `npm run test:crash -- --failpoints 1`. */
const MOMENTS: readonly Failpoint[] = [
  'after hold commit',
  'after request sent',
  'after asset rename',
  'before settle commit',
  'after settle commit',
]

const [seed = 1] = seeds(1)
const hasPostgres = DATABASES.includes('postgres')

test('M6: every named moment stands in the code, once', () => {
  const files = globSync('src/**/*.ts', { cwd: ROOT }).filter((file) => !file.endsWith('.test.ts'))
  const texts = files.map((file) => readFileSync(join(ROOT, file), 'utf8'))
  const standing = texts.flatMap((text) => [...text.matchAll(/failpoint\('([^']+)'\)/g)].map(([, name]) => name))

  assert.deepEqual(sorted(standing), sorted(FAILPOINTS))
})

describe('the gateway dies', { concurrency: 2 }, () => {
  for (const database of DATABASES)
    test(`M3: killed under load it loses nothing that it acknowledged, ends what it had begun, and its books are the provider’s bill (${database})`, async (context) => {
      context.diagnostic(`npm run test:crash -- --database ${database} --rounds ${ROUNDS[database]} --seed ${seed}`)

      const figures = await crashRounds({ rounds: ROUNDS[database], seed, database, skipLeases: true })

      context.diagnostic(JSON.stringify(figures))
      assert.ok(figures.acknowledged >= 10, 'there was load')
      assert.ok(figures.settled >= figures.acknowledged)
    })

  test(`M6: killed at named moments it keeps every promise`, async (context) => {
    context.diagnostic(`npm run test:crash -- --database sqlite --failpoints 1 --seed ${seed}`)

    const figures = await crashAtFailpoints({ times: 1, seed, database: 'sqlite', names: MOMENTS })

    context.diagnostic(JSON.stringify(figures))
    assert.deepEqual(sorted(Object.keys(figures.visited)), sorted(MOMENTS))
  })

  test(
    'M7: a hundred calls with one key over three gateways are one purchase, with and without the death of the one that makes it',
    {
      skip: !hasPostgres && 'needs TEST_DATABASE_URL',
    },
    async (context) => {
      const figures = await oneKey({ runs: 2, seed, kills: [false, true], skipLeases: true })

      context.diagnostic(JSON.stringify({ seed, ...figures }))
      assert.deepEqual([figures.calls, figures.killed], [2, 1])
    },
  )

  test(
    'M4, R7: with its database killed under load it loses no commit, answers 503 until it is back, and needs nobody',
    {
      skip:
        (!hasPostgres || serverPrograms() === undefined) && 'needs TEST_DATABASE_URL and PostgreSQL’s server programs',
    },
    async (context) => {
      context.diagnostic(`npm run test:crash -- --what postgres --rounds 1 --seed ${seed}`)

      const figures = await killDatabase({ rounds: 1, seed, what: 'postgres' })

      context.diagnostic(JSON.stringify(figures))
      assert.ok(figures.acknowledged >= 5, 'there was load')
    },
  )
})

function sorted(names: readonly (string | undefined)[]): readonly string[] {
  return names.map(String).toSorted((a, b) => a.localeCompare(b))
}
