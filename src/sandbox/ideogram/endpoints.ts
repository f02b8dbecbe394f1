import { choice, type Fields, FLAG, PICTURE, type Rules, TEXT, whole } from '../openai-compatible/fields.ts'
import { FOURTH, FOURTH_REVISED, RATIOS, THIRD } from './sizes.ts'

/** One endpoint for pictures. Sources: https://developer.ideogram.ai/api-reference/images, https://ideogram.ai/api-pricing (read 2026-11-22). */
export interface Endpoint {
  readonly model: string
  readonly rules: Rules
  readonly required: readonly string[]
  /** Whether it may be asked by JSON too. */
  readonly isJson: boolean
  /** How large its pictures are where the request does not say; `input`: as the one that is edited. */
  readonly size: string
  /** Pictures beside the one that is edited, fewer by one with a mask. */
  readonly mostBeside: number
  /** Whether a mask has to leave something as it is. */
  readonly needsBothColours: boolean
  /** Nano-dollars of one picture. */
  price(fields: Fields): bigint
}

const PRESETS =
  '80s_illustration 90s_nostalgia abstract_organic analog_nostalgia art_brut art_deco art_poster aura avant_garde bauhaus blueprint blurry_motion bright_art c4d_cartoon childrens_book collage coloring_book_i coloring_book_ii cubism dark_aura doodle double_exposure dramatic_cinema editorial editorial_minimal ethereal_party expired_film flat_art flat_vector forest_reverie geo_minimalist glass_prism golden_hour graffiti_i graffiti_ii halftone_print high_contrast hippie_era iconic japandi_fusion jazzy long_exposure magazine_editorial minimal_illustration mixed_media monochrome nightlife oil_painting old_cartoons paint_gesture pop_art retro_etching riviera_pop spotlight_80s stylized_red surreal_collage travel_poster vintage_geo vintage_poster watercolor weird woodblock_print'

const EVERYWHERE = {
  prompt: TEXT,
  num_images: whole(1, 8),
  async: FLAG,
  webhook_url: TEXT,
  private: FLAG,
} as const
const SEED = { seed: whole(0, 2_147_483_647) } as const
const SPEED = { rendering_speed: choice('turbo', 'default', 'quality'), enable_copyright_detection: FLAG } as const
const MAGIC = { magic_prompt: choice('auto', 'on', 'off') } as const
const STYLES = {
  ...MAGIC,
  style_type: choice('auto', 'general', 'realistic', 'design', 'custom', 'fiction', 'stylized'),
  style_preset: choice(...PRESETS.split(' ')),
  // Lists and objects: read elsewhere, as pictures are.
  style_codes: PICTURE,
  color_palette: PICTURE,
} as const
const OF_THIRD = { ...EVERYWHERE, ...SEED, ...SPEED, ...STYLES } as const
const SHAPES = { resolution: choice(...THIRD), negative_prompt: TEXT } as const
const OF_FOURTH = { ...EVERYWHERE, ...SPEED, resolution: choice(...FOURTH) } as const
const OF_REVISED = { ...EVERYWHERE, ...SEED } as const
const WEIGHED = { image: PICTURE, image_weight: whole(1, 100) } as const

/** In thousandths of a dollar. */
function byName(field: string, usual: string, thousandths: Readonly<Record<string, number>>): Endpoint['price'] {
  return (fields) => BigInt(thousandths[textOf(fields, field) ?? usual] ?? 0) * 1_000_000n
}

const THIRD_PRICE = byName('rendering_speed', 'default', { turbo: 30, default: 60, quality: 90 })
const FOURTH_PRICE = byName('rendering_speed', 'default', { turbo: 30, default: 60, quality: 100 })
const REVISED_PRICE = byName('quality', 'high', { low: 30, medium: 60, high: 100 })
const EDIT_PRICE = byName('quality', 'medium', { very_low: 8, low: 30, medium: 60, high: 220 })

const usual = { isJson: false, mostBeside: 0, needsBothColours: false, required: ['prompt', 'image'] } as const

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'generate/ideogram-3': {
    ...usual,
    model: 'ideogram-3',
    rules: { ...OF_THIRD, ...SHAPES, aspect_ratio: choice('auto', ...RATIOS) },
    required: ['prompt'],
    isJson: true,
    size: '1024x1024',
    price: THIRD_PRICE,
  },
  'remix/ideogram-3': {
    ...usual,
    model: 'ideogram-3',
    rules: { ...OF_THIRD, ...SHAPES, ...WEIGHED, aspect_ratio: choice(...RATIOS) },
    size: '1024x1024',
    price: THIRD_PRICE,
  },
  'inpaint/ideogram-3': {
    ...usual,
    model: 'ideogram-3',
    rules: { ...OF_THIRD, image: PICTURE, mask: PICTURE },
    required: ['prompt', 'image', 'mask'],
    size: 'input',
    price: THIRD_PRICE,
  },
  'generate/ideogram-4': {
    ...usual,
    model: 'ideogram-4',
    rules: { ...OF_FOURTH, ...SEED, ...MAGIC },
    required: ['prompt'],
    isJson: true,
    size: '2048x2048',
    price: FOURTH_PRICE,
  },
  'remix/ideogram-4': {
    ...usual,
    model: 'ideogram-4',
    rules: { ...OF_FOURTH, ...WEIGHED },
    size: '2048x2048',
    price: FOURTH_PRICE,
  },
  'generate/ideogram-4-5': {
    ...usual,
    model: 'ideogram-4-5',
    rules: { ...OF_REVISED, size: choice('auto', ...FOURTH_REVISED), quality: choice('low', 'medium', 'high') },
    required: ['prompt'],
    isJson: true,
    size: '2048x2048',
    price: REVISED_PRICE,
  },
  'precise-edit/ideogram-4-5': {
    ...usual,
    model: 'ideogram-4-5',
    rules: {
      ...OF_REVISED,
      image: PICTURE,
      mask: PICTURE,
      reference_images: PICTURE,
      quality: choice('very_low', 'low', 'medium', 'high'),
    },
    size: 'input',
    mostBeside: 4,
    needsBothColours: true,
    price: EDIT_PRICE,
  },
}

export const MODELS: readonly string[] = [...new Set(Object.values(ENDPOINTS).map(({ model }) => model))]

/** By the path below `/v2/image`. */
export function endpointAt(path: string): Endpoint | undefined {
  return Object.hasOwn(ENDPOINTS, path) ? ENDPOINTS[path] : undefined
}

/** Undefined for what is no text. */
export function textOf(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' ? value : undefined
}
