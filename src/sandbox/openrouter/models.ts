import { modelsServed as geminisServed } from '../gemini/models.ts'
import { ALL_RATIOS, image, megapixel, named, plain, TIERS, token } from './model.ts'
import type { SimulatedModel } from './model.ts'

/*
 * Image models as OpenRouter sells them: the simulator's own table, which shares nothing with the catalogue, so that a slip in one shows
 * against the other. Ids, prices and limits: https://openrouter.ai/models and captures of its `/images/models` endpoints of October 2026
 * (read 2026-11-22); Google's rows are Google's own, which OpenRouter passes through without a markup. Left out: vector models, which
 * the painter cannot draw, and models whose price was nowhere to be found.
 */

const google = geminisServed('serve').map((gemini): SimulatedModel => ({
  ...plain,
  id: `google/${gemini.id}`,
  name: `Google: ${gemini.displayName}`,
  retired: gemini.retired,
  hosts: [
    { slug: 'google-ai-studio', name: 'Google AI Studio' },
    { slug: 'google-vertex', name: 'Google' },
  ],
  ratios: gemini.ratios,
  tiers: TIERS.filter((tier) => tier in gemini.tokens),
  maxReferences: gemini.maxInputs,
  seed: true,
  formats: [gemini.mimeType === 'image/png' ? 'png' : 'jpeg'],
  speaks: true,
  price: { per: 'google token', gemini },
}))

const GPT_1_QUALITIES = { low: 272, medium: 1056, high: 4160 }
const GPT_2_QUALITIES = { low: 200, medium: 1767, high: 7034 }

const gptImage = {
  ...plain,
  hosts: [
    { slug: 'openai', name: 'OpenAI' },
    { slug: 'azure', name: 'Azure' },
  ],
  ratios: ['1:1', '3:2', '2:3'],
  maxReferences: 16,
  maxN: 10,
  qualities: ['low', 'medium', 'high'],
  formats: ['png', 'jpeg', 'webp'],
} as const satisfies Partial<SimulatedModel>

const gpt5 = { ...gptImage, maxN: 1, seed: true, qualities: [], speaks: true, chatOnly: true } as const

const openai: readonly SimulatedModel[] = [
  {
    ...gptImage,
    id: 'openai/gpt-image-1',
    name: 'OpenAI: GPT Image 1',
    retired: true,
    sizes: { list: ['1024x1024', '1536x1024', '1024x1536'] },
    transparency: true,
    price: token({ text: 5_000n, picture: 10_000n, image: 40_000n, words: 0n }, GPT_1_QUALITIES, 600),
  },
  {
    ...gptImage,
    id: 'openai/gpt-image-2',
    name: 'OpenAI: GPT Image 2',
    ratios: ALL_RATIOS,
    tiers: ['1K', '2K', '4K'],
    sizes: { multipleOf: 16, minPixels: 655_360, maxPixels: 8_294_400, maxRatio: 3 },
    price: token({ text: 5_000n, picture: 8_000n, image: 30_000n, words: 10_000n }, GPT_2_QUALITIES, 6_600),
  },
  {
    ...gpt5,
    id: 'openai/gpt-5-image',
    name: 'OpenAI: GPT-5 Image',
    transparency: true,
    price: token({ text: 10_000n, picture: 10_000n, image: 40_000n, words: 10_000n }, GPT_1_QUALITIES, 600),
  },
  {
    ...gpt5,
    id: 'openai/gpt-5-image-mini',
    name: 'OpenAI: GPT-5 Image Mini',
    transparency: true,
    price: token({ text: 2_500n, picture: 2_500n, image: 8_000n, words: 2_000n }, GPT_1_QUALITIES, 600),
  },
  {
    ...gpt5,
    id: 'openai/gpt-5.4-image-2',
    name: 'OpenAI: GPT-5.4 Image 2',
    ratios: ALL_RATIOS,
    price: token({ text: 8_000n, picture: 8_000n, image: 30_000n, words: 15_000n }, GPT_2_QUALITIES, 6_600),
  },
]

const flux2 = {
  ...plain,
  hosts: [{ slug: 'black-forest-labs', name: 'Black Forest Labs' }],
  ratios: ALL_RATIOS,
  tiers: [],
  sizes: { multipleOf: 16, minPixels: 64 * 64, maxPixels: 4 * 1024 * 1024, maxRatio: 64 },
  maxReferences: 8,
  seed: true,
  formats: ['jpeg', 'png'],
} as const satisfies Partial<SimulatedModel>

/** OpenRouter's own list has no price for references and one for all megapixels of a picture. */
const flux: readonly SimulatedModel[] = [
  { ...flux2, ...named('black-forest-labs/flux.2-pro', 'FLUX.2 Pro'), price: megapixel(30_000_000n) },
  { ...flux2, ...named('black-forest-labs/flux.2-flex', 'FLUX.2 Flex'), price: megapixel(60_000_000n) },
  { ...flux2, ...named('black-forest-labs/flux.2-max', 'FLUX.2 Max'), price: megapixel(70_000_000n) },
  {
    ...flux2,
    ...named('black-forest-labs/flux.2-klein-4b', 'FLUX.2 Klein 4B'),
    maxReferences: 4,
    price: megapixel(14_000_000n, 1_000_000n),
  },
  {
    ...flux2,
    ...named('black-forest-labs/flux-3-image', 'FLUX.3 Image'),
    tiers: ['1K', '2K', '4K'],
    sizes: undefined,
    price: image({ '1K': 48_000_000n, '2K': 100_000_000n, '4K': 607_000_000n }),
  },
]

const seedream = {
  ...plain,
  hosts: [{ slug: 'seed', name: 'Seed' }],
  ratios: ['1:1', '4:3', '3:4', '16:9', '9:16', '3:2', '2:3', '21:9'],
  sizes: { multipleOf: 1, minPixels: 3_686_400, maxPixels: 16_777_216, maxRatio: 16 },
  maxReferences: 14,
  formats: ['jpeg'],
} as const satisfies Partial<SimulatedModel>

const bytedance: readonly SimulatedModel[] = [
  {
    ...seedream,
    ...named('bytedance-seed/seedream-4.5', 'Seedream 4.5'),
    tiers: ['2K', '4K'],
    price: image({ '2K': 40_000_000n, '4K': 40_000_000n }),
  },
  {
    ...seedream,
    ...named('bytedance-seed/seedream-5-0-lite', 'Seedream 5.0 Lite'),
    tiers: ['2K'],
    formats: ['jpeg', 'png'],
    price: image({ '2K': 35_000_000n }),
  },
  {
    ...seedream,
    ...named('bytedance-seed/seedream-5-0-flash', 'Seedream 5.0 Flash'),
    tiers: ['1K', '2K'],
    sizes: { ...seedream.sizes, minPixels: 921_600 },
    price: image({ '1K': 18_000_000n, '2K': 18_000_000n }),
  },
]

const qwen3 = {
  ...plain,
  hosts: [{ slug: 'alibaba', name: 'Alibaba' }],
  ratios: ['1:1', '16:9', '9:16', '4:3', '3:4', '3:2', '2:3'],
  tiers: ['1K', '2K'],
  sizes: { multipleOf: 1, minPixels: 262_144, maxPixels: 4_194_304, maxRatio: 16 },
  maxReferences: 3,
  maxN: 6,
  seed: true,
} as const satisfies Partial<SimulatedModel>

const qwen: readonly SimulatedModel[] = [
  {
    ...qwen3,
    ...named('qwen/qwen-image-3-pro', 'Qwen-Image 3.0 Pro'),
    price: image({ '1K': 40_000_000n, '2K': 75_000_000n }),
  },
  {
    ...qwen3,
    ...named('qwen/qwen-image-3', 'Qwen-Image 3.0'),
    price: image({ '1K': 30_000_000n, '2K': 30_000_000n }),
  },
]

const grok = {
  ...plain,
  hosts: [{ slug: 'xai', name: 'xAI' }],
  ratios: '1:1 3:4 4:3 9:16 16:9 2:3 3:2 9:19.5 19.5:9 9:20 20:9 1:2 2:1 auto'.split(' '),
  tiers: ['1K', '2K'],
  maxReferences: 3,
  maxN: 10,
  formats: ['jpeg'],
} as const satisfies Partial<SimulatedModel>

const xai: readonly SimulatedModel[] = [
  {
    ...grok,
    ...named('x-ai/grok-imagine-image-quality', 'Grok Imagine Image Quality'),
    price: image({ '1K': 70_000_000n, '2K': 70_000_000n }),
  },
  {
    ...grok,
    ...named('x-ai/grok-imagine-image-2.0', 'Grok Imagine Image 2.0'),
    price: image({ '1K': 80_000_000n, '2K': 80_000_000n }),
  },
]

const recraftModel = {
  ...plain,
  hosts: [{ slug: 'recraft', name: 'Recraft' }],
  // Its other ratios (6:10, 14:10, 10:14) are not among those that OpenRouter takes.
  ratios: ['1:1', '2:1', '1:2', '3:2', '2:3', '4:3', '3:4', '5:4', '4:5', '16:9', '9:16'],
  sizes: { multipleOf: 1, minPixels: 1024 * 1024, maxPixels: 2048 * 2048, maxRatio: 2 },
  maxReferences: 0,
  maxN: 6,
  seed: true,
  formats: ['png', 'webp'],
} as const satisfies Partial<SimulatedModel>

const recraft: readonly SimulatedModel[] = [
  { ...recraftModel, ...named('recraft/recraft-v2', 'Recraft V2'), price: image({ '1K': 22_000_000n }) },
  {
    ...recraftModel,
    ...named('recraft/recraft-v3', 'Recraft V3'),
    maxReferences: 1,
    price: image({ '1K': 40_000_000n }),
  },
  { ...recraftModel, ...named('recraft/recraft-v4', 'Recraft V4'), price: image({ '1K': 40_000_000n }) },
  {
    ...recraftModel,
    ...named('recraft/recraft-v4-pro', 'Recraft V4 Pro'),
    tiers: ['2K'],
    price: image({ '2K': 250_000_000n }),
  },
  { ...recraftModel, ...named('recraft/recraft-v4.1', 'Recraft V4.1'), price: image({ '1K': 35_000_000n }) },
  {
    ...recraftModel,
    ...named('recraft/recraft-v4.1-pro', 'Recraft V4.1 Pro'),
    tiers: ['2K'],
    price: image({ '2K': 210_000_000n }),
  },
  {
    ...recraftModel,
    ...named('recraft/recraft-v4.1-utility', 'Recraft V4.1 Utility'),
    price: image({ '1K': 35_000_000n }),
  },
  {
    ...recraftModel,
    ...named('recraft/recraft-v4.1-utility-pro', 'Recraft V4.1 Utility Pro'),
    tiers: ['2K'],
    price: image({ '2K': 210_000_000n }),
  },
]

const riverflow = {
  ...plain,
  hosts: [{ slug: 'sourceful', name: 'Sourceful' }],
  tiers: ['1K', '2K', '4K'],
  maxReferences: 10,
  formats: ['png', 'webp'],
  transparency: true,
} as const satisfies Partial<SimulatedModel>

const sourceful: readonly SimulatedModel[] = [
  {
    ...riverflow,
    ...named('sourceful/riverflow-v2-fast', 'Riverflow V2 Fast'),
    tiers: ['1K', '2K'],
    maxReferences: 4,
    price: image({ '1K': 20_000_000n, '2K': 40_000_000n }),
  },
  {
    ...riverflow,
    ...named('sourceful/riverflow-v2-pro', 'Riverflow V2 Pro'),
    price: image({ '1K': 150_000_000n, '2K': 150_000_000n, '4K': 330_000_000n }),
  },
  {
    ...riverflow,
    ...named('sourceful/riverflow-v2.5-fast', 'Riverflow V2.5 Fast'),
    tiers: ['1K'],
    maxReferences: 4,
    price: image({ '1K': 21_000_000n }),
  },
  {
    ...riverflow,
    ...named('sourceful/riverflow-v2.5-pro', 'Riverflow V2.5 Pro'),
    price: image({ '1K': 130_000_000n, '2K': 150_000_000n, '4K': 170_000_000n }),
  },
]

const kreaModel = { ...plain, hosts: [{ slug: 'krea', name: 'Krea' }], ratios: ALL_RATIOS } as const

const krea: readonly SimulatedModel[] = [
  { ...kreaModel, ...named('krea/krea-2-large', 'Krea 2 Large'), price: image({ '1K': 60_000_000n }) },
  { ...kreaModel, ...named('krea/krea-2-medium', 'Krea 2 Medium'), price: image({ '1K': 30_000_000n }) },
  { ...kreaModel, ...named('krea/krea-2-medium-turbo', 'Krea 2 Medium Turbo'), price: image({ '1K': 15_000_000n }) },
]

const MODELS: readonly SimulatedModel[] = [google, openai, flux, bytedance, qwen, xai, recraft, sourceful, krea].flat()

/** The models that exist as far as callers can see. */
export function modelsServed(retired: 'serve' | 'refuse'): readonly SimulatedModel[] {
  return MODELS.filter((model) => retired === 'serve' || !model.retired)
}
