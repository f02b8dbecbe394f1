import type { Kysely, Transaction } from 'kysely'
import { sql } from 'kysely'

import type { LimitReset } from '../core/ask.ts'
import type { Nanos } from '../core/money.ts'
import { ZERO } from '../core/money.ts'
import type { Result } from '../core/result.ts'
import { err, ok } from '../core/result.ts'
import { preparedRows } from '../db/prepared.ts'
import type { KeySpendRow, Schema } from '../db/schema.ts'
import { limitWindow, spendWindows } from '../db/spend-windows.ts'

interface Reservation {
  readonly keyHash: string
  readonly amount: Nanos
  /** The moment of the hold; its windows are the ones that count, to the end. */
  readonly at: number
  readonly limit: Nanos | null
  readonly reset: LimitReset | null
}

interface LimitReached {
  readonly code: 'key_limit_reached'
  readonly remaining: Nanos
  readonly limit: Nanos
  readonly reset?: LimitReset
}

/** Counts a hold in every window of its key, if what is held and was charged in the limit's window leaves room for it; else changes nothing. */
export async function reserveKeySpend(
  trx: Transaction<Schema>,
  { keyHash, amount, at, limit, reset }: Reservation,
): Promise<Result<void, LimitReached>> {
  const windows = spendWindows(at)
  const all = Object.values(windows)
  if (limit === null) {
    await addToWindows(trx, keyHash, all, { held: amount, settled: ZERO })
    return ok(undefined)
  }

  const limiting = limitWindow(reset ?? undefined, windows)
  if (!(await addWithinLimit(trx, keyHash, limiting, amount, limit))) {
    const remaining = await remainingOf(trx, keyHash, limiting, limit)
    return err({ code: 'key_limit_reached', remaining, limit, ...(reset !== null && { reset }) })
  }
  const others = all.filter((window) => window !== limiting)
  await addToWindows(trx, keyHash, others, { held: amount, settled: ZERO })
  return ok(undefined)
}

/** Why a reservation would be refused right now, without making it. */
export async function keyRefusal(
  db: Kysely<Schema>,
  { keyHash, amount, at, limit, reset }: Reservation,
): Promise<LimitReached | undefined> {
  if (limit === null) return undefined
  const remaining = await remainingOf(db, keyHash, limitWindow(reset ?? undefined, spendWindows(at)), limit)
  if (amount <= remaining) return undefined
  return { code: 'key_limit_reached', remaining, limit, ...(reset !== null && { reset }) }
}

interface Move {
  readonly keyHash: string
  /** When the hold was made, not when it ends: what was counted in a window leaves that same window. */
  readonly at: number
  readonly held: Nanos
  readonly settled: Nanos
}

/** Moves what a hold had reserved, in every window it was counted in. */
export async function moveKeySpend(trx: Transaction<Schema>, { keyHash, at, ...move }: Move): Promise<void> {
  await addToWindows(trx, keyHash, Object.values(spendWindows(at)), move)
}

/** The one place that decides whether a key's limit covers a hold. */
async function addWithinLimit(
  trx: Transaction<Schema>,
  keyHash: string,
  window: string,
  amount: Nanos,
  limit: Nanos,
): Promise<boolean> {
  if (amount > limit) return false
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('key_spend')
    .values({ key_hash: keyHash, window, held_nanos: amount, settled_nanos: ZERO })
    .onConflict((conflict) =>
      conflict
        .columns(['key_hash', 'window'])
        .doUpdateSet({ held_nanos: sql`key_spend.held_nanos + excluded.held_nanos` })
        .where(sql`key_spend.held_nanos + key_spend.settled_nanos + excluded.held_nanos`, '<=', limit),
    )
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

async function addToWindows(
  trx: Transaction<Schema>,
  keyHash: string,
  windows: readonly string[],
  { held, settled }: Pick<Move, 'held' | 'settled'>,
): Promise<void> {
  const rows = windows.map((window) => ({ key_hash: keyHash, window, held_nanos: held, settled_nanos: settled }))
  await addToSpend(trx, rows)
}

const addToSpend = preparedRows<KeySpendRow>(['key_hash', 'window', 'held_nanos', 'settled_nanos'], (db, rows) =>
  db
    .insertInto('key_spend')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['key_hash', 'window']).doUpdateSet({
        held_nanos: sql`key_spend.held_nanos + excluded.held_nanos`,
        settled_nanos: sql`key_spend.settled_nanos + excluded.settled_nanos`,
      }),
    ),
)

async function remainingOf(trx: Kysely<Schema>, keyHash: string, window: string, limit: Nanos): Promise<Nanos> {
  const row = await trx
    .selectFrom('key_spend')
    .select(['held_nanos', 'settled_nanos'])
    .where('key_hash', '=', keyHash)
    .where('window', '=', window)
    .executeTakeFirst()
  const left = limit - (row?.held_nanos ?? 0n) - (row?.settled_nanos ?? 0n)
  return (left > 0n ? left : 0n) as Nanos
}
