import { epochSeconds } from '../day.ts'
import type { Model, ModelRoute, Pricing } from '../model.ts'
import { atReplicate } from './at-replicate.ts'

/**
 * Ideogram's models, priced by rendering speed, which is asked for as quality. Prices: Ideogram API price breakdown, June 2026.
 */

const common = {
  author: 'ideogram',
  status: 'active',
  openWeights: false,
  modes: ['generate', 'edit'],
  inputModalities: ['text', 'image'],
  outputModalities: ['image'],
  aspectRatios: [
    '1:1',
    '1:2',
    '2:1',
    '1:3',
    '3:1',
    '2:3',
    '3:2',
    '3:4',
    '4:3',
    '4:5',
    '5:4',
    '9:16',
    '16:9',
    '10:16',
    '16:10',
  ],
  maxNPerCall: 8,
  formats: [],
  sources: ['Ideogram API price breakdown, Jun 2026', 'BerriAI/litellm price map, 2026-08-06'],
  asOf: '2026-06-30',
} as const satisfies Partial<Model>

/** Sizes of the third model and of the fourth ones, each also turned. Source: https://developer.ideogram.ai/api-reference (read 2026-11-22). */
const THIRD_SIZES = alsoTurned(
  '512x1536 576x1408 576x1472 576x1536 640x1344 640x1408 640x1472 640x1536 704x1152 704x1216 704x1280 704x1344 704x1408 704x1472 736x1312 768x1088 768x1216 768x1280 768x1344 800x1280 832x960 832x1024 832x1088 832x1152 832x1216 832x1248 864x1152 896x960 896x1024 896x1088 896x1120 896x1152 960x1024 960x1088 1024x1024',
)
const FOURTH_SIZES = alsoTurned(
  '2048x2048 1440x2880 1664x2496 1792x2240 1440x2560 1600x2560 1728x2304 1296x3168 1152x2944 1248x3328 1280x3072 1024x3072 1024x1024 896x1120 864x1152 832x1248 800x1280 720x1280 720x1440',
)

function alsoTurned(sizes: string): readonly string[] {
  return [...new Set(sizes.split(' ').flatMap((size) => [size, size.split('x').toReversed().join('x')]))]
}

/** Rendering speeds by the words that callers have for quality. Source: https://ideogram.ai/api-pricing of 2026-11-16. */
const SPEEDS = ['low', 'medium', 'high'] as const

function bySpeed(low: string, medium: string, high: string): Pricing {
  const entries = Object.entries({ low, medium, high }).map(
    ([quality, usd]) => ({ billable: 'output_image', unit: 'image', usd, when: { quality } }) as const,
  )
  const note = 'low is rendering speed TURBO, medium is DEFAULT, high is QUALITY.'
  return { basis: 'image', version: '2026-11-22.1', confidence: 'high', entries, note }
}

/** At its maker's, transparent pictures come from an endpoint of their own, whose other speeds have no price in its list. */
const THIRD_AT_HOME: ModelRoute = {
  provider: 'ideogram',
  model: 'ideogram-3',
  pricing: bySpeed('0.03', '0.06', '0.09'),
  differs: {
    defaults: { quality: 'medium' },
    sizes: { kind: 'list', sizes: THIRD_SIZES },
    maxReferences: 1,
    supports: { transparentBackground: false, quality: SPEEDS },
  },
}

const FOURTH_AT_HOME: ModelRoute = {
  provider: 'ideogram',
  model: 'ideogram-4',
  pricing: bySpeed('0.03', '0.06', '0.1'),
  differs: {
    defaults: { quality: 'medium' },
    modes: ['generate', 'edit'],
    sizes: { kind: 'list', sizes: [...FOURTH_SIZES, '512x1536', '1536x512'] },
    maxReferences: 1,
    supports: { quality: SPEEDS },
  },
}

/** Without a quality, words are made at `high` and edits at `medium`. Source: https://ideogram.ai/api-pricing of 2026-11-16. */
const FOURTH_REVISED_AT_HOME: ModelRoute = {
  provider: 'ideogram',
  model: 'ideogram-4-5',
  pricing: {
    basis: 'image',
    version: '2026-11-22.1',
    confidence: 'high',
    entries: [
      { billable: 'output_image', unit: 'image', usd: '0.22', when: { edit: true, quality: 'high' } },
      { billable: 'output_image', unit: 'image', usd: '0.03', when: { quality: 'low' } },
      { billable: 'output_image', unit: 'image', usd: '0.06', when: { quality: 'medium' } },
      { billable: 'output_image', unit: 'image', usd: '0.06', when: { edit: true } },
      { billable: 'output_image', unit: 'image', usd: '0.1' },
    ],
    note: 'Edits are made by Precise Edit, which keeps the size of its picture.',
  },
  differs: {
    aspectRatios: common.aspectRatios,
    tiers: ['2K'],
    sizes: { kind: 'list', sizes: FOURTH_SIZES },
    maxReferences: 5,
    maxNPerCall: 8,
    supports: { mask: true, seed: true, quality: SPEEDS },
  },
}

export const ideogram: readonly Model[] = [
  {
    ...common,
    id: 'ideogram/ideogram-v3',
    name: 'Ideogram 3.0',
    description: 'Ideogram’s third model, known for lettering, with masks and transparent backgrounds.',
    created: epochSeconds('2026-06-30'),
    aliases: [],
    routes: [
      THIRD_AT_HOME,
      atReplicate('ideogram-ai/ideogram-v3-turbo'),
      { provider: 'fal', model: 'fal-ai/ideogram/v3' },
    ],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [
        { billable: 'output_image', unit: 'image', usd: '0.03', when: { quality: 'turbo' } },
        { billable: 'output_image', unit: 'image', usd: '0.06', when: { quality: 'default' } },
        { billable: 'output_image', unit: 'image', usd: '0.09', when: { quality: 'quality' } },
      ],
      note: 'Character reference priced separately.',
    },
    defaults: { quality: 'default' },
    tiers: ['1K'],
    maxReferences: 3,
    supports: {
      mask: true,
      seed: true,
      transparentBackground: true,
      negativePrompt: true,
      streaming: false,
      quality: ['turbo', 'default', 'quality'],
    },
    formats: ['png'],
    notes: 'Style reference images max 3 / 10 MB total; transparent via generate-transparent endpoint.',
  },
  {
    ...common,
    id: 'ideogram/ideogram-v4',
    name: 'Ideogram 4.0',
    description: 'Ideogram’s fourth model: text to image at 2K.',
    created: epochSeconds('2026-06-30'),
    aliases: [],
    modes: ['generate'],
    inputModalities: ['text'],
    routes: [FOURTH_AT_HOME, { provider: 'comfy-router', model: 'ideogram/ideogram-v4' }],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'medium',
      entries: [
        { billable: 'output_image', unit: 'image', usd: '0.03', when: { quality: 'turbo' } },
        { billable: 'output_image', unit: 'image', usd: '0.06', when: { quality: 'default' } },
        { billable: 'output_image', unit: 'image', usd: '0.1', when: { quality: 'quality' } },
      ],
      note: undefined,
    },
    defaults: { quality: 'default' },
    tiers: ['2K'],
    maxReferences: 0,
    supports: {
      mask: false,
      seed: true,
      transparentBackground: false,
      negativePrompt: false,
      streaming: false,
      quality: ['turbo', 'default', 'quality'],
    },
    notes: 'text_prompt xor json_prompt; FLASH speed returns 400.',
  },
  {
    ...common,
    id: 'ideogram/ideogram-v4.5',
    name: 'Ideogram 4.5',
    description: 'Ideogram’s fourth model, revised; little is documented.',
    created: epochSeconds('2026-10-12'),
    aliases: [],
    routes: [FOURTH_REVISED_AT_HOME, { provider: 'comfy-router', model: 'ideogram/ideogram-4-5' }],
    pricing: { basis: 'unpriced', version: '2026-11-22.1', confidence: 'low', entries: [], note: undefined },
    aspectRatios: undefined,
    tiers: undefined,
    maxReferences: undefined,
    maxNPerCall: 1,
    supports: { mask: false, seed: false, transparentBackground: false, negativePrompt: false, streaming: false },
    sources: ['Comfy Router model page 2026'],
    asOf: '2026-10-12',
    notes: undefined,
  },
]
