import { pixelsOf as geminiPixels, ratioLike as geminiRatioLike } from '../gemini/models.ts'
import { TIERS } from './model.ts'
import type { SimulatedModel, Tier } from './model.ts'

export interface Pixels {
  readonly width: number
  readonly height: number
}

const SIDE: Readonly<Record<Tier, number>> = { '512': 512, '1K': 1024, '2K': 2048, '4K': 4096 }

/** Pixels of a ratio and tier: Google's by its tables; the others of the tier's area, sides multiples of 16. */
export function pixelsOf({ price }: SimulatedModel, ratio: string, tier: Tier): Pixels {
  if (price.per === 'google token') return geminiPixels(price.gemini, ratio, tier)
  const [width = 1, height = 1] = ratio.split(':').map(Number)
  const root = Math.sqrt(width / height)
  return { width: rounded(SIDE[tier] * root), height: rounded(SIDE[tier] / root) }
}

function rounded(length: number): number {
  return Math.max(16, Math.round(length / 16) * 16)
}

/** The ratio that a model takes when none was asked for: the one nearest to its first input, or square without one. */
export function ratioLike(model: SimulatedModel, picture: Pixels | undefined): string {
  if (model.price.per === 'google token') return geminiRatioLike(model.price.gemini, picture)
  if (picture === undefined) return '1:1'
  const wanted = Math.log(picture.width / picture.height)
  const distance = (ratio: string): number => {
    const [width = 1, height = 1] = ratio.split(':').map(Number)
    return Math.abs(Math.log(width / height) - wanted)
  }
  const known = model.ratios.filter((ratio) => ratio !== 'auto')
  return known.toSorted((a, b) => distance(a) - distance(b))[0] ?? '1:1'
}

/** What a model makes unasked. */
export function defaultTier({ tiers }: SimulatedModel): Tier {
  return tiers.includes('1K') ? '1K' : (tiers[0] ?? '1K')
}

/** Why a model does not make exactly these pixels; undefined when it does. */
export function refusedSize(model: SimulatedModel, { width, height }: Pixels): string | undefined {
  const { sizes } = model
  const text = `${width}x${height}`
  if (sizes === undefined) {
    const made = madeSizes(model).map((pixels) => `${pixels.width}x${pixels.height}`)
    return made.includes(text) ? undefined : `Supported sizes are: ${made.join(', ')}.`
  }
  if ('list' in sizes) return sizes.list.includes(text) ? undefined : `Supported sizes are: ${sizes.list.join(', ')}.`
  const { multipleOf, minPixels, maxPixels, maxRatio } = sizes
  if (width % multipleOf !== 0 || height % multipleOf !== 0) return `Both sides must be multiples of ${multipleOf}.`
  if (width * height < minPixels || width * height > maxPixels) {
    return `It must have from ${minPixels} to ${maxPixels} pixels.`
  }
  return Math.max(width / height, height / width) > maxRatio
    ? `No side may exceed ${maxRatio} times the other.`
    : undefined
}

function madeSizes(model: SimulatedModel): readonly Pixels[] {
  const tiers = model.tiers.length > 0 ? model.tiers : [defaultTier(model)]
  return tiers.flatMap((tier) =>
    model.ratios.filter((ratio) => ratio !== 'auto').map((ratio) => pixelsOf(model, ratio, tier)),
  )
}

/** The tier that a size counts as: of those that the model makes, the nearest in area. */
export function tierOf({ tiers }: SimulatedModel, { width, height }: Pixels): Tier {
  const distance = (tier: Tier): number => Math.abs(Math.log((width * height) / SIDE[tier] ** 2))
  return (tiers.length > 0 ? tiers : TIERS).toSorted((a, b) => distance(a) - distance(b))[0] ?? '1K'
}
