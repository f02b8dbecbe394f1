import type { Tier } from '../core/image-request.ts'
import { priceOf, rateOf } from '../core/money.ts'
import type { Billable } from '../core/receipt.ts'
import type { Model, PriceEntry, Pricing, TokenFacts } from './model.ts'
import { areaOf, labelOf } from './tier.ts'

/** What the price of a picture depends on, as far as the request says. */
export interface PriceTraits {
  readonly resolution?: string
  readonly quality?: string
  /** Exact pixels, `1536x1024`. */
  readonly size?: string
}

/** Everything that prices a request, as data: written down with the hold, so that a later catalogue cannot change a charge. */
export interface PriceSnapshot {
  readonly version: string
  readonly basis: Pricing['basis']
  readonly confidence: Pricing['confidence']
  readonly entries: readonly PriceEntry[]
  readonly tokens?: TokenFacts
  readonly defaults?: NonNullable<Model['defaults']>
  /** Most pixels that one picture can have, where the model's sizes say so. */
  readonly maxPixels?: number
}

/** JSON-serialisable, and equal after a round trip. */
export function snapshotOf({ pricing, tokens, defaults, sizes }: Model): PriceSnapshot {
  const maxPixels = sizes?.kind === 'range' ? sizes.maxPixels : undefined
  return {
    version: pricing.version,
    basis: pricing.basis,
    confidence: pricing.confidence,
    entries: pricing.entries,
    ...(tokens && { tokens }),
    ...(defaults && { defaults }),
    ...(maxPixels !== undefined && { maxPixels }),
  }
}

export interface Pixels {
  readonly width: number
  readonly height: number
}

/** Traits as prices are looked up by: what was left open is what the provider does by itself. `auto` is open. */
export interface Looked {
  readonly resolution: string | undefined
  readonly quality: string | undefined
  readonly size: string | undefined
  readonly edit: boolean
}

/** `delivered` is the picture that came, where one did: it settles what neither the request nor the provider's defaults say. */
export function lookedUp(price: PriceSnapshot, traits: PriceTraits, edit: boolean, delivered?: Pixels): Looked {
  const size = traits.size ?? (delivered && `${delivered.width}x${delivered.height}`)
  return {
    resolution:
      traits.resolution ?? labelOfSize(price, traits.size) ?? price.defaults?.resolution ?? labelOfSize(price, size),
    quality: isPriced(price, traits.quality) ? traits.quality : price.defaults?.quality,
    size,
    edit,
  }
}

function labelOfSize(price: PriceSnapshot, size: string | undefined): string | undefined {
  const pixels = size === undefined ? undefined : pixelsOf(size)
  if (pixels === undefined) return undefined
  return labelOf(pixels, new Set(price.entries.flatMap(({ when }) => when?.resolution ?? [])))
}

function isPriced({ entries, tokens }: PriceSnapshot, quality: string | undefined): boolean {
  if (quality === undefined) return false
  if (entries.some(({ when }) => when?.quality === quality)) return true
  return (
    Object.hasOwn(tokens?.outputPerMegapixel ?? {}, quality) ||
    (tokens?.outputBySize ?? []).some((row) => row.quality === quality)
  )
}

/** The first entry of a billable that matches, for a picture's first (or only) unit. */
export function entryFor(price: PriceSnapshot, billable: Billable, looked: Looked): PriceEntry | undefined {
  return firstUnits(price, billable).find(({ when = {} }) => matches(when, looked, false))
}

/** The dearest entry of a billable that the request may still turn out to need: open traits match anything. */
export function dearestFor(price: PriceSnapshot, billable: Billable, looked: Looked): PriceEntry | undefined {
  const entries = firstUnits(price, billable)
  const possible = entries.filter(({ when = {} }) => matches(when, looked, true))
  return dearest(possible.length > 0 ? possible : entries)
}

/** Price of every megapixel of a picture after its first; undefined where all cost the same. */
export function additionalFor({ entries }: PriceSnapshot, billable: Billable): PriceEntry | undefined {
  return entries.find((entry) => entry.billable === billable && entry.when?.additional === true)
}

function firstUnits({ entries }: PriceSnapshot, billable: Billable): readonly PriceEntry[] {
  return entries.filter((entry) => entry.billable === billable && entry.when?.additional !== true)
}

function matches(when: NonNullable<PriceEntry['when']>, looked: Looked, openMatches: boolean): boolean {
  if (when.edit !== undefined && when.edit !== looked.edit) return false
  return (['resolution', 'quality', 'size'] as const).every((trait) => {
    if (when[trait] === undefined) return true
    return looked[trait] === undefined ? openMatches : when[trait] === looked[trait]
  })
}

const A_BILLION = 1_000_000_000n

function dearest(entries: readonly PriceEntry[]): PriceEntry | undefined {
  return entries.toSorted((a, b) => Number(priceOf(A_BILLION, rateOf(b.usd)) - priceOf(A_BILLION, rateOf(a.usd))))[0]
}

/** Output tokens that the catalogue expects of one picture, for a call whose usage was not reported. */
export function expectedTokens(price: PriceSnapshot, looked: Looked): number {
  const { tokens, defaults } = price
  if (tokens === undefined) return 0
  const counted = countedTokens(tokens, { ...looked, quality: looked.quality ?? 'medium' }, price.maxPixels)
  if (counted.length > 0) return counted[0] ?? 0
  const { outputPerImage } = tokens
  return outputPerImage[tierOf(looked, defaults)] ?? Object.values(outputPerImage)[0] ?? 0
}

/** The most output tokens that one picture may turn out to take. */
export function heldTokens(price: PriceSnapshot, looked: Looked): number {
  const { tokens } = price
  if (tokens === undefined) return 0
  const counted = countedTokens(tokens, looked, price.maxPixels)
  if (counted.length > 0) return Math.max(...counted)
  const held = { ...tokens.outputPerImage, ...tokens.holdPerImage }
  const asked = looked.resolution === undefined ? undefined : held[looked.resolution as Tier]
  return asked ?? Math.max(0, ...Object.values(held))
}

function tierOf({ resolution }: Looked, defaults: PriceSnapshot['defaults']): Tier {
  return (resolution ?? defaults?.resolution ?? '1K') as Tier
}

/** Every count that fits, square sizes first, for models that are counted by quality and size; empty for the others. */
function countedTokens(
  tokens: TokenFacts,
  { resolution, quality, size }: Looked,
  maxPixels = Infinity,
): readonly number[] {
  const ofQuality = (name: string) => quality === undefined || quality === name
  const listed = (tokens.outputBySize ?? []).filter((row) => ofQuality(row.quality))
  const isOpen = size === undefined && (resolution === undefined || resolution === '1K')
  const fitting = listed.filter((row) => isOpen || row.size === size).map((row) => row.tokens)
  if (fitting.length > 0) return fitting

  const asked = size === undefined ? undefined : pixelsOf(size)
  const pixels = Math.min(asked ?? areaOf((resolution ?? '1K') as Tier), maxPixels)
  const estimated = Object.entries(tokens.outputPerMegapixel ?? {})
    .filter(([name]) => ofQuality(name))
    .map(([, perMegapixel]) => Math.ceil((perMegapixel * pixels) / PIXELS_PER_MEGAPIXEL))
  // A picture of a size that no table knows still took tokens: never none.
  return estimated.length > 0 ? estimated : listed.map((row) => row.tokens)
}

/** What price lists mean by a megapixel: 1024 × 1024 is one, not 1.05. */
export const PIXELS_PER_MEGAPIXEL = 1024 * 1024

/** Megapixels as they are billed: every picture by itself, rounded up to whole ones. */
export function megapixels({ width, height }: Pixels): number {
  return Math.max(1, Math.ceil((width * height) / PIXELS_PER_MEGAPIXEL))
}

/** Pixels of `1536x1024`; undefined when the text is no size. */
export function pixelsOf(size: string): number | undefined {
  const [width, height] = size.split('x').map(Number)
  return width && height ? width * height : undefined
}
