import { epochSeconds } from '../day.ts'
import type { Model } from '../model.ts'

/*
 * Google's image models. Prices: https://ai.google.dev/gemini-api/docs/pricing and third-party tables that agree with it, read
 * 2026-11-22. Shutdown dates: https://ai.google.dev/gemini-api/docs/deprecations. Google alone makes these models, so a host that
 * resells an id follows Google's shutdown of it unless its own list names another day.
 */

const TEN_RATIOS = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9'] as const
const FOURTEEN_RATIOS = [...TEN_RATIOS, '1:4', '4:1', '1:8', '8:1'] as const

const PIXELS_OF_2_5 = {
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
} as const

const PIXELS_OF_3 = {
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
} as const

/** The four narrow ratios: general knowledge, not confirmed this time. */
const PIXELS_OF_3_1 = {
  ...PIXELS_OF_3,
  '1:4': [512, 2048],
  '4:1': [2048, 512],
  '1:8': [384, 3072],
  '8:1': [3072, 384],
} as const

const gemini = {
  author: 'google',
  openWeights: false,
  modes: ['generate', 'edit'],
  inputModalities: ['text', 'image'],
  outputModalities: ['image', 'text'],
  defaults: { resolution: '1K' },
  maxNPerCall: 1,
  supports: { mask: false, seed: true, transparentBackground: false, negativePrompt: false, streaming: true },
} as const satisfies Partial<Model>

const flash31 = {
  ...gemini,
  successor: 'google/gemini-nano-banana-2.1',
  pricing: {
    basis: 'token',
    version: '2026-11-22.1',
    confidence: 'high',
    entries: [
      { billable: 'input_text', unit: 'token', usd: '0.0000005' },
      { billable: 'input_image', unit: 'token', usd: '0.0000005' },
      { billable: 'output_image', unit: 'token', usd: '0.00006' },
      { billable: 'output_text', unit: 'token', usd: '0.000003' },
    ],
    note: 'Some third-party sheets list text at half of this; the image rate agrees everywhere.',
  },
  aspectRatios: FOURTEEN_RATIOS,
  tiers: ['512', '1K', '2K', '4K'],
  pixelsAt1K: PIXELS_OF_3_1,
  maxReferences: 14,
  formats: ['jpeg'],
  tokens: { outputPerImage: { '512': 747, '1K': 1120, '2K': 1680, '4K': 2520 }, inputPerImage: 1120 },
  maxPromptTokens: 131_072,
} as const satisfies Partial<Model>

const pro3 = {
  ...gemini,
  pricing: {
    basis: 'token',
    version: '2026-11-22.1',
    confidence: 'high',
    entries: [
      { billable: 'input_text', unit: 'token', usd: '0.000002' },
      { billable: 'input_image', unit: 'token', usd: '0.000002' },
      { billable: 'output_image', unit: 'token', usd: '0.00012' },
      { billable: 'output_text', unit: 'token', usd: '0.000012' },
    ],
    note: undefined,
  },
  aspectRatios: TEN_RATIOS,
  tiers: ['1K', '2K', '4K'],
  pixelsAt1K: PIXELS_OF_3,
  maxReferences: 14,
  formats: ['jpeg'],
  tokens: { outputPerImage: { '1K': 1120, '2K': 1120, '4K': 2000 }, inputPerImage: 560 },
  maxPromptTokens: 65_536,
  deadlineS: 600,
} as const satisfies Partial<Model>

export const google: readonly Model[] = [
  {
    ...gemini,
    id: 'google/gemini-nano-banana-2.1',
    name: 'Nano Banana 2.1',
    description: 'Google’s default image model since October 2026: generates and edits pictures at 1K, 2K and 4K.',
    created: epochSeconds('2026-10-06'),
    aliases: ['google/nano-banana-2.1'],
    status: 'active',
    routes: [
      { provider: 'google-ai-studio', model: 'gemini-nano-banana-2.1' },
      { provider: 'google-vertex', model: 'gemini-nano-banana-2.1' },
      { provider: 'openrouter', model: 'google/gemini-nano-banana-2.1' },
    ],
    pricing: {
      basis: 'token',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [
        { billable: 'input_text', unit: 'token', usd: '0.0000015' },
        { billable: 'input_image', unit: 'token', usd: '0.0000015' },
        { billable: 'output_image', unit: 'token', usd: '0.00003' },
        { billable: 'output_text', unit: 'token', usd: '0.0000075' },
      ],
      note: 'Google’s pages disagree on a 4K picture: 2,520 tokens or 3,780. The reported usage is charged, the larger count held.',
    },
    aspectRatios: FOURTEEN_RATIOS,
    tiers: ['1K', '2K', '4K'],
    pixelsAt1K: PIXELS_OF_3_1,
    maxReferences: 14,
    supports: { ...gemini.supports, streaming: false },
    formats: ['jpeg'],
    tokens: {
      outputPerImage: { '1K': 1120, '2K': 1680, '4K': 2520 },
      holdPerImage: { '4K': 3780 },
      inputPerImage: 1120,
    },
    maxPromptTokens: 131_072,
    sources: [
      'Gemini API pricing page, 2026-10-06, by four agreeing sources',
      'OpenRouter endpoint captures, 2026-10-08',
      'AI SDK packages, November 2026',
    ],
    asOf: '2026-10-08',
    notes: 'Thinking minimal, medium (default) or high, billed as text. No 512 tier, no style references.',
  },
  {
    ...pro3,
    id: 'google/gemini-3-pro-image',
    name: 'Nano Banana Pro (Gemini 3 Pro Image)',
    description: 'Google’s largest image model: follows long instructions, sets text and edits at up to 4K.',
    created: epochSeconds('2026-05-28'),
    aliases: ['google/nano-banana-pro'],
    status: 'active',
    routes: [
      { provider: 'google-ai-studio', model: 'gemini-3-pro-image' },
      { provider: 'google-vertex', model: 'gemini-3-pro-image' },
      { provider: 'openrouter', model: 'google/gemini-3-pro-image' },
      { provider: 'aimlapi', model: 'google/nano-banana-pro' },
    ],
    sources: [
      'BerriAI/litellm price map, 2026-08-06',
      'OpenRouter catalogue, 2026-08-01',
      'third-party gateway catalogue, September 2026',
    ],
    asOf: '2026-10-08',
    notes: 'Always thinks; thoughts are billed as text.',
  },
  {
    ...gemini,
    id: 'google/gemini-3.1-flash-lite-image',
    name: 'Nano Banana 2 Lite (Gemini 3.1 Flash Lite Image)',
    description: 'Google’s smallest current image model: generates and edits at 1K only.',
    created: epochSeconds('2026-06-30'),
    aliases: ['google/nano-banana-2-lite'],
    status: 'active',
    routes: [
      { provider: 'google-ai-studio', model: 'gemini-3.1-flash-lite-image' },
      { provider: 'google-vertex', model: 'gemini-3.1-flash-lite-image' },
      { provider: 'openrouter', model: 'google/gemini-3.1-flash-lite-image' },
    ],
    pricing: {
      basis: 'token',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [
        { billable: 'input_text', unit: 'token', usd: '0.00000025' },
        { billable: 'input_image', unit: 'token', usd: '0.00000025' },
        { billable: 'output_image', unit: 'token', usd: '0.00003' },
        { billable: 'output_text', unit: 'token', usd: '0.0000015' },
      ],
      note: undefined,
    },
    aspectRatios: FOURTEEN_RATIOS,
    tiers: ['1K'],
    pixelsAt1K: PIXELS_OF_3_1,
    maxReferences: undefined,
    formats: ['jpeg'],
    tokens: { outputPerImage: { '1K': 1120 }, inputPerImage: 1120 },
    sources: [
      'OpenRouter catalogue, 2026-08-01',
      'anomalyco/models.dev, 2026-07-02',
      'third-party gateway catalogue, September 2026',
      'Gemini API prices as repeated on 2026-10-07',
    ],
    asOf: '2026-10-07',
    notes: 'Tokens per reference are those of the 3.1 family; not documented for Lite.',
  },
  {
    ...flash31,
    id: 'google/gemini-3.1-flash-image',
    name: 'Nano Banana 2 (Gemini 3.1 Flash Image)',
    description:
      'Google’s second Nano Banana, generating and editing from 512 pixels to 4K; shut down in October 2026.',
    created: epochSeconds('2026-05-28'),
    aliases: ['google/nano-banana-2'],
    status: 'retired',
    routes: [
      { provider: 'google-ai-studio', model: 'gemini-3.1-flash-image', retiresAt: '2026-10-29' },
      { provider: 'google-vertex', model: 'gemini-3.1-flash-image', retiresAt: '2026-10-29' },
      { provider: 'openrouter', model: 'google/gemini-3.1-flash-image', retiresAt: '2026-10-29' },
    ],
    sources: [
      'BerriAI/litellm price map, 2026-08-06',
      'OpenRouter catalogue, 2026-08-01, and endpoint captures, 2026-10-08',
      'Google Cloud model page',
      'Gemini API deprecations page, 2026-10-06',
    ],
    asOf: '2026-10-08',
    notes: 'The shutdown day comes from three third-party sources; Google’s page announced it without a day.',
  },
  {
    ...flash31,
    id: 'google/gemini-3.1-flash-image-preview',
    name: 'Nano Banana 2 (Gemini 3.1 Flash Image, preview id)',
    description: 'The preview id of Nano Banana 2, shut down in June 2026.',
    created: epochSeconds('2026-02-26'),
    aliases: [],
    status: 'retired',
    routes: [
      { provider: 'google-ai-studio', model: 'gemini-3.1-flash-image-preview', retiresAt: '2026-06-25' },
      // The Agent Platform's own page names a later day than the Gemini API's.
      { provider: 'google-vertex', model: 'gemini-3.1-flash-image-preview', retiresAt: '2026-07-17' },
      { provider: 'openrouter', model: 'google/gemini-3.1-flash-image-preview', retiresAt: '2026-06-25' },
      { provider: 'fal', model: 'fal-ai/nano-banana-2', retiresAt: '2026-10-29' },
      { provider: 'replicate', model: 'google/nano-banana-2', retiresAt: '2026-10-29' },
    ],
    sources: [
      'BerriAI/litellm price map, 2026-08-06',
      'OpenRouter catalogue, 2026-08-01',
      'Google Cloud model page',
      'anomalyco/models.dev, 2026-07-02',
    ],
    asOf: '2026-08-06',
    notes:
      'fal and Replicate sold it under a name of their own, which outlived the preview id and ended with Nano Banana 2.',
  },
  {
    ...pro3,
    id: 'google/gemini-3-pro-image-preview',
    name: 'Nano Banana Pro (Gemini 3 Pro Image, preview id)',
    description: 'The preview id of Nano Banana Pro, shut down in June 2026.',
    created: epochSeconds('2025-11-20'),
    aliases: [],
    status: 'retired',
    routes: [
      { provider: 'google-ai-studio', model: 'gemini-3-pro-image-preview', retiresAt: '2026-06-25' },
      { provider: 'google-vertex', model: 'gemini-3-pro-image-preview', retiresAt: '2026-06-25' },
      { provider: 'openrouter', model: 'google/gemini-3-pro-image-preview', retiresAt: '2026-06-25' },
    ],
    successor: 'google/gemini-3-pro-image',
    sources: [
      'BerriAI/litellm price map, 2026-08-06',
      'OpenRouter catalogue, 2026-08-01, and endpoint captures, 2026-10-08',
      'anomalyco/models.dev, 2026-07-02',
    ],
    asOf: '2026-10-08',
    notes: 'One capture of OpenRouter listed this id at half the image rate; not used.',
  },
  {
    ...gemini,
    id: 'google/gemini-2.5-flash-image',
    name: 'Nano Banana (Gemini 2.5 Flash Image)',
    description: 'Google’s first Nano Banana, generating and editing at 1K; shut down in October 2026.',
    created: epochSeconds('2025-10-02'),
    aliases: ['google/gemini-2.5-flash-image-preview', 'google/nano-banana'],
    status: 'retired',
    routes: [
      { provider: 'google-ai-studio', model: 'gemini-2.5-flash-image', retiresAt: '2026-10-02' },
      { provider: 'google-vertex', model: 'gemini-2.5-flash-image', retiresAt: '2026-10-02' },
      { provider: 'fal', model: 'fal-ai/gemini-25-flash-image', retiresAt: '2026-10-02' },
      // OpenRouter's own list names this day.
      { provider: 'openrouter', model: 'google/gemini-2.5-flash-image', retiresAt: '2027-03-15' },
    ],
    successor: 'google/gemini-nano-banana-2.1',
    pricing: {
      basis: 'token',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [
        { billable: 'input_text', unit: 'token', usd: '0.0000003' },
        { billable: 'input_image', unit: 'token', usd: '0.0000003' },
        { billable: 'output_image', unit: 'token', usd: '0.00003' },
        { billable: 'output_text', unit: 'token', usd: '0.0000025' },
      ],
      note: undefined,
    },
    aspectRatios: TEN_RATIOS,
    tiers: ['1K'],
    pixelsAt1K: PIXELS_OF_2_5,
    maxReferences: 3,
    formats: ['png'],
    tokens: { outputPerImage: { '1K': 1290 }, inputPerImage: 258 },
    maxPromptTokens: 32_768,
    sources: [
      'BerriAI/litellm price map, 2026-08-06',
      'OpenRouter catalogue, 2026-08-01, and endpoint captures, 2026-10-08',
      'anomalyco/models.dev, 2026-07-02',
    ],
    asOf: '2026-10-08',
    notes: 'Three references are Google’s recommendation, kept as the limit.',
  },
]
