import type { ProviderEntry } from '../entry.ts'
import { OPENAI } from '../openai/entry.ts'
import { makeAzure } from './provider.ts'

export const AZURE: ProviderEntry = {
  ...OPENAI,
  name: 'Azure',
  settings: 'AZURE',
  credentials: ['AZURE_OPENAI_API_KEY', 'AZURE_API_KEY'],
  // Every resource has an address of its own.
  baseUrl: undefined,
  traits: {
    ...OPENAI.traits,
    refusal: '400 with moderation_blocked or contentFilter, or an error event in a stream',
    source:
      'https://learn.microsoft.com/azure/ai-services/openai/how-to/dall-e, openai-node 7.57.0 and @ai-sdk/azure 4.0.85, read 2026-11-22',
  },
  make: makeAzure,
}
