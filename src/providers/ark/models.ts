/**
 * What tells the generations of Seedream apart; the rest their API leaves to the model itself.
 * Source: https://docs.byteplus.com/en/docs/ModelArk/1666945, the table of parameters by model (read 2026-11-22).
 */
export interface ArkModel {
  readonly seeds: boolean
  /** Knows `output_format`; the others make JPEG. */
  readonly formats: boolean
  /** Makes several pictures in one call. */
  readonly groups: boolean
  /** Takes `2K` for a size, and chooses the shape. */
  readonly words: boolean
  /** Side in pixels of a square picture where a ratio comes without a tier, as large as the model's own. */
  readonly side: number
}

const SEEDREAM_4: ArkModel = { seeds: false, formats: false, groups: true, words: true, side: 2048 }

/** With the Chinese prefix `doubao-`, ModelArk's `dola-`, or none. */
const FAMILIES: readonly (readonly [id: RegExp, model: ArkModel])[] = [
  [/(seedream|seededit)-3/, { seeds: true, formats: false, groups: false, words: false, side: 1024 }],
  [/seedream-4/, SEEDREAM_4],
  [/seedream/, { ...SEEDREAM_4, formats: true }],
]

/** An id that is not here, like that of an inference endpoint, is asked what all of them understand. */
export function arkModel(id: string): ArkModel {
  return FAMILIES.find(([family]) => family.test(id))?.[1] ?? SEEDREAM_4
}
