import { type ImageRequest, references, type Tier } from '../../core/image-request.ts'
import type { ReplicateModel } from './models.ts'

type Size = NonNullable<ImageRequest['size']>

/** Sides in pixels of a square picture of each tier. */
const SIDES: Readonly<Record<Tier, number>> = { '512': 512, '1K': 1024, '2K': 2048, '4K': 4096 }

/** Sides are multiples of this where a model cares, and none is shorter than that. */
const STEP = 32
const SHORTEST = 256

/** Size and shape in the model's own fields; what it has none for has been refused before. */
export function shapeOf(request: ImageRequest, model: ReplicateModel): Readonly<Record<string, string | number>> {
  const { size, aspectRatio, resolution } = request
  const { shape, custom, tiers, pictures } = model
  switch (shape) {
    case 'picture':
      return {}
    case 'pixels':
      return size ?? (aspectRatio === undefined ? {} : pixelsOf(aspectRatio, SIDES['1K']))
    case 'text': {
      // Its own default is the second tier.
      const pixels = size ?? (aspectRatio === undefined ? undefined : pixelsOf(aspectRatio, SIDES[resolution ?? '2K']))
      if (pixels !== undefined) return { size: `${pixels.width}*${pixels.height}` }
      return resolution === undefined ? {} : { size: resolution }
    }
    case 'ratio': {
      const isNameless = aspectRatio !== undefined && custom?.named?.includes(aspectRatio) === false
      const pixels = size ?? (isNameless ? pixelsOf(aspectRatio, SIDES['1K'], custom?.longest) : undefined)
      if (pixels !== undefined && custom !== undefined) return { [custom.field]: 'custom', ...pixels }
      const matched = pictures?.sayMatch === true && references(request).length > 0 ? 'match_input_image' : undefined
      const ratio = aspectRatio ?? matched
      return {
        ...(ratio !== undefined && { aspect_ratio: ratio }),
        ...(resolution !== undefined && tiers !== undefined && { [tiers.field]: resolution }),
      }
    }
    default:
      return shape satisfies never
  }
}

/** The ratio at no more than the area of a square of this side, so that no megapixel is paid for that was not asked for. */
function pixelsOf(ratio: string, side: number, longest = SIDES['4K']): Size {
  const [across = 1, down = 1] = ratio.split(':').map(Number)
  const stretch = Math.sqrt(across / down)
  if (!Number.isFinite(stretch) || stretch <= 0) return { width: side, height: side }
  const fitting = Math.min(side, longest * Math.min(stretch, 1 / stretch))
  return { width: inSteps(fitting * stretch), height: inSteps(fitting / stretch) }
}

function inSteps(length: number): number {
  return Math.max(SHORTEST, Math.floor(length / STEP) * STEP)
}
