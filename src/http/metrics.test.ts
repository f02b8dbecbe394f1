import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ProvidersHealth } from '../core/ask.ts'
import { makeMetrics } from './metrics.ts'

function health(faults: number): ProvidersHealth {
  const credential = { openUntil: undefined, calls: 0, failures: 0, failuresInRow: 0 } as const
  const until = { rateLimitedUntil: undefined, deniedUntil: undefined } as const
  return {
    retries: {
      calls: 9,
      retries: 2,
      inFlight: 0,
      left: 1,
      totals: { retries: 7, refused: { retries: 3, ambiguous: 1 } },
    },
    providers: [
      {
        provider: 'acme',
        inFlight: 4,
        queued: 2,
        ambiguous: { used: 0, left: 3 },
        models: [
          {
            model: 'pix',
            state: 'good',
            p50Ms: undefined,
            p99Ms: undefined,
            outcomes: { good: 5, fault: faults, limited: 0, denied: 0, neutral: 0 },
            credentials: [
              { credential: 0, breaker: 'half_open', ...credential, ...until },
              { credential: 1, breaker: 'closed', ...credential, ...until },
            ],
          },
        ],
      },
    ],
  }
}

test('what the router knows of providers is read anew at every scrape, counters included', async () => {
  let faults = 6
  const { registry } = makeMetrics(
    () => 0,
    () => health(faults),
  )
  await registry.metrics()
  faults = 8

  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('plantain_provider_'))

  assert.deepEqual(lines, [
    'plantain_provider_calls_in_flight{provider="acme"} 4',
    'plantain_provider_calls_queued{provider="acme"} 2',
    'plantain_provider_breakers_open{provider="acme",model="pix"} 1',
    'plantain_provider_calls_total{provider="acme",model="pix",outcome="good"} 5',
    'plantain_provider_calls_total{provider="acme",model="pix",outcome="fault"} 8',
    'plantain_provider_calls_total{provider="acme",model="pix",outcome="limited"} 0',
    'plantain_provider_calls_total{provider="acme",model="pix",outcome="denied"} 0',
    'plantain_provider_calls_total{provider="acme",model="pix",outcome="neutral"} 0',
    'plantain_provider_retries_total{outcome="made"} 7',
    'plantain_provider_retries_total{outcome="refused_by_retry_budget"} 3',
    'plantain_provider_retries_total{outcome="refused_by_ambiguous_budget"} 1',
  ])
})
