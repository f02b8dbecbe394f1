import type { CredentialHealth, ModelHealth, ProvidersHealth } from '../core/ask.ts'
import type { Clock } from '../core/clock.ts'
import { type Budgets, makeBudgets } from './budgets.ts'
import type { Bulkheads } from './bulkhead.ts'
import { type Health, type HealthEvent, HEALTHY, type Outcome, type Pass, passOf, reduce } from './health.ts'
import { quantile, withSample } from './latency.ts'
import { type Road, type Standing, type StandingOf, UNTRIED } from './road.ts'
import { total } from './rolling.ts'

/** A road, as far as health goes. */
export type Route = Pick<Road, 'provider' | 'model' | 'credentials'>

/** A route that failed so lately is asked after the others. */
export const OUTAGE_MS = 30_000
/**
 * The header limit of L1: three times the model's p99, with a floor of our own. A picture that is slow for once (a larger tier, a
 * cold start) must not become a failure that may have been charged only because the last hundred were fast.
 */
export const HEADERS_FLOOR_MS = 60_000
export const HEADERS_CAP_MS = 300_000

/** What is known about the health of providers, kept in this process. Times in events are the clock's monotonic milliseconds. */
export interface HealthBook {
  note(route: Route, credential: number, event: HealthEvent): void
  /** Whether a call may go there in `inMs` from now (0 when absent), as far as is known now. */
  usable(route: Route, credential: number, inMs?: number): Pass
  /** How long its 429 still lasts; 0 when there is none. */
  limitedMs(route: Route, credential: number): number
  readonly standing: StandingOf
  /** Longest wait for the status line when the deadline leaves more than that (L1). */
  patienceMs(route: Route): number
  readonly budgets: Budgets
  report(): ProvidersHealth
}

interface Entry {
  readonly provider: string
  readonly model: string
  credentials: number
  readonly cells: Map<number, Health>
  samples: readonly number[]
  readonly outcomes: Record<Outcome['is'], number>
}

/** Bounded by the catalogue and the settings: an entry for every model of a provider that was called, a cell for each credential. */
export function makeHealthBook({
  clock,
  bulkheads,
}: {
  readonly clock: Clock
  readonly bulkheads: Bulkheads
}): HealthBook {
  const entries = new Map<string, Entry>()
  const budgets = makeBudgets(clock)

  function find(provider: string, model: string): Entry | undefined {
    return entries.get(`${provider} ${model}`)
  }

  function cell({ provider, model }: Route, credential: number): Health {
    return find(provider, model)?.cells.get(credential) ?? HEALTHY
  }

  function open({ provider, model, credentials }: Route): Entry {
    const entry = find(provider, model) ?? {
      provider,
      model,
      credentials,
      cells: new Map<number, Health>(),
      samples: [],
      outcomes: { good: 0, fault: 0, limited: 0, denied: 0, neutral: 0 },
    }
    entry.credentials = credentials
    entries.set(`${provider} ${model}`, entry)
    return entry
  }

  return {
    note(route, credential, event) {
      const entry = open(route)
      entry.cells.set(credential, reduce(entry.cells.get(credential) ?? HEALTHY, event))
      if (event.type !== 'ended' || event.sentAt === undefined) return
      entry.outcomes[event.outcome.is] += 1
      if (event.outcome.is === 'good') entry.samples = withSample(entry.samples, event.outcome.ms)
    },
    usable: (route, credential, inMs = 0) => passOf(cell(route, credential), clock.monotonic() + inMs),
    limitedMs: (route, credential) => Math.max(0, cell(route, credential).limitedUntil - clock.monotonic()),
    standing(provider, model) {
      const entry = find(provider, model)
      return entry === undefined ? { state: 'good', p50Ms: undefined } : standingOf(entry, clock.monotonic())
    },
    patienceMs({ provider, model }) {
      const p99Ms = quantile(find(provider, model)?.samples ?? [], 0.99)
      if (p99Ms === undefined) return HEADERS_CAP_MS
      return Math.min(HEADERS_CAP_MS, Math.max(HEADERS_FLOOR_MS, 3 * p99Ms))
    },
    budgets,
    report() {
      const { calls, retries, inFlight, left, totals } = budgets.report()
      const providers = [...new Set([...entries.values()].map(({ provider }) => provider))].sort()
      return {
        retries: { calls, retries, inFlight, left, totals },
        providers: providers.map((provider) => ({
          provider,
          ...bulkheads.state(provider),
          ambiguous: budgets.ambiguous(provider),
          models: [...entries.values()]
            .filter((entry) => entry.provider === provider)
            .map((entry) => told(entry, clock)),
        })),
      }
    },
  }
}

/**
 * A book that forgets everything: every route is free, every budget full. For test keys, whose callers break things on purpose: what
 * one of them has broken must not decide where the next one goes, and live traffic must never learn from it.
 */
export function makeForgetfulBook(): HealthBook {
  return {
    note() {},
    usable: () => 'free',
    limitedMs: () => 0,
    standing: () => UNTRIED,
    patienceMs: () => HEADERS_CAP_MS,
    budgets: {
      sent() {},
      take: () => ({ end() {} }),
      report: () => ({ ...NOTHING_KNOWN.retries }),
      ambiguous: () => ({ used: 0, left: 0 }),
    },
    report: () => NOTHING_KNOWN,
  }
}

/** What there is to tell before the first call. */
const NOTHING_KNOWN: ProvidersHealth = {
  retries: {
    calls: 0,
    retries: 0,
    inFlight: 0,
    left: 0,
    totals: { retries: 0, refused: { retries: 0, ambiguous: 0 } },
  },
  providers: [],
}

function standingOf({ cells, credentials, samples }: Entry, at: number): Standing {
  const healths = Array.from({ length: credentials }, (_, credential) => cells.get(credential) ?? HEALTHY)
  const passes = healths.map((health) => passOf(health, at))
  const isClosed = passes.every((pass) => pass !== 'free' && pass !== 'probe')
  const isLimited = passes.includes('limited')
  const failedAt = Math.max(...healths.map(({ lastFaultAt = -Infinity }) => lastFaultAt))
  const isOutage = isClosed || at - failedAt <= OUTAGE_MS
  return {
    state: isClosed && !isLimited ? 'ejected' : isOutage ? 'outage' : 'good',
    p50Ms: quantile(samples, 0.5),
  }
}

function told(entry: Entry, clock: Clock): ModelHealth {
  const { state, p50Ms } = standingOf(entry, clock.monotonic())
  return {
    model: entry.model,
    state,
    p50Ms,
    p99Ms: quantile(entry.samples, 0.99),
    outcomes: { ...entry.outcomes },
    credentials: [...entry.cells]
      .sort(([a], [b]) => a - b)
      .map(([credential, health]) => toldOfCredential(credential, health, clock)),
  }
}

function toldOfCredential(credential: number, health: Health, clock: Clock): CredentialHealth {
  const at = clock.monotonic()
  /** Wall time of a monotonic moment that is still to come. */
  const ahead = (until: number) => (until > at ? Math.round(clock.now() + until - at) : undefined)
  const { breaker, recent, faultsInRow, limitedUntil, denied } = health
  const { calls, marked } = total(recent, at)
  return {
    credential,
    breaker: breaker.state === 'open' && breaker.until <= at ? 'half_open' : breaker.state,
    openUntil: breaker.state === 'open' ? ahead(breaker.until) : undefined,
    calls,
    failures: marked,
    failuresInRow: faultsInRow,
    rateLimitedUntil: ahead(limitedUntil),
    deniedUntil: ahead(denied.until),
  }
}
