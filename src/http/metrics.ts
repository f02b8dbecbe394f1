import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export type HttpMetrics = ReturnType<typeof makeMetrics>

/** Seconds. A catalogue answer takes a millisecond, a 4K picture some minutes. */
const DURATION_BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640]

/**
 * Numbers for Prometheus in a registry of their own. The default metrics bring the event loop's delay
 * (`nodejs_eventloop_lag_p99_seconds`, over the time since the last scrape), memory, CPU and garbage collection.
 */
export function makeMetrics(inFlight: () => number) {
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

  return {
    registry,
    observe(method: string, route: string, status: number, seconds: number): void {
      requests.inc({ method, route, status })
      durations.observe({ route }, seconds)
    },
    dropped: () => dropped.inc(),
  }
}
