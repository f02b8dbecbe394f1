import type { ProviderEntry } from '../entry.ts'
import { makeOpenAi } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

export const OPENAI: ProviderEntry = {
  name: 'OpenAI',
  settings: 'OPENAI',
  credentials: ['OPENAI_API_KEY'],
  baseUrl: 'https://api.openai.com/v1',
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: true,
    seed: false,
    negativePrompt: false,
    mostPerCall: 10,
    formats: ['png', 'jpeg', 'webp'],
    progress: 'previews',
    cost: 'tokens',
    refusal: '400 with moderation_blocked, or an error event in a stream',
    client: 'openai',
    source: 'https://platform.openai.com/docs/api-reference/images and openai-node 7.57.0, read 2026-11-22',
  },
  make: makeOpenAi,
}
