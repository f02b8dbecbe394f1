import assert from 'node:assert/strict'

import { systemClock } from '../../src/core/clock.ts'
import { formatUsd, type Nanos, sum, usd } from '../../src/core/money.ts'
import type { Receipt } from '../../src/core/receipt.ts'
import type { Database } from '../../src/db/database.ts'
import { openDatabase } from '../../src/db/open.ts'
import { audit } from '../../src/ledger/auditor.ts'
import type { Home } from '../support/home.ts'

/** What all the rounds came to, from the database itself. */
export interface Totals {
  readonly settled: number
  readonly voided: number
  readonly charged: Nanos
  readonly providerCost: Nanos
  readonly loss: Nanos
}

/** Opens the data of a gateway that does not run. */
export async function withDatabase<T>(
  { directory, databaseUrl }: Home,
  work: (store: Database) => Promise<T>,
): Promise<T> {
  const store = await openDatabase({
    directory,
    clock: systemClock,
    onFatal: assert.fail,
    ...(databaseUrl !== undefined && { url: databaseUrl }),
  })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** What holds at any moment, a crash a millisecond ago included. */
export async function checkAnytime(home: Home): Promise<void> {
  await withDatabase(home, async (store) => assert.deepEqual(await audit(store), []))
}

/** Says that every process is dead. */
export async function endLeases(home: Home): Promise<void> {
  await withDatabase(home, async ({ db }) => {
    await db.updateTable('generations').set({ lease_until: 0 }).where('receipt', 'is', null).execute()
  })
}

/** Ids of the calls that are under way, or were when their process died. */
export async function openCalls(home: Home): Promise<readonly string[]> {
  return await withDatabase(home, async ({ db }) => {
    const rows = await db.selectFrom('attempts').select('id').where('state', '=', 'sent').execute()
    return rows.map(({ id }) => id)
  })
}

/** What was ever credited to the live balance, in dollars. */
export async function creditedUsd(home: Home): Promise<string> {
  return await withDatabase(home, async ({ db }) => {
    const rows = await db
      .selectFrom('postings')
      .innerJoin('transactions', 'transactions.id', 'postings.transaction_id')
      .select('amount_nanos')
      .where('kind', '=', 'top_up')
      .where('account', 'like', '%:live:available')
      .execute()
    return formatUsd(sum(rows.map((row) => row.amount_nanos as Nanos)))
  })
}

/** What holds once everything has ended: nothing held, everything resolved once, receipts equal to the ledger. */
export async function checkEnded(home: Home): Promise<Totals> {
  return await withDatabase(home, async (store) => {
    assert.deepEqual(await audit(store), [])
    const { db } = store
    const rows = await db
      .selectFrom('generations')
      .innerJoin('holds', 'holds.generation_id', 'generations.id')
      .select(['id', 'status', 'receipt', 'state', 'charge_nanos', 'amount_nanos'])
      .execute()
    assert.equal(rows.length, (await db.selectFrom('holds').select('generation_id').execute()).length)
    for (const { id, status, receipt: text, state, charge_nanos: charge, amount_nanos: held } of rows) {
      assert.deepEqual(
        [id, state],
        [id, status === 'settled' ? 'posted' : status],
        'the hold ended as the generation did',
      )
      assert.ok(text !== null, `${id} has a receipt`)
      const receipt = JSON.parse(text) as Receipt
      assert.equal(receipt.charge_usd, formatUsd((charge ?? 0n) as Nanos))
      assert.equal(formatUsd(sum(receipt.lines.map((line) => usd(line.usd)))), receipt.charge_usd)
      assert.ok((charge ?? 0n) <= held)
      assert.equal(status === 'settled', receipt.delivered > 0)
    }
    const open = await db.selectFrom('attempts').select('id').where('state', '=', 'sent').execute()
    assert.deepEqual(open, [], 'every call that was sent has an end')

    const balance = async (account: string): Promise<Nanos> => {
      const found = await db
        .selectFrom('balances')
        .select('balance_nanos')
        .where('account', 'like', `%:live:${account}`)
        .execute()
      return sum(found.map((row) => row.balance_nanos as Nanos))
    }
    assert.equal(await balance('held'), 0n)
    const charged = sum(rows.map((row) => (row.charge_nanos ?? 0n) as Nanos))
    assert.equal(await balance('revenue'), charged)
    return {
      settled: rows.filter(({ status }) => status === 'settled').length,
      voided: rows.filter(({ status }) => status === 'voided').length,
      charged,
      providerCost: await balance('provider_cost'),
      loss: await balance('unbilled_loss'),
    }
  })
}
