import { epochSeconds } from '../day.ts'
import type { Model } from '../model.ts'

/**
 * Midjourney has no API and no price per picture: a proxy drives an account of the operator's, who sets a price. A task makes four
 * pictures whatever is wanted, hence four unless the caller says fewer: those beyond are thrown away.
 */

const common = {
  author: 'midjourney',
  status: 'active',
  openWeights: false,
  modes: ['generate', 'edit'],
  inputModalities: ['text', 'image'],
  outputModalities: ['image'],
  aspectRatios: 'any',
  tiers: undefined,
  sizes: { kind: 'list', sizes: [] },
  maxReferences: 5,
  maxNPerCall: 4,
  defaults: { n: 4 },
  supports: { mask: true, seed: true, transparentBackground: false, negativePrompt: true, streaming: false },
  formats: ['png', 'webp'],
  asOf: '2026-08-03',
} as const satisfies Partial<Model>

export const midjourney: readonly Model[] = [
  {
    ...common,
    id: 'midjourney/midjourney',
    name: 'Midjourney (via midjourney-proxy)',
    description: 'Midjourney through a proxy that drives an account of the operator’s; one task makes four pictures.',
    created: epochSeconds('2026-08-03'),
    aliases: [],
    routes: [
      { provider: 'midjourney', model: 'MID_JOURNEY' },
      { provider: 'new-api', model: 'mj_imagine' },
    ],
    pricing: {
      basis: 'unpriced',
      version: '2026-11-22.1',
      confidence: 'low',
      entries: [],
      note: 'No official API and no per-image list price; operator sets a price per action. Resellers bill per task by speed mode.',
    },
    sources: ['novicezk/midjourney-proxy 2025-08', 'trueai-org/midjourney-proxy 2026-08'],
    notes:
      'One imagine task yields a 2x2 grid of 4; with n = 1 to 3 the first of them are delivered. Mask through the modal step. Controls are prompt flags (--ar --seed --no --v --niji).',
  },
  {
    ...common,
    id: 'midjourney/niji',
    name: 'Niji (via midjourney-proxy)',
    description: 'Midjourney’s anime model through a proxy that drives an account of the operator’s.',
    created: epochSeconds('2026-08-03'),
    aliases: [],
    routes: [{ provider: 'midjourney', model: 'NIJI_JOURNEY' }],
    pricing: { basis: 'unpriced', version: '2026-11-22.1', confidence: 'low', entries: [], note: undefined },
    sources: ['trueai-org/midjourney-proxy 2026-08'],
    notes: 'One imagine task yields a 2x2 grid of 4; with n = 1 to 3 the first of them are delivered.',
  },
]
