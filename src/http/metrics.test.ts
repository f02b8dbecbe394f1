import assert from 'node:assert/strict'
import { test } from 'node:test'

import { busyHealth, credentialHealth } from '../core/test-health.ts'
import { makeMetrics } from './metrics.ts'

function health(fault: number) {
  return busyHealth({
    outcomes: { good: 6, fault, limited: 0, denied: 0, neutral: 0 },
    credentials: [credentialHealth({ breaker: 'half_open' }), credentialHealth({ credential: 1 })],
  })
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
    'plantain_provider_calls_in_flight{provider="acme"} 5',
    'plantain_provider_calls_queued{provider="acme"} 2',
    'plantain_provider_breakers_open{provider="acme",model="pix"} 1',
    'plantain_provider_calls_total{provider="acme",model="pix",outcome="good"} 6',
    'plantain_provider_calls_total{provider="acme",model="pix",outcome="fault"} 8',
    'plantain_provider_calls_total{provider="acme",model="pix",outcome="limited"} 0',
    'plantain_provider_calls_total{provider="acme",model="pix",outcome="denied"} 0',
    'plantain_provider_calls_total{provider="acme",model="pix",outcome="neutral"} 0',
    'plantain_provider_retries_total{outcome="made"} 7',
    'plantain_provider_retries_total{outcome="refused_by_retry_budget"} 4',
    'plantain_provider_retries_total{outcome="refused_by_ambiguous_budget"} 1',
  ])
})
