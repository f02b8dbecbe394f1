/**
 * Seedream as its two hosts serve it (https://docs.byteplus.com/en/docs/ModelArk/1666945 and …/1544106,
 * https://www.volcengine.com/docs/82379/1541523, read 2026-11-22): the simulator's own table, which shares nothing with the adapter or
 * the catalogue, so that a slip in one shows against the other. Prices are ModelArk's of November 2026; that of 5.0 Pro is the Chinese
 * one, converted. Not simulated: streams, web search, pictures by address, inference endpoints.
 */
export interface SimulatedModel {
  /** Of 3.0: `seed` and `guidance_scale`, one picture at a time, pixels alone. */
  readonly isOld: boolean
  /** Sizes that are asked by name, and the side of their square. */
  readonly words: Readonly<Record<string, number>>
  readonly pixels: readonly [least: number, most: number]
  readonly usualSide: number
  /** Fewest and most references. */
  readonly references: readonly [least: number, most: number]
  /** Knows `output_format`. */
  readonly formats: boolean
  /** Modes of `optimize_prompt_options`. */
  readonly modes: readonly string[]
  readonly nanos: bigint
}

export type Host = 'seed' | 'volcengine'

const K = { '1K': 1024, '2K': 2048, '3K': 3072, '4K': 4096 } as const
const MOST = 16_777_216

const SEEDREAM_4: SimulatedModel = {
  isOld: false,
  words: { '1K': K['1K'], '2K': K['2K'], '4K': K['4K'] },
  pixels: [921_600, MOST],
  usualSide: 2048,
  references: [0, 14],
  formats: false,
  modes: ['standard', 'fast'],
  nanos: 30_000_000n,
}

const SEEDREAM_45: SimulatedModel = {
  ...SEEDREAM_4,
  words: { '2K': K['2K'], '4K': K['4K'] },
  pixels: [3_686_400, MOST],
  modes: ['standard'],
  nanos: 40_000_000n,
}

const SEEDREAM_5: SimulatedModel = {
  ...SEEDREAM_45,
  words: { '2K': K['2K'], '3K': K['3K'], '4K': K['4K'] },
  formats: true,
  nanos: 35_000_000n,
}

const SEEDREAM_3: SimulatedModel = {
  ...SEEDREAM_4,
  isOld: true,
  words: {},
  pixels: [512 * 512, 2048 * 2048],
  usualSide: 1024,
  references: [0, 0],
  modes: [],
}

const MODELS: Readonly<Record<string, SimulatedModel>> = {
  'seedream-3-0-t2i-250415': SEEDREAM_3,
  'seededit-3-0-i2i-250628': { ...SEEDREAM_3, references: [1, 1] },
  'seedream-4-0-250828': SEEDREAM_4,
  'seedream-4-5-251128': SEEDREAM_45,
  'seedream-5-0-260128': SEEDREAM_5,
  'seedream-5-0-lite-260128': SEEDREAM_5,
  'seedream-5-0-flash': {
    ...SEEDREAM_5,
    words: { '1K': K['1K'], '2K': K['2K'] },
    pixels: SEEDREAM_4.pixels,
    nanos: 18_000_000n,
  },
  'seedream-5-0-pro-260628': { ...SEEDREAM_5, nanos: 90_000_000n },
}

/** Chinese ids begin with `doubao-`, and the youngest of ModelArk's with `dola-`. */
export function findModel(host: Host, id: string): SimulatedModel | undefined {
  const prefix = host === 'volcengine' ? 'doubao-' : id.includes('5-0-pro') ? 'dola-' : ''
  const name = id.slice(prefix.length)
  return id.startsWith(prefix) && Object.hasOwn(MODELS, name) ? MODELS[name] : undefined
}
