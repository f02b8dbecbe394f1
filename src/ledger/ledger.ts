import assert from 'node:assert/strict'

import type { Nanos } from '../core/money.ts'
import { subtract, ZERO } from '../core/money.ts'
import type { Mode } from '../core/receipt.ts'

/** Whose money: every workspace has one closed book per mode, so that live and test money cannot meet in any transaction. */
export interface Book {
  readonly workspaceId: string
  readonly mode: Mode
}

/**
 * The accounts of a book. Signs are the workspace's: what it has is positive, and the accounts of a book sum to zero.
 *
 * - `available`: what may be held. `held`: what open holds have taken from it. Neither is ever negative.
 * - `revenue`: what was charged.
 * - `provider_cost`: what providers took for what was charged. `unbilled_loss`: what they took, or may have taken, for which
 *   nobody is charged. `provider_payable`: the other side of both, negative.
 * - `operator_funds`: where credit comes from, prepaid or metered; negative, its size is all credit that was given.
 */
export type Account =
  | 'available'
  | 'held'
  | 'revenue'
  | 'provider_cost'
  | 'unbilled_loss'
  | 'provider_payable'
  | 'operator_funds'

/** One signed row. The postings of a transaction sum to zero. */
export interface Posting {
  readonly account: Account
  readonly amount: Nanos
}

/** Where the amount of a hold came from; its rest returns there. */
export type Funding = 'balance' | 'operator'

const HOME: Readonly<Record<Funding, Account>> = { balance: 'available', operator: 'operator_funds' }

/** The account's name in the database: `<workspace>:<mode>:available`. */
export function accountName({ workspaceId, mode }: Book, account: Account): string {
  return `${workspaceId}:${mode}:${account}`
}

/** Puts money into the balance: a top-up, the test balance, and what a metered hold needs just before it is made. */
export function credit(amount: Nanos): readonly Posting[] {
  assert(amount >= 0n, 'a credit is not negative')
  return balanced([
    { account: 'available', amount },
    { account: 'operator_funds', amount: negative(amount) },
  ])
}

/** Sets the quote aside. */
export function hold(amount: Nanos): readonly Posting[] {
  assert(amount >= 0n, 'a hold is not negative')
  return balanced([
    { account: 'available', amount: negative(amount) },
    { account: 'held', amount },
  ])
}

export interface Resolution {
  readonly held: Nanos
  readonly funding: Funding
  /** Never above the hold: an overrun is our estimate's fault, so ours to bear. A void charges nothing. */
  readonly charge: Nanos
  /** What providers took for what is charged. */
  readonly providerCost: Nanos
  /** What providers took, or may have taken, for which nobody is charged. */
  readonly loss: Nanos
}

/** Empties a hold: the charge becomes revenue, the rest goes home, the operator's bill is booked beside it. */
export function resolve({ held, funding, charge, providerCost, loss }: Resolution): readonly Posting[] {
  assert(charge >= 0n && charge <= held, 'a charge is between nothing and the hold')
  return balanced([
    { account: HOME[funding], amount: (held - charge) as Nanos },
    { account: 'held', amount: negative(held) },
    { account: 'revenue', amount: charge },
    ...bill(providerCost, loss),
  ])
}

/** What providers took, outside any hold: a result or a bill that came after the hold was resolved. */
export function bill(providerCost: Nanos, loss: Nanos): readonly Posting[] {
  assert(providerCost >= 0n && loss >= 0n, 'a bill is not negative')
  return balanced([
    { account: 'provider_cost', amount: providerCost },
    { account: 'unbilled_loss', amount: loss },
    { account: 'provider_payable', amount: negative((providerCost + loss) as Nanos) },
  ])
}

function negative(amount: Nanos): Nanos {
  return subtract(ZERO, amount)
}

/** Refuses what does not sum to zero; leaves out rows that move nothing. */
function balanced(postings: readonly Posting[]): readonly Posting[] {
  assert.equal(
    postings.reduce((total, { amount }) => total + amount, 0n),
    0n,
    'postings sum to zero',
  )
  return postings.filter(({ amount }) => amount !== 0n)
}
