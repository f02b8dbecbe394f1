import assert from 'node:assert/strict'

import type { Transaction } from 'kysely'

import type { Database } from '../../src/db/database.ts'
import type { Schema } from '../../src/db/schema.ts'
import { accountName } from '../../src/ledger/ledger.ts'
import type { Credit, HoldRequest, Ledger, Settlement } from '../../src/ledger/store.ts'
import type { Balances, Books } from './books.ts'
import { DEAREST_UNIT } from './goods.ts'
import type { Worth } from './upstream.ts'

/** A movement of money in a transaction, and what the ledger said to it. */
export type Movement =
  | { readonly kind: 'hold'; readonly request: HoldRequest; readonly verdict: string }
  | { readonly kind: 'settle' | 'void'; readonly settlement: Settlement; readonly done: boolean }
  | { readonly kind: 'credit'; readonly grant: Credit; readonly done: boolean }

/** The ledger of one process; every movement is written down with its transaction. */
export function watchedLedger(ledger: Ledger, movementsOf: (trx: Transaction<Schema>) => Movement[]): Ledger {
  return {
    ...ledger,
    async hold(trx, request) {
      const held = await ledger.hold(trx, request)
      movementsOf(trx).push({ kind: 'hold', request, verdict: held.ok ? 'held' : held.error.code })
      return held
    },
    async settle(trx, settlement) {
      const done = await ledger.settle(trx, settlement)
      movementsOf(trx).push({ kind: 'settle', settlement, done })
      return done
    },
    async void(trx, voiding) {
      const done = await ledger.void(trx, voiding)
      movementsOf(trx).push({ kind: 'void', settlement: { ...voiding, charge: voiding.providerCost }, done })
      return done
    },
    async credit(trx, grant) {
      const done = await ledger.credit(trx, grant)
      movementsOf(trx).push({ kind: 'credit', grant, done })
      return done
    },
  }
}

export interface Expectations {
  readonly books: Books
  /** What has to be held for a generation that a process has just written. */
  holdFor(generationId: string, process: string): Promise<bigint>
  /** What a process may charge for a generation that it ends; throws when it is not this one's to end. */
  worth(generationId: string, process: string): Worth
}

/** Moves the model as a committed transaction has moved the ledger; throws where the model would have answered otherwise. */
export async function follow(movement: Movement, process: string, expected: Expectations): Promise<string> {
  const { books } = expected
  switch (movement.kind) {
    case 'hold': {
      const { generationId, amount, keyHash } = movement.request
      assert.equal(movement.verdict, books.hold(generationId, amount, keyHash), `the hold of ${generationId}`)
      if (movement.verdict === 'held')
        assert.equal(amount, await expected.holdFor(generationId, process), `the size of the hold of ${generationId}`)
      return `${movement.verdict} ${amount}`
    }
    case 'settle':
    case 'void': {
      const { generationId, charge } = movement.settlement
      const worth = expected.worth(generationId, process)
      assert.equal(movement.kind, worth.pictures > 0 ? 'settle' : 'void', `how ${generationId} ends`)
      const held = books.heldFor(generationId)
      if (movement.kind === 'settle' && held !== undefined) checkCharge(charge, held, worth.nanos)
      assert.equal(movement.done, books.resolve(generationId, charge), `${generationId} is resolved once`)
      return `${movement.kind} ${charge}`
    }
    case 'credit': {
      const { idempotencyKey, amount } = movement.grant
      assert.equal(movement.done, books.credit(idempotencyKey, amount), `the credit ${idempotencyKey}`)
      return `credit ${movement.done ? amount : 'again'}`
    }
  }
}

/** What was delivered is charged, unless the hold is smaller: then that, in whole units. */
function checkCharge(charge: bigint, held: bigint, worth: bigint): void {
  if (worth <= held) assert.equal(charge, worth, 'the charge is what was delivered is worth')
  else assert.ok(charge <= held && charge > held - DEAREST_UNIT, `a charge of ${charge} fills a hold of ${held}`)
}

/** The balances as the store has them. */
export async function readBalances(store: Database, workspaceId: string): Promise<Balances> {
  const names = ['available', 'held', 'revenue'] as const
  const accounts = names.map((name) => accountName({ workspaceId, mode: 'live' }, name))
  const rows = await store.db
    .selectFrom('balances')
    .select(['account', 'balance_nanos'])
    .where('account', 'in', accounts)
    .execute()
  const [available = 0n, held = 0n, revenue = 0n] = accounts.map(
    (account) => rows.find((row) => row.account === account)?.balance_nanos ?? 0n,
  )
  return { available, held, revenue }
}
