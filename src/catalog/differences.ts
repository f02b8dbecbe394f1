import type { ImageRequest } from '../core/image-request.ts'
import type { Difference } from '../core/receipt.ts'
import { areaOf } from './tier.ts'

/** How far a picture's sides may be from the ratio that was asked: makers round to multiples of 16, which is up to 3 %. */
const RATIO_TOLERANCE = 0.05

/** Less or more than this share of a tier's pixels is another tier. */
const LEAST_OF_TIER = 0.6
/** What a screen calls 4K, 3840x2160, is 0.49 of 4096x4096. */
const LEAST_OF_4K = 0.45
const MOST_OF_TIER = 1.7

type Asked = Pick<ImageRequest, 'size' | 'aspectRatio' | 'resolution'>

interface Pixels {
  readonly width: number
  readonly height: number
}

/**
 * Where a picture is not what was asked: its exact size, its shape, its resolution. Nothing that the caller left open is a difference.
 * Providers do deliver 1K for 2K and squares for 16:9, and answer 200.
 */
export function differences(asked: Asked, picture: Pixels, image: number): readonly Difference[] {
  const { width, height } = picture
  const delivered = `${width}x${height}`
  if (asked.size !== undefined) {
    const wanted = `${asked.size.width}x${asked.size.height}`
    return wanted === delivered ? [] : [{ image, field: 'size', asked: wanted, delivered }]
  }
  const found: Difference[] = []
  const ratio = ratioOf(asked.aspectRatio)
  if (ratio !== undefined && Math.abs(width / height / ratio - 1) > RATIO_TOLERANCE)
    found.push({ image, field: 'aspect_ratio', asked: asked.aspectRatio ?? '', delivered })
  if (asked.resolution !== undefined) {
    const share = (width * height) / areaOf(asked.resolution)
    const least = asked.resolution === '4K' ? LEAST_OF_4K : LEAST_OF_TIER
    if (share < least || share > MOST_OF_TIER)
      found.push({ image, field: 'resolution', asked: asked.resolution, delivered })
  }
  return found
}

/** The share of the pixels that were asked, at most 1; 1 where nothing was said about them or they are all there. */
export function shareOfPixels(asked: Asked, picture: Pixels): number {
  const wanted =
    asked.size !== undefined
      ? asked.size.width * asked.size.height
      : asked.resolution !== undefined
        ? areaOf(asked.resolution)
        : undefined
  if (wanted === undefined || !differences(asked, picture, 0).some(({ field }) => field !== 'aspect_ratio')) return 1
  return Math.min(1, (picture.width * picture.height) / wanted)
}

function ratioOf(text: string | undefined): number | undefined {
  const [, width, height] = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(text ?? '') ?? []
  const ratio = Number(width) / Number(height)
  return Number.isFinite(ratio) && ratio > 0 ? ratio : undefined
}
