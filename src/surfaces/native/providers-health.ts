import type { CredentialHealth, ModelHealth, ProviderHealth, ProvidersHealth } from '../../core/ask.ts'
import { isoTime } from '../../core/clock.ts'
import { ok } from '../../core/result.ts'
import type { AskRoute } from '../../core/surface.ts'

/** What this process has seen of its providers: what an operator asks when pictures fail. Live traffic alone; test keys leave no trace. */
export const providersHealthRoute: AskRoute<'providers.health'> = {
  kind: 'ask',
  id: 'getProvidersHealth',
  method: 'GET',
  path: '/api/v1/providers/health',
  summary: 'Breakers, limits, durations and retry budgets of the providers that live traffic was sent to',
  access: 'any',
  parse: () => ok({ ask: 'providers.health' }),
  present: ({ retries, providers }) => ({ data: providers.map(presentProvider), retry_budget: presentBudget(retries) }),
}

function presentBudget({ calls, retries, inFlight, left }: ProvidersHealth['retries']) {
  return { window_s: 60, requests: calls, retries, in_flight: inFlight, left }
}

function presentProvider({ provider, inFlight, queued, ambiguous, models }: ProviderHealth) {
  return {
    provider,
    in_flight: inFlight,
    queued,
    ambiguous_budget: { window_s: 600, used: ambiguous.used, left: ambiguous.left },
    models: models.map(presentModel),
  }
}

function presentModel({ model, state, p50Ms, p99Ms, outcomes, credentials }: ModelHealth) {
  const { good, fault, limited, denied, neutral } = outcomes
  return {
    model,
    state,
    p50_ms: p50Ms === undefined ? null : Math.round(p50Ms),
    p99_ms: p99Ms === undefined ? null : Math.round(p99Ms),
    calls: { good, failed: fault, rate_limited: limited, denied, other: neutral },
    credentials: credentials.map(presentCredential),
  }
}

function presentCredential(health: CredentialHealth) {
  return {
    credential: health.credential,
    breaker: health.breaker,
    open_until: timeOrNull(health.openUntil),
    calls: health.calls,
    failures: health.failures,
    failures_in_row: health.failuresInRow,
    rate_limited_until: timeOrNull(health.rateLimitedUntil),
    denied_until: timeOrNull(health.deniedUntil),
  }
}

function timeOrNull(epochMs: number | undefined): string | null {
  return epochMs === undefined ? null : isoTime(epochMs)
}
