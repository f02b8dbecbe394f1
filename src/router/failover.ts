import type { Clock } from '../core/clock.ts'
import { fail, type Failure } from '../core/errors.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { UpstreamFailure } from '../providers/provider.ts'
import type { Permit } from './budgets.ts'
import type { Bulkheads } from './bulkhead.ts'
import type { Choice, Closed, Place, Reservation, Search } from './claims.ts'
import { makeClaims, pause } from './claims.ts'
import type { Outcome, Pass } from './health.ts'
import type { HealthBook, Route } from './health-book.ts'
import { conditionOf, isAmbiguous, isSameTarget, type Move, movesAfter, tellsOf, type Tried } from './policy.ts'

export type { Choice, Reservation } from './claims.ts'

/**
 * One paid upstream call: writes its row, calls the provider, keeps the pictures. An answer without a usable picture comes back as
 * `no_image`, billed `yes`. Called once for each choice, even when the signal has aborted already.
 */
export type Attempt<R, T> = (choice: Choice<R>) => Promise<Result<T, UpstreamFailure>>

export interface Wish<R, T> {
  /** At least one, in the order in which they are tried. */
  readonly routes: readonly R[]
  /** The first choice, whose row is durable already. Without it the first slot is waited for. */
  readonly reserved?: Reservation<R>
  /** Milliseconds until the deadline. */
  remainingMs(): number
  /** Aborts with a `TimeoutError` when the deadline has passed, with any other reason when everything was taken back. */
  readonly signal: AbortSignal
  readonly fallbackOnModeration: boolean
  readonly attempt: Attempt<R, T>
}

export interface Failover {
  /**
   * Before anything is held: the right to call at once, for each of `count` parallel calls. `queued`: there is room to wait. Otherwise
   * nothing is taken: `overloaded` when the wait would outlast `remainingMs` on every route, `rate_limited` when all of them have said
   * not to be called for longer than is waited for. Never waits.
   */
  reserve<R extends Route>(
    routes: readonly R[],
    count: number,
    remainingMs: number,
  ): Result<readonly Reservation<R>[] | 'queued', Failure>
  /**
   * Calls until a picture is there or nothing more may be tried; the last failure is then the answer. One call at a time, nothing is
   * hedged. A run that found no place for its first call ends with a failure of its own, `billed: 'no'`, without any attempt. Gives
   * back every slot, the reserved one included, even when `attempt` throws.
   */
  run<R extends Route, T>(wish: Wish<R, T>): Promise<Result<{ readonly route: R; readonly value: T }, UpstreamFailure>>
}

export interface FailoverParts {
  readonly health: HealthBook
  readonly bulkheads: Bulkheads
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
}

/** The code of the failure of a run that found no free slot, and so called nobody. */
export const BUSY = 'gateway_busy'

/** Takes nothing from any budget. */
const FREE: Permit = { end() {} }

/** A call about to be made; `permit` unless it is the first of its run. */
interface Step<R> {
  readonly reservation: Reservation<R>
  readonly permit?: Permit
}

/** Decides who is called, how often and when: the loop around policy, health, budgets and bulkheads. */
export function makeFailover(parts: FailoverParts): Failover {
  const { health, clock, random } = parts
  const claims = makeClaims(parts)

  return {
    reserve(routes, count, remainingMs) {
      const search = firstSearch(routes, () => remainingMs)
      const taken = Array.from({ length: count }, () => claims.now(search)).filter((found) => found !== undefined)
      if (taken.length === count) return ok(taken)
      for (const { slot } of taken) slot.release()
      const outlook = claims.outlook(search, count)
      return outlook.ok ? ok('queued') : err(refusal(outlook.error))
    },

    async run(wish) {
      const found = wish.reserved
        ? ok(wish.reserved)
        : await claims.soon(firstSearch(wish.routes, wish.remainingMs), wish.signal)
      if (!found.ok) return err(unplaced(found.error))
      const trail: Tried<(typeof wish.routes)[number]>[] = []
      let step: Step<(typeof wish.routes)[number]> = { reservation: found.value }
      for (;;) {
        const { choice } = step.reservation
        const startedAt = clock.monotonic()
        const outcome = await carryOut(step, wish)
        if (outcome.ok) return ok({ route: choice.route, value: outcome.value })
        trail.push({
          route: choice.route,
          credential: choice.credential,
          failure: outcome.error,
          condition: conditionOf(outcome.error, isOver(wish)),
          ms: clock.monotonic() - startedAt,
        })
        const next = await nextStep(trail, wish)
        if (next === undefined) return outcome
        step = next
      }
    },
  }

  function firstSearch<R extends Route>(routes: readonly R[], remainingMs: () => number): Search<R> {
    return {
      places: () => claims.places(routes),
      why: (place) => whyFirst(place, routes, health),
      mayForce: true,
      remainingMs,
    }
  }

  /** One call, whatever comes of it: told to health and budgets, its slot given back. */
  async function carryOut<R extends Route, T>(
    { reservation: { choice, slot }, permit }: Step<R>,
    wish: Wish<R, T>,
  ): Promise<Result<T, UpstreamFailure>> {
    const startedAt = clock.monotonic()
    health.budgets.sent(choice.route.provider, permit === undefined)
    slot.sent()
    try {
      const outcome = await wish.attempt(choice)
      slot.ended(told(outcome, choice.route, clock.monotonic() - startedAt, wish))
      return outcome
    } finally {
      slot.release()
      permit?.end()
    }
  }

  /** What a call tells about the health of its route. */
  function told<R extends Route>(
    outcome: Result<unknown, UpstreamFailure>,
    route: R,
    ms: number,
    wish: Pick<Wish<R, unknown>, 'signal' | 'remainingMs'>,
  ): Outcome {
    if (outcome.ok) return { is: 'good', ms }
    const { kind, retryAfterMs, billed } = outcome.error
    if (isTakenBack(wish.signal)) return { is: 'neutral' }
    if (kind === 'timeout' && isOver(wish)) {
      // Who asks for less time than a picture may take must not get a provider ejected by it.
      return { is: billed !== 'no' && ms >= health.patienceMs(route) ? 'fault' : 'neutral' }
    }
    const is = tellsOf(outcome.error)
    return is === 'limited' ? { is, retryAfterMs } : { is }
  }

  async function nextStep<R extends Route, T>(
    trail: readonly Tried<R>[],
    wish: Wish<R, T>,
  ): Promise<Required<Step<R>> | undefined> {
    const last = trail.at(-1)
    if (last === undefined || isOver(wish)) return undefined
    const spareMs = spareOn(last.route, wish)
    const moves = movesAfter({ trail, fallbackOnModeration: wish.fallbackOnModeration, spareMs, random: random() })
    for (const move of moves) {
      const waitMs = move.to === 'same' ? move.waitMs + 1 : 0
      const places = () =>
        claims.places(wish.routes).filter((place) => leads(move, place, trail) && hasTime(place, wish))
      if (!places().some(({ route, credential }) => isOpen(health.usable(route, credential, waitMs)))) continue

      // A call that never reached anybody was none, and somebody else has not been asked yet: no storm comes of asking him.
      const isFree = last.condition === 'unsent' && move.to === 'other'
      const permit = isFree ? FREE : health.budgets.take(isAmbiguous(last) ? last.route.provider : undefined)
      if (typeof permit === 'string') return undefined
      if (waitMs > 0) await pause(clock, waitMs, wish.signal)
      const search = { places, why: () => move.why, mayForce: false, remainingMs: wish.remainingMs }
      const found = await claims.soon(search, wish.signal)
      if (found.ok) return { reservation: found.value, permit }
      permit.end()
      return undefined
    }
    return undefined
  }

  /** Milliseconds until the deadline, less what a good call on the route usually takes. */
  function spareOn(route: Route, { remainingMs }: Pick<Wish<Route, unknown>, 'remainingMs'>): number {
    return remainingMs() - (health.standing(route.provider, route.model).p50Ms ?? 0)
  }

  function hasTime({ route }: Place<Route>, wish: Pick<Wish<Route, unknown>, 'remainingMs'>): boolean {
    return spareOn(route, wish) > 0
  }
}

function isOpen(pass: Pass): boolean {
  return pass === 'free' || pass === 'probe'
}

function isOver({ signal, remainingMs }: Pick<Wish<Route, unknown>, 'signal' | 'remainingMs'>): boolean {
  return signal.aborted || remainingMs() <= 0
}

function isTakenBack({ aborted, reason }: AbortSignal): boolean {
  return aborted && !(reason instanceof Error && reason.name === 'TimeoutError')
}

/** Whether the place is one that the move means. No place is tried twice but by `same`. */
function leads<R extends Route>(move: Move<R>, place: Place<R>, trail: readonly Tried<R>[]): boolean {
  const wasTried = trail.some(
    (tried) => isSameTarget(tried.route, place.route) && tried.credential === place.credential,
  )
  const last = trail.at(-1)
  switch (move.to) {
    case 'same':
      return last !== undefined && isSameTarget(last.route, place.route) && last.credential === place.credential
    case 'next_credential':
      return !wasTried && move.routes.some((route) => isSameTarget(route, place.route))
    case 'other':
      return !trail.some(({ route }) => isSameTarget(route, place.route))
  }
}

const CLOSED_WORDS = {
  free: 'busy',
  probe: 'busy',
  open: 'ejected',
  probing: 'ejected',
  limited: 'rate limited',
  denied: 'without a credential that it accepts',
} as const satisfies Record<Pass, string>

function whyFirst<R extends Route>({ route, credential }: Place<R>, routes: readonly R[], health: HealthBook): string {
  const pass = health.usable(route, credential)
  if (!isOpen(pass)) return `last resort: ${route.provider} is ${CLOSED_WORDS[pass]}`
  const [first] = routes
  if (first === undefined || isSameTarget(first, route)) return 'first'
  const passes = Array.from({ length: first.credentials }, (_, index) => health.usable(first, index))
  return `first usable: ${first.provider} is ${CLOSED_WORDS[passes.find(isOpen) ?? passes[0] ?? 'free']}`
}

/** Milliseconds at least before somebody who was turned away comes back. */
const SOONEST_MS = 1_000

function refusal({ because, waitMs }: Closed): Failure {
  const retryAfterMs = Math.max(SOONEST_MS, Math.ceil(waitMs))
  return because === 'limited'
    ? fail('rate_limited', 'Every provider of this model has said not to be called right now.', { retryAfterMs })
    : fail('overloaded', 'Every provider of this model is busy, and the wait would be longer than the deadline.', {
        retryAfterMs,
      })
}

/** The same for a run that was admitted and then found no place: nobody was called, nothing can have been charged. */
function unplaced({ because, waitMs }: Closed): UpstreamFailure {
  const base = { billed: 'no', raw: '' } as const
  const retryAfterMs = Math.max(SOONEST_MS, Math.ceil(waitMs))
  switch (because) {
    case 'over':
      return { ...base, kind: 'timeout', message: 'The deadline passed before a call could begin.' }
    case 'limited':
      return {
        ...base,
        kind: 'rate_limited',
        retryAfterMs,
        message: 'Every provider of this model has said not to be called right now.',
      }
    case 'busy':
      return {
        ...base,
        kind: 'unavailable',
        code: BUSY,
        retryAfterMs,
        message: 'Every provider of this model is busy, and the wait is too long.',
      }
  }
}
