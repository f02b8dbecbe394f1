import { err, ok, type Result } from '../../core/result.ts'

/** One endpoint of version 2, and what it takes beside the words, the number of pictures and how good they are to be. */
export interface Endpoint {
  readonly path: string
  readonly qualityField: 'rendering_speed' | 'quality'
  /** By a ratio's name or by pixels, by pixels alone, or not at all, since the picture that is edited decides it. */
  readonly shape: 'ratio' | 'pixels' | 'kept'
  readonly sizeField: 'resolution' | 'size'
  readonly takesSeed: boolean
  readonly takesNegativePrompt: boolean
  /** Pictures beside the one that is edited. */
  readonly mostBeside: number
  /** Options of the caller's that it has a field for. */
  readonly options: readonly string[]
}

/** What a request brings along. */
export interface Brought {
  readonly pictures: number
  readonly mask: boolean
}

const STYLES = ['magic_prompt', 'style_type', 'style_preset', 'style_codes', 'color_palette'] as const
const EVERYWHERE = ['enable_copyright_detection', 'private'] as const

const THIRD = {
  qualityField: 'rendering_speed',
  shape: 'ratio',
  sizeField: 'resolution',
  takesSeed: true,
  takesNegativePrompt: true,
  mostBeside: 0,
  options: [...STYLES, ...EVERYWHERE],
} as const satisfies Partial<Endpoint>

const FOURTH = { ...THIRD, shape: 'pixels', takesNegativePrompt: false } as const satisfies Partial<Endpoint>

const FOURTH_REVISED = {
  ...FOURTH,
  qualityField: 'quality',
  sizeField: 'size',
  options: ['private'],
} as const satisfies Partial<Endpoint>

/** From words, from a picture, from a picture with a mask; undefined: not offered. */
type Family = readonly [words: Endpoint, picture: Endpoint, mask: Endpoint | undefined]

/** Source: https://developer.ideogram.ai/api-reference/images (version 2, read 2026-11-22). */
const FAMILIES: Readonly<Record<string, Family>> = {
  'ideogram-3': [
    { ...THIRD, path: '/v2/image/generate/ideogram-3' },
    { ...THIRD, path: '/v2/image/remix/ideogram-3', options: [...THIRD.options, 'image_weight'] },
    { ...THIRD, path: '/v2/image/inpaint/ideogram-3', shape: 'kept', takesNegativePrompt: false },
  ],
  'ideogram-4': [
    { ...FOURTH, path: '/v2/image/generate/ideogram-4', options: ['magic_prompt', ...EVERYWHERE] },
    {
      ...FOURTH,
      path: '/v2/image/remix/ideogram-4',
      takesSeed: false,
      options: ['image_weight', ...EVERYWHERE],
    },
    undefined,
  ],
  'ideogram-4-5': [
    { ...FOURTH_REVISED, path: '/v2/image/generate/ideogram-4-5' },
    { ...FOURTH_REVISED, path: '/v2/image/precise-edit/ideogram-4-5', shape: 'kept', mostBeside: 4 },
    { ...FOURTH_REVISED, path: '/v2/image/precise-edit/ideogram-4-5', shape: 'kept', mostBeside: 3 },
  ],
}

/** Where a request goes, or in a sentence why it can go nowhere. */
export function endpointOf(model: string, { pictures, mask }: Brought): Result<Endpoint, string> {
  const family = Object.hasOwn(FAMILIES, model) ? FAMILIES[model] : undefined
  if (family === undefined) return err('The model has an id that is none of Ideogram’s.')
  if (mask && pictures === 0) return err('mask cannot be sent without the picture that it lies over.')
  const endpoint = mask ? family[2] : family[pictures > 0 ? 1 : 0]
  return endpoint === undefined ? err(`mask cannot be sent: ${model} takes none.`) : ok(endpoint)
}

/** Pixels of each ratio at 2K, where pixels alone say the shape. Source: the lists of `resolution` and `size` (read 2026-11-22). */
const SIZES_AT_2K: Readonly<Record<string, string>> = {
  '1:1': '2048x2048',
  '1:2': '1440x2880',
  '1:3': '1024x3072',
  '2:3': '1664x2496',
  '3:4': '1728x2304',
  '4:5': '1792x2240',
  '9:16': '1440x2560',
  '10:16': '1600x2560',
}

/** `16:9` is the other way round `9:16`. Undefined: it has no such ratio. */
export function sizeAt2K(ratio: string): string | undefined {
  const upright = Object.hasOwn(SIZES_AT_2K, ratio) ? SIZES_AT_2K[ratio] : undefined
  if (upright !== undefined) return upright
  const turned = ratio.split(':').toReversed().join(':')
  return Object.hasOwn(SIZES_AT_2K, turned) ? SIZES_AT_2K[turned]?.split('x').toReversed().join('x') : undefined
}
