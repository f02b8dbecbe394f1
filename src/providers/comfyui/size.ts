import type { ImageRequest, PictureFacts, Tier } from '../../core/image-request.ts'
import type { Template } from './templates.ts'

export interface Size {
  readonly width: number
  readonly height: number
}

/** Sides in pixels of a square picture of each tier. */
const SIDES: Readonly<Record<Tier, number>> = { '512': 512, '1K': 1024, '2K': 2048, '4K': 4096 }

/** The size that the caller asked for; undefined when he left it open. */
export function askedSize(
  { size, aspectRatio, resolution }: ImageRequest,
  { side, step }: Template,
  first: PictureFacts | undefined,
): Size | undefined {
  if (size !== undefined) return size
  if (aspectRatio === undefined && resolution === undefined) return undefined
  const [across = 1, down = 1] = (aspectRatio ?? '1:1').split(':').map(Number)
  const ratio = aspectRatio === undefined && first !== undefined ? first.width / first.height : across / down
  return filling(resolution === undefined ? side : SIDES[resolution], ratio, step)
}

/** An edit that says nothing of its size keeps the shape of what it edits, at no more pixels than the model was trained for. */
export function sizeLike({ width, height }: PictureFacts, { side, step }: Template): Size {
  return filling(Math.min(side, Math.sqrt(width * height)), width / height, step)
}

/** A ratio at no more than the area of a square of this side. */
function filling(side: number, ratio: number, step: number): Size {
  const stretch = Number.isFinite(ratio) && ratio > 0 ? Math.sqrt(ratio) : 1
  // A hair is added, so that the root of a square does not fall short of itself.
  const inSteps = (length: number) => Math.max(step, Math.floor(length / step + 1e-9) * step)
  return { width: inSteps(side * stretch), height: inSteps(side / stretch) }
}
