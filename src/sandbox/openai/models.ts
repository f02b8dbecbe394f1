/** One of OpenAI's image models, as the simulator sells it. */
export interface SimulatedModel {
  readonly id: string
  readonly retired: boolean
  /** The last day that its maker has named. */
  readonly shutdown: string | null
  /** `three`: 1024x1024, 1536x1024, 1024x1536. `any`: both sides multiples of 16, within limits. */
  readonly sizes: 'three' | 'any'
  readonly qualities: readonly string[]
  /** Whether it plans, by the field `complexity`. */
  readonly plans: boolean
  /** What it takes for `input_fidelity`, its default first; empty: it knows no such field. */
  readonly fidelities: readonly string[]
  readonly transparency: boolean
  /** Nano-dollars per token: text and pictures going in, pictures coming out. No price of words coming out is known. */
  readonly rates: { readonly text: bigint; readonly picture: bigint; readonly image: bigint }
  /** Tokens of a picture by quality: of the three sizes, in the order above, and of a megapixel (1,048,576 pixels) of any other. */
  readonly tokens: Readonly<Record<string, readonly [square: number, wide: number, tall: number, megapixel: number]>>
  /** Tokens of a reference by fidelity. */
  readonly perReference: Readonly<Record<string, number>>
}

/*
 * The simulator's own table, which shares nothing with the catalogue, so that a slip in one shows against the other. Ids and days:
 * https://platform.openai.com/docs/deprecations and openai-node 7.57.0; prices and the tokens that they imply:
 * https://openai.com/api/pricing (read 2026-11-22). Tokens of references, of `xhigh` and of `max` are made up.
 */

const THREE = ['low', 'medium', 'high'] as const

const first = {
  retired: false,
  shutdown: '2026-12-01',
  sizes: 'three',
  qualities: THREE,
  plans: false,
  fidelities: ['low', 'high'],
  transparency: true,
  tokens: {
    low: [272, 400, 408, 272],
    medium: [1056, 1568, 1584, 1056],
    high: [4160, 6208, 6240, 4160],
  },
  perReference: { low: 300, high: 600 },
} as const satisfies Partial<SimulatedModel>

const second = {
  ...first,
  shutdown: null,
  sizes: 'any',
  fidelities: [],
  transparency: false,
  rates: { text: 5_000n, picture: 8_000n, image: 30_000n },
  tokens: {
    low: [200, 167, 167, 200],
    medium: [1767, 1367, 1367, 1767],
    high: [7033, 5500, 5500, 7033],
  },
  perReference: { high: 1_000 },
} as const satisfies Partial<SimulatedModel>

const later = {
  ...second,
  transparency: true,
  qualities: [...THREE, 'xhigh', 'max'],
  tokens: {
    low: [200, 300, 300, 200],
    medium: [1767, 2651, 2651, 1767],
    high: [7033, 10_550, 10_550, 7033],
    xhigh: [10_000, 15_000, 15_000, 10_000],
    max: [14_000, 21_000, 21_000, 14_000],
  },
} as const satisfies Partial<SimulatedModel>

const latest = { ...later, qualities: THREE, plans: true } as const satisfies Partial<SimulatedModel>

const MODELS: readonly SimulatedModel[] = [
  { ...latest, id: 'gpt-image-2.6-sunburst' },
  { ...latest, id: 'gpt-image-2.6-flare' },
  { ...later, id: 'gpt-image-2.5-sunburst' },
  { ...later, id: 'gpt-image-2.5-sunburst-2026-09-08' },
  { ...later, id: 'gpt-image-2.5-flare' },
  { ...later, id: 'gpt-image-2.5-flare-2026-09-08' },
  { ...second, id: 'gpt-image-2' },
  { ...second, id: 'gpt-image-2-2026-04-21' },
  { ...first, id: 'gpt-image-1.5', rates: { text: 5_000n, picture: 8_000n, image: 32_000n } },
  { ...first, id: 'gpt-image-1.5-2025-12-16', rates: { text: 5_000n, picture: 8_000n, image: 32_000n } },
  { ...first, id: 'chatgpt-image-latest', rates: { text: 5_000n, picture: 8_000n, image: 32_000n } },
  {
    ...first,
    id: 'gpt-image-1-mini',
    fidelities: ['low'],
    rates: { text: 2_000n, picture: 2_500n, image: 8_000n },
    tokens: { low: [625, 750, 750, 625], medium: [1375, 1875, 1875, 1375], high: [4500, 6500, 6500, 4500] },
  },
  {
    ...first,
    id: 'gpt-image-1',
    retired: true,
    shutdown: '2026-10-23',
    rates: { text: 5_000n, picture: 10_000n, image: 40_000n },
  },
]

/** The models that exist as far as callers can see. */
export function modelsServed(retired: 'serve' | 'refuse'): readonly SimulatedModel[] {
  return MODELS.filter((model) => retired === 'serve' || !model.retired)
}
