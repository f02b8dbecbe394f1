import { counted, covers, rolling, type Rolling, total } from './rolling.ts'

/** Failures in a row that open a breaker. */
export const FAULTS_IN_ROW = 5
/** Or at least this share of at least so many calls of the last two minutes. */
export const FAULT_SHARE = 0.5
export const FAULT_CALLS = 20
export const FAULT_WINDOW_MS = 120_000
/** A breaker stays open for this long, twice as long each further time in a row, with jitter on top of the cap. */
export const OPEN_MS = 30_000
export const OPEN_CAP_MS = 300_000
export const OPEN_JITTER = 0.2
/** Good calls that close a half-open breaker; one probe at a time. */
export const CLOSING_SUCCESSES = 2
/** A 429 that does not say how long: a moment, so that what runs besides can end. */
export const LIMIT_MS = 1_000
/** A longer Retry-After is believed for this long; asking again costs nothing, and the operator may have raised the quota. */
export const LIMIT_CAP_MS = 300_000

/** All that the last minutes tell about one credential on one model of one provider. Times are monotonic milliseconds. */
export interface Health {
  /** Calls by the moment they were sent, the failed ones marked. */
  readonly recent: Rolling
  readonly faultsInRow: number
  readonly breaker: Breaker
  /** The breaker opened or closed last. What was sent before tells nothing about the time after. */
  readonly since: number
  /** 429: not before this. */
  readonly limitedUntil: number
  /** 401, 402, 403: the credential is passed over until then; `times` in a row. */
  readonly denied: { readonly until: number; readonly times: number }
  readonly lastFaultAt: number | undefined
}

export type Breaker =
  | { readonly state: 'closed' }
  | { readonly state: 'open'; readonly until: number; readonly round: number }
  | { readonly state: 'half_open'; readonly round: number; readonly isProbing: boolean; readonly successes: number }

export const HEALTHY: Health = {
  recent: rolling(FAULT_WINDOW_MS),
  faultsInRow: 0,
  breaker: { state: 'closed' },
  since: -Infinity,
  limitedUntil: -Infinity,
  denied: { until: -Infinity, times: 0 },
  lastFaultAt: undefined,
}

/** How a call ended, as far as health goes. `neutral`: it tells nothing about the provider (L4: 4xx, safety blocks, client aborts). */
export type Outcome =
  | { readonly is: 'good'; readonly ms: number }
  | { readonly is: 'fault' }
  | { readonly is: 'limited'; readonly retryAfterMs: number | undefined }
  | { readonly is: 'denied' }
  | { readonly is: 'neutral' }

export type HealthEvent =
  /** Somebody is about to call. A half-open breaker gives its one probe away. */
  | { readonly type: 'claimed'; readonly at: number }
  | { readonly type: 'sent'; readonly at: number }
  | {
      readonly type: 'ended'
      readonly at: number
      readonly claimedAt: number
      /** Undefined for a claim that was given back unused. */
      readonly sentAt: number | undefined
      readonly isProbe: boolean
      readonly outcome: Outcome
      /** From 0 up to 1, for the jitter. */
      readonly random: number
    }

/**
 * Whether a call may go there. `free`; `probe`: the breaker is half open and this call would be its probe; the others say why not:
 * `open`: the breaker; `probing`: somebody else's probe is under way; `limited`: 429; `denied`: the credential was not accepted.
 */
export type Pass = 'free' | 'probe' | 'open' | 'probing' | 'limited' | 'denied'

export function passOf({ breaker, limitedUntil, denied }: Health, at: number): Pass {
  if (limitedUntil > at) return 'limited'
  if (denied.until > at) return 'denied'
  switch (breaker.state) {
    case 'closed':
      return 'free'
    case 'open':
      return breaker.until > at ? 'open' : 'probe'
    case 'half_open':
      return breaker.isProbing ? 'probing' : 'probe'
  }
}

/** The whole of L3 and L4 of the reliability promises. Pure: time and randomness come with the event. */
export function reduce(health: Health, event: HealthEvent): Health {
  switch (event.type) {
    case 'claimed':
      return claimed(health, event.at)
    case 'sent':
      return { ...health, recent: counted(health.recent, event.at, event.at, { calls: 1 }) }
    case 'ended':
      return ended(health, event)
  }
}

function claimed(health: Health, at: number): Health {
  if (passOf(health, at) !== 'probe') return health
  const { breaker } = health
  if (breaker.state === 'half_open') return { ...health, breaker: { ...breaker, isProbing: true } }
  const round = breaker.state === 'open' ? breaker.round : 0
  return { ...health, breaker: { state: 'half_open', round, isProbing: true, successes: 0 } }
}

type Ended = HealthEvent & { readonly type: 'ended' }

function ended(before: Health, event: Ended): Health {
  const { outcome, claimedAt, sentAt, at, random } = event
  const isProbe = event.isProbe && claimedAt >= before.since
  const health = isProbe ? probeGivenBack(before) : before
  switch (outcome.is) {
    case 'good':
      return succeeded({ ...health, denied: HEALTHY.denied }, event)
    case 'fault':
      return failed({ ...health, lastFaultAt: at }, event)
    case 'limited': {
      const until = at + Math.min(outcome.retryAfterMs ?? LIMIT_MS, LIMIT_CAP_MS)
      return { ...uncounted(health, sentAt, at), limitedUntil: Math.max(health.limitedUntil, until) }
    }
    case 'denied': {
      // Several calls may have been under way with the same bad credential; they are one denial.
      const times = health.denied.until > at ? health.denied.times : health.denied.times + 1
      const until = Math.max(health.denied.until, at + openMs(times - 1, random))
      return { ...uncounted(health, sentAt, at), denied: { until, times } }
    }
    case 'neutral':
      return uncounted(health, sentAt, at)
  }
}

function probeGivenBack(health: Health): Health {
  const { breaker } = health
  return breaker.state === 'half_open' ? { ...health, breaker: { ...breaker, isProbing: false } } : health
}

/** What never counts is no call either: many refusals must not hide the failures among them. */
function uncounted(health: Health, sentAt: number | undefined, at: number): Health {
  return sentAt === undefined ? health : { ...health, recent: counted(health.recent, sentAt, at, { calls: -1 }) }
}

function succeeded(health: Health, { sentAt, at }: Ended): Health {
  if (sentAt === undefined || sentAt < health.since) return health
  const { breaker } = health
  if (breaker.state === 'closed') {
    return { ...health, faultsInRow: 0, recent: late(health.recent, sentAt, at, { calls: 1 }) }
  }
  // A call that went to an open breaker because nothing else was left is as good a sign as a probe.
  const successes = breaker.state === 'half_open' ? breaker.successes + 1 : 1
  if (successes >= CLOSING_SUCCESSES) {
    return { ...health, recent: HEALTHY.recent, faultsInRow: 0, breaker: { state: 'closed' }, since: at }
  }
  const isProbing = breaker.state === 'half_open' && breaker.isProbing
  return { ...health, breaker: { state: 'half_open', round: breaker.round, isProbing, successes } }
}

function failed(health: Health, { sentAt, at, isProbe, random }: Ended): Health {
  if (sentAt === undefined || sentAt < health.since) return health
  const { breaker } = health
  if (breaker.state !== 'closed') return isProbe ? opened(health, breaker.round + 1, at, random) : health
  const faultsInRow = health.faultsInRow + 1
  const recent = covers(health.recent, sentAt, at)
    ? counted(health.recent, sentAt, at, { marked: 1 })
    : late(health.recent, sentAt, at, { calls: 1, marked: 1 })
  const next = { ...health, faultsInRow, recent }
  const { calls, marked } = total(recent, at)
  const isBad = faultsInRow >= FAULTS_IN_ROW || (calls >= FAULT_CALLS && marked >= calls * FAULT_SHARE)
  return isBad ? opened(next, 0, at, random) : next
}

/** A call that took longer than the window is counted again when it ends: otherwise a hanging provider would leave no trace in it. */
function late(window: Rolling, sentAt: number, at: number, change: { calls: number; marked?: number }): Rolling {
  return covers(window, sentAt, at) ? window : counted(window, at, at, change)
}

function opened(health: Health, round: number, at: number, random: number): Health {
  return { ...health, breaker: { state: 'open', until: at + openMs(round, random), round }, since: at }
}

/** 30 s, 60 s, 120 s, 240 s, 300 s, each ±20 %. */
function openMs(round: number, random: number): number {
  const ms = Math.min(OPEN_MS * 2 ** round, OPEN_CAP_MS)
  return ms * (1 - OPEN_JITTER + 2 * OPEN_JITTER * random)
}
