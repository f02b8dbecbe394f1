import { epochSeconds } from '../day.ts'
import type { Model } from '../model.ts'
import { atReplicate } from './at-replicate.ts'
import { onEngines } from './own-machines.ts'

/**
 * Models with open weights that are mostly run by the operator. What a picture costs is the operator's to say.
 */

const common = {
  status: 'active',
  openWeights: true,
  modes: ['generate'],
  inputModalities: ['text'],
  outputModalities: ['image'],
  aspectRatios: 'any',
  tiers: undefined,
  maxReferences: undefined,
  maxNPerCall: 1,
  supports: { mask: false, seed: true, transparentBackground: false, negativePrompt: false, streaming: false },
  formats: [],
  notes: undefined,
} as const satisfies Partial<Model>

export const openWeights: readonly Model[] = [
  {
    ...common,
    id: 'inclusionai/ming-image-0.1-design',
    name: 'Ming Image 0.1 Design',
    description: 'An open-weight text-to-image model for design work, free on OpenRouter.',
    created: epochSeconds('2026-10-08'),
    author: 'inclusionai',
    aliases: [],
    routes: [
      { provider: 'openrouter', model: 'inclusionai/ming-image-0.1-design' },
      ...onEngines('inclusionAI/Ming-Image-0.1-Design', ['sglang']),
    ],
    pricing: {
      basis: 'free',
      version: '2026-11-22.1',
      confidence: 'medium',
      entries: [{ billable: 'output_image', unit: 'image', usd: '0' }],
      note: undefined,
    },
    aspectRatios: undefined,
    sources: ['OpenRouter endpoint captures, 2026-10-08'],
    asOf: '2026-10-08',
    notes: 'Supported by SGLang-Diffusion.',
  },
  {
    ...common,
    id: 'nvidia/sana-1.5',
    name: 'SANA 1.5',
    description: 'NVIDIA’s open-weight SANA 1.5.',
    created: epochSeconds('2026-11-22'),
    author: 'nvidia',
    aliases: [],
    routes: [
      { provider: 'fal', model: 'fal-ai/sana/v1.5/4.8b' },
      atReplicate('nvidia/sana:c6b5d2b7459910fec94432e9e1203c3cdce92d6db20f714f1355747990b52fa6'),
      { provider: 'self-hosted', model: 'Efficient-Large-Model/SANA1.5_4.8B_1024px' },
    ],
    pricing: { basis: 'unpriced', version: '2026-11-22.1', confidence: 'low', entries: [], note: undefined },
    supports: { mask: false, seed: true, transparentBackground: false, negativePrompt: true, streaming: false },
    sources: ['AI SDK packages, November 2026'],
    asOf: '2026-11-22',
  },
  {
    ...common,
    id: 'zai-org/glm-image',
    name: 'GLM-Image',
    description: 'Z.ai’s open-weight GLM-Image.',
    created: epochSeconds('2026-04-09'),
    author: 'zai-org',
    aliases: [],
    modes: ['generate', 'edit'],
    inputModalities: ['text', 'image'],
    routes: onEngines('zai-org/GLM-Image', ['vllm', 'sglang']),
    pricing: { basis: 'unpriced', version: '2026-11-22.1', confidence: 'low', entries: [], note: undefined },
    sources: ['vLLM-Omni and SGLang-Diffusion docs 2026'],
    asOf: '2026-04-09',
  },
]
