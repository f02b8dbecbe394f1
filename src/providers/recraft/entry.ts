import type { ProviderEntry } from '../entry.ts'
import { makeRecraft } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

export const RECRAFT: ProviderEntry = {
  name: 'Recraft',
  settings: 'RECRAFT',
  credentials: ['RECRAFT_API_TOKEN', 'RECRAFT_API_KEY'],
  baseUrl: 'https://external.api.recraft.ai/v1',
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: true,
    seed: true,
    negativePrompt: true,
    mostPerCall: 6,
    formats: ['png', 'webp'],
    progress: 'none',
    cost: 'reported',
    refusal: '400 with a message that speaks of moderation',
    client: 'openai',
    source:
      'https://www.recraft.ai/docs/api-reference and the API client in @recraft-ai/mcp-recraft-server, read 2026-11-22',
  },
  make: makeRecraft,
}
