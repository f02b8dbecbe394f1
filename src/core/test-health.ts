import type { CredentialHealth, ModelHealth, ProvidersHealth } from './ask.ts'

/** For tests: one provider with one model, both busy. */
export function busyHealth(model: Pick<ModelHealth, 'outcomes' | 'credentials'>): ProvidersHealth {
  return {
    retries: {
      calls: 40,
      retries: 3,
      inFlight: 1,
      left: 2,
      totals: { retries: 7, refused: { retries: 4, ambiguous: 1 } },
    },
    providers: [
      {
        provider: 'acme',
        inFlight: 5,
        queued: 2,
        ambiguous: { used: 1, left: 3 },
        models: [{ model: 'pix', state: 'outage', p50Ms: 9_100.4, p99Ms: undefined, ...model }],
      },
    ],
  }
}

/** For tests: a credential that nothing is held against but what is said. */
export function credentialHealth(more: Partial<CredentialHealth>): CredentialHealth {
  return {
    credential: 0,
    breaker: 'closed',
    openUntil: undefined,
    calls: 0,
    failures: 0,
    failuresInRow: 0,
    rateLimitedUntil: undefined,
    deniedUntil: undefined,
    ...more,
  }
}
