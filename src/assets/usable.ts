import type { Probed } from './probe.ts'
import { err, ok, type Result } from '../core/result.ts'

/** Why bytes are no picture that could be used. Nothing was kept of them. */
export interface UnusablePicture {
  readonly reason:
    | 'bad_base64'
    | 'not_a_picture'
    | 'unsupported_format'
    | 'too_large'
    | 'truncated'
    | 'empty'
    /** Its headers were fine, but its pixels could not be had: damaged, a trap, or too slow or too large to decode. */
    | 'not_decodable'
  /** What is wrong, in one sentence that fits behind a field's name. */
  readonly message: string
}

export interface PictureLimits {
  readonly mediaTypes: readonly string[]
  readonly maxBytes: number
  readonly maxPixels: number
  /** Longest side in pixels. */
  readonly maxSide: number
  readonly animated: boolean
}

/** What callers may send. Animation is refused: providers read the first frame or fail, and neither is what was meant. */
export const REFERENCE_LIMITS: PictureLimits = {
  mediaTypes: ['image/png', 'image/jpeg', 'image/webp'],
  maxBytes: 25 * 1024 * 1024,
  maxPixels: 50_000_000,
  maxSide: 16_384,
  animated: false,
}

/** What providers may answer: everything they make today with room to grow, and no more than a viewer can be handed. */
export const ANSWER_LIMITS: PictureLimits = {
  mediaTypes: ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/svg+xml'],
  maxBytes: 64 * 1024 * 1024,
  maxPixels: 400_000_000,
  maxSide: 65_535,
  animated: true,
}

/** The picture's facts if it may be used. Decides from headers and sizes alone. */
export function judge(
  probed: Probed | undefined,
  bytes: number,
  limits: PictureLimits,
): Result<Probed, UnusablePicture> {
  if (bytes === 0) return refuse('empty', 'The picture has no bytes.')
  if (bytes > limits.maxBytes) return err(tooManyBytes(limits.maxBytes))
  if (probed === undefined) return refuse('not_a_picture', 'The bytes are no picture of a known format.')
  const name = probed.mediaType
    .replace(/^\w+\//, '')
    .replace('svg+xml', 'svg')
    .toUpperCase()
  if (!limits.mediaTypes.includes(probed.mediaType))
    return refuse('unsupported_format', `The picture is ${name}; accepted are ${limits.mediaTypes.join(', ')}.`)
  if (probed.animated && !limits.animated)
    return refuse('unsupported_format', `The ${name} has more than one frame; only still pictures are accepted.`)
  const { width, height } = probed
  if (width > limits.maxSide || height > limits.maxSide || width * height > limits.maxPixels)
    return refuse(
      'too_large',
      `The picture is ${width} × ${height} pixels; accepted are ${limits.maxPixels / 1e6} megapixels and ${limits.maxSide} a side.`,
    )
  if (probed.fault !== undefined) return refuse('truncated', `The ${name} is not whole: ${probed.fault}.`)
  if (width === 0 || height === 0) return refuse('not_a_picture', `The ${name} names no size.`)
  return ok(probed)
}

export function tooManyBytes(maxBytes: number): UnusablePicture {
  return { reason: 'too_large', message: `The picture has more than ${Math.floor(maxBytes / (1024 * 1024))} MiB.` }
}

export function refuse(reason: UnusablePicture['reason'], message: string): Result<never, UnusablePicture> {
  return err({ reason, message })
}
