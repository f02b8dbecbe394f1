import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Database } from '../db/database.ts'
import { eachEngine } from '../db/test-database.ts'
import { audit } from './auditor.ts'
import type { Dice, TestBook } from './test-ledger.ts'
import { dice, seeds, testBook } from './test-ledger.ts'

const CALLS = 200
const COVERED = 50
/** Per test and engine; PostgreSQL takes several times as long for the same. */
const SEEDS = { sqlite: 50, postgres: 25 }

eachEngine((engine, open) => {
  test(`M1: ${CALLS} simultaneous holds against a balance for ${COVERED}: ${COVERED} succeed, however they fall`, async (t) => {
    const database = await open()

    for (const seed of seeds(SEEDS[engine])) {
      t.diagnostic(`${engine}: PLANTAIN_SEED=${seed}`)
      const random = dice(seed)
      const amount = BigInt(1 + random.roll(10 ** 9))
      const budget = amount * BigInt(COVERED) + BigInt(random.roll(Number(amount)))
      const book = await testBook(database, { balance: budget })

      const held = await holdAll(book, random, amount, 'insufficient_credit')
      const charged = await resolveAll(book, random, held, amount)

      assert.deepEqual(await book.balance(), { available: budget - charged, held: 0n }, `seed ${seed}`)
    }
    assert.deepEqual(await audit(database), [])
  })

  test(`M1: ${CALLS} simultaneous holds against a key's limit for ${COVERED}: ${COVERED} succeed, however they fall`, async (t) => {
    const database = await open()

    for (const seed of seeds(SEEDS[engine])) {
      t.diagnostic(`${engine}: PLANTAIN_SEED=${seed}`)
      const random = dice(seed)
      const amount = BigInt(1 + random.roll(10 ** 9))
      const limit = amount * BigInt(COVERED) + BigInt(random.roll(Number(amount)))
      const reset = random.take(['daily' as const, 'weekly' as const, 'monthly' as const, undefined])
      // Metered live money and an ample prepaid balance by turns: the limit alone decides in both.
      const purse = random.roll(2) === 0 ? { mode: 'live' as const } : { balance: amount * 1000n }
      const book = await testBook(database, { ...purse, limit, ...(reset && { limitReset: reset }) })

      const held = await holdAll(book, random, amount, 'key_limit_reached')
      const charged = await resolveAll(book, random, held, amount)

      assert.deepEqual(await spent(database, book), { held: 0n, settled: charged }, `seed ${seed}`)
    }
    assert.deepEqual(await audit(database), [])
  })
})

/** Tries all holds in a random order with a random number of them in flight; returns the generations that got one. */
async function holdAll(book: TestBook, random: Dice, amount: bigint, refusal: string): Promise<string[]> {
  const ids = Array.from({ length: CALLS }, (_, index) => `${book.workspaceId}-${index}`)
  const held: string[] = []
  const refused: string[] = []
  await atRandom(random, ids, async (id) => {
    const result = await book.hold(id, amount)
    if (result.ok) held.push(id)
    else refused.push(result.error.code)
  })

  assert.equal(held.length, COVERED)
  assert.deepEqual(new Set(refused), new Set([refusal]))
  return held
}

/** Settles or voids every hold, twice or three times each, in a random order; returns what was charged. */
async function resolveAll(book: TestBook, random: Dice, held: readonly string[], amount: bigint): Promise<bigint> {
  let charged = 0n
  const resolved: string[] = []
  const tries = held.flatMap((id) => Array.from({ length: 2 + random.roll(2) }, () => id))
  await atRandom(random, tries, async (id) => {
    const charge = (amount * BigInt(random.roll(150))) / 100n
    const settles = random.roll(3) > 0
    const done = settles ? await book.settle(id, charge, { providerCost: charge }) : await book.void(id, { loss: 1n })
    if (!done) return
    resolved.push(id)
    if (settles) charged += charge < amount ? charge : amount
  })

  assert.deepEqual(resolved.sort(), [...held].sort(), 'every hold is resolved exactly once')
  return charged
}

async function atRandom(random: Dice, items: readonly string[], work: (item: string) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const lanes = 1 + random.roll(64)
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (waiting.length > 0) await work(random.take(waiting))
    }),
  )
}

async function spent(database: Database, { keyHash }: TestBook): Promise<{ held: bigint; settled: bigint }> {
  const row = await database.db
    .selectFrom('key_spend')
    .selectAll()
    .where('key_hash', '=', keyHash)
    .where('window', '=', 'total')
    .executeTakeFirstOrThrow()
  return { held: row.held_nanos, settled: row.settled_nanos }
}
