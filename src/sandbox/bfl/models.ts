/**
 * What each endpoint takes and costs: the simulator's own table, written from the API's schemas, which shares nothing with the adapter or
 * the catalogue, so that a slip in one shows against the other. Sources: https://docs.bfl.ai/api-reference (OpenAPI of September 2026),
 * https://docs.bfl.ai/quick_start/pricing; FLUX 3 by what is published of it since October 2026 (read 2026-11-22).
 */
export interface Endpoint {
  readonly rules: Readonly<Record<string, Rule>>
  readonly required: readonly string[]
  /** Area and steps of the sides where nothing but a ratio is known, and the ratio where nothing is. */
  readonly side: number
  readonly step: number
  readonly usual: readonly [width: number, height: number]
  readonly format: 'jpeg' | 'png'
  readonly price: Price
}

export type Rule =
  | { readonly is: 'text' | 'boolean' | 'address' | 'ratio' }
  | {
      readonly is: 'number'
      readonly from: number
      readonly to: number
      readonly whole?: boolean
      readonly step?: number
    }
  | { readonly is: 'choice'; readonly of: readonly string[] }
  | { readonly is: 'picture' }
  | { readonly is: 'pictures'; readonly most: number }

/** Credits: a cent each. A megapixel is 1,048,576 pixels, and each picture is rounded up by itself. */
export type Price =
  | { readonly per: 'image'; readonly credits: number }
  | { readonly per: 'megapixel'; readonly first: number; readonly more: number; readonly input: number }
  | { readonly per: 'resolution'; readonly credits: Readonly<Record<string, number>> }

const TEXT = { is: 'text' } as const
const BOOLEAN = { is: 'boolean' } as const
const PICTURE = { is: 'picture' } as const
const RATIO = { is: 'ratio' } as const
const SEED = { seed: whole(0, 2 ** 32 - 1) } as const
const FORMAT = { output_format: choice('jpeg', 'png', 'webp') } as const
const HOOK = { webhook_url: { is: 'address' }, webhook_secret: TEXT } as const
const UPSAMPLING = { prompt_upsampling: BOOLEAN } as const
const ALWAYS = { prompt: TEXT, ...SEED, ...FORMAT, ...HOOK } as const

const FLUX_2_RULES = {
  ...ALWAYS,
  width: { ...whole(64, 4096), step: 16 },
  height: { ...whole(64, 4096), step: 16 },
  safety_tolerance: whole(0, 5),
} as const

function flux2(most: number, price: readonly [number, number, number], more: Endpoint['rules']): Endpoint {
  const [first, further, input] = price
  return {
    rules: { ...FLUX_2_RULES, ...numbered(most), ...more },
    required: ['prompt'],
    side: 1024,
    step: 16,
    usual: [1024, 1024],
    format: 'jpeg',
    price: { per: 'megapixel', first, more: further, input },
  }
}

function flux1(credits: number, more: Endpoint['rules']): Endpoint {
  return {
    rules: { ...ALWAYS, ...UPSAMPLING, safety_tolerance: whole(0, 6), ...more },
    required: [],
    side: 1024,
    step: 32,
    usual: [1024, 768],
    format: 'jpeg',
    price: { per: 'image', credits },
  }
}

const SIDES = { width: { ...whole(256, 1440), step: 32 }, height: { ...whole(256, 1440), step: 32 } } as const

const KONTEXT = { ...numbered(4), aspect_ratio: RATIO } as const

function kontext(credits: number): Endpoint {
  return { ...flux1(credits, KONTEXT), required: ['prompt'], step: 16, usual: [1024, 1024], format: 'png' }
}

const RATIOS = '21:9 2:1 16:9 3:2 7:5 4:3 5:4 1:1 4:5 3:4 5:7 2:3 9:16 1:2 9:21'.split(' ').concat('auto')

const FLUX_3: Endpoint = {
  rules: {
    prompt: TEXT,
    images: { is: 'pictures', most: 10 },
    aspect_ratio: { is: 'choice', of: RATIOS },
    resolution: choice('768sq', '1k', '1.5k', '2k', '4k'),
    grounding: BOOLEAN,
    safety_tolerance: whole(0, 4),
    version: choice('latest'),
  },
  required: ['prompt'],
  side: 1024,
  step: 16,
  usual: [1024, 1024],
  format: 'jpeg',
  price: { per: 'resolution', credits: { '768sq': 4.1, '1k': 4.8, '1.5k': 7, '2k': 10, '4k': 60.7 } },
}

const PUP = { disable_pup: BOOLEAN } as const

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'flux-2-pro': flux2(8, [3, 1.5, 1.5], PUP),
  'flux-2-pro-preview': flux2(8, [3, 1.5, 1.5], PUP),
  'flux-2-max': flux2(8, [7, 3, 3], PUP),
  'flux-2-flex': flux2(8, [5, 5, 5], { ...UPSAMPLING, guidance: number(1.5, 10), steps: whole(1, 50) }),
  'flux-2-klein-4b': flux2(4, [1.4, 0.1, 0.1], {}),
  'flux-2-klein-9b': flux2(4, [1.5, 0.2, 0.2], {}),
  'flux-kontext-pro': kontext(4),
  'flux-kontext-max': kontext(8),
  'flux-pro-1.1': flux1(4, { ...SIDES, image_prompt: PICTURE }),
  'flux-pro-1.1-ultra': {
    ...flux1(6, {
      aspect_ratio: RATIO,
      raw: BOOLEAN,
      image_prompt: PICTURE,
      image_prompt_strength: number(0, 1),
    }),
    side: 2048,
    usual: [2752, 1536],
  },
  'flux-dev': flux1(2.5, { ...SIDES, image_prompt: PICTURE, steps: whole(1, 50), guidance: number(1.5, 5) }),
  'flux-pro-1.0-fill': {
    ...flux1(5, { image: PICTURE, mask: PICTURE, steps: whole(15, 50), guidance: number(1.5, 100) }),
    required: ['image'],
  },
  'flux-3-image': FLUX_3,
}

export function findEndpoint(id: string): Endpoint | undefined {
  return Object.hasOwn(ENDPOINTS, id) ? ENDPOINTS[id] : undefined
}

function numbered(most: number): Readonly<Record<string, Rule>> {
  const names = Array.from({ length: most }, (_, index) => (index === 0 ? 'input_image' : `input_image_${index + 1}`))
  return Object.fromEntries(names.map((name) => [name, PICTURE]))
}

function choice(...of: readonly string[]) {
  return { is: 'choice', of } as const
}

function number(from: number, to: number) {
  return { is: 'number', from, to } as const
}

function whole(from: number, to: number) {
  return { is: 'number', from, to, whole: true } as const
}
