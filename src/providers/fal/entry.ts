import type { ProviderEntry } from '../entry.ts'
import { makeFal } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

export const FAL: ProviderEntry = {
  name: 'fal',
  settings: 'FAL',
  credentials: ['FAL_KEY'],
  baseUrl: 'https://queue.fal.run',
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: true,
    seed: true,
    negativePrompt: true,
    mostPerCall: 4,
    formats: ['png', 'jpeg', 'webp'],
    progress: 'queue',
    cost: 'list price',
    refusal: '422 with type content_policy_violation, or black pictures with has_nsfw_concepts',
    client: '@fal-ai/client',
    source: 'https://docs.fal.ai and @fal-ai/client 1.10.1, read 2026-11-22',
  },
  make: makeFal,
}
