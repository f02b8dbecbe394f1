import { epochSeconds } from '../day.ts'
import type { Model, Pricing } from '../model.ts'

/**
 * xAI's Grok Imagine. Prices: a third-party table of 2026-09-05 that cites https://docs.x.ai.
 */

const common = {
  author: 'x-ai',
  status: 'active',
  openWeights: false,
  modes: ['generate', 'edit'],
  inputModalities: ['text', 'image'],
  outputModalities: ['image'],
  aspectRatios: [
    '1:1',
    '3:4',
    '4:3',
    '9:16',
    '16:9',
    '2:3',
    '3:2',
    '9:19.5',
    '19.5:9',
    '9:20',
    '20:9',
    '1:2',
    '2:1',
    'auto',
  ],
  tiers: ['1K', '2K'],
  maxReferences: 3,
  maxNPerCall: 10,
  supports: { mask: false, seed: false, transparentBackground: false, negativePrompt: false, streaming: false },
  formats: ['jpeg'],
  asOf: '2026-10-08',
  notes: undefined,
} as const satisfies Partial<Model>

/** What xAI's own list says, https://docs.x.ai/developers/pricing as others quote it (November 2026). Each answer carries its cost. */
function atXai(entries: Pricing['entries']): Pricing {
  const note = 'xAI tells the cost of each picture, which the receipt shows beside this price.'
  return { basis: 'image', version: '2026-11-22.1', confidence: 'medium', entries, note }
}

export const xai: readonly Model[] = [
  {
    ...common,
    id: 'x-ai/grok-imagine-image',
    name: 'Grok Imagine Image',
    description: 'xAI’s cheapest image model.',
    created: epochSeconds('2026-02-19'),
    aliases: [],
    routes: [
      {
        provider: 'xai',
        model: 'grok-imagine-image',
        pricing: atXai([
          { billable: 'output_image', unit: 'image', usd: '0.02' },
          { billable: 'input_image', unit: 'image', usd: '0.002' },
        ]),
      },
      { provider: 'vercel', model: 'spacexai/grok-imagine-image' },
    ],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'low',
      entries: [
        { billable: 'output_image', unit: 'image', usd: '0.02' },
        { billable: 'input_image', unit: 'image', usd: '0.002' },
      ],
      note: 'The answer carries cost_in_usd_ticks; the price of a picture is general knowledge.',
    },
    sources: ['AI SDK packages, November 2026'],
    asOf: '2026-02-19',
  },
  {
    ...common,
    id: 'x-ai/grok-imagine-image-quality',
    name: 'Grok Imagine Image Quality',
    description: 'xAI’s first-generation image model tuned for quality.',
    created: epochSeconds('2026-10-08'),
    aliases: [],
    routes: [
      {
        provider: 'xai',
        model: 'grok-imagine-image-quality',
        pricing: atXai([
          { billable: 'output_image', unit: 'image', usd: '0.05', when: { resolution: '1K' } },
          { billable: 'output_image', unit: 'image', usd: '0.07', when: { resolution: '2K' } },
          { billable: 'input_image', unit: 'image', usd: '0.01' },
        ]),
        differs: { defaults: { resolution: '1K' } },
      },
      { provider: 'openrouter', model: 'x-ai/grok-imagine-image-quality' },
    ],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'low',
      entries: [
        { billable: 'output_image', unit: 'image', usd: '0.07' },
        { billable: 'input_image', unit: 'image', usd: '0.01' },
      ],
      note: 'Upper bound derived from a conservative table in CNY.',
    },
    sources: ['third-party price table in CNY, autumn 2026, converted', 'anomalyco/models.dev, 2026-07-02'],
  },
  {
    ...common,
    id: 'x-ai/grok-imagine-image-2.0',
    name: 'Grok Imagine Image 2.0',
    description: 'xAI’s second image model, priced by quality and resolution.',
    created: epochSeconds('2026-10-08'),
    aliases: [],
    routes: [
      { provider: 'xai', model: 'grok-imagine-image-2.0' },
      { provider: 'openrouter', model: 'x-ai/grok-imagine-image-2.0' },
      { provider: 'vercel', model: 'spacexai/grok-imagine-image-2.0' },
    ],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'medium',
      entries: [
        { billable: 'output_image', unit: 'image', usd: '0.04', when: { resolution: '1K', quality: 'low' } },
        { billable: 'output_image', unit: 'image', usd: '0.06', when: { resolution: '1K', quality: 'medium' } },
        { billable: 'output_image', unit: 'image', usd: '0.06', when: { resolution: '2K', quality: 'low' } },
        { billable: 'output_image', unit: 'image', usd: '0.08', when: { resolution: '2K', quality: 'medium' } },
        { billable: 'output_image', unit: 'image', usd: '0.06', when: { resolution: '1K', edit: true } },
        { billable: 'output_image', unit: 'image', usd: '0.04', when: { resolution: '1K' } },
        { billable: 'output_image', unit: 'image', usd: '0.08', when: { resolution: '2K', edit: true } },
        { billable: 'output_image', unit: 'image', usd: '0.06', when: { resolution: '2K' } },
        { billable: 'input_image', unit: 'image', usd: '0.01' },
      ],
      note: 'Automatic quality is billed as low for a new picture and as medium for an edit.',
    },
    defaults: { resolution: '1K' },
    supports: {
      mask: false,
      seed: false,
      transparentBackground: false,
      negativePrompt: false,
      streaming: false,
      quality: ['auto', 'low', 'medium'],
    },
    sources: ['third-party table citing docs.x.ai, 2026-09-05', 'OpenRouter endpoint captures, 2026-10-08'],
    notes: 'References beyond three are refused; one source says five.',
  },
]
