import type { ProviderEntry } from '../entry.ts'
import { makeOpenRouter } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

export const OPENROUTER: ProviderEntry = {
  name: 'OpenRouter',
  settings: 'OPENROUTER',
  credentials: ['OPENROUTER_API_KEY'],
  baseUrl: 'https://openrouter.ai/api/v1',
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: false,
    seed: true,
    negativePrompt: false,
    mostPerCall: 10,
    formats: ['png', 'jpeg', 'webp'],
    progress: 'none',
    cost: 'reported',
    refusal: '403 with the reasons in metadata, or finish_reason content_filter',
    client: '@openrouter/sdk',
    source: 'https://openrouter.ai/docs and @openrouter/sdk 1.3.19, read 2026-11-22',
  },
  make: makeOpenRouter,
}
