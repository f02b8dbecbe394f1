import { epochSeconds } from '../day.ts'
import type { Model } from '../model.ts'
import { onEngines } from './own-machines.ts'

/**
 * Tencent's Hunyuan image models.
 */

const common = {
  author: 'tencent',
  modes: ['generate', 'edit'],
  inputModalities: ['text', 'image'],
  outputModalities: ['image'],
  maxReferences: undefined,
  maxNPerCall: 1,
  formats: [],
  notes: undefined,
} as const satisfies Partial<Model>

export const tencent: readonly Model[] = [
  {
    ...common,
    id: 'tencent/hy-image-v3.5-preview',
    name: 'Hunyuan Image 3.5 (preview)',
    description: 'A preview of Tencent’s Hunyuan Image 3.5, up to 4K.',
    created: epochSeconds('2026-10-08'),
    aliases: [],
    status: 'preview',
    openWeights: false,
    routes: [{ provider: 'openrouter', model: 'tencent/hy-image-v3.5-preview' }],
    pricing: {
      basis: 'token',
      version: '2026-11-22.1',
      confidence: 'medium',
      entries: [{ billable: 'output_image', unit: 'token', usd: '0.0000016' }],
      note: 'OpenRouter lists a price of output pictures only.',
    },
    defaults: { resolution: '1K' },
    aspectRatios: undefined,
    tiers: ['1K', '2K', '4K'],
    supports: { mask: false, seed: false, transparentBackground: false, negativePrompt: false, streaming: false },
    tokens: { outputPerImage: { '1K': 15_000, '2K': 15_000, '4K': 20_000 }, inputPerImage: 0 },
    sources: ['OpenRouter endpoint captures, 2026-10-08'],
    asOf: '2026-10-08',
  },
  {
    ...common,
    id: 'tencent/hunyuanimage-3',
    name: 'HunyuanImage 3.0',
    description: 'Tencent’s open-weight HunyuanImage 3.0.',
    created: epochSeconds('2026-04-09'),
    aliases: [],
    status: 'active',
    openWeights: true,
    routes: onEngines('tencent/HunyuanImage-3.0', ['vllm']),
    pricing: { basis: 'unpriced', version: '2026-11-22.1', confidence: 'low', entries: [], note: undefined },
    aspectRatios: 'any',
    tiers: undefined,
    supports: { mask: false, seed: true, transparentBackground: false, negativePrompt: false, streaming: false },
    sources: ['vLLM-Omni docs 2026'],
    asOf: '2026-04-09',
  },
]
