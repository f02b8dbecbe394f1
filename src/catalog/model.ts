import type { Tier } from '../core/image-request.ts'
import type { Billable, Unit } from '../core/receipt.ts'

/** One model as reviewed data. Everything that changes faster than code (ids, prices, sizes, retirements) is here and nowhere else. */
export interface Model {
  /** `author/slug`, canonical. */
  readonly id: string
  readonly name: string
  readonly author: string
  readonly description: string
  /** Epoch seconds; the catalogue's best knowledge of when the model appeared. */
  readonly created: number
  /** Other names that mean this model. Retired ids are rows of their own with a `successor`. */
  readonly aliases: readonly string[]
  readonly status: 'active' | 'preview' | 'deprecated' | 'retired'
  readonly openWeights: boolean
  readonly modes: readonly ('generate' | 'edit')[]
  readonly inputModalities: readonly ('text' | 'image')[]
  readonly outputModalities: readonly ('text' | 'image')[]
  /** Ways to have it made, dearest knowledge first: the operator's configured providers decide which are live. */
  readonly routes: readonly ModelRoute[]
  /** Canonical id of the model that live traffic goes to once every route is retired. */
  readonly successor?: string
  readonly pricing: Pricing
  /** Undefined: not documented, anything is passed on. `any`: every ratio. */
  readonly aspectRatios: readonly string[] | 'any' | undefined
  /** Tiers it can make, smallest first; undefined: it has no tiers. */
  readonly tiers: readonly Tier[] | undefined
  /**
   * What its provider makes of a request that leaves these open: such requests are priced so. `n`: the pictures that one call makes
   * whatever is asked, where they are more than one; who asks for fewer is delivered and charged fewer.
   */
  readonly defaults?: { readonly resolution?: Tier; readonly quality?: string; readonly n?: number }
  /** Pixels by ratio at 1K, where the maker documents them: other tiers double them. `{ '1:1': [1024, 1024] }` */
  readonly pixelsAt1K?: Readonly<Record<string, readonly [number, number]>>
  /**
   * What exact `WxH` sizes it takes. Undefined: none where `aspectRatios` lists the ratios (the pixel table above apart); passed on
   * unchecked where it does not.
   */
  readonly sizes?: SizeRule
  /** Undefined: not documented. Zero: cannot edit. */
  readonly maxReferences: number | undefined
  readonly maxNPerCall: number
  readonly supports: {
    readonly mask: boolean
    readonly seed: boolean
    readonly transparentBackground: boolean
    readonly negativePrompt: boolean
    readonly streaming: boolean
    readonly quality?: readonly string[]
  }
  /** What the model returns by itself; the first is its default. Empty: not documented. */
  readonly formats: readonly string[]
  /** Token limits and counts, for token-priced models. */
  readonly tokens?: TokenFacts
  readonly maxPromptTokens?: number
  /** Total deadline in seconds where 300 is not enough. */
  readonly deadlineS?: number
  /** Where the facts came from, and the date. */
  readonly sources: readonly string[]
  readonly asOf: string
  readonly notes: string | undefined
}

export interface ModelRoute {
  /** OpenRouter's slug of the provider: `google-ai-studio`. */
  readonly provider: string
  /** The provider's own id of the model. */
  readonly model: string
  /** `YYYY-MM-DD`: from this day on the route is dead. */
  readonly retiresAt?: string
  /** What this provider charges, where that is not the model's list price. */
  readonly pricing?: Pricing
  /** What the model can and cannot do there, where that is not what the row says. */
  readonly differs?: RouteFacts
}

/** Facts of a row that a route may have otherwise. */
export type RouteFacts = Partial<
  Pick<
    Model,
    'modes' | 'maxReferences' | 'maxNPerCall' | 'formats' | 'sizes' | 'aspectRatios' | 'tiers' | 'defaults' | 'tokens'
  >
> & { readonly supports?: Partial<Model['supports']> }

/** What a provider takes from nobody, whatever the model. */
export interface ProviderLimits {
  readonly edits: boolean
  readonly mask: boolean
  readonly seed: boolean
  readonly negativePrompt: boolean
  readonly mostPerCall: number
  readonly progress: 'none' | 'queue' | 'fraction' | 'previews'
  /** Pictures that a call with these options makes, where they decide it whatever the model: an upscale makes one. */
  makes?(options: Readonly<Record<string, unknown>>): number | undefined
}

/** The row as one of its routes sells it: everything that checks, quotes and charges a model can be given this. */
export function onRoute(model: Model, { pricing, differs }: ModelRoute, limits?: ProviderLimits): Model {
  if (pricing === undefined && differs === undefined && limits === undefined) return model
  const row = {
    ...model,
    ...(pricing && { pricing }),
    ...differs,
    supports: { ...model.supports, ...differs?.supports },
  }
  if (limits === undefined) return row
  const { supports } = row
  return {
    ...row,
    modes: limits.edits ? row.modes : row.modes.filter((mode) => mode !== 'edit'),
    maxNPerCall: Math.min(row.maxNPerCall, limits.mostPerCall),
    supports: {
      ...supports,
      mask: supports.mask && limits.mask,
      seed: supports.seed && limits.seed,
      negativePrompt: supports.negativePrompt && limits.negativePrompt,
      streaming: supports.streaming && limits.progress === 'previews',
    },
  }
}

export interface Pricing {
  /** How the model is billed. `unpriced`: no trustworthy list price exists; the operator has to set one. */
  readonly basis: 'token' | 'image' | 'megapixel' | 'free' | 'unpriced'
  /** Changes with every change of a price; stored with each hold. `2026-11-22.1` */
  readonly version: string
  readonly confidence: 'high' | 'medium' | 'low'
  readonly entries: readonly PriceEntry[]
  readonly note: string | undefined
}

/** One price: so many dollars per unit of a billable, for requests that match. */
export interface PriceEntry {
  readonly billable: Billable
  readonly unit: Unit
  /** Decimal dollars for ONE unit, exact: `0.00003` per token, `0.04` per image. */
  readonly usd: string
  /** The entry applies only to requests with these traits; the first matching entry of a billable wins. */
  readonly when?: {
    readonly resolution?: string
    readonly quality?: string
    readonly size?: string
    /** Whether the request brings references. */
    readonly edit?: boolean
    /** Megapixels of a picture after its first. */
    readonly additional?: boolean
  }
}

export interface TokenFacts {
  /** Output tokens of one picture by tier. */
  readonly outputPerImage: Readonly<Partial<Record<Tier, number>>>
  /** What to hold per picture, where the maker's documents disagree and the hold must cover the dearest. */
  readonly holdPerImage?: Readonly<Partial<Record<Tier, number>>>
  /** Output tokens of one picture by quality and exact size, where the maker counts so. Goes before the tiers. */
  readonly outputBySize?: readonly { readonly quality: string; readonly size: string; readonly tokens: number }[]
  /** Output tokens per 1,048,576 pixels by quality: an estimate for sizes that are in no table. */
  readonly outputPerMegapixel?: Readonly<Record<string, number>>
  /** Tokens of one reference picture. */
  readonly inputPerImage: number
}

export type SizeRule =
  | { readonly kind: 'list'; readonly sizes: readonly string[] }
  | {
      readonly kind: 'range'
      readonly multipleOf: number
      readonly minSide?: number
      readonly maxSide?: number
      readonly minPixels?: number
      readonly maxPixels?: number
      readonly maxRatio?: number
    }
