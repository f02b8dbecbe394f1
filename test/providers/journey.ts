import { dataUrl, photograph } from '../support/pictures.ts'

/** One provider as a caller meets it: what is asked over HTTP with a live key, and what each answer has to cost. */
export interface Journey {
  /** Slug in the registry. */
  readonly provider: string
  /** The operator's settings but for the base URL, which is the simulator's: `{ STABILITY_API_KEY: 'sk-journey' }`. `{simulator}` stands for that. */
  readonly environment: Readonly<Record<string, string>>
  /** Rows for PLANTAIN_CATALOG: prices of models that have none. */
  readonly catalog?: readonly object[]
  readonly steps: readonly Step[]
  /** What is begun before the gateway is killed and has to be there, paid for once, after its restart. Of asynchronous providers. */
  readonly survives?: Step
}

export interface Step {
  /** `edits a picture with a mask`. */
  readonly does: string
  /** The body of POST /api/v1/images; the provider is pinned by the runner. */
  readonly body: Readonly<Record<string, unknown>>
  /** Decimal dollars, computed by hand from the price list: what the caller is charged. */
  readonly charge: string
  /** What the provider itself charges, where that is something else. */
  readonly cost?: string
  /** Pictures delivered; 1 when absent. */
  readonly pictures?: number
  /** Pixels of each, where they are known. */
  readonly size?: readonly [width: number, height: number]
  /** The answer's status instead of 200, and a part of its message. */
  readonly refused?: { readonly status: number; readonly says: string }
}

/** Small photographs for references and masks, as data URLs. */
export const PHOTO = dataUrl(await photograph('jpeg', 512, 512), 'image/jpeg')
export const PHOTO_PNG = dataUrl(await photograph('png', 512, 512, 2), 'image/png')

/** The way OpenRouter's Images API takes a reference. */
export function reference(url: string): object {
  return { type: 'image_url', image_url: { url } }
}
