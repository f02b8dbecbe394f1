import type { SimulatedModel as Gemini } from '../gemini/models.ts'

/** An image model as OpenRouter sells it. */
export interface SimulatedModel {
  readonly id: string
  readonly name: string
  readonly retired: boolean
  /** Hosts that serve it, the cheapest first. */
  readonly hosts: readonly Host[]
  readonly ratios: readonly string[]
  /** Smallest first. Unasked it makes 1K where it can, else the first. Empty: it knows no tiers and makes 1K. */
  readonly tiers: readonly Tier[]
  /** Undefined: it takes no exact pixels but those of its ratios and tiers. */
  readonly sizes: SizeRule | undefined
  readonly maxReferences: number
  readonly maxN: number
  readonly seed: boolean
  /** Empty: it has no such knob and ignores the field. */
  readonly qualities: readonly string[]
  /** The first is its default; with one alone there is no knob. */
  readonly formats: readonly ('png' | 'jpeg' | 'webp')[]
  readonly transparency: boolean
  /** Whether it answers with words too. */
  readonly speaks: boolean
  /** Sold at chat completions alone. */
  readonly chatOnly: boolean
  readonly price: Price
}

export interface Host {
  /** As `provider.order` names it. */
  readonly slug: string
  readonly name: string
}

export type Tier = '512' | '1K' | '2K' | '4K'
export const TIERS: readonly Tier[] = ['512', '1K', '2K', '4K']

export type SizeRule =
  | { readonly list: readonly string[] }
  | { readonly multipleOf: number; readonly minPixels: number; readonly maxPixels: number; readonly maxRatio: number }

/** All money in nano-dollars. */
export type Price =
  | { readonly per: 'image'; readonly byTier: Readonly<Partial<Record<Tier, bigint>>> }
  /** Every picture by itself, rounded up to whole megapixels of 1,048,576 pixels. */
  | { readonly per: 'megapixel'; readonly first: bigint; readonly more: bigint }
  | { readonly per: 'google token'; readonly gemini: Gemini }
  | {
      readonly per: 'token'
      readonly rates: {
        readonly text: bigint
        readonly picture: bigint
        readonly image: bigint
        readonly words: bigint
      }
      /** Output tokens of 1,048,576 pixels by quality. */
      readonly perMegapixel: Readonly<Record<string, number>>
      readonly perReference: number
    }

const TEN_RATIOS = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9']

/** `POST /images` accepts these and no others, whatever the model: https://openrouter.ai/docs/api-reference (read 2026-11-22). */
export const ALL_RATIOS =
  '1:1 1:2 1:4 1:8 2:1 2:3 2.35:1 3:2 3:4 4:1 4:3 4:5 5:2 5:4 8:1 9:16 16:9 9:19.5 19.5:9 9:20 20:9 9:21 21:9 auto'.split(
    ' ',
  )

/** What most models are like. */
export const plain = {
  retired: false,
  ratios: TEN_RATIOS,
  tiers: ['1K'],
  sizes: undefined,
  maxReferences: 4,
  maxN: 1,
  seed: false,
  qualities: [],
  formats: ['png'],
  transparency: false,
  speaks: false,
  chatOnly: false,
} as const satisfies Partial<SimulatedModel>

export function named(id: string, name: string): { id: string; name: string } {
  return { id, name }
}

export function image(byTier: Extract<Price, { per: 'image' }>['byTier']): Price {
  return { per: 'image', byTier }
}

export function megapixel(first: bigint, more = first): Price {
  return { per: 'megapixel', first, more }
}

export function token(
  rates: Extract<Price, { per: 'token' }>['rates'],
  perMegapixel: Readonly<Record<string, number>>,
  perReference: number,
): Price {
  return { per: 'token', rates, perMegapixel, perReference }
}
