import { TIERS, type Tier } from '../core/image-request.ts'
import type { Model, SizeRule } from './model.ts'

type Side = readonly [width: number, height: number]

/** How much longer a side is than at 1K. */
const SCALE: Readonly<Record<Tier, number>> = { '512': 0.5, '1K': 1, '2K': 2, '4K': 4 }

/** Pixels of a tier and ratio as the model's maker documents them; undefined where it does not. */
export function documentedPixels({ pixelsAt1K, tiers }: Model, tier: Tier, ratio: string): Side | undefined {
  const pixels = tiers?.includes(tier) ? pixelsAt1K?.[ratio] : undefined
  return pixels && [pixels[0] * SCALE[tier], pixels[1] * SCALE[tier]]
}

/** Every documented size of a model that is asked by tier and ratio, smallest tier first. */
export function documentedSizes(
  model: Model,
): readonly { readonly tier: Tier; readonly ratio: string; readonly size: Side }[] {
  const tiers = TIERS.filter((tier) => model.tiers?.includes(tier))
  return tiers.flatMap((tier) =>
    Object.keys(model.pixelsAt1K ?? {}).flatMap((ratio) => {
      const size = documentedPixels(model, tier, ratio)
      return size === undefined ? [] : [{ tier, ratio, size }]
    }),
  )
}

/** Why the rule refuses a size, as the end of a sentence about it; undefined when it accepts it. */
export function refusedSize(rule: SizeRule, width: number, height: number): string | undefined {
  if (rule.kind === 'list') {
    if (rule.sizes.length === 0) return 'takes no exact pixels'
    return rule.sizes.includes(`${width}x${height}`) ? undefined : `accepts ${rule.sizes.join(', ')}`
  }
  const { multipleOf, minSide = 1, maxSide = Infinity, minPixels = 1, maxPixels = Infinity, maxRatio = Infinity } = rule
  if (width % multipleOf !== 0 || height % multipleOf !== 0) return `accepts sides that are multiples of ${multipleOf}`
  if (Math.min(width, height) < minSide) return `accepts sides of at least ${minSide} pixels`
  if (Math.max(width, height) > maxSide) return `accepts sides of at most ${maxSide} pixels`
  if (width * height < minPixels) return `accepts at least ${minPixels} pixels in all`
  if (width * height > maxPixels) return `accepts at most ${maxPixels} pixels in all`
  if (Math.max(width / height, height / width) > maxRatio) return `accepts ratios from 1:${maxRatio} to ${maxRatio}:1`
  return undefined
}

/** The `count` documented sizes nearest to the wish in shape and area, as `1024x1024`. */
export function nearestSizes(model: Model, width: number, height: number, count: number): readonly string[] {
  const distance = ([w, h]: Side) => Math.abs(Math.log(w / width)) + Math.abs(Math.log(h / height))
  return documentedSizes(model)
    .toSorted((a, b) => distance(a.size) - distance(b.size))
    .slice(0, count)
    .map(({ size: [w, h] }) => `${w}x${h}`)
}
