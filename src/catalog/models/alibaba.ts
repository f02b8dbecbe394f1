import { epochSeconds } from '../day.ts'
import type { Model } from '../model.ts'
import { atReplicate } from './at-replicate.ts'
import { onEngines } from './own-machines.ts'

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
      {
        provider: 'alibaba',
        model: 'wan2.7-image',
        differs: {
          maxReferences: 9,
          maxNPerCall: 4,
          sizes: { kind: 'range', multipleOf: 1, minPixels: 589_824, maxPixels: 4_194_304, maxRatio: 8 },
          supports: { negativePrompt: false },
        },
      },
      atReplicate('wan-video/wan-2.7-image'),
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
    routes: [
      {
        provider: 'alibaba',
        model: 'wan2.7-image-pro',
        differs: {
          maxReferences: 9,
          maxNPerCall: 4,
          sizes: { kind: 'range', multipleOf: 1, minPixels: 589_824, maxPixels: 16_777_216, maxRatio: 8 },
          supports: { negativePrompt: false },
        },
      },
    ],
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
      {
        provider: 'alibaba',
        model: 'z-image-turbo',
        differs: { sizes: { kind: 'range', multipleOf: 1, minPixels: 262_144, maxPixels: 4_194_304 } },
      },
      { provider: 'fal', model: 'fal-ai/z-image/turbo' },
      ...onEngines('Tongyi-MAI/Z-Image-Turbo', ['vllm', 'sglang']),
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
