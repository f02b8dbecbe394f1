import assert from 'node:assert/strict'
import { test } from 'node:test'

import { seeds } from '../src/ledger/test-ledger.ts'
import { crashRounds } from './crash/rounds.ts'
import { DATABASES } from './support/home.ts'

/** The short form; `npm run test:crash` has the long one, and waits for leases to lapse. */
const ROUNDS = 2

for (const database of DATABASES) {
  test(`a gateway killed under load loses nothing that it acknowledged, charges nothing twice, leaves nothing held (${database})`, async (context) => {
    const [seed = 1] = seeds(1)
    context.diagnostic(`npm run test:crash -- --database ${database} --rounds ${ROUNDS} --seed ${seed}`)

    const figures = await crashRounds({ rounds: ROUNDS, seed, database, skipLeases: true })

    context.diagnostic(JSON.stringify(figures))
    assert.ok(figures.acknowledged >= 10, 'there was load')
    assert.ok(figures.settled >= figures.acknowledged)
  })
}
