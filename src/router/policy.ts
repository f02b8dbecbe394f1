import type { UpstreamFailure } from '../providers/provider.ts'

/** Calls at most for one picture, over all routes. */
export const MAX_ATTEMPTS = 3
/** Of these at most so many after one that may have been charged. */
export const MAX_AFTER_AMBIGUOUS = 1
/** The longest Retry-After that is waited for instead of going elsewhere. */
export const WAIT_CAP_MS = 5_000
export const BACKOFF_BASE_MS = 250
export const BACKOFF_CAP_MS = 4_000
/** Who took longer than this to fail is asked again only when no other route is open: a connect timeout is not worth waiting for twice. */
export const PROMPT_MS = 1_000

/** A row of the table in `reliability.md` §3. */
export type Condition =
  /** DNS, connect or TLS; or a reset before the request was complete. Where half a request could be charged the adapter says `billed: unknown`, and it is `no_answer`. */
  | 'unsent'
  | 'rate_limited'
  /** 503 or 529 with the provider's own error body. */
  | 'turned_away'
  /** 500 with the provider's own error body. */
  | 'broken'
  /** 502, 504, 52x and whatever else an edge says in the provider's place. */
  | 'edge'
  /** A reset or the end of the stream after the request was written. */
  | 'no_answer'
  /** No status line within the header limit. */
  | 'silent'
  /** Truncated, too slow, illegal base64, wrong type, no picture. */
  | 'unusable'
  | 'refused'
  | 'rejected'
  /** The provider does not know the model: the request is good, and other providers may know it. */
  | 'absent'
  | 'unauthorized'
  /** Our own deadline passed, or everything was taken back. */
  | 'over'

interface Rule {
  /** The same provider again, once in a run: after a backoff, after its Retry-After, or with the next credential. */
  readonly same: 'never' | 'after_backoff' | 'when_told' | 'next_credential'
  /** Another route. `once`: not after a second such failure. `if_wished`: the caller set `fallback_on_moderation`. */
  readonly other: 'never' | 'always' | 'once' | 'if_wished'
  /** Whether a further credential of a provider that was tried is worth a call when no other route is left. */
  readonly isOfCredential: boolean
  /** What it tells about the provider's health (L4). */
  readonly tells: 'fault' | 'limited' | 'denied' | 'neutral'
}

/**
 * The retry and failover policy, row by row. Whether a row is ambiguous is not in it: that is `billed`, which the adapter knows from
 * the provider's documents; an ambiguous failure is never repeated at the same provider, and goes on only within the ambiguous budget.
 */
export const POLICY = {
  unsent: { same: 'after_backoff', other: 'always', isOfCredential: false, tells: 'fault' },
  rate_limited: { same: 'when_told', other: 'always', isOfCredential: true, tells: 'limited' },
  turned_away: { same: 'after_backoff', other: 'always', isOfCredential: false, tells: 'fault' },
  broken: { same: 'never', other: 'always', isOfCredential: false, tells: 'fault' },
  edge: { same: 'never', other: 'always', isOfCredential: false, tells: 'fault' },
  // Repeating it would need provider-side idempotency, which no provider here offers.
  no_answer: { same: 'never', other: 'always', isOfCredential: false, tells: 'fault' },
  silent: { same: 'never', other: 'always', isOfCredential: false, tells: 'fault' },
  // Fetching by id is the adapter's own, inside the one paid call.
  unusable: { same: 'never', other: 'once', isOfCredential: false, tells: 'fault' },
  refused: { same: 'never', other: 'if_wished', isOfCredential: false, tells: 'neutral' },
  rejected: { same: 'never', other: 'never', isOfCredential: false, tells: 'neutral' },
  absent: { same: 'never', other: 'always', isOfCredential: false, tells: 'neutral' },
  unauthorized: { same: 'next_credential', other: 'always', isOfCredential: true, tells: 'denied' },
  over: { same: 'never', other: 'never', isOfCredential: false, tells: 'neutral' },
} as const satisfies Record<Condition, Rule>

/** Which row a failure is. `isOver`: by now the deadline has passed or the run was taken back. */
export function conditionOf({ kind, status, billed }: UpstreamFailure, isOver: boolean): Condition {
  if (isOver) return 'over'
  switch (kind) {
    case 'rate_limited':
    case 'refused':
    case 'rejected':
    case 'unauthorized':
      return kind
    case 'no_image':
      return 'unusable'
    case 'timeout':
      return 'silent'
    case 'unavailable':
      break
  }
  if (status === undefined) return billed === 'no' ? 'unsent' : 'no_answer'
  // Some providers tell of their failures in a 200.
  if (status === 500 || status < 300) return 'broken'
  if (billed !== 'no') return 'edge'
  if (status === 503 || status === 529) return 'turned_away'
  return status < 500 ? 'absent' : 'edge'
}

/** What the failure tells about the provider's health. No 4xx is ever held against it, not even one that an edge made up. */
export function tellsOf(failure: UpstreamFailure): Rule['tells'] {
  const { tells }: Rule = POLICY[conditionOf(failure, false)]
  const { status = 0 } = failure
  const is4xx = status >= 400 && status < 500
  return tells === 'fault' && is4xx ? 'neutral' : tells
}

/** A call of a run that failed. */
export interface Tried<R> {
  readonly route: R
  readonly credential: number
  readonly failure: UpstreamFailure
  readonly condition: Condition
  /** From its start to its end. */
  readonly ms: number
}

interface Target {
  readonly provider: string
  readonly model: string
}

/** A way to go on. Where several are told, the first that is open is taken, and only that one. */
export type Move<R> =
  | { readonly to: 'same'; readonly waitMs: number; readonly why: string }
  | { readonly to: 'next_credential'; readonly routes: readonly R[]; readonly why: string }
  | { readonly to: 'other'; readonly why: string }

export interface Situation<R> {
  readonly trail: readonly Tried<R>[]
  readonly fallbackOnModeration: boolean
  /** Until the deadline, less what a good call on the route of the last attempt usually takes. */
  readonly spareMs: number
  /** From 0 up to 1, for the jitter. */
  readonly random: number
}

/** May have been charged, and gave nothing. */
export function isAmbiguous({ failure }: Pick<Tried<unknown>, 'failure'>): boolean {
  return failure.billed !== 'no'
}

export function isSameTarget(a: Target, b: Target): boolean {
  return a.provider === b.provider && a.model === b.model
}

/** What may be tried after the attempts so far, by preference; empty: the last failure is the answer. Pure. */
export function movesAfter<R extends Target>(situation: Situation<R>): readonly Move<R>[] {
  const { trail, fallbackOnModeration } = situation
  const last = trail.at(-1)
  if (last === undefined || trail.length >= MAX_ATTEMPTS) return []
  const firstAmbiguous = trail.findIndex(isAmbiguous)
  if (firstAmbiguous >= 0 && trail.length - firstAmbiguous > MAX_AFTER_AMBIGUOUS) return []

  const rule: Rule = POLICY[last.condition]
  const same = sameAgain(rule, last, situation)
  const other: Move<R>[] = mayGoElsewhere(rule, last, trail, fallbackOnModeration)
    ? [{ to: 'other', why: `other: ${labelOf(last.failure)}` }]
    : []
  const near = rule.same === 'after_backoff' && last.ms > PROMPT_MS ? [...other, ...same] : [...same, ...other]
  return rule.isOfCredential && !isAmbiguous(last) ? [...near, nextCredential(last, trail)] : near
}

function sameAgain<R extends Target>(rule: Rule, last: Tried<R>, situation: Situation<R>): readonly Move<R>[] {
  const { trail, spareMs, random } = situation
  const isFirstHere = trail.filter(({ route }) => isSameTarget(route, last.route)).length === 1
  if (!isFirstHere || isAmbiguous(last)) return []
  if (rule.same === 'next_credential') return [nextCredential(last, [last])]
  const waitMs = waitBefore(rule.same, last.failure, trail.length, spareMs, random)
  return waitMs === undefined ? [] : [{ to: 'same', waitMs, why: sameBecause(rule.same, last.failure) }]
}

function nextCredential<R>({ failure }: Tried<R>, trail: readonly Tried<R>[]): Move<R> {
  const routes = trail.map(({ route }) => route)
  return { to: 'next_credential', routes, why: `same: ${labelOf(failure)}, next credential` }
}

function mayGoElsewhere<R>(rule: Rule, last: Tried<R>, trail: readonly Tried<R>[], isWished: boolean): boolean {
  switch (rule.other) {
    case 'always':
      return true
    case 'once':
      return trail.filter(({ condition }) => condition === last.condition).length === 1
    case 'if_wished':
      return isWished
    case 'never':
      return false
  }
}

/** How long to wait before the same provider is asked again; undefined when it is not. */
function waitBefore(
  same: Rule['same'],
  { retryAfterMs }: UpstreamFailure,
  attempts: number,
  spareMs: number,
  random: number,
): number | undefined {
  if (spareMs <= 0) return undefined
  switch (same) {
    case 'when_told':
      return retryAfterMs !== undefined && retryAfterMs <= Math.min(WAIT_CAP_MS, spareMs) ? retryAfterMs : undefined
    case 'after_backoff': {
      const backoffMs = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** (attempts - 1), spareMs) * random
      // A 503 may say when to come back; sooner would be in vain.
      const waitMs = Math.max(backoffMs, retryAfterMs ?? 0)
      return waitMs <= Math.min(WAIT_CAP_MS, spareMs) ? waitMs : undefined
    }
    case 'never':
    case 'next_credential':
      return undefined
  }
}

function sameBecause(same: Rule['same'], failure: UpstreamFailure): string {
  if (same === 'when_told') return `same: Retry-After ${(failure.retryAfterMs ?? 0) / 1000} s`
  return `same: ${labelOf(failure)}`
}

/** Two words at most on what went wrong: `503`, `rate_limited`. */
function labelOf({ status, kind }: UpstreamFailure): string {
  return status === undefined || status < 400 ? kind.replaceAll('_', ' ') : String(status)
}
