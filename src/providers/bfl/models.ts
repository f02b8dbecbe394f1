import type { Format } from '../../core/image-request.ts'

/**
 * How Black Forest Labs' models want to be asked: every generation has its own way to say a size and to be given pictures.
 * Sources: the schemas of https://docs.bfl.ai/api-reference (OpenAPI of September 2026); FLUX 3 by what is published of
 * `POST /v1/flux-3-image` since October 2026 (read 2026-11-22).
 */
export interface BflModel {
  /**
   * `pixels`: `width` and `height`. `ratio`: `aspect_ratio`. `tier`: `aspect_ratio` and `resolution`. `picture`: the picture's own size,
   * whatever is wished.
   */
  readonly shape: 'pixels' | 'ratio' | 'tier' | 'picture'
  /** Sides are multiples of this, and no longer than that. */
  readonly step: number
  readonly longest: number
  /** `input_image`, `input_image_2` …; one as `image`; a list as `images`; or no pictures at all. */
  readonly pictures: 'numbered' | 'single' | 'list' | 'none'
  readonly most: number
  readonly masks?: boolean
  readonly seeds: boolean
  /** What `output_format` takes; empty: it has no such field. */
  readonly formats: readonly Format[]
}

const ALL: readonly Format[] = ['jpeg', 'png', 'webp']

const FLUX_2: BflModel = {
  shape: 'pixels',
  step: 16,
  longest: 4096,
  pictures: 'numbered',
  most: 8,
  seeds: true,
  formats: ALL,
}
const FLUX_1: BflModel = { ...FLUX_2, step: 32, longest: 1440, pictures: 'none', most: 0 }
const KLEIN: BflModel = { ...FLUX_2, most: 4 }
const KONTEXT: BflModel = { ...FLUX_2, shape: 'ratio', most: 4 }
const FLUX_3: BflModel = { ...FLUX_2, shape: 'tier', pictures: 'list', most: 10, seeds: false, formats: [] }

const MODELS: Readonly<Record<string, BflModel>> = {
  'flux-2-klein-4b': KLEIN,
  'flux-2-klein-9b': KLEIN,
  'flux-2-klein-9b-preview': KLEIN,
  'flux-kontext-pro': KONTEXT,
  'flux-kontext-max': KONTEXT,
  'flux-pro-1.1': FLUX_1,
  'flux-pro-1.1-ultra': { ...FLUX_1, shape: 'ratio' },
  'flux-dev': FLUX_1,
  'flux-pro-1.0-fill': { ...FLUX_1, shape: 'picture', pictures: 'single', most: 1, masks: true },
  'flux-3-image': FLUX_3,
  'flux-3-image-klein': FLUX_3,
}

/** By the model id of the catalogue's routes. An id that is not here is asked like FLUX.2, whose names are the newest that last. */
export function bflModel(id: string): BflModel {
  return (Object.hasOwn(MODELS, id) ? MODELS[id] : undefined) ?? FLUX_2
}
