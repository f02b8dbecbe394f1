import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Nanos } from '../core/money.ts'
import { ZERO } from '../core/money.ts'
import { err, ok } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import { eachEngine } from '../db/test-database.ts'
import { audit } from './auditor.ts'
import { SUNDAY, testBook } from './test-ledger.ts'

const DAY_MS = 86_400_000

eachEngine((_engine, open) => {
  /** One database for all of them: every test has a workspace of its own. */
  let shared: Promise<Database> | undefined
  const database = (): Promise<Database> => (shared ??= open())

  test('a hold moves its amount from available to held, settling charges part of it and returns the rest', async () => {
    const book = await testBook(await database(), { balance: 100n })

    assert.deepEqual(await book.hold('s1', 60n), ok(undefined))
    assert.deepEqual(await book.balance(), { available: 40n, held: 60n })
    assert.equal(await book.settle('s1', 25n, { providerCost: 20n, loss: 3n }), true)

    assert.deepEqual(await book.balance(), { available: 75n, held: 0n })
    assert.deepEqual(await book.ledger.totals(book.workspaceId, 'test'), { totalCredits: 100n, totalUsage: 25n })
    assert.equal(await accountOf(await database(), `${book.workspaceId}:test:provider_cost`), 20n)
    assert.equal(await accountOf(await database(), `${book.workspaceId}:test:unbilled_loss`), 3n)
    assert.equal(await accountOf(await database(), `${book.workspaceId}:test:provider_payable`), -23n)
  })

  test('voiding returns all of it and books what the provider took as a loss', async () => {
    const book = await testBook(await database(), { balance: 100n })
    await book.hold('v1', 60n)

    assert.equal(await book.void('v1', { loss: 20n }), true)

    assert.deepEqual(await book.balance(), { available: 100n, held: 0n })
    assert.equal((await book.ledger.totals(book.workspaceId, 'test')).totalUsage, 0n)
    assert.equal(await accountOf(await database(), `${book.workspaceId}:test:unbilled_loss`), 20n)
  })

  test('a hold is resolved once: whatever comes second changes nothing and says so', async () => {
    const book = await testBook(await database(), { balance: 100n })
    await book.hold('o1', 40n)
    await book.hold('o2', 40n)

    assert.equal(await book.settle('o1', 10n), true)
    assert.equal(await book.settle('o1', 10n), false)
    assert.equal(await book.void('o1'), false)
    assert.equal(await book.void('o2'), true)
    assert.equal(await book.settle('o2', 10n), false)
    assert.equal(await book.settle('never held', 10n), false)

    assert.deepEqual(await book.balance(), { available: 90n, held: 0n })
  })

  test('of ten simultaneous resolutions of one hold, one counts', async () => {
    const book = await testBook(await database(), { balance: 100n })
    await book.hold('ten', 100n)

    const resolved = await Promise.all(
      Array.from({ length: 10 }, (_, index) => (index % 2 ? book.settle('ten', 7n) : book.void('ten'))),
    )

    assert.equal(resolved.filter(Boolean).length, 1)
  })

  test('a charge above the hold is cut to the hold', async () => {
    const book = await testBook(await database(), { balance: 100n })
    await book.hold('cap', 60n)

    await book.settle('cap', 61n)

    assert.deepEqual(await book.balance(), { available: 40n, held: 0n })
    const row = await (
      await database()
    ).db
      .selectFrom('holds')
      .selectAll()
      .where('generation_id', '=', 'cap')
      .executeTakeFirst()
    assert.equal(row?.charge_nanos, 60n)
    assert.equal(row?.state, 'posted')
  })

  test('a balance that does not cover a hold refuses it, says what is there, and nothing is left of the try', async () => {
    const book = await testBook(await database(), { balance: 100n, limit: 1000n })

    assert.deepEqual(await book.hold('r1', 101n), err({ code: 'insufficient_credit', available: 100n }))

    assert.deepEqual(await book.balance(), { available: 100n, held: 0n })
    assert.deepEqual(await spendOf(await database(), book.keyHash), {})
    assert.deepEqual(await book.hold('r1', 100n), ok(undefined), 'the same generation may try again')
  })

  test('a key limit that does not cover a hold refuses it, says what is left, and nothing is left of the try', async () => {
    const book = await testBook(await database(), { balance: 1000n, limit: 100n, limitReset: 'weekly' })
    await book.hold('k1', 70n)
    await book.settle('k1', 30n)
    await book.hold('k2', 50n)
    const before = await spendOf(await database(), book.keyHash)

    const refused = await book.hold('k3', 21n)

    assert.deepEqual(refused, err({ code: 'key_limit_reached', remaining: 20n, limit: 100n, reset: 'weekly' }))
    assert.deepEqual(await spendOf(await database(), book.keyHash), before)
    assert.deepEqual(await book.balance(), { available: 920n, held: 50n })
    assert.deepEqual(await book.hold('k3', 20n), ok(undefined))
  })

  test('a hold above a limit that was never used is refused too, and a limit without reset is told without one', async () => {
    const book = await testBook(await database(), { balance: 1000n, limit: 100n })

    assert.deepEqual(await book.hold('big', 101n), err({ code: 'key_limit_reached', remaining: 100n, limit: 100n }))
    assert.deepEqual(await spendOf(await database(), book.keyHash), {})
  })

  test('a refused hold leaves nothing even when its transaction goes on and commits', async () => {
    const book = await testBook(await database(), { balance: 1000n, limit: 100n })
    const request = { ...book, generationId: 'mixed', mode: 'test' as const, pricing: '{}', at: SUNDAY }

    await (
      await database()
    ).transaction(async (trx) => {
      assert.equal((await book.ledger.hold(trx, { ...request, amount: 5000n as Nanos })).ok, false)
      assert.equal((await book.ledger.hold(trx, { ...request, amount: 500n as Nanos })).ok, false)
      assert.equal((await book.ledger.hold(trx, { ...request, amount: 50n as Nanos })).ok, true)
    })

    assert.deepEqual(await book.balance(), { available: 950n, held: 50n })
  })

  test('limits start over at 00:00 UTC, weeks on Monday, and a hold leaves the windows it was counted in', async () => {
    for (const [reset, after] of [
      ['daily', 1],
      ['weekly', 1],
      ['monthly', 9],
    ] as const) {
      const book = await testBook(await database(), { balance: 1000n, limit: 100n, limitReset: reset })
      const id = (name: string) => `${reset} ${name}`
      await book.hold(id('a'), 100n, SUNDAY)

      // 23:59:59.999 is the last moment of Sunday the 22nd; one millisecond later it is Monday.
      assert.equal((await book.hold(id('b'), 1n, SUNDAY + 3_599_999)).ok, false, reset)
      assert.equal((await book.hold(id('c'), 100n, SUNDAY + 3_600_000 + (after - 1) * DAY_MS)).ok, true, reset)
      await book.settle(id('a'), 10n)
      assert.equal((await book.hold(id('d'), 90n, SUNDAY)).ok, true, reset)
    }
  })

  test('spend is counted in the day, the week, the month and the whole life of a key, by when it was held', async () => {
    const book = await testBook(await database(), { balance: 1000n })
    await book.hold('w1', 100n)
    await book.settle('w1', 40n, { at: SUNDAY + 40 * DAY_MS })
    await book.hold('w2', 5n)

    assert.deepEqual(await spendOf(await database(), book.keyHash), {
      total: [5n, 40n],
      'day:2026-11-22': [5n, 40n],
      'week:2026-11-16': [5n, 40n],
      'month:2026-11': [5n, 40n],
    })
  })

  test('metered live money comes from the operator with the hold and returns there: nothing is ever available', async () => {
    const book = await testBook(await database(), { mode: 'live' })

    assert.equal(await book.ledger.liveMode(), 'metered')
    assert.deepEqual(await book.hold('m1', 100n), ok(undefined))
    assert.deepEqual(await book.balance(), { available: 0n, held: 100n })
    await book.settle('m1', 30n)
    await book.hold('m2', 50n)
    await book.void('m2')

    assert.deepEqual(await book.balance(), { available: 0n, held: 0n })
    assert.deepEqual(await book.ledger.totals(book.workspaceId, 'live'), { totalCredits: 30n, totalUsage: 30n })
    const kinds = await (
      await database()
    ).db
      .selectFrom('transactions')
      .select('kind')
      .where('generation_id', '=', 'm1')
      .execute()
    assert.deepEqual(kinds.map(({ kind }) => kind).sort(), ['hold', 'metered_funding', 'settle'])
  })

  test('live and test money of one workspace never meet', async () => {
    const book = await testBook(await database(), { balance: 100n })
    await book.hold('t1', 60n)

    assert.deepEqual(await book.ledger.balance(book.workspaceId, 'live'), { available: 0n, held: 0n })
    assert.deepEqual(await book.ledger.totals(book.workspaceId, 'live'), { totalCredits: 0n, totalUsage: 0n })
  })

  test('a credit with a used idempotency key adds nothing, ten at once add one', async () => {
    const book = await testBook(await database())
    const key = `payment of ${book.workspaceId}`

    const counted = await Promise.all(Array.from({ length: 10 }, () => book.credit(5n, key)))

    assert.equal(counted.filter(Boolean).length, 1)
    assert.deepEqual(await book.balance(), { available: 5n, held: 0n })
  })

  test('a bill that comes after the hold was resolved is booked once and touches no balance', async () => {
    const book = await testBook(await database(), { balance: 100n })
    await book.hold('late', 60n)
    await book.void('late')
    const bill = () =>
      database().then((store) =>
        store.transaction((trx) =>
          book.ledger.book(trx, {
            workspaceId: book.workspaceId,
            mode: 'test',
            generationId: 'late',
            providerCost: ZERO,
            loss: 9n as Nanos,
            idempotencyKey: 'late 1',
            at: SUNDAY,
          }),
        ),
      )

    assert.deepEqual([await bill(), await bill()], [true, false])

    assert.deepEqual(await book.balance(), { available: 100n, held: 0n })
    assert.equal(await accountOf(await database(), `${book.workspaceId}:test:unbilled_loss`), 9n)
  })

  test('a hold of nothing needs no balance, and is settled like any other', async () => {
    const book = await testBook(await database())

    assert.deepEqual(await book.hold('free', 0n), ok(undefined))
    assert.equal(await book.settle('free', 0n), true)
  })

  test('a hold for a key that does not exist, and a second hold for one generation, are defects and throw', async () => {
    const book = await testBook(await database(), { balance: 100n })
    await book.hold('dup', 10n)

    await assert.rejects(book.hold('dup', 10n))
    const request = {
      ...book,
      keyHash: 'none',
      generationId: 'nokey',
      mode: 'test' as const,
      pricing: '{}',
      at: SUNDAY,
    }
    await assert.rejects((await database()).transaction((trx) => book.ledger.hold(trx, { ...request, amount: ZERO })))

    assert.deepEqual(await book.balance(), { available: 90n, held: 10n })
  })

  test('the auditor finds nothing to say about any of it', async () => {
    assert.deepEqual(await audit(await database()), [])
  })

  test('prepaid live money needs a balance, and a metered hold made before the switch returns to the operator', async () => {
    const own = await open()
    const book = await testBook(own, { mode: 'live' })
    await book.hold('before', 100n)

    await book.ledger.setLiveMode('prepaid')

    assert.equal(await book.ledger.liveMode(), 'prepaid')
    assert.deepEqual(await book.hold('p1', 1n), err({ code: 'insufficient_credit', available: 0n }))
    await book.settle('before', 40n)
    assert.deepEqual(await book.balance(), { available: 0n, held: 0n })
    await book.credit(10n)
    assert.deepEqual(await book.hold('p1', 10n), ok(undefined))
    await book.ledger.setLiveMode('metered')
    await book.settle('p1', 3n)
    assert.deepEqual(await book.balance(), { available: 7n, held: 0n })
    assert.deepEqual(await audit(own), [])
  })
})

async function accountOf({ db }: Database, account: string): Promise<bigint | undefined> {
  const row = await db.selectFrom('balances').select('balance_nanos').where('account', '=', account).executeTakeFirst()
  return row?.balance_nanos
}

/** `[held, settled]` by window. */
async function spendOf({ db }: Database, keyHash: string): Promise<Record<string, [bigint, bigint]>> {
  const rows = await db.selectFrom('key_spend').selectAll().where('key_hash', '=', keyHash).execute()
  return Object.fromEntries(rows.map((row) => [row.window, [row.held_nanos, row.settled_nanos]]))
}
