import { epochSeconds } from '../day.ts'
import type { Model } from '../model.ts'

/**
 * Sourceful's Riverflow, sold mainly through OpenRouter.
 */

const common = {
  author: 'sourceful',
  status: 'active',
  openWeights: false,
  modes: ['generate', 'edit'],
  inputModalities: ['text', 'image'],
  outputModalities: ['image'],
  defaults: { resolution: '1K' },
  aspectRatios: ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9'],
  tiers: ['1K', '2K', '4K'],
  maxReferences: 4,
  maxNPerCall: 1,
  supports: { mask: false, seed: false, transparentBackground: true, negativePrompt: false, streaming: false },
  formats: [],
  sources: ['OpenRouter endpoint captures, 2026-10-08'],
  asOf: '2026-10-08',
  notes: undefined,
} as const satisfies Partial<Model>

export const sourceful: readonly Model[] = [
  {
    ...common,
    id: 'sourceful/riverflow-v2-fast',
    name: 'Riverflow V2 Fast',
    description: 'Sourceful’s fast Riverflow V2 for packaging and product pictures.',
    created: epochSeconds('2026-10-08'),
    aliases: [],
    routes: [
      { provider: 'openrouter', model: 'sourceful/riverflow-v2-fast' },
      { provider: 'runware', model: 'sourceful riverflow' },
    ],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'medium',
      entries: [
        { billable: 'output_image', unit: 'image', usd: '0.02', when: { resolution: '1K' } },
        { billable: 'output_image', unit: 'image', usd: '0.04', when: { resolution: '2K' } },
      ],
      note: undefined,
    },
    tiers: ['1K', '2K'],
    notes:
      'A 4K tier is listed without a price, so it is not offered. font_inputs at most 2; super_resolution_references at most 4 on pro.',
  },
  {
    ...common,
    id: 'sourceful/riverflow-v2-pro',
    name: 'Riverflow V2 Pro',
    description: 'Sourceful’s Riverflow V2 for finished work, up to 4K.',
    created: epochSeconds('2026-10-08'),
    aliases: [],
    routes: [{ provider: 'openrouter', model: 'sourceful/riverflow-v2-pro' }],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'low',
      entries: [
        { billable: 'output_image', unit: 'image', usd: '0.15', when: { resolution: '1K' } },
        { billable: 'output_image', unit: 'image', usd: '0.15', when: { resolution: '2K' } },
        { billable: 'output_image', unit: 'image', usd: '0.33', when: { resolution: '4K' } },
      ],
      note: undefined,
    },
    maxReferences: 10,
    sources: ['third-party price table in CNY, autumn 2026, converted', 'OpenRouter model page'],
  },
  {
    ...common,
    id: 'sourceful/riverflow-v2.5-fast',
    name: 'Riverflow V2.5 Fast',
    description: 'Sourceful’s fast Riverflow V2.5, priced by job.',
    created: epochSeconds('2026-10-08'),
    aliases: [],
    routes: [{ provider: 'openrouter', model: 'sourceful/riverflow-v2.5-fast' }],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'low',
      entries: [{ billable: 'output_image', unit: 'image', usd: '0.021', when: { resolution: '1K' } }],
      note: 'The seller sets the price of each job when it ends, by effort, resolution and edit; this is its starting figure at 1K.',
    },
    tiers: ['1K'],
    sources: ['OpenRouter model page', 'third-party price table in CNY, autumn 2026, converted'],
    notes: 'reasoning effort low|medium|high; background_mode original|transparent|solid. A :free variant exists.',
  },
  {
    ...common,
    id: 'sourceful/riverflow-v2.5-pro',
    name: 'Riverflow V2.5 Pro',
    description: 'Sourceful’s Riverflow V2.5 for finished work, up to 4K.',
    created: epochSeconds('2026-10-08'),
    aliases: [],
    routes: [{ provider: 'openrouter', model: 'sourceful/riverflow-v2.5-pro' }],
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [
        { billable: 'output_image', unit: 'image', usd: '0.13', when: { resolution: '1K' } },
        { billable: 'output_image', unit: 'image', usd: '0.15', when: { resolution: '2K' } },
        { billable: 'output_image', unit: 'image', usd: '0.17', when: { resolution: '4K' } },
      ],
      note: undefined,
    },
    maxReferences: undefined,
  },
]
