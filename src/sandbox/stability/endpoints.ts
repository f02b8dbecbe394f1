/** A field of a form, as the service reads it out of a text or a file. */
export type Rule =
  | { readonly is: 'text'; readonly most: number; readonly least?: number }
  | { readonly is: 'number'; readonly from: number; readonly to: number; readonly whole?: boolean }
  | { readonly is: 'choice'; readonly of: readonly string[] }
  | { readonly is: 'picture'; readonly mostPixels?: number }

/** One of Stability's services. Fields, bounds and credits: its OpenAPI file, as generated into tryAGI/StabilityAI (read 2026-11-22). */
export interface Endpoint {
  readonly fields: Readonly<Record<string, Rule>>
  readonly required: readonly string[]
  /** Thousandths of a credit, for one picture. */
  credits(fields: Readonly<Record<string, string>>): number
  /** `own`: about so many pixels by the ratio. `input`: the picture's. `grown`: the picture's and what is added to it. */
  readonly size: 'own' | 'input' | 'grown'
  readonly pixels?: number
}

const RATIOS = ['16:9', '1:1', '21:9', '2:3', '3:2', '4:5', '5:4', '9:16', '9:21']
const STYLES =
  '3d-model analog-film anime cinematic comic-book digital-art enhance fantasy-art isometric line-art low-poly modeling-compound neon-punk origami photographic pixel-art tile-texture'
const MEGAPIXEL = 1024 * 1024
/** The most that a picture to be edited may have. */
const EDITED = 9_437_184

const words: Rule = { is: 'text', most: 10_000 }
const prompt: Rule = { ...words, least: 1 }
const ratio: Rule = { is: 'choice', of: RATIOS }
const picture: Rule = { is: 'picture' }
const edited: Rule = { is: 'picture', mostPixels: EDITED }
const share: Rule = { is: 'number', from: 0, to: 1 }
const formats = (...of: readonly string[]): Rule => ({ is: 'choice', of })
const whole = (from: number, to: number): Rule => ({ is: 'number', from, to, whole: true })

const COMMON = {
  seed: whole(0, 4_294_967_294),
  style_preset: { is: 'choice', of: STYLES.split(' ') },
  output_format: formats('jpeg', 'png', 'webp'),
} as const satisfies Readonly<Record<string, Rule>>
const PROMPTED = { ...COMMON, prompt, negative_prompt: words } as const
const EDIT = { ...PROMPTED, image: edited, grow_mask: whole(0, 20) } as const

/** Stable Diffusion 3.5 by its model, in thousandths of a credit; the older names are sent on to the newer models. */
const SD3: Readonly<Record<string, number>> = {
  'sd3.5-large': 6500,
  'sd3.5-large-turbo': 4000,
  'sd3.5-medium': 3500,
  'sd3.5-flash': 2500,
  'sd3-large': 6500,
  'sd3-large-turbo': 4000,
  'sd3-medium': 3500,
}

function flat(credits: number): Pick<Endpoint, 'credits'> {
  return { credits: () => credits * 1000 }
}

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'generate/ultra': {
    fields: { ...PROMPTED, aspect_ratio: ratio, image: picture, strength: share },
    required: ['prompt'],
    ...flat(8),
    size: 'own',
  },
  'generate/core': {
    fields: { ...PROMPTED, aspect_ratio: ratio },
    required: ['prompt'],
    ...flat(3),
    size: 'own',
    pixels: 1.5 * MEGAPIXEL,
  },
  'generate/sd3': {
    fields: {
      ...PROMPTED,
      output_format: formats('jpeg', 'png'),
      aspect_ratio: ratio,
      image: picture,
      strength: share,
      mode: { is: 'choice', of: ['text-to-image', 'image-to-image'] },
      model: { is: 'choice', of: Object.keys(SD3) },
      cfg_scale: { is: 'number', from: 1, to: 10 },
    },
    required: ['prompt'],
    credits: ({ model = 'sd3.5-large' }) => SD3[model] ?? 0,
    size: 'own',
  },
  'edit/inpaint': {
    fields: { ...EDIT, grow_mask: whole(0, 100), mask: picture },
    required: ['image', 'prompt'],
    ...flat(5),
    size: 'input',
  },
  'edit/outpaint': {
    fields: {
      ...COMMON,
      prompt: words,
      image: edited,
      creativity: share,
      left: whole(0, 2000),
      right: whole(0, 2000),
      up: whole(0, 2000),
      down: whole(0, 2000),
    },
    required: ['image'],
    ...flat(4),
    size: 'grown',
  },
  'edit/search-and-replace': {
    fields: { ...EDIT, search_prompt: prompt },
    required: ['image', 'prompt', 'search_prompt'],
    ...flat(5),
    size: 'input',
  },
  'edit/search-and-recolor': {
    fields: { ...EDIT, select_prompt: prompt },
    required: ['image', 'prompt', 'select_prompt'],
    ...flat(5),
    size: 'input',
  },
  'control/sketch': controlled('control_strength', 'input'),
  'control/structure': controlled('control_strength', 'input'),
  'control/style': controlled('fidelity', 'own', { aspect_ratio: ratio }),
}

function controlled(by: string, size: Endpoint['size'], more: Readonly<Record<string, Rule>> = {}): Endpoint {
  const fields = { ...PROMPTED, image: edited, [by]: share, ...more }
  return { fields, required: ['image', 'prompt'], ...flat(5), size }
}

/** By the path below `/v2beta/stable-image`. */
export function endpointAt(path: string): Endpoint | undefined {
  return Object.hasOwn(ENDPOINTS, path) ? ENDPOINTS[path] : undefined
}

/** By the model id of a route: the path, or a model of Stable Diffusion 3.5. */
export function findEndpoint(model: string): Endpoint | undefined {
  return Object.hasOwn(SD3, model)
    ? ENDPOINTS['generate/sd3']
    : model === 'generate/sd3'
      ? undefined
      : endpointAt(model)
}
