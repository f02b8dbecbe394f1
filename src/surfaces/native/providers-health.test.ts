import assert from 'node:assert/strict'
import { test } from 'node:test'

import { busyHealth, credentialHealth } from '../../core/test-health.ts'
import { onWire } from '../on-wire.ts'
import { providersHealthRoute } from './providers-health.ts'

const NOON = Date.UTC(2026, 10, 22, 12)

const HEALTH = busyHealth({
  outcomes: { good: 30, fault: 5, limited: 1, denied: 0, neutral: 4 },
  credentials: [
    credentialHealth({ breaker: 'open', openUntil: NOON + 30_000, calls: 20, failures: 5, failuresInRow: 5 }),
  ],
})

test('any key asks how the providers are, and is told in ISO times and whole milliseconds', () => {
  assert.equal(providersHealthRoute.access, 'any')
  assert.deepEqual(providersHealthRoute.parse({ params: {}, query: undefined, body: undefined }), {
    ok: true,
    value: { ask: 'providers.health' },
  })
  assert.deepEqual(onWire(providersHealthRoute.present(HEALTH)), {
    data: [
      {
        provider: 'acme',
        in_flight: 5,
        queued: 2,
        ambiguous_budget: { window_s: 600, used: 1, left: 3 },
        models: [
          {
            model: 'pix',
            state: 'outage',
            p50_ms: 9_100,
            p99_ms: null,
            calls: { good: 30, failed: 5, rate_limited: 1, denied: 0, other: 4 },
            credentials: [
              {
                credential: 0,
                breaker: 'open',
                open_until: '2026-11-22T12:00:30.000Z',
                calls: 20,
                failures: 5,
                failures_in_row: 5,
                rate_limited_until: null,
                denied_until: null,
              },
            ],
          },
        ],
      },
    ],
    retry_budget: { window_s: 60, requests: 40, retries: 3, in_flight: 1, left: 2 },
  })
})
