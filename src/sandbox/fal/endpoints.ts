import {
  COUNT,
  FLUX_2_EDIT_SIZE,
  FLUX_2_SIZE,
  JPEG_PNG,
  NEGATIVE,
  NINE_RATIOS,
  number,
  ONE_PICTURE,
  pictures,
  ratios,
  type Rules,
  SEED,
  seedreamSize,
  type Side,
  SIZE,
  THREE_FORMATS,
  tolerance,
  TUNING,
} from './rules.ts'

/**
 * fal's image endpoints as its own client types them (@fal-ai/client 1.10.1, `types/endpoints.d.ts`, read 2026-11-22): the simulator's
 * own table, which shares nothing with the adapter or the catalogue, so that a slip in one shows against the other. Prices are list
 * prices of November 2026; Nano Banana's are those of its tokens. Not in the types and so modelled on its predecessor: qwen-image-3.
 * Not simulated: `sync_mode`, pictures by address, webhooks, logs.
 */
export interface Endpoint {
  readonly rules: Rules
  /** Besides the prompt. */
  readonly required: readonly string[]
  /** Pixels when nothing is said and there is no picture to follow. */
  readonly usual: Side
  /** Longest of `image_size` and the ratio's area, in pixels of a square's side. */
  readonly side: number
  readonly format: 'jpeg' | 'png'
  readonly answers: Answers
  readonly price: Price
  /** Its maker has shut the model down. */
  readonly retired?: boolean
}

/** What stands around the pictures in the output. */
interface Answers {
  /** `image` alone, not a list. */
  readonly alone?: boolean
  /** `has_nsfw_concepts`, `timings` and the prompt. */
  readonly flags?: boolean
  readonly seed?: boolean
  /** Words of the model. */
  readonly description?: boolean
}

/** Nano-dollars. A megapixel is 1,048,576 pixels; each picture is rounded up by itself. */
export type Price =
  | { readonly per: 'image'; readonly nanos: bigint }
  | {
      readonly per: 'image'
      readonly by: string
      readonly nanos: Readonly<Record<string, bigint>>
      readonly usual: string
    }
  | { readonly per: 'megapixel'; readonly first: bigint; readonly more: bigint; readonly input: bigint }

const FLAGS = { flags: true, seed: true } as const
const TEN_RATIOS = ['21:9', '16:9', '3:2', '4:3', '5:4', '1:1', '4:5', '3:4', '2:3', '9:16'] as const
const FOURTEEN_RATIOS = [...TEN_RATIOS, '4:1', '1:4', '8:1', '1:8'] as const

export function findEndpoint(id: string): Endpoint | undefined {
  return Object.hasOwn(ENDPOINTS, id) ? ENDPOINTS[id] : undefined
}

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'fal-ai/flux/schnell': flux(megapixels(3_000_000n)),
  'fal-ai/flux/dev': flux(image(25_000_000n)),
  'fal-ai/flux/dev/image-to-image': {
    ...flux(image(25_000_000n)),
    rules: { ...TUNING, ...COUNT, ...SEED, ...JPEG_PNG, ...ONE_PICTURE, strength: number(0.01, 1) },
    required: ['image_url'],
  },
  'fal-ai/flux-pro/v1.1': {
    ...flux(image(40_000_000n)),
    rules: { ...SIZE, ...COUNT, ...SEED, ...JPEG_PNG, ...tolerance(6), enhance_prompt: { is: 'boolean' } },
  },
  'fal-ai/flux-pro/v1.1-ultra': {
    ...flux(image(60_000_000n)),
    rules: {
      ...NINE_RATIOS,
      ...COUNT,
      ...SEED,
      ...JPEG_PNG,
      ...tolerance(6),
      enhance_prompt: { is: 'boolean' },
      raw: { is: 'boolean' },
      ...ONE_PICTURE,
      image_prompt_strength: number(0, 1),
    },
    usual: [2752, 1536],
    side: 2048,
  },
  ...kontext('fal-ai/flux-pro/kontext', 40_000_000n),
  ...kontext('fal-ai/flux-pro/kontext/max', 80_000_000n),
  ...flux2('fal-ai/flux-2-pro', { per: 'megapixel', first: 30_000_000n, more: 15_000_000n, input: 15_000_000n }, {}),
  ...flux2('fal-ai/flux-2-max', { per: 'megapixel', first: 70_000_000n, more: 30_000_000n, input: 30_000_000n }, {}),
  ...flux2(
    'fal-ai/flux-2-flex',
    { per: 'megapixel', first: 50_000_000n, more: 50_000_000n, input: 50_000_000n },
    { guidance_scale: number(1.5, 10), num_inference_steps: TUNING.num_inference_steps },
  ),
  'fal-ai/z-image/turbo': {
    ...flux(image(15_000_000n)),
    rules: { ...SIZE, ...COUNT, ...SEED, ...THREE_FORMATS, ...TUNING, enable_prompt_expansion: { is: 'boolean' } },
    format: 'png',
  },
  'fal-ai/qwen-image': qwen(20_000_000n),
  'fal-ai/qwen-image-3': qwen(30_000_000n),
  'fal-ai/qwen-image-3/edit': qwenEdit(),
  'fal-ai/qwen-image-edit-2509': qwenEdit(),
  ...ideogram('fal-ai/ideogram/v3'),
  'fal-ai/luma-photon': luma(15_000_000n),
  'fal-ai/luma-photon/flash': luma(4_000_000n),
  'bria/text-to-image/3.2': {
    rules: {
      ...ratios('1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9'),
      ...SEED,
      ...NEGATIVE,
      guidance_scale: number(1, 10),
      num_inference_steps: TUNING.num_inference_steps,
    },
    required: [],
    usual: [1024, 1024],
    side: 1024,
    format: 'png',
    answers: { alone: true },
    price: image(39_800_000n),
  },
  ...banana('fal-ai/gemini-25-flash-image', TEN_RATIOS, {}, image(38_700_000n)),
  ...banana(
    'fal-ai/nano-banana-2',
    ['auto', ...FOURTEEN_RATIOS],
    {
      resolution: { is: 'choice', of: ['0.5K', '1K', '2K', '4K'] },
      thinking_level: { is: 'choice', of: ['minimal', 'high'] },
    },
    {
      per: 'image',
      by: 'resolution',
      nanos: { '0.5K': 44_820_000n, '1K': 67_200_000n, '2K': 100_800_000n, '4K': 151_200_000n },
      usual: '1K',
    },
  ),
  ...seedream('fal-ai/bytedance/seedream/v4', image(30_000_000n), {
    ...seedreamSize(921_600, 16_777_216, 'auto', 'auto_2K', 'auto_4K'),
    ...SEED,
    enhance_prompt_mode: { is: 'choice', of: ['standard', 'fast'] },
  }),
  ...seedream('fal-ai/bytedance/seedream/v4.5', image(40_000_000n), {
    ...seedreamSize(3_686_400, 16_777_216, 'auto_2K', 'auto_4K'),
    ...SEED,
  }),
  ...seedream(
    'fal-ai/bytedance/seedream/v5/lite',
    image(35_000_000n),
    seedreamSize(3_686_400, 9_437_184, 'auto_2K', 'auto_3K'),
  ),
}

function image(nanos: bigint): Price {
  return { per: 'image', nanos }
}

function megapixels(nanos: bigint): Price {
  return { per: 'megapixel', first: nanos, more: nanos, input: 0n }
}

function flux(price: Price): Endpoint {
  return {
    rules: { ...SIZE, ...COUNT, ...SEED, ...JPEG_PNG, ...TUNING },
    required: [],
    usual: [1024, 768],
    side: 1024,
    format: 'jpeg',
    answers: FLAGS,
    price,
  }
}

function flux2(path: string, price: Price, more: Rules): Readonly<Record<string, Endpoint>> {
  const rules: Rules = { ...SEED, ...JPEG_PNG, ...tolerance(5), enable_safety_checker: { is: 'boolean' }, ...more }
  const base = { ...flux(price), answers: { seed: true } }
  return {
    [path]: { ...base, rules: { ...rules, ...FLUX_2_SIZE } },
    [`${path}/edit`]: { ...base, rules: { ...rules, ...FLUX_2_EDIT_SIZE, ...pictures(8) }, required: ['image_urls'] },
  }
}

function kontext(path: string, nanos: bigint): Readonly<Record<string, Endpoint>> {
  const rules: Rules = {
    ...NINE_RATIOS,
    ...COUNT,
    ...SEED,
    ...JPEG_PNG,
    ...tolerance(6),
    enhance_prompt: { is: 'boolean' },
    guidance_scale: number(1, 20),
  }
  const base: Endpoint = { ...flux(image(nanos)), rules, usual: [1024, 1024] }
  return {
    [`${path}/text-to-image`]: base,
    [path]: { ...base, rules: { ...rules, ...ONE_PICTURE }, required: ['image_url'] },
    [`${path}/multi`]: { ...base, rules: { ...rules, ...pictures(4) }, required: ['image_urls'] },
  }
}

function qwen(nanos: bigint): Endpoint {
  const rules = { ...SIZE, ...COUNT, ...SEED, ...NEGATIVE, ...JPEG_PNG, ...TUNING }
  return { ...flux(image(nanos)), rules, format: 'png' }
}

function qwenEdit(): Endpoint {
  const base = qwen(30_000_000n)
  return { ...base, rules: { ...base.rules, ...THREE_FORMATS, ...pictures(3) }, required: ['image_urls'] }
}

function ideogram(path: string): Readonly<Record<string, Endpoint>> {
  const { is: _, ...count } = { ...COUNT.num_images, to: 8 }
  const rules: Rules = {
    ...SEED,
    num_images: { is: 'number', ...count },
    rendering_speed: { is: 'choice', of: ['TURBO', 'BALANCED', 'QUALITY'] },
    expand_prompt: { is: 'boolean' },
    style_codes: { is: 'texts' },
  }
  const style: Rules = { style: { is: 'choice', of: ['AUTO', 'GENERAL', 'REALISTIC', 'DESIGN'] } }
  const base: Endpoint = {
    rules,
    required: [],
    usual: [1024, 1024],
    side: 1024,
    format: 'png',
    answers: { seed: true },
    price: {
      per: 'image',
      by: 'rendering_speed',
      nanos: { TURBO: 30_000_000n, BALANCED: 60_000_000n, QUALITY: 90_000_000n },
      usual: 'BALANCED',
    },
  }
  const drawn = { ...rules, ...style, ...SIZE, ...NEGATIVE }
  return {
    [path]: { ...base, rules: { ...drawn, ...pictures(3) } },
    [`${path}/remix`]: {
      ...base,
      rules: { ...drawn, ...ONE_PICTURE, ...pictures(3), strength: number(0.01, 1) },
      required: ['image_url'],
    },
    [`${path}/edit`]: {
      ...base,
      rules: { ...rules, ...ONE_PICTURE, mask_url: { is: 'picture' } },
      required: ['image_url', 'mask_url'],
    },
  }
}

function luma(nanos: bigint): Endpoint {
  const rules = ratios('16:9', '9:16', '1:1', '4:3', '3:4', '21:9', '9:21')
  return { rules, required: [], usual: [1024, 1024], side: 1024, format: 'jpeg', answers: {}, price: image(nanos) }
}

function banana(path: string, of: readonly string[], more: Rules, price: Price): Readonly<Record<string, Endpoint>> {
  const rules: Rules = {
    ...ratios(...of),
    ...COUNT,
    ...SEED,
    ...THREE_FORMATS,
    ...tolerance(6),
    limit_generations: { is: 'boolean' },
    ...more,
  }
  const answers = { description: true }
  const base: Endpoint = {
    rules,
    required: [],
    usual: [1024, 1024],
    side: 1024,
    format: 'png',
    answers,
    price,
    retired: true,
  }
  return {
    [path]: base,
    [`${path}/edit`]: { ...base, rules: { ...rules, ...pictures(14) }, required: ['image_urls'] },
  }
}

function seedream(path: string, price: Price, more: Rules): Readonly<Record<string, Endpoint>> {
  const rules: Rules = { ...more, ...COUNT, enable_safety_checker: { is: 'boolean' } }
  const base: Endpoint = {
    rules,
    required: [],
    usual: [2048, 2048],
    side: 2048,
    format: 'jpeg',
    answers: { seed: true },
    price,
  }
  return {
    [`${path}/text-to-image`]: base,
    [`${path}/edit`]: { ...base, rules: { ...rules, ...pictures(10) }, required: ['image_urls'] },
  }
}
