import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ProvidersHealth } from '../../core/ask.ts'
import { onWire } from '../on-wire.ts'
import { providersHealthRoute } from './providers-health.ts'

const NOON = Date.UTC(2026, 10, 22, 12)

const HEALTH: ProvidersHealth = {
  retries: {
    calls: 40,
    retries: 3,
    inFlight: 1,
    left: 1,
    totals: { retries: 9, refused: { retries: 2, ambiguous: 1 } },
  },
  providers: [
    {
      provider: 'google-ai-studio',
      inFlight: 5,
      queued: 0,
      ambiguous: { used: 1, left: 2 },
      models: [
        {
          model: 'pix',
          state: 'outage',
          p50Ms: 9_100.4,
          p99Ms: undefined,
          outcomes: { good: 30, fault: 5, limited: 1, denied: 0, neutral: 4 },
          credentials: [
            {
              credential: 0,
              breaker: 'open',
              openUntil: NOON + 30_000,
              calls: 20,
              failures: 5,
              failuresInRow: 5,
              rateLimitedUntil: undefined,
              deniedUntil: undefined,
            },
          ],
        },
      ],
    },
  ],
}

test('any key asks how the providers are, and is told in ISO times and whole milliseconds', () => {
  assert.equal(providersHealthRoute.access, 'any')
  assert.deepEqual(providersHealthRoute.parse({ params: {}, query: undefined, body: undefined }), {
    ok: true,
    value: { ask: 'providers.health' },
  })
  assert.deepEqual(onWire(providersHealthRoute.present(HEALTH)), {
    data: [
      {
        provider: 'google-ai-studio',
        in_flight: 5,
        queued: 0,
        ambiguous_budget: { window_s: 600, used: 1, left: 2 },
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
    retry_budget: { window_s: 60, requests: 40, retries: 3, in_flight: 1, left: 1 },
  })
})
