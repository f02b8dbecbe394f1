import assert from 'node:assert/strict'

import { formatUsd, type Nanos, sum, usd } from '../../src/core/money.ts'
import type { Receipt } from '../../src/core/receipt.ts'
import { costOf } from './upstream.ts'
import type { World } from './world.ts'

/** How the generations of a world ended. */
export interface Endings {
  readonly settled: number
  readonly voided: number
  readonly charged: bigint
  /** What providers took in truth, and what is booked for it. */
  readonly billed: bigint
  readonly booked: bigint
}

/** What holds once everything has ended: nothing held, every generation ended once and by its receipt, no bill left out. */
export async function checkEndings({ store, books, upstream, endedBy, audit }: World): Promise<Endings> {
  assert.deepEqual(await audit(), [])
  assert.equal(books.open(), 0)
  const { db } = store
  const rows = await db
    .selectFrom('holds')
    .leftJoin('generations', 'generations.id', 'holds.generation_id')
    .select(['generation_id', 'state', 'charge_nanos', 'status', 'receipt'])
    .execute()
  for (const { generation_id: id, state, charge_nanos: charge, status, receipt: text } of rows) {
    assert.ok(text !== null, `${id} has a receipt`)
    const receipt = JSON.parse(text) as Receipt
    const ended = status === 'settled' ? ['posted', 'settled'] : ['voided', 'voided']
    assert.deepEqual([state, receipt.status], ended, `how ${id} ended`)
    assert.equal(receipt.charge_usd, formatUsd((charge ?? 0n) as Nanos), `the charge of ${id}`)
    assert.equal(formatUsd(sum(receipt.lines.map((line) => usd(line.usd)))), receipt.charge_usd)
    assert.equal(receipt.images.length > 0, status === 'settled', `the pictures of ${id}`)
  }
  const open = await db.selectFrom('attempts').select(['generation_id', 'n']).where('state', '=', 'sent').execute()
  assert.deepEqual(open, [], 'every call that was sent has an end')

  const free = await db.selectFrom('attempts').select('id').where('state', '=', 'not_billed').execute()
  const costly = new Set(upstream.orders.filter((order) => costOf(order) > 0n).map(({ attemptId }) => attemptId))
  assert.deepEqual(
    free.filter(({ id }) => costly.has(id)),
    [],
    'no call is free by the books that cost something',
  )

  const booked = await bookedFor(store)
  let billed = 0n
  for (const { generation_id: id } of rows) {
    const bill = upstream.billOf(id, endedBy.get(id))
    billed += bill.nanos
    if (bill.isKnown)
      assert.ok((booked.get(id) ?? 0n) >= bill.nanos, `${id} cost ${bill.nanos}, ${booked.get(id)} is booked`)
  }
  const settled = rows.filter(({ state }) => state === 'posted')
  return {
    settled: settled.length,
    voided: rows.length - settled.length,
    charged: settled.reduce((total, row) => total + (row.charge_nanos ?? 0n), 0n),
    billed,
    booked: [...booked.values()].reduce((total, nanos) => total + nanos, 0n),
  }
}

/** What is booked as provider cost and as loss, by generation. */
async function bookedFor(store: World['store']): Promise<ReadonlyMap<string, bigint>> {
  const rows = await store.db
    .selectFrom('postings')
    .innerJoin('transactions', 'transactions.id', 'postings.transaction_id')
    .select(['generation_id', 'amount_nanos'])
    .where('account', 'like', '%:provider_payable')
    .execute()
  const booked = new Map<string, bigint>()
  for (const { generation_id: id, amount_nanos: nanos } of rows)
    if (id !== null) booked.set(id, (booked.get(id) ?? 0n) - nanos)
  return booked
}
