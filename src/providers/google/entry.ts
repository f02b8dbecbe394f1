import type { ProviderEntry } from '../entry.ts'
import { makeGoogle } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

export const GOOGLE: ProviderEntry = {
  name: 'Google AI Studio',
  settings: 'GOOGLE',
  credentials: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  baseUrl: 'https://generativelanguage.googleapis.com',
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: false,
    seed: true,
    negativePrompt: false,
    mostPerCall: 1,
    formats: [],
    progress: 'none',
    cost: 'tokens',
    refusal: '200 with promptFeedback.blockReason or a finishReason such as IMAGE_SAFETY',
    client: '@google/genai',
    source: 'https://ai.google.dev/api/generate-content and @google/genai 3.1.0, read 2026-11-20',
  },
  make: makeGoogle,
}
