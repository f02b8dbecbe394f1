/** One of xAI's models with its price list. Sources: https://docs.x.ai/developers/pricing and the model pages (read 2026-11-22). */
export interface SimulatedModel {
  readonly id: string
  /** Whether it has a choice of quality; the others pass the field over, which here is a refusal. */
  readonly hasQuality: boolean
  /** Nano-dollars for a picture. */
  price(look: Look): bigint
  /** Nano-dollars for each picture that is sent along. */
  readonly input: bigint
}

export interface Look {
  readonly resolution: '1k' | '2k'
  readonly quality: 'low' | 'medium' | undefined
  readonly isEdit: boolean
}

/** What every model of the family takes, by the OpenAPI document. */
export const RATIOS: readonly string[] = 'auto 1:1 3:4 4:3 9:16 16:9 2:3 3:2 1:2 2:1 9:19.5 19.5:9 9:20 20:9'.split(' ')

const CENT = 10_000_000n

const MODELS: readonly SimulatedModel[] = [
  { id: 'grok-imagine-image', hasQuality: false, price: () => 2n * CENT, input: CENT / 5n },
  {
    id: 'grok-imagine-image-quality',

    hasQuality: false,
    price: ({ resolution }) => (resolution === '1k' ? 5n : 7n) * CENT,
    input: CENT,
  },
  {
    id: 'grok-imagine-image-2.0',

    hasQuality: true,
    // Unasked, a new picture is made at low quality and an edit at medium.
    price: ({ resolution, quality, isEdit }) =>
      (4n + (resolution === '2k' ? 2n : 0n) + ((quality ?? (isEdit ? 'medium' : 'low')) === 'medium' ? 2n : 0n)) * CENT,
    input: CENT,
  },
]

export function findModel(id: string): SimulatedModel | undefined {
  return MODELS.find((model) => model.id === id)
}
