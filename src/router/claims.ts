import type { Clock } from '../core/clock.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Bulkheads, Slot } from './bulkhead.ts'
import type { Outcome, Pass } from './health.ts'
import type { HealthBook, Route } from './health-book.ts'
import { WAIT_CAP_MS } from './policy.ts'

/** Where one call goes. */
export interface Choice<R> {
  readonly route: R
  /** Index of the credential. */
  readonly credential: number
  /** Why this one: `first`, `same: Retry-After 2 s`, `other: 503`. */
  readonly why: string
  /** Longest wait for the status line (L1), in milliseconds. */
  readonly headersMs: number
}

/** The right to make one call: a slot of the provider's bulkhead and, where its breaker is half open, the one probe. */
export interface Claim extends Slot {
  sent(): void
  /** Tells how the call went and gives everything back. */
  ended(outcome: Outcome): void
}

/** A choice that can be carried out at once. Releasing the slot gives it back unused. */
export interface Reservation<R> {
  readonly choice: Choice<R>
  readonly slot: Claim
}

/** A credential on a route. */
export interface Place<R> {
  readonly route: R
  readonly credential: number
}

export interface Search<R> {
  /** By preference. */
  places(): readonly Place<R>[]
  /** Why a call goes to such a place. */
  why(place: Place<R>): string
  /** Whether a place that is ejected may be taken when there is no other (L5): for the first call of a run. */
  readonly mayForce: boolean
  remainingMs(): number
}

/** Why no call can be made, and when it is worth asking again. */
export interface Closed {
  readonly because: 'limited' | 'busy' | 'over'
  readonly waitMs: number
}

export interface Claims {
  /** Routes as they are told, the credentials of each in turn. */
  places<R extends Route>(routes: readonly R[]): readonly Place<R>[]
  /** A claim on the first place that is open and has a free slot. Never waits. */
  now<R extends Route>(search: Search<R>): Reservation<R> | undefined
  /** How long a call would have to wait for a place by what is known now, or why it had better not. */
  outlook<R extends Route>(search: Search<R>, count: number): Result<number, Closed>
  /** A claim in turn: waits for a slot, and for the end of a 429 if that is near. */
  soon<R extends Route>(search: Search<R>, signal: AbortSignal): Promise<Result<Reservation<R>, Closed>>
}

interface ClaimParts {
  readonly health: HealthBook
  readonly bulkheads: Bulkheads
  readonly clock: Clock
  readonly random: () => number
}

/** A timer may fire up to a millisecond early. */
const EARLY_MS = 1

/** Finds a place for one call among those that health and bulkheads leave open. */
export function makeClaims({ health, bulkheads, clock, random }: ClaimParts): Claims {
  /** Of each provider: the credential whose turn it is. */
  const turns = new Map<string, number>()

  function places<R extends Route>(routes: readonly R[]): readonly Place<R>[] {
    return routes.flatMap((route) => {
      const turn = turns.get(route.provider) ?? 0
      return Array.from({ length: route.credentials }, (_, index) => ({
        route,
        credential: (turn + index) % route.credentials,
      }))
    })
  }

  /** Places that a call may go to now. When all are closed and none opens soon: the ejected ones, then those with a bad credential. */
  function open<R extends Route>({ places: wanted, mayForce, remainingMs }: Search<R>): readonly Place<R>[] {
    const judged = wanted().map((place) => ({ place, pass: health.usable(place.route, place.credential) }))
    const having = (...passes: readonly Pass[]) =>
      judged.filter(({ pass }) => passes.includes(pass)).map(({ place }) => place)
    const usable = having('free', 'probe')
    if (usable.length > 0 || !mayForce) return usable
    if (having('limited').some((place) => isLimitedBriefly(place, remainingMs()))) return []
    const ejected = having('open', 'probing')
    return ejected.length > 0 ? ejected : having('denied')
  }

  function isLimitedBriefly({ route, credential }: Place<Route>, remainingMs: number): boolean {
    const { p50Ms = 0 } = health.standing(route.provider, route.model)
    return health.limitedMs(route, credential) <= Math.min(WAIT_CAP_MS, remainingMs - p50Ms)
  }

  function claim<R extends Route>(
    search: Search<R>,
    candidates: readonly Place<R>[],
    take: (queue: string) => Slot | undefined,
  ): Reservation<R> | undefined {
    for (const place of candidates) {
      const why = search.why(place)
      const slot = take(queueOf(place))
      if (slot === undefined) continue
      const { route, credential } = place
      turns.set(route.provider, (credential + 1) % route.credentials)
      const headersMs = Math.min(search.remainingMs(), health.patienceMs(route))
      return { choice: { route, credential, why, headersMs }, slot: claimed(place, slot) }
    }
    return undefined
  }

  function claimed({ route, credential }: Place<Route>, slot: Slot): Claim {
    const claimedAt = clock.monotonic()
    const isProbe = health.usable(route, credential) === 'probe'
    health.note(route, credential, { type: 'claimed', at: claimedAt })
    let sentAt: number | undefined
    let isEnded = false
    function end(outcome: Outcome): void {
      if (isEnded) return
      isEnded = true
      const at = clock.monotonic()
      health.note(route, credential, { type: 'ended', at, claimedAt, sentAt, isProbe, outcome, random: random() })
      slot.release(sentAt === undefined ? 'unused' : undefined)
    }
    return {
      sent() {
        sentAt = clock.monotonic()
        health.note(route, credential, { type: 'sent', at: sentAt })
      },
      ended: end,
      release: () => end({ is: 'neutral' }),
    }
  }

  function now<R extends Route>(search: Search<R>): Reservation<R> | undefined {
    return claim(search, open(search), bulkheads.take)
  }

  function outlook<R extends Route>(search: Search<R>, count: number): Result<number, Closed> {
    const candidates = open(search)
    if (candidates.length > 0) return busyOutlook(candidates, count, search.remainingMs())
    const limits = search.places().map((place) => ({ place, waitMs: health.limitedMs(place.route, place.credential) }))
    const brief = limits.filter(({ place, waitMs }) => waitMs > 0 && isLimitedBriefly(place, search.remainingMs()))
    if (brief.length > 0) return ok(shortest(brief))
    const limited = limits.filter(({ waitMs }) => waitMs > 0)
    return err({ because: limited.length > 0 ? 'limited' : 'busy', waitMs: limited.length > 0 ? shortest(limited) : 0 })
  }

  function busyOutlook(
    candidates: readonly Place<Route>[],
    count: number,
    remainingMs: number,
  ): Result<number, Closed> {
    const waits = candidates.map(queueOf).map((queue) => ({
      hasRoom: bulkheads.room(queue) >= count,
      waitMs: bulkheads.waitMs(queue, count),
    }))
    const waitMs = shortest(waits.filter(({ hasRoom }) => hasRoom))
    return waitMs <= remainingMs ? ok(waitMs) : err({ because: 'busy', waitMs: shortest(waits) })
  }

  async function soon<R extends Route>(
    search: Search<R>,
    signal: AbortSignal,
  ): Promise<Result<Reservation<R>, Closed>> {
    for (;;) {
      if (signal.aborted || search.remainingMs() <= 0) return err({ because: 'over', waitMs: 0 })
      const free = now(search)
      if (free !== undefined) return ok(free)
      const expected = outlook(search, 1)
      if (!expected.ok) return expected
      const queue = quickest(open(search))
      if (queue === undefined) {
        await pause(clock, expected.value + EARLY_MS, signal)
        continue
      }
      const slot = await bulkheads.wait(queue, signal)
      if (slot === undefined) continue
      // What was open may have closed while this call waited.
      const claimedLate = claim(
        search,
        open(search).filter((place) => queueOf(place) === queue),
        () => slot,
      )
      if (claimedLate !== undefined) return ok(claimedLate)
      slot.release('unused')
    }
  }

  /** The shortest queue that has room, by time. */
  function quickest(candidates: readonly Place<Route>[]): string | undefined {
    return candidates
      .map(queueOf)
      .filter((queue) => bulkheads.room(queue) > 0)
      .sort((a, b) => bulkheads.waitMs(a, 1) - bulkheads.waitMs(b, 1))[0]
  }

  function queueOf({ route, credential }: Place<Route>): string {
    return bulkheads.queueOf(route.provider, credential)
  }

  return { places, now, outlook, soon }
}

function shortest(waits: readonly { readonly waitMs: number }[]): number {
  return Math.min(...waits.map(({ waitMs }) => waitMs))
}

/** Sleeps, or less when the signal aborts; who was paused looks for himself. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}
