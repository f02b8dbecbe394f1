import { type ImageRequest, references, type Tier } from '../../core/image-request.ts'

interface Size {
  readonly width: number
  readonly height: number
}

/** Sides in pixels of a square picture of each tier. */
const SIDES: Readonly<Record<Tier, number>> = { '512': 512, '1K': 1024, '2K': 2048, '4K': 4096 }

/** Of a latent's cell. */
const STEP = 8

/**
 * The pixels to ask for: those that the caller says, or those that follow from what he says. An edit that says nothing keeps the shape
 * of its picture, at no more pixels than usual: the program itself would press it into a square. Undefined: nothing was said.
 */
export function sizeOf(request: ImageRequest, usualSide: number = SIDES['1K']): Size | undefined {
  const { size, aspectRatio, resolution } = request
  if (size !== undefined) return size
  const facts = references(request)[0]?.facts
  const asked = ratioOf(aspectRatio)
  if (asked === undefined && resolution === undefined) {
    if (facts === undefined) return undefined
    return filling(Math.min(usualSide, Math.sqrt(facts.width * facts.height)), facts.width / facts.height)
  }
  const side = resolution === undefined ? usualSide : SIDES[resolution]
  return filling(side, asked ?? (facts === undefined ? 1 : facts.width / facts.height))
}

function ratioOf(text: string | undefined): number | undefined {
  const [across = 0, down = 0] = (text ?? '').split(':').map(Number)
  return across > 0 && down > 0 ? across / down : undefined
}

/** A ratio at no more than the area of a square of this side. */
function filling(side: number, ratio: number): Size {
  const stretch = Math.sqrt(ratio)
  return { width: inSteps(side * stretch), height: inSteps(side / stretch) }
}

/** A hair is added, so that the root of a square does not fall short of itself. */
function inSteps(length: number): number {
  return Math.max(STEP, Math.floor(length / STEP + 1e-9) * STEP)
}
