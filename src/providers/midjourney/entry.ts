import type { ProviderEntry } from '../entry.ts'
import { picturesMadeBy } from './actions.ts'
import { makeMidjourney } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

/**
 * Midjourney has no API. What is spoken here is midjourney-proxy's, which an operator runs with an account of his own; that may break
 * Midjourney's terms, and is his decision: nothing is sent anywhere before he sets the base URL.
 */
export const MIDJOURNEY: ProviderEntry = {
  name: 'Midjourney',
  settings: 'MIDJOURNEY',
  credentials: ['MIDJOURNEY_PROXY_SECRET'],
  baseUrl: undefined,
  // A proxy without a secret is open.
  keyless: true,
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: true,
    seed: true,
    negativePrompt: true,
    mostPerCall: 4,
    makes: picturesMadeBy,
    formats: [],
    progress: 'fraction',
    cost: 'list price',
    refusal: '200 with code 24, or a task whose failReason names a rule',
    client: null,
    source:
      'source and documents of novicezk/midjourney-proxy and trueai-org/midjourney-proxy, neither of which has a client on npm, read 2026-11-22',
  },
  make: makeMidjourney,
}
