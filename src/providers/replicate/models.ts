import type { Format, Tier } from '../../core/image-request.ts'

/**
 * How Replicate's models want to be asked. Every model has input names of its own; those here are of the catalogue's routes.
 * Source: the schemas of the models' pages, https://replicate.com/<owner>/<name>/api/schema (read 2026-11-22). Those of Krea 2 and
 * Qwen-Image-3 are not among them.
 */
export interface ReplicateModel {
  /**
   * `ratio`: `aspect_ratio`. `pixels`: `width` and `height`. `text`: `size`, as `1024*768`. `picture`: the picture's own shape, whatever
   * is wished.
   */
  readonly shape: 'ratio' | 'pixels' | 'text' | 'picture'
  /** The field that takes the word `custom`, beside which a model of ratios takes `width` and `height`. */
  readonly custom?: Custom
  /** Where it takes tiers, and which. */
  readonly tiers?: { readonly field: 'size' | 'resolution'; readonly of: readonly Tier[] }
  readonly pictures?: Pictures
  /** What its mask has where the picture may be repainted. */
  readonly mask?: 'black' | 'white'
  /** The field for a number of pictures. */
  readonly count?: 'num_outputs' | 'number_of_images'
  readonly most?: number
  /** What `output_format` takes, by our names; empty: it has no such field. */
  readonly formats: Readonly<Partial<Record<Format, string>>>
  /** Whether it has `output_quality`. */
  readonly compresses?: true
  readonly seeds?: true
  readonly negates?: true
}

interface Custom {
  readonly field: 'aspect_ratio' | 'size'
  readonly longest: number
  /** Ratios that have a name; others are said in pixels. Absent: all of them have one. */
  readonly named?: readonly string[]
}

interface Pictures {
  readonly field: string
  readonly most: number
  /** A list, even of one. */
  readonly isList?: true
  /** They are only taken with a mask. */
  readonly onlyMasked?: true
  /** The result has the shape of the picture, whatever ratio is wished. */
  readonly keepShape?: true
  /** The result has the shape of the picture only if that is said. */
  readonly sayMatch?: true
}

const JPG = { jpeg: 'jpg', png: 'png' } as const
const ALL = { ...JPG, webp: 'webp' } as const
const NINE = ['1:1', '16:9', '3:2', '2:3', '4:5', '5:4', '9:16', '3:4', '4:3'] as const

const PLAIN: ReplicateModel = { shape: 'ratio', formats: {} }
const COMPRESSED = { formats: ALL, compresses: true } as const
const PAINTED: ReplicateModel = { ...PLAIN, ...COMPRESSED, seeds: true }
const FOUR: ReplicateModel = { ...PAINTED, count: 'num_outputs', most: 4 }
const KONTEXT: ReplicateModel = { ...PLAIN, formats: JPG, seeds: true, pictures: { field: 'input_image', most: 1 } }
const LUMA: ReplicateModel = { ...PLAIN, seeds: true, pictures: { field: 'image_reference_url', most: 1 } }

function flux2(most: number, longest: number): ReplicateModel {
  const pictures = { field: 'input_images', most, isList: true, sayMatch: true } as const
  return { ...PAINTED, custom: { field: 'aspect_ratio', longest, named: NINE }, pictures }
}

function seedream(most: number, tiers: readonly Tier[]): ReplicateModel {
  return { ...PLAIN, tiers: { field: 'size', of: tiers }, pictures: { field: 'image_input', most, isList: true } }
}

const CUSTOM_SIZE = { custom: { field: 'size', longest: 4096 } } as const

const MODELS: Readonly<Record<string, ReplicateModel>> = {
  'black-forest-labs/flux-2-pro': flux2(8, 2048),
  'black-forest-labs/flux-2-flex': flux2(10, 2048),
  'black-forest-labs/flux-2-dev': flux2(4, 1440),
  'black-forest-labs/flux-1.1-pro': {
    ...PAINTED,
    custom: { field: 'aspect_ratio', longest: 1440, named: NINE },
  },
  'black-forest-labs/flux-1.1-pro-ultra': { ...PLAIN, formats: JPG, seeds: true },
  'black-forest-labs/flux-kontext-pro': KONTEXT,
  'black-forest-labs/flux-kontext-max': KONTEXT,
  'black-forest-labs/flux-fill-pro': {
    shape: 'picture',
    formats: JPG,
    seeds: true,
    pictures: { field: 'image', most: 1 },
    mask: 'white',
  },
  'black-forest-labs/flux-schnell': FOUR,
  'black-forest-labs/flux-dev': { ...FOUR, pictures: { field: 'image', most: 1, keepShape: true } },
  'bytedance/seedream-4': { ...seedream(10, ['1K', '2K', '4K']), ...CUSTOM_SIZE },
  'bytedance/seedream-4.5': { ...seedream(14, ['2K', '4K']), ...CUSTOM_SIZE },
  'bytedance/seedream-5-lite': { ...seedream(14, ['2K']), formats: { jpeg: 'jpeg', png: 'png' } },
  'ideogram-ai/ideogram-v3-turbo': {
    ...PLAIN,
    seeds: true,
    pictures: { field: 'image', most: 1, onlyMasked: true, keepShape: true },
    mask: 'black',
  },
  'luma/photon': LUMA,
  'luma/photon-flash': LUMA,
  'minimax/image-01': {
    ...PLAIN,
    count: 'number_of_images',
    most: 9,
    pictures: { field: 'subject_reference', most: 1 },
  },
  'qwen/qwen-image': { ...PAINTED, pictures: { field: 'image', most: 1 }, negates: true },
  'stability-ai/stable-diffusion-3.5-large': { ...PAINTED, pictures: { field: 'image', most: 1, keepShape: true } },
  'prunaai/p-image-edit': { ...PLAIN, seeds: true, pictures: { field: 'images', most: 5, isList: true } },
  'nvidia/sana': { shape: 'pixels', formats: {}, seeds: true, negates: true },
  'wan-video/wan-2.7-image': {
    shape: 'text',
    tiers: { field: 'size', of: ['1K', '2K'] },
    formats: {},
    seeds: true,
    pictures: { field: 'images', most: 9, isList: true },
  },
  'google/nano-banana-2': {
    ...PLAIN,
    tiers: { field: 'resolution', of: ['1K', '2K', '4K'] },
    formats: JPG,
    pictures: { field: 'image_input', most: 14, isList: true },
  },
}

/** What most of Replicate's models share. */
const UNKNOWN: ReplicateModel = { ...PLAIN, formats: ALL, seeds: true, pictures: { field: 'image', most: 1 } }

/** By the model's id without its version. One that is not here is asked by the names that most of them have. */
export function replicateModel(id: string): ReplicateModel {
  const [name = ''] = id.split(':')
  return (Object.hasOwn(MODELS, name) ? MODELS[name] : undefined) ?? UNKNOWN
}
