import { epochSeconds } from '../day.ts'
import type { Model } from '../model.ts'

/**
 * Amazon's image models on Bedrock. Prices: BerriAI/litellm's price map of 2026-08-06.
 */

const common = {
  author: 'amazon',
  openWeights: false,
  modes: ['generate', 'edit'],
  inputModalities: ['text', 'image'],
  outputModalities: ['image'],
  maxReferences: 5,
  maxNPerCall: 5,
  supports: {
    mask: true,
    seed: true,
    transparentBackground: false,
    negativePrompt: true,
    streaming: false,
    quality: ['standard', 'premium'],
  },
  formats: ['png'],
  asOf: '2026-08-06',
} as const satisfies Partial<Model>

export const amazon: readonly Model[] = [
  {
    ...common,
    id: 'amazon/nova-canvas',
    name: 'Amazon Nova Canvas',
    description: 'Amazon’s Nova Canvas, with masks and outpainting; ended in September 2026.',
    created: epochSeconds('2024-12-03'),
    aliases: [],
    status: 'retired',
    routes: [{ provider: 'amazon-bedrock', model: 'amazon.nova-canvas-v1:0', retiresAt: '2026-09-30' }],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'medium',
      entries: [
        { billable: 'output_image', unit: 'image', usd: '0.04', when: { resolution: '1K', quality: 'standard' } },
        { billable: 'output_image', unit: 'image', usd: '0.06', when: { resolution: '1K', quality: 'premium' } },
        { billable: 'output_image', unit: 'image', usd: '0.06', when: { resolution: '2K', quality: 'standard' } },
        { billable: 'output_image', unit: 'image', usd: '0.08', when: { resolution: '2K', quality: 'premium' } },
      ],
      note: 'litellm carries only 0.06.',
    },
    defaults: { quality: 'standard' },
    aspectRatios: 'any',
    tiers: undefined,
    sizes: { kind: 'range', multipleOf: 16, minSide: 320, maxSide: 4096, maxPixels: 4_194_304 },
    sources: ['BerriAI/litellm price map, 2026-08-06', 'AI SDK packages, November 2026'],
    notes:
      'Legacy on Bedrock, end of life 2026-09-30. Task types TEXT_IMAGE, INPAINTING, OUTPAINTING, IMAGE_VARIATION, BACKGROUND_REMOVAL.',
  },
  {
    ...common,
    id: 'amazon/titan-image-generator-v2',
    name: 'Amazon Titan Image G1 v2',
    description: 'Amazon’s Titan image generator, with masks and variations.',
    created: epochSeconds('2024-08-06'),
    aliases: [],
    status: 'deprecated',
    routes: [{ provider: 'amazon-bedrock', model: 'amazon.titan-image-generator-v2:0' }],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'medium',
      entries: [
        { billable: 'output_image', unit: 'image', usd: '0.008', when: { resolution: '512', quality: 'standard' } },
        { billable: 'output_image', unit: 'image', usd: '0.01', when: { resolution: '512', quality: 'premium' } },
        { billable: 'output_image', unit: 'image', usd: '0.01', when: { resolution: '1K', quality: 'standard' } },
        { billable: 'output_image', unit: 'image', usd: '0.012', when: { resolution: '1K', quality: 'premium' } },
      ],
      note: undefined,
    },
    defaults: { resolution: '1K', quality: 'standard' },
    aspectRatios: undefined,
    tiers: ['512', '1K'],
    sources: ['BerriAI/litellm price map, 2026-08-06'],
    notes: undefined,
  },
]
