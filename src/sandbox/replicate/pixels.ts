import type { SimulatedModel } from './schema.ts'

const SIDES: Readonly<Record<string, number>> = { '1K': 1024, '2K': 2048, '3K': 3072, '4K': 4096 }
const STEP = 16

/** Pixels of what a model makes of these fields, and of the first picture that it was given. */
export function pixelsOf(
  { side, ratio: usual, follows }: SimulatedModel,
  fields: Readonly<Record<string, unknown>>,
  first: { readonly width: number; readonly height: number } | undefined,
): readonly [width: number, height: number] {
  const { width, height, size, aspect_ratio: ratio, megapixels } = fields
  if (typeof width === 'number' || typeof height === 'number') return [Number(width ?? side), Number(height ?? side)]
  const [, across, down] = /^(\d+)\*(\d+)$/.exec(String(size)) ?? []
  if (across !== undefined && down !== undefined) return [Number(across), Number(down)]
  if (follows === 'always' && first !== undefined) return [first.width, first.height]
  const length = megapixels === '0.25' ? 512 : (SIDES[String(size)] ?? side)
  const matches = ratio === 'match_input_image' || (ratio === undefined && follows === 'unless told')
  const [wide = 1, high = 1] =
    matches && first !== undefined
      ? [first.width, first.height]
      : (typeof ratio === 'string' && ratio !== 'match_input_image' ? ratio : usual).split(':').map(Number)
  const stretch = Math.sqrt(wide / high)
  return [inSteps(length * stretch), inSteps(length / stretch)]
}

function inSteps(length: number): number {
  return Math.max(STEP, Math.round(length / STEP) * STEP)
}
