import { epochSeconds } from '../day.ts'
import type { Model } from '../model.ts'

/**
 * Alibaba's other image models: Wan and Z-Image.
 */

const common = {
  author: 'alibaba',
  status: 'active',
  openWeights: false,
  modes: ['generate', 'edit'],
  inputModalities: ['text', 'image'],
  outputModalities: ['image'],
  aspectRatios: ['1:1', '16:9', '9:16', '4:3', '3:4', '3:2', '2:3'],
  tiers: ['1K', '2K'],
  maxReferences: undefined,
  maxNPerCall: 1,
  supports: { mask: false, seed: true, transparentBackground: false, negativePrompt: true, streaming: false },
  formats: ['png'],
  sources: ['third-party price table in CNY, autumn 2026, converted', 'anomalyco/models.dev, 2026-07-02'],
  asOf: '2026-07-02',
  notes: undefined,
} as const satisfies Partial<Model>

export const alibaba: readonly Model[] = [
  {
    ...common,
    id: 'alibaba/wan-2.7-image',
    name: 'Wan 2.7 Image',
    description: 'The image model of Alibaba’s Wan 2.7 family.',
    created: epochSeconds('2026-07-02'),
    aliases: [],
    routes: [
      { provider: 'alibaba', model: 'wan2.7-image' },
      { provider: 'replicate', model: 'wan-video/wan-2.7-image' },
    ],
    pricing: {
      basis: 'unpriced',
      version: '2026-11-22.1',
      confidence: 'low',
      entries: [],
      note: 'China CNY 0.20; USD not found.',
    },
  },
  {
    ...common,
    id: 'alibaba/wan-2.7-image-pro',
    name: 'Wan 2.7 Image Pro',
    description: 'The larger image model of the Wan 2.7 family, up to 4K.',
    created: epochSeconds('2026-07-02'),
    aliases: [],
    routes: [{ provider: 'alibaba', model: 'wan2.7-image-pro' }],
    pricing: {
      basis: 'unpriced',
      version: '2026-11-22.1',
      confidence: 'low',
      entries: [],
      note: 'China CNY 0.50; USD not found.',
    },
    tiers: ['1K', '2K', '4K'],
  },
  {
    ...common,
    id: 'tongyi-mai/z-image-turbo',
    name: 'Z-Image Turbo',
    description: 'A small, fast text-to-image model with open weights.',
    created: epochSeconds('2026-09-01'),
    author: 'tongyi-mai',
    aliases: [],
    openWeights: true,
    modes: ['generate'],
    inputModalities: ['text'],
    routes: [
      { provider: 'alibaba', model: 'z-image-turbo' },
      { provider: 'fal', model: 'fal-ai/z-image/turbo' },
      { provider: 'self-hosted', model: 'Tongyi-MAI/Z-Image-Turbo' },
    ],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'medium',
      entries: [{ billable: 'output_image', unit: 'image', usd: '0.015' }],
      note: 'DashScope price doubles with prompt_extend=true; megapixel figure is fal.',
    },
    maxReferences: 0,
    supports: { mask: false, seed: true, transparentBackground: false, negativePrompt: false, streaming: false },
    sources: [
      'third-party gateway catalogue, September 2026',
      'third-party price table in CNY, autumn 2026, converted',
    ],
    asOf: '2026-09-01',
  },
]
