/** What Recraft's models make and cost. Sources: https://www.recraft.ai/docs/api-reference/pricing, …/models/overview, …/appendix (read 2026-11-22). */
export interface RecraftModel {
  readonly family: 'V2' | 'V3' | 'V4' | 'V4.1' | 'V4.1 Flash'
  /** API units of a picture: a thousand are a dollar. */
  readonly units: number
  readonly isVector?: boolean
  /** Twice the sides of the family's others. */
  readonly isPro?: boolean
}

export const RECRAFT_MODELS: Readonly<Record<string, RecraftModel>> = {
  recraftv2: { family: 'V2', units: 22 },
  recraftv2_vector: { family: 'V2', units: 44, isVector: true },
  recraftv3: { family: 'V3', units: 40 },
  recraftv3_vector: { family: 'V3', units: 80, isVector: true },
  recraftv4: { family: 'V4', units: 40 },
  recraftv4_vector: { family: 'V4', units: 80, isVector: true },
  recraftv4_pro: { family: 'V4', units: 250, isPro: true },
  recraftv4_pro_vector: { family: 'V4', units: 300, isPro: true, isVector: true },
  recraftv4_1: { family: 'V4.1', units: 35 },
  recraftv4_1_vector: { family: 'V4.1', units: 80, isVector: true },
  recraftv4_1_pro: { family: 'V4.1', units: 210, isPro: true },
  recraftv4_1_utility: { family: 'V4.1', units: 35 },
  recraftv4_1_utility_pro: { family: 'V4.1', units: 210, isPro: true },
  recraftv4_1_flash: { family: 'V4.1 Flash', units: 7 },
}

type Side = readonly [width: number, height: number]

/** Pixels by ratio of V4 and later; the Pro models' are twice as many a side. */
const LATER: Readonly<Record<string, Side>> = {
  '1:1': [1024, 1024],
  '2:1': [1536, 768],
  '1:2': [768, 1536],
  '3:2': [1280, 832],
  '2:3': [832, 1280],
  '4:3': [1216, 896],
  '3:4': [896, 1216],
  '5:4': [1152, 896],
  '4:5': [896, 1152],
  '6:10': [832, 1344],
  '14:10': [1280, 896],
  '10:14': [896, 1280],
  '16:9': [1344, 768],
  '9:16': [768, 1344],
}

const EARLIER: Readonly<Record<string, Side>> = {
  '1:1': [1024, 1024],
  '2:1': [2048, 1024],
  '1:2': [1024, 2048],
  '3:2': [1536, 1024],
  '2:3': [1024, 1536],
  '4:3': [1365, 1024],
  '3:4': [1024, 1365],
  '5:4': [1280, 1024],
  '4:5': [1024, 1280],
  '6:10': [1024, 1707],
  '14:10': [1434, 1024],
  '10:14': [1024, 1434],
  '16:9': [1820, 1024],
  '9:16': [1024, 1820],
}

/** The pixels that a ratio or a size means; undefined: the model does not make it. */
export function pixelsOf({ family, isPro = false }: RecraftModel, size: string): Side | undefined {
  const table = Object.entries(family === 'V2' || family === 'V3' ? EARLIER : LATER)
  const sides = table.map(([ratio, [width, height]]) => ({
    ratio,
    side: isPro ? ([width * 2, height * 2] as const) : ([width, height] as const),
  }))
  return sides.find(({ ratio, side }) => ratio === size || side.join('x') === size)?.side
}
