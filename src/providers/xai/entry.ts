import type { ProviderEntry } from '../entry.ts'
import { makeXai } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

export const XAI: ProviderEntry = {
  name: 'xAI',
  settings: 'XAI',
  credentials: ['XAI_API_KEY'],
  baseUrl: 'https://api.x.ai/v1',
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: false,
    seed: false,
    negativePrompt: false,
    mostPerCall: 10,
    formats: [],
    progress: 'none',
    cost: 'reported',
    refusal: '400 imagine:content-moderated, 403 SAFETY_CHECK, or 200 with respect_moderation false',
    client: '@ai-sdk/xai',
    source: 'OpenAPI document of https://docs.x.ai and @ai-sdk/xai 5.0.12, read 2026-11-22',
  },
  make: makeXai,
}
