import type { ProviderEntry } from '../entry.ts'
import { makeBfl } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

export const BFL: ProviderEntry = {
  name: 'Black Forest Labs',
  settings: 'BFL',
  credentials: ['BFL_API_KEY'],
  baseUrl: 'https://api.bfl.ai',
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: true,
    seed: true,
    negativePrompt: false,
    mostPerCall: 1,
    formats: ['jpeg', 'png', 'webp'],
    progress: 'fraction',
    cost: 'reported',
    refusal: 'tasks that end as Request Moderated or Content Moderated',
    client: '@ai-sdk/black-forest-labs',
    source: 'https://docs.bfl.ai and @ai-sdk/black-forest-labs 2.0.41, read 2026-11-22',
  },
  make: makeBfl,
}
