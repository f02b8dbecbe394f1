import { formatUsd, type Nanos, subtract, sum, ZERO } from '../core/money.ts'
import type { AttemptState } from '../core/receipt.ts'
import type { Finding } from './finding.ts'
import type { BookedAttempt, BookedGeneration, Books } from './provider-books.ts'

/** What a provider says it was asked and will take; the sandbox's bill is one. Amounts are whole nano-dollars as text. */
export interface ProviderBill {
  readonly calls: number
  readonly billed_nanos: string
  /** The last of the calls, in the order in which they came. */
  readonly recent: readonly BilledCall[]
}

export interface BilledCall {
  readonly n: number
  /** Slug of the provider. */
  readonly simulator: string
  readonly model: string
  readonly billed_nanos: string
  /** The provider's own id of the call, where its bill tells one. */
  readonly upstream_id?: string | null
  /** SHA-256 of each picture that it made. */
  readonly pictures?: readonly string[]
}

export interface Reconciliation {
  readonly billed: Nanos
  readonly booked: Nanos
  /** By attempt, or by the attempts that were booked in one sum. Empty when every call was booked as it was billed. */
  readonly differences: readonly Difference[]
}

export interface Difference extends Finding {
  readonly billed: Nanos
  readonly booked: Nanos
}

/** A9: a provider's bill against what was booked as its cost and as the operator's loss, call by call. Pure. */
export function reconcile(bill: ProviderBill, { generations }: Books): Reconciliation {
  const entries = generations.flatMap(entriesOf)
  const strays = assign(bill.recent, entries)
  const unlisted = subtract(BigInt(bill.billed_nanos) as Nanos, sum(bill.recent.map(amountOf)))
  const found = [
    ...entries.map(({ subject, booked, calls }) => ({ subject, booked, billed: sum(calls.map(amountOf)) })),
    ...strays.map((call) => ({ subject: nameOf(call), booked: ZERO, billed: amountOf(call) })),
    {
      subject: `${bill.calls - bill.recent.length} calls that are not listed any more`,
      booked: ZERO,
      billed: unlisted,
    },
  ]
  return {
    billed: BigInt(bill.billed_nanos) as Nanos,
    booked: sum(entries.map(({ booked }) => booked)),
    differences: found.filter(({ booked, billed }) => booked !== billed).map(differenceOf),
  }
}

/** Attempts that were booked in one sum, and the calls on the bill that are theirs. */
interface Entry {
  readonly subject: string
  readonly booked: Nanos
  readonly attempts: readonly BookedAttempt[]
  readonly pictures: ReadonlySet<string>
  readonly calls: BilledCall[]
  /** Attempts that may still have a call on the bill. */
  free: number
}

/**
 * The books know what a generation's good calls cost together, and what its bad ones did; where there is one of each kind, or only
 * one kind, that is the cost of each. A call that is said to have cost nothing stands for itself.
 */
function entriesOf({ id, providerCost, loss, attempts, pictures }: BookedGeneration): readonly Entry[] {
  const entry = (own: readonly BookedAttempt[], booked: Nanos): Entry => ({
    subject: own.length === 0 ? id : own.map((attempt) => attemptName(id, attempt)).join(', '),
    booked,
    attempts: own,
    pictures: new Set(pictures),
    calls: [],
    free: own.length,
  })
  const good = attempts.filter(({ state }) => state === 'ok')
  const bad = attempts.filter(({ state }) => BAD.has(state))
  const both = sum([providerCost, loss])
  const booked =
    good.length > 0 && bad.length > 0
      ? [entry(good, providerCost), entry(bad, loss)]
      : [...good, ...bad].length > 0 || both !== 0n
        ? [entry([...good, ...bad], both)]
        : []
  const free = attempts.filter((attempt) => attempt.state === 'not_billed').map((attempt) => entry([attempt], ZERO))
  return [...booked, ...free]
}

/** One that is still `sent` has nothing booked yet: it is told as a difference until it ends. */
const BAD: ReadonlySet<AttemptState> = new Set(['billed_no_output', 'unknown', 'sent'])

function attemptName(id: string, { n, upstream_id: upstreamId, state }: BookedAttempt): string {
  return `${id}/${n} ${state}${upstreamId === null ? '' : ` (${upstreamId})`}`
}

/**
 * Gives every call to an attempt: by the provider's own id, by a picture that it made, then to one of the same model that was booked
 * with its amount, then to any that is left of it. Returns the calls that were billed and that nobody has made.
 */
function assign(calls: readonly BilledCall[], entries: readonly Entry[]): readonly BilledCall[] {
  const byId = new Map(
    entries.flatMap((entry) => entry.attempts.flatMap(({ upstream_id: id }) => (id === null ? [] : [[id, entry]]))),
  )
  const byPicture = Map.groupBy(
    entries.flatMap((entry) => [...entry.pictures].map((sha256) => ({ sha256, entry }))),
    ({ sha256 }) => sha256,
  )
  const byModel = Map.groupBy(
    entries.flatMap((entry) => [...new Set(entry.attempts.map(modelOf))].map((model) => ({ model, entry }))),
    ({ model }) => model,
  )
  const ofModel = (call: BilledCall) => (byModel.get(modelOfCall(call)) ?? []).filter(isFree)
  const rules: readonly ((call: BilledCall) => Entry | undefined)[] = [
    ({ upstream_id: id }) => (typeof id === 'string' ? byId.get(id) : undefined),
    ({ pictures = [] }) => pictures.flatMap((each) => byPicture.get(each) ?? []).find(isFree)?.entry,
    (call) => ofModel(call).find(({ entry }) => entry.booked === amountOf(call))?.entry,
    (call) => (amountOf(call) > 0n ? ofModel(call).find(({ entry }) => entry.booked > 0n)?.entry : undefined),
    (call) => (amountOf(call) > 0n ? ofModel(call)[0]?.entry : undefined),
  ]
  let left = calls
  for (const rule of rules) {
    left = left.filter((call) => {
      const entry = rule(call)
      if (entry === undefined) return true
      entry.calls.push(call)
      entry.free -= 1
      return false
    })
  }
  return left.filter((call) => amountOf(call) !== 0n)
}

function isFree({ entry }: { readonly entry: Entry }): boolean {
  return entry.free > 0
}

function modelOf({ provider, model }: BookedAttempt): string {
  return `${provider} ${model}`
}

function modelOfCall({ simulator, model }: BilledCall): string {
  return `${simulator} ${model}`
}

function amountOf({ billed_nanos: billed }: BilledCall): Nanos {
  return BigInt(billed) as Nanos
}

function nameOf({ n, simulator, model, upstream_id: id }: BilledCall): string {
  return `call ${n} of ${simulator}/${model}${typeof id === 'string' ? ` (${id})` : ''}, which nobody has made`
}

function differenceOf({ subject, billed, booked }: Pick<Difference, 'subject' | 'billed' | 'booked'>): Difference {
  const message = `the provider's bill is what was booked: found ${formatUsd(billed)} billed, ${formatUsd(booked)} booked`
  return { check: 'A9', subject, message, billed, booked }
}
