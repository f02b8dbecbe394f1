import { MOST_PICTURES } from './check.ts'
import type { Model, ModelRoute, PriceEntry } from './model.ts'
import { entryFor, lookedUp, snapshotOf } from './price.ts'

/** OpenRouter's description of one parameter in its image listings. A boolean that is there means supported. */
export type ParameterDescriptor =
  | { readonly type: 'enum'; readonly values: readonly string[] }
  | { readonly type: 'range'; readonly min: number; readonly max: number }
  | { readonly type: 'boolean' }

/** Ratios that OpenRouter's Images API knows: what is listed for a model that takes any. */
const OPENROUTER_RATIOS = [
  '1:1',
  '1:2',
  '1:4',
  '1:8',
  '2:1',
  '2.35:1',
  '2:3',
  '3:2',
  '3:4',
  '4:1',
  '4:3',
  '4:5',
  '5:2',
  '5:4',
  '8:1',
  '9:16',
  '16:9',
  '9:19.5',
  '19.5:9',
  '9:20',
  '20:9',
  '9:21',
  '21:9',
] as const

/** References that OpenRouter's Images API takes at most, for models whose own limit is not documented. */
const MOST_REFERENCES = 16

/** What a request for this model may say, by OpenRouter's parameter names. What is missing is not supported. */
export function supportedParameters({
  tiers,
  aspectRatios,
  supports,
  formats,
  modes,
  maxReferences,
}: Model): Readonly<Record<string, ParameterDescriptor>> {
  const ratios = aspectRatios === 'any' ? OPENROUTER_RATIOS : (aspectRatios ?? [])
  const isVectorOnly = formats.length > 0 && formats.every((format) => format === 'svg')
  const fewest = modes.includes('generate') ? 0 : 1
  const most = modes.includes('edit') ? (maxReferences ?? MOST_REFERENCES) : 0
  return {
    ...(tiers && { resolution: { type: 'enum', values: tiers } }),
    ...(ratios.length > 0 && { aspect_ratio: { type: 'enum', values: ratios } }),
    ...(supports.quality && { quality: { type: 'enum', values: supports.quality } }),
    n: { type: 'range', min: 1, max: MOST_PICTURES },
    output_format: { type: 'enum', values: isVectorOnly ? ['svg', 'png', 'jpeg', 'webp'] : ['png', 'jpeg', 'webp'] },
    output_compression: { type: 'range', min: 0, max: 100 },
    background: {
      type: 'enum',
      values: supports.transparentBackground ? ['auto', 'transparent', 'opaque'] : ['auto', 'opaque'],
    },
    ...(supports.seed && { seed: { type: 'boolean' } }),
    ...(most > 0 && { input_references: { type: 'range', min: fewest, max: most } }),
  }
}

/** OpenRouter's `pricing` object of a model: decimal dollars as text. */
export interface OpenRouterPricing {
  readonly prompt: string
  readonly completion: string
  readonly request: string
  /** Per input picture; absent for token-priced models. */
  readonly image?: string
  /** Per input-picture token. */
  readonly image_token?: string
  /** Per output-picture token of token-priced models, else per output picture or its first megapixel. */
  readonly image_output: string
  readonly internal_reasoning?: string
}

/** `-1` stands for a price that is not known, as OpenRouter writes it for its own router: `0` would read as free. */
export function openrouterPricing(model: Model): OpenRouterPricing {
  const price = snapshotOf(model)
  if (price.basis === 'unpriced') return { prompt: '-1', completion: '-1', request: '-1', image_output: '-1' }
  const looked = lookedUp(price, price.defaults ?? {}, false)
  const rate = (billable: PriceEntry['billable']) =>
    (entryFor(price, billable, looked) ?? price.entries.find((entry) => entry.billable === billable))?.usd
  const output = rate('output_image') ?? '0'
  if (price.basis !== 'token') {
    return { prompt: '0', completion: '0', request: '0', image: rate('input_image') ?? '0', image_output: output }
  }
  const text = rate('output_text')
  return {
    prompt: rate('input_text') ?? '0',
    completion: text ?? '0',
    request: '0',
    image_token: rate('input_image') ?? '0',
    image_output: output,
    ...(text !== undefined && { internal_reasoning: text }),
  }
}

/** One row of `pricing` in OpenRouter's list of a model's image endpoints. */
export interface EndpointPrice {
  readonly billable: PriceEntry['billable']
  readonly unit: PriceEntry['unit']
  /** A JSON number on that wire; never read back. */
  readonly cost_usd: number
  /** Quality, resolution and size that the row is for, joined: `medium_1k`. */
  readonly variant?: string
}

/** Every price of a model, in the order in which they are looked up. */
export function endpointPrices({ pricing }: Model): readonly EndpointPrice[] {
  return pricing.entries.map(({ billable, unit, usd, when = {} }) => {
    const variant = [
      when.quality,
      when.resolution?.toLowerCase(),
      when.size,
      when.edit && 'edit',
      when.additional && 'additional',
    ]
      .filter((part) => typeof part === 'string')
      .join('_')
    return { billable, unit, cost_usd: Number(usd), ...(variant !== '' && { variant }) }
  })
}

/** Routes that answer on a day, in the catalogue's order. */
export function liveRoutes({ routes }: Model, today: string): readonly ModelRoute[] {
  return routes.filter(({ retiresAt }) => retiresAt === undefined || retiresAt > today)
}

/** The day on which the last route ends, `YYYY-MM-DD`; null while one of them has no end. */
export function shutDownOn({ routes }: Model): string | null {
  const days = routes.map(({ retiresAt }) => retiresAt)
  return days.every((day) => day !== undefined) ? (days.toSorted().at(-1) ?? null) : null
}
