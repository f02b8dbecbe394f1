import type { ImageRequest, Tier } from '../../core/image-request.ts'
import type { Endpoint } from './quirks.ts'

/** Sides in pixels of a square picture of each tier. */
const SIDES: Readonly<Record<Tier, number>> = { '512': 512, '1K': 1024, '2K': 2048, '4K': 4096 }

/** What diffusion models make without a fuss: latents are an eighth as large, in patches of two. */
const STEP = 16

/** Pixels are all that these servers know: a ratio becomes the pixels that fit into its tier. */
export function shapeOf(
  { size, aspectRatio, resolution }: ImageRequest,
  shape: Endpoint['shape'],
): Readonly<Record<string, string | number>> {
  const ratio = aspectRatio === 'auto' ? undefined : aspectRatio
  if (shape === undefined || (size === undefined && ratio === undefined && resolution === undefined)) return {}
  const { width, height } = size ?? pixels(ratio, SIDES[resolution ?? '1K'])
  return shape === 'size' ? { size: `${width}x${height}` } : { width, height }
}

/** The ratio at no more than the area of its tier, so that no megapixel is paid for that was not asked for. */
function pixels(ratio: string | undefined, side: number): { readonly width: number; readonly height: number } {
  const [across = 1, down = 1] = (ratio ?? '1:1').split(':').map(Number)
  const stretch = Math.sqrt(across / down)
  const rounded = (length: number) =>
    Number.isFinite(length) ? Math.max(STEP, Math.floor(length / STEP) * STEP) : side
  return { width: rounded(side * stretch), height: rounded(side / stretch) }
}
