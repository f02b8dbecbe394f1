/** 50 bytes of UTF-8: 13 tokens by the simulator's rule, at most 50 by the hold's. */
export const PROMPT = 'A serene mountain lake at sunrise, photorealistic.'

export type Line = readonly [billable: string, quantity: string, unitPrice: string, dollars: string]

export interface Row {
  readonly model: string
  readonly tier?: string
  readonly references?: number
  readonly n?: number
  /** As wide as high, in pixels. */
  readonly side: number
  readonly lines: readonly Line[]
  readonly charge: string
  readonly hold: string
  readonly warned?: readonly string[]
}

/*
 * Worked out by hand, never by the program: prices per million tokens and tokens per tier from https://ai.google.dev/gemini-api/docs/pricing
 * (read 2026-11-22), counts by the simulator's rule (src/sandbox/gemini/usage.ts) for a prompt of T = 13 tokens.
 *
 * Words 88 + 7 × 13 = 179; thoughts + 11 × 13 mod 128 = 15: 335 on 2.1 (medium), 271 on 3 Pro, 111 on Lite (minimal). So text is
 * 514, 450 and 290 tokens a call. A hold takes 50 tokens of prompt, 4,096 of text and the tier's picture tokens a call, 3,780 at 4K on 2.1.
 */
const NANO = {
  '1K': {
    side: 1024,
    lines: [
      ['output_image', '1120', '0.00003', '0.0336'],
      ['output_text', '514', '0.0000075', '0.003855'],
      ['input_text', '13', '0.0000015', '0.0000195'],
    ],
    charge: '0.0374745',
    hold: '0.064395',
  },
  '2K': {
    side: 2048,
    lines: [
      ['output_image', '1680', '0.00003', '0.0504'],
      ['output_text', '514', '0.0000075', '0.003855'],
      ['input_text', '13', '0.0000015', '0.0000195'],
    ],
    charge: '0.0542745',
    hold: '0.081195',
  },
  '4K': {
    side: 4096,
    lines: [
      ['output_image', '2520', '0.00003', '0.0756'],
      ['output_text', '514', '0.0000075', '0.003855'],
      ['input_text', '13', '0.0000015', '0.0000195'],
    ],
    charge: '0.0794745',
    hold: '0.144195',
  },
  'two references': {
    references: 2,
    side: 1024,
    lines: [
      ['output_image', '1120', '0.00003', '0.0336'],
      ['output_text', '514', '0.0000075', '0.003855'],
      ['input_text', '13', '0.0000015', '0.0000195'],
      ['input_image', '2240', '0.0000015', '0.00336'],
    ],
    charge: '0.0408345',
    hold: '0.067755',
  },
  'three pictures of two references': {
    n: 3,
    references: 2,
    side: 1024,
    lines: [
      ['output_image', '3360', '0.00003', '0.1008'],
      ['output_text', '1542', '0.0000075', '0.011565'],
      ['input_text', '39', '0.0000015', '0.0000585'],
      ['input_image', '6720', '0.0000015', '0.01008'],
    ],
    charge: '0.1225035',
    hold: '0.203265',
  },
} as const satisfies Record<string, Omit<Row, 'model'>>

const PRO = {
  '1K': {
    side: 1024,
    lines: [
      ['output_image', '1120', '0.00012', '0.1344'],
      ['output_text', '450', '0.000012', '0.0054'],
      ['input_text', '13', '0.000002', '0.000026'],
    ],
    charge: '0.139826',
    hold: '0.183652',
  },
  '2K': {
    side: 2048,
    lines: [
      ['output_image', '1120', '0.00012', '0.1344'],
      ['output_text', '450', '0.000012', '0.0054'],
      ['input_text', '13', '0.000002', '0.000026'],
    ],
    charge: '0.139826',
    hold: '0.183652',
  },
  '4K': {
    side: 4096,
    lines: [
      ['output_image', '2000', '0.00012', '0.24'],
      ['output_text', '450', '0.000012', '0.0054'],
      ['input_text', '13', '0.000002', '0.000026'],
    ],
    charge: '0.245426',
    hold: '0.289252',
  },
  'two references': {
    references: 2,
    side: 1024,
    lines: [
      ['output_image', '1120', '0.00012', '0.1344'],
      ['output_text', '450', '0.000012', '0.0054'],
      ['input_text', '13', '0.000002', '0.000026'],
      ['input_image', '1120', '0.000002', '0.00224'],
    ],
    charge: '0.142066',
    hold: '0.185892',
  },
  'three pictures': {
    n: 3,
    side: 1024,
    lines: [
      ['output_image', '3360', '0.00012', '0.4032'],
      ['output_text', '1350', '0.000012', '0.0162'],
      ['input_text', '39', '0.000002', '0.000078'],
    ],
    charge: '0.419478',
    hold: '0.550956',
  },
} as const satisfies Record<string, Omit<Row, 'model'>>

const LITE = {
  '1K': {
    side: 1024,
    lines: [
      ['output_image', '1120', '0.00003', '0.0336'],
      ['output_text', '290', '0.0000015', '0.000435'],
      ['input_text', '13', '0.00000025', '0.00000325'],
    ],
    charge: '0.03403825',
    hold: '0.0397565',
  },
  'two references': {
    references: 2,
    side: 1024,
    lines: [
      ['output_image', '1120', '0.00003', '0.0336'],
      ['output_text', '290', '0.0000015', '0.000435'],
      ['input_text', '13', '0.00000025', '0.00000325'],
      ['input_image', '2240', '0.00000025', '0.00056'],
    ],
    charge: '0.03459825',
    hold: '0.0403165',
  },
  'three pictures of two references': {
    n: 3,
    references: 2,
    side: 1024,
    lines: [
      ['output_image', '3360', '0.00003', '0.1008'],
      ['output_text', '870', '0.0000015', '0.001305'],
      ['input_text', '39', '0.00000025', '0.00000975'],
      ['input_image', '6720', '0.00000025', '0.00168'],
    ],
    charge: '0.10379475',
    hold: '0.1209495',
  },
} as const satisfies Record<string, Omit<Row, 'model'>>

const RETIRED = ['model_retired']

/** What live keys are charged for the models that answer now, and for the ids that guides name. */
export const ROWS: readonly Row[] = [
  { model: 'google/gemini-nano-banana-2.1', ...NANO['1K'] },
  { model: 'google/gemini-nano-banana-2.1', tier: '1K', ...NANO['1K'] },
  { model: 'google/gemini-nano-banana-2.1', tier: '2K', ...NANO['2K'] },
  { model: 'google/gemini-nano-banana-2.1', tier: '4K', ...NANO['4K'] },
  { model: 'google/gemini-nano-banana-2.1', ...NANO['two references'] },
  { model: 'google/gemini-nano-banana-2.1', ...NANO['three pictures of two references'] },
  { model: 'google/gemini-3-pro-image', tier: '1K', ...PRO['1K'] },
  { model: 'google/gemini-3-pro-image', tier: '2K', ...PRO['2K'] },
  { model: 'google/gemini-3-pro-image', tier: '4K', ...PRO['4K'] },
  { model: 'google/gemini-3-pro-image', ...PRO['two references'] },
  { model: 'google/gemini-3-pro-image', ...PRO['three pictures'] },
  { model: 'google/gemini-3.1-flash-lite-image', tier: '1K', ...LITE['1K'] },
  { model: 'google/gemini-3.1-flash-lite-image', ...LITE['two references'] },
  { model: 'google/gemini-3.1-flash-lite-image', ...LITE['three pictures of two references'] },
  // The guide's ids, each served by what its maker replaced it with.
  {
    model: 'google/gemini-3.1-flash-image-preview',
    tier: '512',
    ...NANO['1K'],
    warned: ['model_retired', 'resolution_changed'],
  },
  { model: 'google/gemini-3.1-flash-image-preview', ...NANO['1K'], warned: RETIRED },
  { model: 'google/gemini-3.1-flash-image-preview', tier: '2K', ...NANO['2K'], warned: RETIRED },
  { model: 'google/gemini-3.1-flash-image-preview', tier: '4K', ...NANO['4K'], warned: RETIRED },
  { model: 'google/gemini-3.1-flash-image-preview', ...NANO['two references'], warned: RETIRED },
  { model: 'google/gemini-3.1-flash-image-preview', ...NANO['three pictures of two references'], warned: RETIRED },
  { model: 'google/gemini-2.5-flash-image', tier: '1K', ...NANO['1K'], warned: RETIRED },
  { model: 'google/gemini-2.5-flash-image', ...NANO['two references'], warned: RETIRED },
  { model: 'google/gemini-3-pro-image-preview', tier: '1K', ...PRO['1K'], warned: RETIRED },
  { model: 'google/gemini-3-pro-image-preview', tier: '2K', ...PRO['2K'], warned: RETIRED },
  { model: 'google/gemini-3-pro-image-preview', tier: '4K', ...PRO['4K'], warned: RETIRED },
  { model: 'google/gemini-3-pro-image-preview', ...PRO['two references'], warned: RETIRED },
  { model: 'google/gemini-3-pro-image-preview', ...PRO['three pictures'], warned: RETIRED },
]
