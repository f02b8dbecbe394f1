import type { Format } from '../../core/image-request.ts'

/** How one of Stability's services wants to be asked. All of them take a form, and all answer with one picture. */
export interface Endpoint {
  /** Below `/v2beta/stable-image`. */
  readonly path: string
  /** Whether it takes a picture, and whether it can do without. */
  readonly picture: 'never' | 'maybe' | 'always'
  /** What is said beside a picture that the generation starts from: how far it may go from it has to be said then. */
  readonly fromPicture?: Readonly<Record<string, string>>
  readonly mask?: boolean
  /** `from words`: only where there is no picture, whose shape the result has otherwise. */
  readonly ratio: 'never' | 'from words' | 'always'
  readonly negates: boolean
  readonly formats: readonly Format[]
  /** Which model it is, where the service has several. */
  readonly model?: string
}

const ALL = ['png', 'jpeg', 'webp'] as const
const EDIT = { picture: 'always', ratio: 'never', negates: true, formats: ALL } as const

/**
 * How much of the picture that a generation starts from may change: 0 is the picture itself, 1 is none of it. It has to be said, and
 * callers have no word for it but the option `strength`; this is what ComfyUI's nodes for these services begin with.
 */
const STRENGTH = '0.5'

/**
 * By the model id of a route: the service's path, or for Stable Diffusion 3.5 the model's own name. Left out are services that take no
 * prompt (erase, remove-background, upscale/fast), and those that answer with a job (upscale/creative, replace-background-and-relight).
 * Source: Stability's OpenAPI file, as generated into tryAGI/StabilityAI (read 2026-11-22).
 */
const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'generate/ultra': {
    path: '/generate/ultra',
    picture: 'maybe',
    fromPicture: { strength: STRENGTH },
    ratio: 'always',
    negates: true,
    formats: ALL,
  },
  'generate/core': { path: '/generate/core', picture: 'never', ratio: 'always', negates: true, formats: ALL },
  'edit/inpaint': { ...EDIT, path: '/edit/inpaint', mask: true },
  'edit/outpaint': { ...EDIT, path: '/edit/outpaint', negates: false },
  'edit/search-and-replace': { ...EDIT, path: '/edit/search-and-replace' },
  'edit/search-and-recolor': { ...EDIT, path: '/edit/search-and-recolor' },
  'control/sketch': { ...EDIT, path: '/control/sketch' },
  'control/structure': { ...EDIT, path: '/control/structure' },
  'control/style': { ...EDIT, path: '/control/style', ratio: 'always' },
}

/** Undefined: no service is called so. Every model that is named after Stable Diffusion 3 is one of the same service. */
export function endpointOf(model: string): Endpoint | undefined {
  if (!/^sd3(\.\d)?-[a-z-]+$/.test(model)) return Object.hasOwn(ENDPOINTS, model) ? ENDPOINTS[model] : undefined
  return {
    path: '/generate/sd3',
    model,
    picture: 'maybe',
    fromPicture: { mode: 'image-to-image', strength: STRENGTH },
    ratio: 'from words',
    negates: true,
    formats: ['png', 'jpeg'],
  }
}
