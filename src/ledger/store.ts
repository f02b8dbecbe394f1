import type { Kysely, Transaction } from 'kysely'
import { sql } from 'kysely'

import type { LimitReset } from '../core/ask.ts'
import type { Nanos } from '../core/money.ts'
import { subtract, ZERO } from '../core/money.ts'
import type { Mode } from '../core/receipt.ts'
import type { Result } from '../core/result.ts'
import { err, ok } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import { prepared, preparedRows } from '../db/prepared.ts'
import type { ApiKeyRow, HoldRow, Schema } from '../db/schema.ts'
import { balanceOf, insertEntries, moveBalances, postOnce } from './entries.ts'
import { keyRefusal, moveKeySpend, reserveKeySpend } from './key-spend.ts'
import type { Funding, Posting } from './ledger.ts'
import { accountName, bill, credit, hold, resolve } from './ledger.ts'

/** The money of every workspace: what may be spent, what is set aside, what was charged. Nothing here waits for the disk; the caller does. */
export interface Ledger {
  /**
   * Sets `amount` aside, in the caller's transaction. Prepaid: only if the balance covers it. Metered (live mode of an install
   * that was not switched to prepaid): the operator's funds first give exactly the amount. Either way only within the key's limit.
   * A refusal leaves nothing behind, whatever the caller does with the transaction next.
   */
  hold(trx: Transaction<Schema>, request: HoldRequest): Promise<Result<void, HoldRefusal>>
  /** Whether a hold would be refused right now, without making one. Only `hold` decides: another request may come first. */
  refusal(
    request: Pick<HoldRequest, 'workspaceId' | 'mode' | 'keyHash' | 'amount' | 'at'>,
  ): Promise<HoldRefusal | undefined>
  /**
   * Charges a hold and returns its rest, once: false, and nothing happens, when it was already resolved or never made. A charge
   * above the hold is cut to it. `providerCost` is what providers took for what is charged, `loss` what they took beside that.
   */
  settle(trx: Transaction<Schema>, settlement: Settlement): Promise<boolean>
  /** Returns a whole hold, once: false, and nothing happens, when it was already resolved or never made. */
  void(trx: Transaction<Schema>, voiding: Omit<Settlement, 'charge'>): Promise<boolean>
  /** Adds to a balance; false, and nothing happens, when that idempotency key was used before. */
  credit(trx: Transaction<Schema>, grant: Credit): Promise<boolean>
  /** Books what providers took after a hold was resolved; false, and nothing happens, when that idempotency key was used before. */
  book(trx: Transaction<Schema>, late: LateBill): Promise<boolean>
  balance(workspaceId: string, mode: Mode): Promise<{ readonly available: Nanos; readonly held: Nanos }>
  /** All credit ever given and all that was ever charged: credit − usage = available + held. Metered: what was charged or is held. */
  totals(workspaceId: string, mode: Mode): Promise<{ readonly totalCredits: Nanos; readonly totalUsage: Nanos }>
  /** How live traffic of this install is paid. `metered` until it is set. */
  liveMode(): Promise<LiveMode>
  setLiveMode(mode: LiveMode): Promise<void>
}

export type LiveMode = 'metered' | 'prepaid'

export interface HoldRequest {
  readonly generationId: string
  readonly workspaceId: string
  readonly mode: Mode
  readonly keyHash: string
  readonly amount: Nanos
  /** The prices in force, JSON: the charge uses these and no others. */
  readonly pricing: string
  /** Epoch milliseconds; decides the windows of the key's limit. */
  readonly at: number
}

export type HoldRefusal =
  | { readonly code: 'insufficient_credit'; readonly available: Nanos }
  | {
      readonly code: 'key_limit_reached'
      readonly remaining: Nanos
      readonly limit: Nanos
      /** Absent: the limit never starts over. */
      readonly reset?: LimitReset
    }

export interface Settlement {
  readonly generationId: string
  readonly charge: Nanos
  readonly providerCost: Nanos
  readonly loss: Nanos
  readonly at: number
}

export interface Credit {
  readonly workspaceId: string
  readonly mode: Mode
  readonly amount: Nanos
  readonly idempotencyKey: string
  /** Why, one word: `top_up`, `test_balance`. */
  readonly kind: string
  readonly at: number
}

export interface LateBill extends Pick<Settlement, 'generationId' | 'providerCost' | 'loss' | 'at'> {
  readonly workspaceId: string
  readonly mode: Mode
  readonly idempotencyKey: string
}

const LIVE_MODE = 'live_mode'

/**
 * Rows are locked in one order everywhere, so that PostgreSQL meets no deadlock: the hold, `available`, the key's spend, then the other
 * balances as the postings have them (operator_funds, held, revenue, provider_cost, unbilled_loss, provider_payable).
 */
export function makeLedger({ database }: { readonly database: Database }): Ledger {
  const { db } = database

  return {
    async hold(trx, request) {
      const { generationId, mode, keyHash, amount, at } = request
      const terms = await readTerms(trx, keyHash)
      const funding: Funding = mode === 'live' && terms.liveMode === 'metered' ? 'operator' : 'balance'

      const available = accountName(request, 'available')
      if (funding === 'balance' && !(await takeAvailable(trx, available, amount))) {
        return err({ code: 'insufficient_credit', available: await balanceOf(trx, available) })
      }
      const reserved = await reserveKeySpend(trx, { keyHash, amount, at, ...terms })
      if (!reserved.ok) {
        if (funding === 'balance') await moveBalances(trx, request, [{ account: 'available', amount }])
        return reserved
      }

      await insertHold(trx, request, funding)
      const funds = { kind: 'metered_funding', idempotencyKey: `fund:${generationId}`, generationId, at }
      const holding = { kind: 'hold', idempotencyKey: `hold:${generationId}`, generationId, at, postings: hold(amount) }
      const entries = funding === 'operator' ? [{ ...funds, postings: credit(amount) }, holding] : [holding]
      await insertEntries(trx, request, entries)
      // What takeAvailable moved is not moved again; what the operator's funds gave, the hold took at once.
      await moveBalances(trx, request, withoutAvailable(entries.flatMap(({ postings }) => postings)))
      return ok(undefined)
    },

    async refusal(request) {
      const { mode, keyHash, amount, at } = request
      const terms = await readTerms(db, keyHash)
      if (mode === 'test' || terms.liveMode === 'prepaid') {
        const available = await balanceOf(db, accountName(request, 'available'))
        if (available < amount) return { code: 'insufficient_credit', available }
      }
      return await keyRefusal(db, { keyHash, amount, at, ...terms })
    },

    async settle(trx, settlement) {
      return resolveHold(trx, 'settle', settlement)
    },

    async void(trx, voiding) {
      return resolveHold(trx, 'void', { ...voiding, charge: ZERO })
    },

    async credit(trx, { amount, kind, idempotencyKey, at, ...book }) {
      // Each workspace has keys of its own: one may not use up another's.
      const ownKey = `credit:${book.workspaceId}:${idempotencyKey}`
      return postOnce(trx, book, { kind, idempotencyKey: ownKey, at, postings: credit(amount) })
    },

    async book(trx, { generationId, providerCost, loss, idempotencyKey, at, ...book }) {
      const postings = bill(providerCost, loss)
      return postOnce(trx, book, {
        kind: 'late_bill',
        idempotencyKey: `bill:${idempotencyKey}`,
        generationId,
        at,
        postings,
      })
    },

    async balance(workspaceId, mode) {
      const book = { workspaceId, mode }
      return {
        available: await balanceOf(db, accountName(book, 'available')),
        held: await balanceOf(db, accountName(book, 'held')),
      }
    },

    async totals(workspaceId, mode) {
      const book = { workspaceId, mode }
      return {
        totalCredits: subtract(ZERO, await balanceOf(db, accountName(book, 'operator_funds'))),
        totalUsage: await balanceOf(db, accountName(book, 'revenue')),
      }
    },

    async liveMode() {
      const row = await db.selectFrom('settings').select('value').where('name', '=', LIVE_MODE).executeTakeFirst()
      return liveModeOf(row?.value)
    },

    async setLiveMode(value) {
      await db
        .insertInto('settings')
        .values({ name: LIVE_MODE, value })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
        .execute()
    },
  }
}

interface Terms {
  readonly limit: Nanos | null
  readonly reset: LimitReset | null
  readonly liveMode: LiveMode
}

async function readTerms(trx: Kysely<Schema>, keyHash: string): Promise<Terms> {
  const [row] = (await selectTerms(trx, { keyHash })).rows
  if (row === undefined) throw new Error('a hold was asked for by a key that does not exist')
  return { limit: row.limit_nanos as Nanos | null, reset: row.limit_reset, liveMode: liveModeOf(row.live_mode) }
}

type TermsRow = Pick<ApiKeyRow, 'limit_nanos' | 'limit_reset'> & { readonly live_mode: string | null }

const selectTerms = prepared<{ keyHash: string }, TermsRow>((db, value) =>
  db
    .selectFrom('api_keys')
    .where('hash', '=', value('keyHash'))
    .select(['limit_nanos', 'limit_reset'])
    .select((query) => query.selectFrom('settings').select('value').where('name', '=', LIVE_MODE).as('live_mode')),
)

function liveModeOf(value: string | null | undefined): LiveMode {
  return value === 'prepaid' ? 'prepaid' : 'metered'
}

/** The one place that decides whether a balance covers a hold. */
async function takeAvailable(trx: Transaction<Schema>, account: string, amount: Nanos): Promise<boolean> {
  // Nothing can be taken from an account that was never credited, and nothing need be.
  if (amount === 0n) return true
  const { numUpdatedRows } = await trx
    .updateTable('balances')
    .set(({ eb }) => ({ balance_nanos: eb('balance_nanos', '-', amount) }))
    .where('account', '=', account)
    .where('balance_nanos', '>=', amount)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

async function insertHold(trx: Transaction<Schema>, request: HoldRequest, funding: Funding): Promise<void> {
  await insertHolds(trx, [
    {
      generation_id: request.generationId,
      workspace_id: request.workspaceId,
      mode: request.mode,
      key_hash: request.keyHash,
      amount_nanos: request.amount,
      funded_by: funding,
      state: 'pending',
      charge_nanos: null,
      pricing: request.pricing,
      created_at: request.at,
      resolved_at: null,
    },
  ])
}

const HOLD_COLUMNS = [
  'generation_id',
  'workspace_id',
  'mode',
  'key_hash',
  'amount_nanos',
  'funded_by',
  'state',
  'charge_nanos',
  'pricing',
  'created_at',
  'resolved_at',
] as const satisfies readonly (keyof HoldRow)[]

const insertHolds = preparedRows<HoldRow>(HOLD_COLUMNS, (db, rows) => db.insertInto('holds').values(rows))

async function resolveHold(
  trx: Transaction<Schema>,
  kind: 'settle' | 'void',
  { generationId, charge, providerCost, loss, at }: Settlement,
): Promise<boolean> {
  const state = kind === 'settle' ? 'posted' : 'voided'
  const [row] = (await resolvePending(trx, { generationId, state, charge, at })).rows
  if (row === undefined) return false

  const held = row.amount_nanos as Nanos
  const charged = (row.charge_nanos ?? 0n) as Nanos
  const postings = resolve({ held, funding: row.funded_by, charge: charged, providerCost, loss })
  const book = { workspaceId: row.workspace_id, mode: row.mode }
  await moveBalances(trx, book, onlyAvailable(postings))
  await moveKeySpend(trx, { keyHash: row.key_hash, at: row.created_at, held: subtract(ZERO, held), settled: charged })
  await insertEntries(trx, book, [{ kind, idempotencyKey: `resolve:${generationId}`, generationId, at, postings }])
  await moveBalances(trx, book, withoutAvailable(postings))
  return true
}

type Resolved = Pick<
  HoldRow,
  'workspace_id' | 'mode' | 'key_hash' | 'amount_nanos' | 'charge_nanos' | 'funded_by' | 'created_at'
>

/** The one place that decides whether a hold is still to be resolved. */
const resolvePending = prepared<
  Pick<Settlement, 'generationId' | 'charge' | 'at'> & { readonly state: 'posted' | 'voided' },
  Resolved
>((db, value) =>
  db
    .updateTable('holds')
    .set({
      state: value('state'),
      charge_nanos: sql`case when amount_nanos < ${value('charge')} then amount_nanos else ${value('charge')} end`,
      resolved_at: value('at'),
    })
    .where('generation_id', '=', value('generationId'))
    .where('state', '=', 'pending')
    .returning(['workspace_id', 'mode', 'key_hash', 'amount_nanos', 'charge_nanos', 'funded_by', 'created_at']),
)

function onlyAvailable(postings: readonly Posting[]): readonly Posting[] {
  return postings.filter(({ account }) => account === 'available')
}

function withoutAvailable(postings: readonly Posting[]): readonly Posting[] {
  return postings.filter(({ account }) => account !== 'available')
}
