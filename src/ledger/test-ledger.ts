import type { LimitReset } from '../core/ask.ts'
import { randomText } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import { ZERO } from '../core/money.ts'
import type { Mode } from '../core/receipt.ts'
import type { Result } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import type { HoldRefusal, Ledger } from './store.ts'
import { makeLedger } from './store.ts'

/** A Sunday, the last moments of it: the day, the week and nothing else end soon. */
export const SUNDAY = Date.parse('2026-11-22T23:00:00.000Z')

/** For tests only: a workspace with one key, and the ledger's operations each in a transaction of their own. */
export interface TestBook {
  readonly ledger: Ledger
  readonly workspaceId: string
  readonly keyHash: string
  hold(generationId: string, amount: bigint, at?: number): Promise<Result<void, HoldRefusal>>
  settle(
    generationId: string,
    charge: bigint,
    more?: { readonly providerCost?: bigint; readonly loss?: bigint; readonly at?: number },
  ): Promise<boolean>
  void(generationId: string, bill?: { readonly loss?: bigint }): Promise<boolean>
  credit(amount: bigint, idempotencyKey?: string): Promise<boolean>
  balance(): Promise<{ readonly available: Nanos; readonly held: Nanos }>
}

interface BookOptions {
  readonly mode?: Mode
  readonly balance?: bigint
  readonly limit?: bigint
  readonly limitReset?: LimitReset
}

export async function testBook(database: Database, options: BookOptions = {}): Promise<TestBook> {
  const { mode = 'test', balance = 0n, limit, limitReset } = options
  const ledger = makeLedger({ database })
  const [workspaceId, keyHash] = [`ws-${randomText(8)}`, `key-${randomText(8)}`]
  await database.db
    .insertInto('workspaces')
    .values({ id: workspaceId, name: '', is_default: 0, created_at: SUNDAY })
    .execute()
  await database.db
    .insertInto('api_keys')
    .values({
      hash: keyHash,
      workspace_id: workspaceId,
      name: '',
      label: '',
      mode,
      disabled: 0,
      deleted_at: null,
      limit_nanos: limit ?? null,
      limit_reset: limitReset ?? null,
      expires_at: null,
      created_at: SUNDAY,
      updated_at: null,
    })
    .execute()

  const book: TestBook = {
    ledger,
    workspaceId,
    keyHash,
    hold: (generationId, amount, at = SUNDAY) =>
      database.transaction((trx) =>
        ledger.hold(trx, { generationId, workspaceId, mode, keyHash, amount: amount as Nanos, pricing: '{}', at }),
      ),
    settle: (generationId, charge, { providerCost = 0n, loss = 0n, at = SUNDAY } = {}) =>
      database.transaction((trx) =>
        ledger.settle(trx, {
          generationId,
          charge: charge as Nanos,
          providerCost: providerCost as Nanos,
          loss: loss as Nanos,
          at,
        }),
      ),
    void: (generationId, { loss = 0n } = {}) =>
      database.transaction((trx) =>
        ledger.void(trx, { generationId, providerCost: ZERO, loss: loss as Nanos, at: SUNDAY }),
      ),
    credit: (amount, idempotencyKey = randomText(8)) =>
      database.transaction((trx) =>
        ledger.credit(trx, { workspaceId, mode, amount: amount as Nanos, idempotencyKey, kind: 'top_up', at: SUNDAY }),
      ),
    balance: () => ledger.balance(workspaceId, mode),
  }
  if (balance > 0n) await book.credit(balance)
  return book
}

/** Draws that a seed decides: mulberry32, good enough to shuffle and the same everywhere. */
export interface Dice {
  /** A whole number from 0 up to, not including, `sides`. */
  roll(sides: number): number
  /** Removes one element at random. */
  take<T>(from: T[]): T
}

export function dice(seed: number): Dice {
  let state = seed >>> 0
  function roll(sides: number): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * sides)
  }
  return {
    roll,
    take(from) {
      const index = roll(from.length)
      const taken = from.splice(index, 1)
      for (const element of taken) return element
      throw new RangeError('nothing to take from')
    },
  }
}

/** Seeds to try: PLANTAIN_SEED alone, to replay a failure, else PLANTAIN_SEEDS or `count` many, beginning anywhere. */
export function seeds(count: number): readonly number[] {
  const { PLANTAIN_SEED: replayed, PLANTAIN_SEEDS: many } = process.env
  if (replayed !== undefined) return [Number(replayed)]
  const first = Number.parseInt(randomText(6), 36) % 1_000_000
  return Array.from({ length: Number(many ?? count) }, (_, index) => first + index)
}
