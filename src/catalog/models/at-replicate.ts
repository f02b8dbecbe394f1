import type { ModelRoute, Pricing, RouteFacts } from '../model.ts'

/**
 * What models can and cannot do at Replicate, where that is not what their rows say, and what is charged there.
 * Sources: the models' schemas, https://replicate.com/<owner>/<name>/api/schema; prices by a third party's table of those on the models'
 * pages (read 2026-11-22).
 */

const ELEVEN = ['1:1', '16:9', '21:9', '3:2', '2:3', '4:5', '5:4', '3:4', '4:3', '9:16', '9:21'] as const
const NO_SIZES = { kind: 'list', sizes: [] } as const

const FLUX_2: RouteFacts = { sizes: { kind: 'range', multipleOf: 32, minSide: 256, maxSide: 2048 } }
const KONTEXT: RouteFacts = { aspectRatios: [...ELEVEN, '2:1', '1:2'], maxReferences: 1 }
const FOUR: RouteFacts = { aspectRatios: ELEVEN, sizes: NO_SIZES, maxNPerCall: 4 }
const LUMA: RouteFacts = { maxReferences: 1, supports: { seed: true } }
/** Its schema is not known: it is asked by the names that most models share. */
const UNREAD: RouteFacts = { maxReferences: 1, maxNPerCall: 1, sizes: NO_SIZES, supports: { negativePrompt: false } }

const ROUTES: Readonly<Record<string, Pick<ModelRoute, 'differs' | 'pricing'>>> = {
  'black-forest-labs/flux-2-pro': { differs: FLUX_2 },
  'black-forest-labs/flux-2-flex': { differs: { ...FLUX_2, maxReferences: 10 } },
  'black-forest-labs/flux-2-dev': {
    differs: { sizes: { kind: 'range', multipleOf: 32, minSide: 256, maxSide: 1440 }, maxReferences: 4 },
    pricing: {
      basis: 'megapixel',
      version: '2026-11-22.1',
      confidence: 'medium',
      entries: [
        { billable: 'output_image', unit: 'megapixel', usd: '0.014' },
        { billable: 'input_image', unit: 'megapixel', usd: '0.014' },
      ],
      note: 'With go_fast, which is its default, 0.012.',
    },
  },
  'black-forest-labs/flux-1.1-pro-ultra': { differs: { aspectRatios: ELEVEN } },
  'black-forest-labs/flux-kontext-pro': { differs: KONTEXT },
  'black-forest-labs/flux-kontext-max': { differs: KONTEXT },
  'black-forest-labs/flux-schnell': { differs: FOUR, pricing: perImage('0.003') },
  'black-forest-labs/flux-dev': { differs: FOUR },
  'bytedance/seedream-4': { differs: { sizes: { kind: 'range', multipleOf: 1, minSide: 1024, maxSide: 4096 } } },
  'bytedance/seedream-4.5': {
    differs: { sizes: { kind: 'range', multipleOf: 1, minSide: 1024, maxSide: 4096, minPixels: 3_686_400 } },
  },
  'bytedance/seedream-5-lite': { differs: { sizes: NO_SIZES } },
  'ideogram-ai/ideogram-v3-turbo': {
    differs: {
      maxReferences: 1,
      maxNPerCall: 1,
      defaults: { quality: 'turbo' },
      supports: { quality: ['turbo'], negativePrompt: false, transparentBackground: false },
    },
    pricing: perImage('0.03'),
  },
  'krea/krea-2-large': { differs: UNREAD },
  'krea/krea-2-medium': { differs: UNREAD },
  'krea/krea-2-medium-turbo': { differs: UNREAD },
  'luma/photon': { differs: LUMA, pricing: perImage('0.03', 'low') },
  'luma/photon-flash': { differs: LUMA, pricing: perImage('0.01', 'low') },
  'minimax/image-01': { differs: { supports: { seed: false } }, pricing: perImage('0.01') },
  'prunaai/p-image-edit': { differs: { supports: { seed: true } } },
  'qwen/qwen-image': { differs: { tiers: ['1K'], sizes: NO_SIZES }, pricing: perImage('0.025') },
  'qwen/qwen-image-3': { differs: { ...UNREAD, tiers: ['1K'] } },
  'stability-ai/stable-diffusion-3.5-large': {
    differs: { aspectRatios: ELEVEN, formats: ['webp', 'png', 'jpeg'], supports: { negativePrompt: false } },
  },
  'wan-video/wan-2.7-image': { differs: { supports: { negativePrompt: false } }, pricing: perImage('0.03') },
}

/** A route to Replicate by the model's name there, with its version where it is no official model. */
export function atReplicate(model: string): ModelRoute {
  return { provider: 'replicate', model, ...ROUTES[model] }
}

function perImage(usd: string, confidence: Pricing['confidence'] = 'medium'): Pricing {
  return {
    basis: 'image',
    version: '2026-11-22.1',
    confidence,
    entries: [{ billable: 'output_image', unit: 'image', usd }],
    note: undefined,
  }
}
