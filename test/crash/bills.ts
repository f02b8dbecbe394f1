import assert from 'node:assert/strict'

import { formatUsd, type Nanos, sum, usd } from '../../src/core/money.ts'
import type { AttemptRow } from '../../src/db/schema.ts'
import type { Call } from '../../src/sandbox/bill.ts'
import type { Home } from '../support/home.ts'
import { withDatabase } from './books.ts'
import { tagIn } from './wishes.ts'

/** A9 in figures, over all purchases. */
export interface Agreement {
  readonly purchases: number
  /** Purchases of which bill and books agree to the nano. */
  readonly exact: number
  readonly bill_usd: string
  /** Provider cost and loss. */
  readonly booked_usd: string
  /** Calls booked as loss at list price that the provider never billed: they broke before it had them whole, or it says so itself. */
  readonly unbilled: number
  readonly unbilled_usd: string
  /** Calls of token-priced models whose usage died with the process: list price against bill. */
  readonly estimated: number
  /** Bill minus what is booked for them. */
  readonly estimate_error_usd: string
}

/** How far the list price of a token-priced picture may be from its bill: the usage that tells thoughts and words is lost. */
const ESTIMATE_TOLERANCE = 0.2

/** A recorded call, with its list price. */
type Paid = AttemptRow & {
  readonly listed: bigint
  /** Sold by tokens, and nobody has told how many. */
  readonly isGuessed: boolean
}

interface Purchase {
  readonly attempts: readonly Paid[]
  readonly booked: bigint
}

/**
 * A9: what the provider would bill is what is booked, purchase by purchase. To the nano where the provider has told what a call cost or
 * sells by the picture; within a fifth of the list price where only the lost usage could have told. `dead` are the ids of calls that
 * were under way when their process died.
 */
export async function checkBill(home: Home, calls: readonly Call[], dead: ReadonlySet<string>): Promise<Agreement> {
  const purchases = await purchasesIn(home, dead)
  const byTag = Map.groupBy(calls, ({ faults }) => tagIn(`delay=${faults['delay']}`) ?? '')
  assert.deepEqual(
    [...byTag.keys()].filter((tag) => !purchases.has(tag)),
    [],
    'no call is on the bill that the books know nothing of',
  )
  const compared = [...purchases].map(([tag, purchase]) => compare(tag, purchase, byTag.get(tag) ?? []))
  const total = (of: (each: Compared) => bigint): string => formatUsd(sum(compared.map((each) => of(each) as Nanos)))
  return {
    purchases: compared.length,
    exact: compared.filter(({ bill, booked }) => bill === booked).length,
    bill_usd: total(({ bill }) => bill),
    booked_usd: total(({ booked }) => booked),
    unbilled: compared.reduce((count, { unbilled }) => count + unbilled, 0),
    unbilled_usd: total(({ unbilledNanos }) => unbilledNanos),
    estimated: compared.reduce((count, { estimated }) => count + estimated, 0),
    estimate_error_usd: total(({ bill, booked, unbilledNanos }) => bill - (booked - unbilledNanos)),
  }
}

interface Compared {
  readonly bill: bigint
  readonly booked: bigint
  readonly unbilled: number
  readonly unbilledNanos: bigint
  readonly estimated: number
}

function compare(tag: string, { attempts, booked }: Purchase, calls: readonly Call[]): Compared {
  const bill = billOf(calls)
  const told = (): string =>
    JSON.stringify({ tag, attempts, calls: calls.map(({ request: _, ...call }) => call) }, plain, 1)
  let unbilled = 0
  let unbilledNanos = 0n
  let estimated = 0
  for (const [provider, own] of Map.groupBy(attempts, (attempt) => attempt.provider)) {
    const paid = own.filter(({ state }) => state !== 'not_billed')
    const billed = calls.filter((call) => call.simulator === provider && call.billed_nanos !== '0')
    assert.ok(
      billed.length <= paid.length,
      `${provider} bills ${billed.length} calls, ${paid.length} are known: ${told()}`,
    )
    const listed = paid.filter(({ state }) => state === 'unknown')
    const missing = paid.length - billed.length
    assert.ok(
      missing <= listed.length,
      `${missing} calls were told of by ${provider} and are not on its bill: ${told()}`,
    )
    unbilled += missing
    const absent = paid.reduce((total, each) => total + each.listed, 0n) - billOf(billed)
    unbilledNanos += closest(
      choices(
        listed.map((each) => each.listed),
        missing,
      ),
      absent,
    )
    estimated += own.filter(({ isGuessed }) => isGuessed).length - missing
  }
  const error = bill - (booked - unbilledNanos)
  const mostError = attempts
    .filter(({ isGuessed }) => isGuessed)
    .reduce((total, { listed }) => total + Number(listed) * ESTIMATE_TOLERANCE, 0)
  assert.ok(
    Math.abs(Number(error)) <= mostError,
    `bill ${bill}, booked ${booked}, ${unbilledNanos} never billed: ${told()}`,
  )
  return { bill, booked, unbilled, unbilledNanos, estimated: error === 0n ? 0 : estimated }
}

function billOf(calls: readonly Call[]): bigint {
  return calls.reduce((total, call) => total + BigInt(call.billed_nanos), 0n)
}

/** Every sum of `count` of the amounts: calls of one purchase may be for different numbers of pictures. */
function choices([first, ...rest]: readonly bigint[], count: number): readonly bigint[] {
  if (count === 0) return [0n]
  if (first === undefined) return []
  return [...choices(rest, count - 1).map((each) => each + first), ...choices(rest, count)]
}

function closest(amounts: readonly bigint[], to: bigint): bigint {
  const distance = (amount: bigint): bigint => (amount > to ? amount - to : to - amount)
  return amounts.reduce((best, amount) => (distance(amount) < distance(best) ? amount : best), amounts[0] ?? 0n)
}

async function purchasesIn(home: Home, dead: ReadonlySet<string>): Promise<ReadonlyMap<string, Purchase>> {
  return await withDatabase(home, async ({ db }) => {
    const generations = await db.selectFrom('generations').select(['id', 'request', 'terms']).execute()
    const attempts = Map.groupBy(await db.selectFrom('attempts').selectAll().execute(), (row) => row.generation_id)
    const payable = await db
      .selectFrom('postings')
      .innerJoin('transactions', 'transactions.id', 'postings.transaction_id')
      .select(['generation_id', 'amount_nanos'])
      .where('account', 'like', '%:live:provider_payable')
      .execute()
    const booked = Map.groupBy(payable, (row) => row.generation_id ?? '')
    const purchases = new Map<string, Purchase>()
    for (const { id, request, terms } of generations) {
      const { roads, shares } = JSON.parse(terms) as Terms
      const tag = tagIn(request ?? '') ?? ''
      const before = purchases.get(tag) ?? { attempts: [], booked: 0n }
      const own = (attempts.get(id) ?? []).map((row) => {
        const road = roads.find(({ provider, model }) => provider === row.provider && model === row.model)
        assert.ok(road, `${id} was never to go to ${row.provider}`)
        const images = shares[(row.n - 1) % shares.length] ?? 1
        const listed = (usd(road.typical_usd) * BigInt(images)) / BigInt(shares.reduce((all, share) => all + share, 0))
        // Adopted pictures come without their usage, and so does an answer that broke off.
        const isGuessed =
          row.provider === 'google-ai-studio' && row.state !== 'not_billed' && (row.state !== 'ok' || dead.has(row.id))
        return { ...row, listed, isGuessed }
      })
      const amount = (booked.get(id) ?? []).reduce((total, row) => total - row.amount_nanos, 0n)
      purchases.set(tag, { attempts: [...before.attempts, ...own], booked: before.booked + amount })
    }
    return purchases
  })
}

interface Terms {
  readonly shares: readonly number[]
  readonly roads: readonly { readonly provider: string; readonly model: string; readonly typical_usd: string }[]
}

function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
