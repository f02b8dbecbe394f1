import type { Upstream } from './http.ts'
import { makeFal } from './fal/provider.ts'
import { PASS_THROUGH as FAL_PASS_THROUGH } from './fal/request.ts'
import { makeGoogle } from './google/provider.ts'
import { PASS_THROUGH as GOOGLE_PASS_THROUGH } from './google/request.ts'
import { makeOpenRouter } from './openrouter/provider.ts'
import { PASS_THROUGH as OPENROUTER_PASS_THROUGH } from './openrouter/request.ts'
import type { Provider } from './provider.ts'

export interface ProviderEntry {
  /** Display name, as OpenRouter writes it. */
  readonly name: string
  /** The middle of the operator's settings: `GOOGLE` in `PLANTAIN_GOOGLE_BASE_URL`. */
  readonly settings: string
  /** Environment names of the credential, the ones the provider's own clients use; the first that is set wins. */
  readonly credentials: readonly string[]
  /** Without a trailing slash. */
  readonly baseUrl: string
  /** Keys of `provider.options.<id>` that are sent on; others are warned about, or refused under `require_parameters`. */
  readonly passThrough: readonly string[]
  make(upstream: Upstream): Provider
}

/** Every provider, by OpenRouter's slug. A new one is its directory and one line here. */
export const PROVIDERS = {
  'google-ai-studio': {
    name: 'Google AI Studio',
    settings: 'GOOGLE',
    credentials: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    baseUrl: 'https://generativelanguage.googleapis.com',
    passThrough: GOOGLE_PASS_THROUGH,
    make: makeGoogle,
  },
  openrouter: {
    name: 'OpenRouter',
    settings: 'OPENROUTER',
    credentials: ['OPENROUTER_API_KEY'],
    baseUrl: 'https://openrouter.ai/api/v1',
    passThrough: OPENROUTER_PASS_THROUGH,
    make: makeOpenRouter,
  },
  fal: {
    name: 'fal',
    settings: 'FAL',
    credentials: ['FAL_KEY'],
    baseUrl: 'https://queue.fal.run',
    passThrough: FAL_PASS_THROUGH,
    make: makeFal,
  },
} as const satisfies Record<string, ProviderEntry>

export type ProviderId = keyof typeof PROVIDERS

/** All providers over one way out. Asking one without a credential is the router's mistake to avoid. */
export function makeProviders(upstream: Upstream): ReadonlyMap<string, Provider> {
  return new Map(Object.entries(PROVIDERS).map(([id, entry]) => [id, entry.make(upstream)]))
}
