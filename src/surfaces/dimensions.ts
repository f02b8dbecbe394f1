import { z } from 'zod'

import { labelOf, readTier } from '../catalog/tier.ts'
import { fail, type Failure } from '../core/errors.ts'
import { TIERS, type ImageRequest, type Tier } from '../core/image-request.ts'
import { err, ok, type Result } from '../core/result.ts'
import { isSaid } from './fields.ts'

const TIER_WORDS = [...TIERS, '0.5K'] as const
const PIXELS = /^([1-9]\d{1,4})x([1-9]\d{1,4})$/
const RATIO = /^(\d{1,2}(?:\.\d{1,2})?):(\d{1,2}(?:\.\d{1,2})?)$/

/** Named tiers; `0.5K` is what OpenRouter's chat calls `512`. */
export function tierField() {
  return z.enum([...TIER_WORDS, 'auto'], { error: `must be one of ${TIER_WORDS.join(', ')}` })
}

/** A tier, exact pixels, or `auto`. */
export function sizeField() {
  const error = `must be one of ${TIER_WORDS.join(', ')}, auto, or pixels such as 1536x1024`
  return z.string({ error }).regex(/^(?:auto|0\.5K|512|[124]K|[1-9]\d{1,4}x[1-9]\d{1,4})$/, { error })
}

/** Any ratio: which ones a model takes is the catalogue's knowledge, and several take more than OpenRouter's list. */
export function ratioField() {
  const error = 'must be a ratio such as 1:1, 16:9, 9:16, 4:3, 3:4, 3:2, 2:3, 21:9, or auto'
  return z
    .string({ error })
    .regex(/^(?:auto|\d{1,2}(?:\.\d{1,2})?:\d{1,2}(?:\.\d{1,2})?)$/, { error })
    .refine((text) => text === 'auto' || Number.isFinite(ratioOf(text)), { error })
}

/** One way in which a dialect let the caller speak of dimensions: the word and the field it stood in. */
interface Spoken {
  readonly field: string
  readonly value: string | null | undefined
}

/**
 * Size, tier and ratio of a request from everything that was said about them. What contradicts is refused, naming the later field:
 * pixels are authoritative, so a tier beside them must be the nearest in area (1344x768 is a 1K picture) and a ratio agree within
 * 4 %, since makers round to their grid.
 */
export function dimensions(
  sizes: readonly Spoken[],
  ratio: Spoken,
): Result<Pick<ImageRequest, 'size' | 'resolution' | 'aspectRatio'>, Failure> {
  let size: ImageRequest['size']
  let resolution: Tier | undefined
  let first: Spoken | undefined
  for (const spoken of sizes.filter(isSpoken)) {
    const pixels = PIXELS.exec(spoken.value ?? '')
    const tier = pixels === null ? readTier(spoken.value ?? '') : undefined
    if (pixels !== null) size = { width: Number(pixels[1]), height: Number(pixels[2]) }
    if (tier !== undefined && resolution !== undefined && tier !== resolution) return contradiction(spoken, first)
    resolution ??= tier
    if (size !== undefined && resolution !== undefined && labelOf(size.width * size.height, TIERS) !== resolution)
      return contradiction(spoken, first)
    first ??= spoken
  }
  if (!isSpoken(ratio)) return ok({ ...(size && { size }), ...(resolution && { resolution }) })
  const aspectRatio = ratio.value ?? ''
  if (size !== undefined && Math.abs(size.width / size.height / ratioOf(aspectRatio) - 1) > 0.04)
    return contradiction(ratio, { field: 'size', value: `${size.width}x${size.height}` })
  return ok({ ...(size && { size }), ...(resolution && { resolution }), aspectRatio })
}

/** What the catalogue refuses as `resolution` was written in `size`, when the tier stands there alone. */
export function tierFieldNames({ size, resolution }: Record<'size' | 'resolution', string | null | undefined>) {
  return isSaid(resolution) || readTier(size ?? '') === undefined ? {} : { fieldNames: { resolution: 'size' } }
}

function contradiction(later: Spoken, earlier: Spoken | undefined): Result<never, Failure> {
  const message = `${later.field} ${later.value} contradicts ${earlier?.field} ${earlier?.value}. Send only one of them.`
  return err(fail('invalid_request', message, { field: later.field }))
}

function isSpoken({ value }: Spoken): boolean {
  return value !== null && value !== undefined && value !== 'auto'
}

function ratioOf(text: string): number {
  const [, width, height] = RATIO.exec(text) ?? []
  const ratio = Number(width) / Number(height)
  return ratio > 0 ? ratio : Number.NaN
}
