import type { ImageRequest, Tier } from '../../core/image-request.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Shape } from './models.ts'

/** Sides in pixels of a square picture of each tier. */
const SIDES: Readonly<Record<Tier, number>> = { '512': 512, '1K': 1024, '2K': 2048, '4K': 4096 }

/** `1328*1328`, with an asterisk; undefined where the caller left it open. What the model does not make is an error. */
export function sizeOf(
  { size, aspectRatio, resolution }: Pick<ImageRequest, 'size' | 'aspectRatio' | 'resolution'>,
  shape: Shape,
): Result<string | undefined, string> {
  if (size !== undefined) return ok(`${size.width}*${size.height}`)
  if (aspectRatio === undefined && resolution === undefined) return ok(undefined)
  if (resolution !== undefined && !('fixed' in shape ? resolution === '1K' : shape.tiers.includes(resolution))) {
    return err(`The model has no resolution ${resolution}.`)
  }
  if ('fixed' in shape) {
    const fixed = shape.fixed[aspectRatio ?? '1:1']
    return fixed === undefined ? err(`The model has no aspect_ratio ${aspectRatio}.`) : ok(fixed)
  }
  if (aspectRatio === undefined && shape.words) return ok(resolution)
  return pixels(aspectRatio ?? '1:1', resolution === undefined ? shape.side : SIDES[resolution])
}

/** The ratio at no more than the area of the square, as that is the most that models take; sides are multiples of 16. */
function pixels(ratio: string, side: number): Result<string, string> {
  const [across = 1, down = 1] = ratio.split(':').map(Number)
  const stretch = Math.sqrt(across / down)
  const sides = [side * stretch, side / stretch].map((length) => Math.floor(length / 16) * 16)
  return sides.every((length) => length > 0 && Number.isFinite(length))
    ? ok(sides.join('*'))
    : err(`The aspect_ratio ${ratio} is not two numbers with a colon between them.`)
}
