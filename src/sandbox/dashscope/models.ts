/**
 * DashScope's image models as its API reference pages describe them (https://www.alibabacloud.com/help/en/model-studio, read 2026-11-22):
 * the simulator's own table, which shares nothing with the adapter or the catalogue, so that a slip in one shows against the other.
 * Prices are Singapore's list prices of November 2026; those of Wan 2.7 are the Chinese ones, converted. Not simulated: groups of
 * pictures (`enable_sequential`, `enable_interleave`), pictures by address, workspaces, the form that is compatible with OpenAI's.
 */
export interface SimulatedModel {
  readonly way: Way
  /** Fewest and most pictures in a request. */
  readonly references: readonly [least: number, most: number]
  /** Shortest and longest side of those. */
  readonly sides: readonly [least: number, most: number]
  readonly count: { readonly most: number; readonly usual: number }
  readonly sizes: Sizes
  /** Pixels when nothing is said and there is no picture to follow. */
  readonly usual: Side
  /** By name; a negative prompt that stands in `input` instead is there by the way. */
  readonly parameters: Readonly<Record<string, Rule>>
  /** Nano-dollars of one picture. */
  readonly price: (made: { readonly pixels: number; readonly rewritten: boolean }) => bigint
  /** The rewritten prompt comes along. */
  readonly speaks?: boolean
}

export type Side = readonly [width: number, height: number]

/** Where it is asked: `multimodal-generation` answers at once, the others make tasks. */
export type Way = 'multimodal-generation' | 'image-generation' | 'text2image' | 'image2image'

export type Sizes =
  | { readonly of: readonly string[] }
  | {
      readonly least: number
      readonly most: number
      readonly ratio: number
      /** Sizes that are asked by name, and the side of their square. */
      readonly named?: Readonly<Record<string, number>>
      /** Most pixels of an edit, where those are fewer. */
      readonly mostEdited?: number
    }

export type Rule =
  | 'boolean'
  | 'palette'
  | 'boxes'
  | { readonly letters: number }
  | { readonly of: readonly string[] }
  | { readonly from: number; readonly to: number }

const SQUARE = { half: 512 * 512, small: 768 * 768, two: 2048 * 2048, four: 4096 * 4096 }

const SEED = { seed: { from: 0, to: 2_147_483_647 }, watermark: 'boolean' } as const
const REWRITTEN = { ...SEED, prompt_extend: 'boolean' } as const
const NEGATED = { ...REWRITTEN, negative_prompt: { letters: 500 } } as const
const THINKING = {
  ...NEGATED,
  prompt_extend_mode: { of: ['direct', 'agent'] },
  enable_thinking: 'boolean',
} as const

const FIVE = { of: ['1664*928', '1472*1104', '1328*1328', '1104*1472', '928*1664'] } as const

const qwen3 = {
  way: 'multimodal-generation',
  references: [0, 3],
  sides: [384, 3072],
  count: { most: 6, usual: 1 },
  sizes: { least: SQUARE.half, most: SQUARE.two, ratio: 8 },
  usual: [1024, 1024],
  parameters: THINKING,
  price: each(30_000_000n),
} as const satisfies SimulatedModel

const qwen2 = { ...qwen3, usual: [2048, 2048], parameters: NEGATED } as const
const qwenEdit = { ...qwen3, references: [1, 3], parameters: NEGATED } as const
const qwen1 = {
  ...qwen3,
  references: [0, 0],
  count: { most: 1, usual: 1 },
  sizes: FIVE,
  usual: [1664, 928],
  parameters: NEGATED,
} as const satisfies SimulatedModel

/** Tasks by a prompt have the negative one beside it. */
const qwenTask = { ...qwen1, way: 'text2image', parameters: REWRITTEN } as const satisfies SimulatedModel

const wan27 = {
  ...qwen3,
  way: 'image-generation',
  references: [0, 9],
  sides: [240, 8000],
  count: { most: 4, usual: 1 },
  sizes: { least: SQUARE.small, most: SQUARE.two, ratio: 8, named: { '1K': 1024, '2K': 2048 } },
  usual: [2048, 2048],
  parameters: { ...SEED, thinking_mode: 'boolean', bbox_list: 'boxes', color_palette: 'palette' },
} as const satisfies SimulatedModel

const wanText = {
  ...qwen3,
  way: 'text2image',
  references: [0, 0],
  count: { most: 4, usual: 4 },
  sizes: { least: SQUARE.half, most: 1440 * 1440, ratio: 4 },
  parameters: REWRITTEN,
} as const satisfies SimulatedModel

const MODELS: Readonly<Record<string, SimulatedModel>> = {
  'qwen-image-3.0-pro': { ...qwen3, price: ({ pixels }) => (pixels > 1448 * 1448 ? 75_000_000n : 40_000_000n) },
  'qwen-image-3.0': qwen3,
  'qwen-image-2.1-pro': { ...qwen3, references: [0, 10], price: each(75_000_000n) },
  'qwen-image-2.0-pro': { ...qwen2, price: each(75_000_000n) },
  'qwen-image-2.0': { ...qwen2, price: each(35_000_000n) },
  'qwen-image-max': { ...qwen1, price: each(75_000_000n) },
  'qwen-image-plus': { ...qwenTask, price: each(30_000_000n) },
  'qwen-image': { ...qwenTask, usual: [1328, 1328], price: each(35_000_000n) },
  'qwen-image-edit-max': { ...qwenEdit, price: each(75_000_000n) },
  'qwen-image-edit-plus': qwenEdit,
  'qwen-image-edit': { ...qwenEdit, count: { most: 1, usual: 1 }, price: each(45_000_000n) },
  'wan2.7-image': wan27,
  'wan2.7-image-pro': {
    ...wan27,
    sizes: {
      ...wan27.sizes,
      most: SQUARE.four,
      mostEdited: SQUARE.two,
      named: { '1K': 1024, '2K': 2048, '4K': 4096 },
    },
    price: each(75_000_000n),
  },
  'wan2.6-t2i': { ...wanText, way: 'image-generation', usual: [1280, 1280], parameters: NEGATED },
  'wan2.2-t2i-flash': { ...wanText, price: each(25_000_000n) },
  'wan2.5-i2i-preview': { ...wanText, way: 'image2image', references: [1, 3] },
  'z-image-turbo': {
    ...qwen3,
    references: [0, 0],
    count: { most: 1, usual: 1 },
    usual: [1024, 1536],
    parameters: REWRITTEN,
    price: ({ rewritten }) => (rewritten ? 30_000_000n : 15_000_000n),
    speaks: true,
  },
}

export function findModel(id: string): SimulatedModel | undefined {
  return Object.hasOwn(MODELS, id) ? MODELS[id] : undefined
}

function each(nanos: bigint): SimulatedModel['price'] {
  return () => nanos
}
