import { epochSeconds } from '../day.ts'
import type { Model } from '../model.ts'

/** Google's Imagen 4, priced per picture. Closed on the Gemini API on 2026-08-17 (API changelog, read 2026-11-22). */

const imagen4 = {
  author: 'google',
  status: 'deprecated',
  openWeights: false,
  modes: ['generate'],
  inputModalities: ['text'],
  outputModalities: ['image'],
  defaults: { resolution: '1K' },
  aspectRatios: ['1:1', '3:4', '4:3', '9:16', '16:9'],
  maxReferences: 0,
  maxNPerCall: 4,
  supports: { mask: false, seed: true, transparentBackground: false, negativePrompt: false, streaming: false },
  formats: ['png', 'jpeg'],
  sources: [
    'BerriAI/litellm price map, 2026-08-06',
    'anomalyco/models.dev, 2026-07-02',
    'Gemini API changelog: closed there on 2026-08-17',
  ],
  asOf: '2026-08-17',
  notes:
    'Closed on the Gemini API. Vertex may still answer some projects, by a request (`:predict`) that no adapter here speaks. Seed only without a watermark.',
} as const satisfies Partial<Model>

export const imagen: readonly Model[] = [
  {
    ...imagen4,
    id: 'google/imagen-4',
    name: 'Imagen 4',
    description: 'Google’s text-to-image model of 2025, up to 2K, without editing.',
    created: epochSeconds('2025-08-14'),
    aliases: ['google/imagen-4.0-generate-001'],
    routes: [{ provider: 'google-ai-studio', model: 'imagen-4.0-generate-001', retiresAt: '2026-08-17' }],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [{ billable: 'output_image', unit: 'image', usd: '0.04' }],
      note: undefined,
    },
    tiers: ['1K', '2K'],
  },
  {
    ...imagen4,
    id: 'google/imagen-4-ultra',
    name: 'Imagen 4 Ultra',
    description: 'The slower, more faithful Imagen 4, up to 2K, without editing.',
    created: epochSeconds('2025-08-14'),
    aliases: ['google/imagen-4.0-ultra-generate-001'],
    routes: [{ provider: 'google-ai-studio', model: 'imagen-4.0-ultra-generate-001', retiresAt: '2026-08-17' }],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [{ billable: 'output_image', unit: 'image', usd: '0.06' }],
      note: undefined,
    },
    tiers: ['1K', '2K'],
  },
  {
    ...imagen4,
    id: 'google/imagen-4-fast',
    name: 'Imagen 4 Fast',
    description: 'The quickest and cheapest Imagen 4, 1K only, without editing.',
    created: epochSeconds('2025-08-14'),
    aliases: ['google/imagen-4.0-fast-generate-001'],
    routes: [{ provider: 'google-ai-studio', model: 'imagen-4.0-fast-generate-001', retiresAt: '2026-08-17' }],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [{ billable: 'output_image', unit: 'image', usd: '0.02' }],
      note: undefined,
    },
    tiers: ['1K'],
  },
]
