import { epochSeconds } from '../day.ts'
import type { Model } from '../model.ts'

/**
 * Microsoft's MAI-Image. Tokens of a picture are implied by its published price; those of a reference are not documented, and 2,000
 * are held. Pixels: https://openrouter.ai/docs, image generation, June 2026.
 */

const common = {
  author: 'microsoft',
  status: 'active',
  openWeights: false,
  modes: ['generate', 'edit'],
  inputModalities: ['text', 'image'],
  outputModalities: ['image'],
  aspectRatios: ['1:1', '4:3', '3:4', '16:9', '9:16', '3:2', '2:3'],
  tiers: ['1K'],
  maxReferences: undefined,
  maxNPerCall: 1,
  supports: { mask: false, seed: false, transparentBackground: false, negativePrompt: false, streaming: false },
  formats: [],
  sources: ['BerriAI/litellm price map, 2026-08-06'],
  asOf: '2026-08-06',
  notes: undefined,
} as const satisfies Partial<Model>

export const microsoft: readonly Model[] = [
  {
    ...common,
    id: 'microsoft/mai-image-2.5',
    name: 'MAI-Image 2.5',
    description: 'Microsoft’s own image model, generating and editing at about one megapixel.',
    created: epochSeconds('2026-08-06'),
    aliases: [],
    routes: [
      { provider: 'azure-ai', model: 'MAI-Image-2.5' },
      { provider: 'openrouter', model: 'microsoft/mai-image-2.5' },
    ],
    pricing: {
      basis: 'token',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [
        { billable: 'input_text', unit: 'token', usd: '0.000005' },
        { billable: 'input_image', unit: 'token', usd: '0.000008' },
        { billable: 'output_image', unit: 'token', usd: '0.000047' },
      ],
      note: undefined,
    },
    defaults: { resolution: '1K' },
    pixelsAt1K: {
      '1:1': [1024, 1024],
      '4:3': [1024, 768],
      '3:4': [768, 1024],
      '16:9': [1365, 768],
      '9:16': [768, 1365],
      '3:2': [1152, 768],
      '2:3': [768, 1152],
    },
    tokens: { outputPerImage: { '1K': 1064 }, inputPerImage: 2000 },
  },
  {
    ...common,
    id: 'microsoft/mai-image-2.5-flash',
    name: 'MAI-Image 2.5 Flash',
    description: 'The quicker, cheaper MAI-Image 2.5.',
    created: epochSeconds('2026-08-06'),
    aliases: [],
    routes: [{ provider: 'azure-ai', model: 'MAI-Image-2.5-Flash' }],
    pricing: {
      basis: 'token',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [
        { billable: 'input_text', unit: 'token', usd: '0.00000175' },
        { billable: 'input_image', unit: 'token', usd: '0.00000175' },
        { billable: 'output_image', unit: 'token', usd: '0.000033' },
      ],
      note: undefined,
    },
    defaults: { resolution: '1K' },
    pixelsAt1K: {
      '1:1': [1024, 1024],
      '4:3': [1024, 768],
      '3:4': [768, 1024],
      '16:9': [1365, 768],
      '9:16': [768, 1365],
      '3:2': [1152, 768],
      '2:3': [768, 1152],
    },
    tokens: { outputPerImage: { '1K': 1025 }, inputPerImage: 2000 },
  },
  {
    ...common,
    id: 'microsoft/mai-image-2e',
    name: 'MAI-Image 2e',
    description: 'Microsoft’s efficient text-to-image model.',
    created: epochSeconds('2026-08-06'),
    aliases: [],
    modes: ['generate'],
    inputModalities: ['text'],
    routes: [{ provider: 'azure-ai', model: 'MAI-Image-2e' }],
    pricing: {
      basis: 'token',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [
        { billable: 'input_text', unit: 'token', usd: '0.000005' },
        { billable: 'output_image', unit: 'token', usd: '0.0000195' },
      ],
      note: undefined,
    },
    defaults: { resolution: '1K' },
    pixelsAt1K: {
      '1:1': [1024, 1024],
      '4:3': [1024, 768],
      '3:4': [768, 1024],
      '16:9': [1365, 768],
      '9:16': [768, 1365],
      '3:2': [1152, 768],
      '2:3': [768, 1152],
    },
    maxReferences: 0,
    tokens: { outputPerImage: { '1K': 1026 }, inputPerImage: 0 },
  },
  {
    ...common,
    id: 'microsoft/mai-image-2.6',
    name: 'MAI-Image 2.6',
    description: 'The successor of MAI-Image 2.5; its rate is not published.',
    created: epochSeconds('2026-10-08'),
    aliases: [],
    routes: [
      { provider: 'openrouter', model: 'microsoft/mai-image-2.6' },
      { provider: 'vercel', model: 'microsoft/mai-image-2.6' },
    ],
    pricing: {
      basis: 'unpriced',
      version: '2026-11-22.1',
      confidence: 'low',
      entries: [],
      note: 'Token priced; rate not found.',
    },
    aspectRatios: undefined,
    tiers: undefined,
    sources: ['OpenRouter endpoint captures, 2026-10-08', 'AI SDK packages, November 2026'],
    asOf: '2026-10-08',
  },
]
