import type { ProviderEntry } from '../entry.ts'
import { makeStability } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

export const STABILITY: ProviderEntry = {
  name: 'Stability AI',
  settings: 'STABILITY',
  credentials: ['STABILITY_API_KEY'],
  baseUrl: 'https://api.stability.ai',
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: true,
    seed: true,
    negativePrompt: true,
    mostPerCall: 1,
    formats: ['png', 'jpeg', 'webp'],
    progress: 'none',
    cost: 'list price',
    refusal: '403 content_moderation, or 200 with finish_reason CONTENT_FILTERED',
    // There is none of its own on npm; the one that is called `stability-ai` is somebody else's.
    client: null,
    source: 'https://platform.stability.ai/docs/api-reference, by its OpenAPI file, read 2026-11-22',
  },
  make: makeStability,
}
