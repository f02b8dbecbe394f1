import type { Kysely, Transaction } from 'kysely'
import { sql } from 'kysely'

import { randomText } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import { preparedRows } from '../db/prepared.ts'
import type { BalanceRow, PostingRow, Schema, TransactionRow } from '../db/schema.ts'
import type { Account, Book, Posting } from './ledger.ts'
import { accountName } from './ledger.ts'

/** One transaction of the ledger on its way into the database. */
export interface Entry {
  readonly kind: string
  /** The second entry with the same key is none at all. */
  readonly idempotencyKey: string
  readonly generationId?: string
  readonly at: number
  readonly postings: readonly Posting[]
}

/** Writes entries that cannot have been written before; one that was is an error. Balances are moved by `moveBalances`. */
export async function insertEntries(trx: Transaction<Schema>, book: Book, entries: readonly Entry[]): Promise<void> {
  const rows = entries.map(toRows)
  await insertTransactions(
    trx,
    rows.map(({ transaction }) => transaction),
  )
  await insertPostings(trx, book, rows)
}

const insertTransactions = preparedRows<TransactionRow>(
  ['id', 'kind', 'idempotency_key', 'generation_id', 'created_at'],
  (db, rows) => db.insertInto('transactions').values(rows),
)

/** Writes an entry and moves its balances, unless its idempotency key was used before: then false. */
export async function postOnce(trx: Transaction<Schema>, book: Book, entry: Entry): Promise<boolean> {
  const rows = toRows(entry)
  const written = await trx
    .insertInto('transactions')
    .values(rows.transaction)
    .onConflict((conflict) => conflict.column('idempotency_key').doNothing())
    .executeTakeFirst()
  if (written.numInsertedOrUpdatedRows !== 1n) return false
  await insertPostings(trx, book, [rows])
  await moveBalances(trx, book, entry.postings)
  return true
}

/** Adds postings to the cached balances, in one statement and in the order of their first appearance. */
export async function moveBalances(trx: Transaction<Schema>, book: Book, postings: readonly Posting[]): Promise<void> {
  const moves = new Map<Account, bigint>()
  for (const { account, amount } of postings) moves.set(account, (moves.get(account) ?? 0n) + amount)
  if (moves.size === 0) return
  await addToBalances(
    trx,
    [...moves].map(([account, amount]) => ({ account: accountName(book, account), balance_nanos: amount })),
  )
}

const addToBalances = preparedRows<BalanceRow>(['account', 'balance_nanos'], (db, rows) =>
  db
    .insertInto('balances')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('account').doUpdateSet({ balance_nanos: sql`balances.balance_nanos + excluded.balance_nanos` }),
    ),
)

export async function balanceOf(db: Kysely<Schema>, account: string): Promise<Nanos> {
  const row = await db.selectFrom('balances').select('balance_nanos').where('account', '=', account).executeTakeFirst()
  return (row?.balance_nanos ?? 0n) as Nanos
}

interface Rows {
  readonly transaction: TransactionRow
  readonly postings: readonly Posting[]
}

function toRows({ kind, idempotencyKey, generationId, at, postings }: Entry): Rows {
  // Begins with the time, so that new rows land on the index pages that are in hand already.
  const id = `txn-${at.toString(36)}-${randomText(12)}`
  const transaction = { id, kind, idempotency_key: idempotencyKey, generation_id: generationId ?? null, created_at: at }
  return { transaction, postings }
}

async function insertPostings(trx: Transaction<Schema>, book: Book, rows: readonly Rows[]): Promise<void> {
  const values = rows.flatMap(({ transaction, postings }) =>
    postings.map(({ account, amount }, index) => ({
      id: `${transaction.id}.${index}`,
      transaction_id: transaction.id,
      account: accountName(book, account),
      amount_nanos: amount,
    })),
  )
  if (values.length > 0) await insertPostingRows(trx, values)
}

const insertPostingRows = preparedRows<PostingRow>(['id', 'transaction_id', 'account', 'amount_nanos'], (db, rows) =>
  db.insertInto('postings').values(rows),
)
