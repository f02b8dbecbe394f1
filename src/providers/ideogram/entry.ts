import type { ProviderEntry } from '../entry.ts'
import { makeIdeogram } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

export const IDEOGRAM: ProviderEntry = {
  name: 'Ideogram',
  settings: 'IDEOGRAM',
  credentials: ['IDEOGRAM_API_KEY'],
  baseUrl: 'https://api.ideogram.ai',
  // Requests under way that an organization may have at once, unless it was given more.
  inFlight: 10,
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: true,
    seed: true,
    negativePrompt: true,
    mostPerCall: 8,
    formats: [],
    progress: 'none',
    cost: 'list price',
    refusal: '422 for a prompt, 200 with is_image_safe false for a picture',
    client: null,
    source:
      'version 2 of https://developer.ideogram.ai/api-reference and its page on libraries, which names none of Ideogram’s own, read 2026-11-22',
  },
  make: makeIdeogram,
}
