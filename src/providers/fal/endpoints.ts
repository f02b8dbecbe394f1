/**
 * How fal's models want to be asked. Every model has input names of its own, and other endpoints for pictures than for words alone.
 * Source: the types of @fal-ai/client 1.10.1, `types/endpoints.d.ts` (read 2026-11-22).
 */
export interface FalModel {
  /** Endpoint for words alone; undefined: it only edits. */
  readonly fromText: string | undefined
  /** For one reference, for several, and for a mask; undefined: it takes none. */
  readonly fromOne?: PictureEndpoint
  readonly fromMany?: PictureEndpoint
  readonly fromMask?: PictureEndpoint
  /** `size`: `image_size` in pixels. `ratio`: `aspect_ratio`. `tier`: `aspect_ratio` and `resolution`. */
  readonly shape: Shape
  /** Side in pixels of a square picture, where the caller says a ratio but no tier. */
  readonly side?: number
  /** Whether it knows `num_images`. */
  readonly counts: boolean
  /** What `output_format` takes; empty: it has no such field. */
  readonly formats: readonly string[]
  readonly seeds: boolean
  readonly negates?: boolean
  /** `rendering_speed` by the caller's quality. */
  readonly speeds?: Readonly<Record<string, string>>
}

export interface PictureEndpoint {
  readonly path: string
  /** `image_url` takes one data URI, `image_urls` a list. */
  readonly field: 'image_url' | 'image_urls'
  /** `fixed`: the picture's own size, whatever was asked. Absent: as the model's. */
  readonly shape?: 'fixed'
}

type Shape = 'size' | 'ratio' | 'tier'

const BOTH = ['jpeg', 'png'] as const
const ALL = ['jpeg', 'png', 'webp'] as const

/** By the model id of the catalogue's routes. An id that is not here is asked by the names that most of fal's models share. */
export function falModel(id: string): FalModel {
  return MODELS[id] ?? { ...drawn(id), ...edited(id, id), formats: ALL }
}

const MODELS: Readonly<Record<string, FalModel>> = {
  'fal-ai/flux-pro/kontext': kontext('fal-ai/flux-pro/kontext'),
  'fal-ai/flux-pro/kontext/max': kontext('fal-ai/flux-pro/kontext/max'),
  'fal-ai/flux-pro/v1.1': drawn('fal-ai/flux-pro/v1.1'),
  'fal-ai/flux-pro/v1.1-ultra': { ...drawn('fal-ai/flux-pro/v1.1-ultra'), shape: 'ratio' },
  'fal-ai/flux/schnell': drawn('fal-ai/flux/schnell'),
  'fal-ai/flux/dev': {
    ...drawn('fal-ai/flux/dev'),
    fromOne: { path: 'fal-ai/flux/dev/image-to-image', field: 'image_url', shape: 'fixed' },
  },
  'fal-ai/flux-2': { ...drawn('fal-ai/flux-2'), ...edited('fal-ai/flux-2', 'fal-ai/flux-2/edit'), formats: ALL },
  'fal-ai/flux-2-pro': flux2('fal-ai/flux-2-pro'),
  'fal-ai/flux-2-flex': flux2('fal-ai/flux-2-flex'),
  'fal-ai/flux-2-max': flux2('fal-ai/flux-2-max'),
  'fal-ai/z-image/turbo': { ...drawn('fal-ai/z-image/turbo'), formats: ALL },
  'fal-ai/qwen-image': { ...drawn('fal-ai/qwen-image'), negates: true },
  'fal-ai/qwen-image-3': {
    ...drawn('fal-ai/qwen-image-3'),
    ...edited('fal-ai/qwen-image-3', 'fal-ai/qwen-image-3/edit'),
    negates: true,
  },
  'fal-ai/qwen-image-edit-2509': {
    ...drawn('fal-ai/qwen-image-edit-2509'),
    ...edited(undefined, 'fal-ai/qwen-image-edit-2509'),
    formats: ALL,
    negates: true,
  },
  'fal-ai/sana/v1.5/4.8b': { ...drawn('fal-ai/sana/v1.5/4.8b'), negates: true },
  'fal-ai/ideogram/v3': {
    ...drawn('fal-ai/ideogram/v3'),
    fromOne: { path: 'fal-ai/ideogram/v3/remix', field: 'image_url' },
    fromMask: { path: 'fal-ai/ideogram/v3/edit', field: 'image_url', shape: 'fixed' },
    formats: [],
    negates: true,
    speeds: { turbo: 'TURBO', default: 'BALANCED', quality: 'QUALITY' },
  },
  'fal-ai/luma-photon': luma('fal-ai/luma-photon'),
  'fal-ai/luma-photon/flash': luma('fal-ai/luma-photon/flash'),
  'bria/text-to-image/3.2': {
    fromText: 'bria/text-to-image/3.2',
    shape: 'ratio',
    counts: false,
    formats: [],
    seeds: true,
    negates: true,
  },
  'fal-ai/nano-banana-2': { ...banana('fal-ai/nano-banana-2'), shape: 'tier' },
  'fal-ai/gemini-25-flash-image': banana('fal-ai/gemini-25-flash-image'),
  'fal-ai/bytedance/seedream/v4/text-to-image': seedream('fal-ai/bytedance/seedream/v4'),
  'fal-ai/bytedance/seedream/v4.5/text-to-image': seedream('fal-ai/bytedance/seedream/v4.5'),
  'fal-ai/bytedance/seedream/v5/lite/edit': { ...seedream('fal-ai/bytedance/seedream/v5/lite'), seeds: false },
}

function drawn(path: string): FalModel {
  return { fromText: path, shape: 'size', counts: true, formats: BOTH, seeds: true }
}

function edited(fromText: string | undefined, path: string) {
  const endpoint = { path, field: 'image_urls' } as const
  return { fromText, fromOne: endpoint, fromMany: endpoint }
}

function flux2(path: string): FalModel {
  return { ...drawn(path), ...edited(path, `${path}/edit`), counts: false }
}

function kontext(path: string): FalModel {
  return {
    ...drawn(`${path}/text-to-image`),
    fromOne: { path, field: 'image_url' },
    fromMany: { path: `${path}/multi`, field: 'image_urls' },
    shape: 'ratio',
  }
}

function banana(path: string): FalModel {
  return { ...drawn(path), ...edited(path, `${path}/edit`), shape: 'ratio', formats: ALL }
}

/** No picture of fewer than about four megapixels, and no choice of the file's format. */
function seedream(path: string): FalModel {
  return { ...drawn(path), ...edited(`${path}/text-to-image`, `${path}/edit`), side: 2048, formats: [] }
}

function luma(path: string): FalModel {
  return { fromText: path, shape: 'ratio', counts: false, formats: [], seeds: false }
}
