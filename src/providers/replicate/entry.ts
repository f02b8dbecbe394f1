import type { ProviderEntry } from '../entry.ts'
import { makeReplicate } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

export const REPLICATE: ProviderEntry = {
  name: 'Replicate',
  settings: 'REPLICATE',
  credentials: ['REPLICATE_API_TOKEN'],
  baseUrl: 'https://api.replicate.com/v1',
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: true,
    seed: true,
    negativePrompt: true,
    mostPerCall: 9,
    formats: ['png', 'jpeg', 'webp'],
    progress: 'fraction',
    cost: 'list price',
    refusal: 'a prediction that failed with NSFW or E005 in its error',
    client: 'replicate',
    source:
      'https://replicate.com/docs/reference/http, model schemas of replicate.com, replicate 1.4.0, read 2026-11-22',
  },
  make: makeReplicate,
}
