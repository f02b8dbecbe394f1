/**
 * Google's image models as the Gemini API serves them: the simulator's own table, which shares nothing with the catalogue, so that
 * a slip in one shows against the other. Ratios, tiers, tokens and rates: https://ai.google.dev/gemini-api/docs/image-generation and
 * https://ai.google.dev/gemini-api/docs/pricing (read 2026-11-22).
 */
export interface SimulatedModel {
  readonly id: string
  readonly displayName: string
  /** Google has shut it down: served or refused by the `retired` option. */
  readonly retired: boolean
  readonly ratios: readonly string[]
  /** Output tokens of one picture by the tiers it makes. */
  readonly tokens: Readonly<Partial<Record<SizeName, number>>>
  /** Tokens of one picture in the prompt. */
  readonly tokensPerInput: number
  readonly maxInputs: number
  readonly mimeType: 'image/png' | 'image/jpeg'
  /** Whether it thinks, and so signs its parts. The first level is the default. */
  readonly thinkingLevels: readonly ThinkingLevel[]
  readonly grounding: boolean
  readonly inputTokenLimit: number
  /** Nano-dollars per token, standard tier. */
  readonly rates: { readonly input: bigint; readonly text: bigint; readonly image: bigint }
}

export type SizeName = '512' | '1K' | '2K' | '4K'
export type ThinkingLevel = 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH'

const TEN_RATIOS = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9'] as const
const FOURTEEN_RATIOS = [...TEN_RATIOS, '1:4', '4:1', '1:8', '8:1'] as const

const FLASH_2_5 = {
  displayName: 'Nano Banana',
  ratios: TEN_RATIOS,
  tokens: { '1K': 1290 },
  tokensPerInput: 258,
  maxInputs: 3,
  mimeType: 'image/png',
  thinkingLevels: [],
  grounding: false,
  inputTokenLimit: 32_768,
  rates: { input: 300n, text: 2_500n, image: 30_000n },
} as const satisfies Partial<SimulatedModel>

const FLASH_3_1 = {
  displayName: 'Nano Banana 2',
  ratios: FOURTEEN_RATIOS,
  tokens: { '512': 747, '1K': 1120, '2K': 1680, '4K': 2520 },
  tokensPerInput: 1120,
  maxInputs: 14,
  mimeType: 'image/jpeg',
  thinkingLevels: ['MINIMAL', 'HIGH'],
  grounding: true,
  inputTokenLimit: 131_072,
  rates: { input: 500n, text: 3_000n, image: 60_000n },
} as const satisfies Partial<SimulatedModel>

const PRO_3 = {
  displayName: 'Nano Banana Pro',
  ratios: TEN_RATIOS,
  tokens: { '1K': 1120, '2K': 1120, '4K': 2000 },
  tokensPerInput: 560,
  maxInputs: 14,
  mimeType: 'image/jpeg',
  thinkingLevels: ['HIGH', 'MEDIUM', 'LOW', 'MINIMAL'],
  grounding: true,
  inputTokenLimit: 65_536,
  rates: { input: 2_000n, text: 12_000n, image: 120_000n },
} as const satisfies Partial<SimulatedModel>

const MODELS: readonly SimulatedModel[] = [
  { id: 'gemini-2.5-flash-image', retired: true, ...FLASH_2_5 },
  { id: 'gemini-2.5-flash-image-preview', retired: true, ...FLASH_2_5 },
  { id: 'gemini-3-pro-image', retired: false, ...PRO_3 },
  { id: 'gemini-3-pro-image-preview', retired: true, ...PRO_3 },
  { id: 'gemini-3.1-flash-image', retired: true, ...FLASH_3_1 },
  { id: 'gemini-3.1-flash-image-preview', retired: true, ...FLASH_3_1 },
  {
    id: 'gemini-3.1-flash-lite-image',
    retired: false,
    ...FLASH_3_1,
    displayName: 'Nano Banana 2 Lite',
    tokens: { '1K': 1120 },
    rates: { input: 250n, text: 1_500n, image: 30_000n },
  },
  {
    id: 'gemini-nano-banana-2.1',
    displayName: 'Nano Banana 2.1',
    retired: false,
    ratios: FOURTEEN_RATIOS,
    tokens: { '1K': 1120, '2K': 1680, '4K': 2520 },
    tokensPerInput: 1120,
    maxInputs: 14,
    mimeType: 'image/jpeg',
    thinkingLevels: ['MEDIUM', 'MINIMAL', 'HIGH'],
    grounding: true,
    inputTokenLimit: 131_072,
    rates: { input: 1_500n, text: 7_500n, image: 30_000n },
  },
]

export const OUTPUT_TOKEN_LIMIT = 32_768

/** The models that exist as far as callers can see. */
export function modelsServed(retired: 'serve' | 'refuse'): readonly SimulatedModel[] {
  return MODELS.filter((model) => retired === 'serve' || !model.retired)
}

const PIXELS_2_5: Readonly<Record<string, readonly [number, number]>> = {
  '1:1': [1024, 1024],
  '2:3': [832, 1248],
  '3:2': [1248, 832],
  '3:4': [864, 1184],
  '4:3': [1184, 864],
  '4:5': [896, 1152],
  '5:4': [1152, 896],
  '9:16': [768, 1344],
  '16:9': [1344, 768],
  '21:9': [1536, 672],
}

/** At 1K; 2K doubles and 4K quadruples the sides, 512 halves them. The four extreme ratios are not documented: equal area, multiples of 16. */
const PIXELS_3: Readonly<Record<string, readonly [number, number]>> = {
  '1:1': [1024, 1024],
  '2:3': [848, 1264],
  '3:2': [1264, 848],
  '3:4': [896, 1200],
  '4:3': [1200, 896],
  '4:5': [928, 1152],
  '5:4': [1152, 928],
  '9:16': [768, 1376],
  '16:9': [1376, 768],
  '21:9': [1584, 672],
  '1:4': [512, 2048],
  '4:1': [2048, 512],
  '1:8': [368, 2896],
  '8:1': [2896, 368],
}

const FACTOR: Readonly<Record<SizeName, number>> = { '512': 0.5, '1K': 1, '2K': 2, '4K': 4 }

/** Pixels of a picture of this ratio and tier. */
export function pixelsOf(model: SimulatedModel, ratio: string, size: SizeName): { width: number; height: number } {
  const table = model.id.startsWith('gemini-2.5') ? PIXELS_2_5 : PIXELS_3
  const [width, height] = table[ratio] ?? [1024, 1024]
  return { width: width * FACTOR[size], height: height * FACTOR[size] }
}

/** The ratio that the model takes when none was asked for: the one nearest to its first input, or square without one. */
export function ratioLike(model: SimulatedModel, picture: { width: number; height: number } | undefined): string {
  if (!picture) return '1:1'
  const wanted = Math.log(picture.width / picture.height)
  const distance = (ratio: string): number => {
    const [width = 1, height = 1] = ratio.split(':').map(Number)
    return Math.abs(Math.log(width / height) - wanted)
  }
  return model.ratios.toSorted((a, b) => distance(a) - distance(b))[0] ?? '1:1'
}
