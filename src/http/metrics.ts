import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

import type { ProvidersHealth } from '../core/ask.ts'

export type HttpMetrics = ReturnType<typeof makeMetrics>

/** Seconds. A catalogue answer takes a millisecond, a 4K picture some minutes. */
const DURATION_BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640]

/**
 * Numbers for Prometheus in a registry of their own. The default metrics bring the event loop's delay
 * (`nodejs_eventloop_lag_p99_seconds`, over the time since the last scrape), memory, CPU and garbage collection.
 */
export function makeMetrics(inFlight: () => number, health?: () => ProvidersHealth) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'plantain_http_requests_total',
    help: 'Answered HTTP requests; status 499 where the client left first.',
    labelNames: ['method', 'route', 'status'],
    registers,
  })
  const durations = new Histogram({
    name: 'plantain_http_request_duration_seconds',
    help: 'From the end of the headers to the end of the answer.',
    labelNames: ['route'],
    buckets: DURATION_BUCKETS,
    registers,
  })
  const dropped = new Counter({
    name: 'plantain_http_connections_dropped_total',
    help: 'Connections beyond the maximum, closed at once.',
    registers,
  })
  registry.registerMetric(
    new Gauge({
      name: 'plantain_generations_in_flight',
      help: 'Generations running in this process, waited for or not.',
      registers: [],
      collect(): void {
        this.set(inFlight())
      },
    }),
  )
  if (health) registerProviders(registry, health)

  return {
    registry,
    observe(method: string, route: string, status: number, seconds: number): void {
      requests.inc({ method, route, status })
      durations.observe({ route }, seconds)
    },
    dropped: () => dropped.inc(),
  }
}

/** What is known of providers, read when it is asked for: the figures are the router's own, and counted there. */
function registerProviders(registry: Registry, health: () => ProvidersHealth): void {
  const registers: Registry[] = []
  registry.registerMetric(
    new Gauge({
      name: 'plantain_provider_calls_in_flight',
      help: 'Calls to a provider under way, or about to begin.',
      labelNames: ['provider'],
      registers,
      collect(): void {
        for (const { provider, inFlight } of health().providers) this.set({ provider }, inFlight)
      },
    }),
  )
  registry.registerMetric(
    new Gauge({
      name: 'plantain_provider_calls_queued',
      help: 'Calls that wait for one of the provider’s slots.',
      labelNames: ['provider'],
      registers,
      collect(): void {
        for (const { provider, queued } of health().providers) this.set({ provider }, queued)
      },
    }),
  )
  registry.registerMetric(
    new Gauge({
      name: 'plantain_provider_breakers_open',
      help: 'Credentials of a model whose breaker is open or half open.',
      labelNames: ['provider', 'model'],
      registers,
      collect(): void {
        for (const { provider, models } of health().providers) {
          for (const { model, credentials } of models) {
            this.set({ provider, model }, credentials.filter(({ breaker }) => breaker !== 'closed').length)
          }
        }
      },
    }),
  )
  registry.registerMetric(
    new Counter({
      name: 'plantain_provider_calls_total',
      help: 'Calls to providers by what they told about the provider: good, fault, limited (429), denied (401 to 403) or neutral.',
      labelNames: ['provider', 'model', 'outcome'],
      registers,
      collect(): void {
        this.reset()
        for (const { provider, models } of health().providers) {
          for (const { model, outcomes } of models) {
            for (const [outcome, calls] of Object.entries(outcomes)) this.inc({ provider, model, outcome }, calls)
          }
        }
      },
    }),
  )
  registry.registerMetric(
    new Counter({
      name: 'plantain_provider_retries_total',
      help: 'Calls after the first of a picture; refused by a budget: those that were not made.',
      labelNames: ['outcome'],
      registers,
      collect(): void {
        const { retries, refused } = health().retries.totals
        this.reset()
        this.inc({ outcome: 'made' }, retries)
        this.inc({ outcome: 'refused_by_retry_budget' }, refused.retries)
        this.inc({ outcome: 'refused_by_ambiguous_budget' }, refused.ambiguous)
      },
    }),
  )
}
