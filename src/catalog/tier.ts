import { TIERS, type Tier } from '../core/image-request.ts'

/** Pixels of a square at each resolution label that a price list uses. `768` and `1.5K` are labels of prices, not tiers to ask for. */
const AREAS: Readonly<Record<string, number>> = {
  '512': 512 * 512,
  '768': 768 * 768,
  '720p': 1280 * 720,
  '1K': 1024 * 1024,
  '1080p': 1920 * 1080,
  '1.5K': 1536 * 1536,
  '2K': 2048 * 2048,
  '3K': 3072 * 3072,
  '4K': 4096 * 4096,
}

/** The tier that a text means, in any case and with OpenRouter's older spelling `0.5K`; undefined when it means none. */
export function readTier(text: string): Tier | undefined {
  const canonical = text
    .trim()
    .toUpperCase()
    .replace(/^0\.5K$/, '512')
  return TIERS.find((tier) => tier === canonical)
}

/** Pixels of a square picture of this tier. */
export function areaOf(tier: Tier): number {
  return AREAS[tier] ?? 0
}

/** Which of the labels a picture of so many pixels belongs to: the one nearest in size, by ratio. Undefined when none has a known size. */
export function labelOf(pixels: number, labels: Iterable<string>): string | undefined {
  let nearest: { label: string; distance: number } | undefined
  for (const label of labels) {
    const area = AREAS[label]
    if (area === undefined) continue
    const distance = Math.abs(Math.log(pixels / area))
    if (nearest === undefined || distance < nearest.distance) nearest = { label, distance }
  }
  return nearest?.label
}

/** The smallest of the tiers that is not below the wish, else the largest: what another model makes of a tier that it does not have. */
export function nearestTier(wish: Tier, tiers: readonly Tier[]): Tier | undefined {
  const ordered = tiers.toSorted((a, b) => areaOf(a) - areaOf(b))
  return ordered.find((tier) => areaOf(tier) >= areaOf(wish)) ?? ordered.at(-1)
}
