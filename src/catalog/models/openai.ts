import { epochSeconds } from '../day.ts'
import type { Model } from '../model.ts'
import { TOKENS_OF_1, TOKENS_OF_1_MINI, TOKENS_OF_2, TOKENS_OF_2_5 } from './openai-tokens.ts'

/*
 * OpenAI's image models. Prices per token: https://openai.com/api/pricing and third-party tables that cite it, read 2026-11-22.
 * Shutdown days: https://platform.openai.com/docs/deprecations.
 */

const THREE_SIZES = { kind: 'list', sizes: ['1024x1024', '1536x1024', '1024x1536'] } as const

const FREE_SIZES = {
  kind: 'range',
  multipleOf: 16,
  maxSide: 3840,
  minPixels: 655_360,
  maxPixels: 8_294_400,
  maxRatio: 3,
} as const

const gptImage = {
  author: 'openai',
  openWeights: false,
  modes: ['generate', 'edit'],
  inputModalities: ['text', 'image'],
  outputModalities: ['image'],
  maxReferences: 16,
  maxNPerCall: 10,
  formats: ['png', 'jpeg', 'webp'],
} as const satisfies Partial<Model>

const gptImage1 = {
  ...gptImage,
  aspectRatios: ['1:1', '3:2', '2:3'],
  tiers: ['1K'],
  sizes: THREE_SIZES,
  supports: {
    mask: true,
    seed: false,
    transparentBackground: true,
    negativePrompt: false,
    streaming: true,
    quality: ['auto', 'low', 'medium', 'high'],
  },
} as const satisfies Partial<Model>

const gptImage25 = {
  ...gptImage,
  status: 'active',
  aspectRatios: 'any',
  tiers: ['1K', '2K', '4K'],
  sizes: FREE_SIZES,
  supports: {
    mask: true,
    seed: false,
    transparentBackground: true,
    negativePrompt: false,
    streaming: true,
    quality: ['auto', 'low', 'medium', 'high', 'xhigh', 'max'],
  },
  tokens: TOKENS_OF_2_5,
} as const satisfies Partial<Model>

const PRICE_OF_2_5 = {
  basis: 'token',
  version: '2026-11-22.1',
  confidence: 'medium',
  entries: [
    { billable: 'input_text', unit: 'token', usd: '0.000005' },
    { billable: 'input_image', unit: 'token', usd: '0.000008' },
    { billable: 'output_image', unit: 'token', usd: '0.00003' },
  ],
  note: 'Seen in third-party tables or on an undated page. No price of text output is known; none is charged.',
} as const

export const openai: readonly Model[] = [
  {
    ...gptImage25,
    id: 'openai/gpt-image-2.6-sunburst',
    name: 'GPT Image 2.6 Sunburst',
    description: 'OpenAI’s recommended image model, with a planning effort apart from its quality.',
    created: epochSeconds('2026-11-13'),
    aliases: ['openai/gpt-image-2.6'],
    routes: [
      { provider: 'openai', model: 'gpt-image-2.6-sunburst' },
      { provider: 'openrouter', model: 'openai/gpt-image-2.6-sunburst' },
    ],
    pricing: PRICE_OF_2_5,
    supports: { ...gptImage25.supports, quality: ['auto', 'low', 'medium', 'high'] },
    sources: ['openai-node 7.57.0', 'AI SDK packages, November 2026', 'OpenAI pricing page, undated, autumn 2026'],
    asOf: '2026-11-22',
    notes: 'Complexity low, medium or high; GIF output with a frame count. Sizes assumed to be those of 2 and 2.5.',
  },
  {
    ...gptImage25,
    id: 'openai/gpt-image-2.6-flare',
    name: 'GPT Image 2.6 Flare',
    description: 'The smaller sibling of GPT Image 2.6 Sunburst.',
    created: epochSeconds('2026-11-13'),
    aliases: [],
    routes: [
      { provider: 'openai', model: 'gpt-image-2.6-flare' },
      { provider: 'openrouter', model: 'openai/gpt-image-2.6-flare' },
    ],
    pricing: {
      basis: 'unpriced',
      version: '2026-11-22.1',
      confidence: 'low',
      entries: [],
      note: 'No rate was seen; the larger Sunburst costs 5, 8 and 30 dollars a million.',
    },
    supports: { ...gptImage25.supports, quality: ['auto', 'low', 'medium', 'high'] },
    sources: ['openai-node 7.57.0', 'AI SDK packages, November 2026'],
    asOf: '2026-11-22',
    notes: 'Complexity low, medium or high; GIF output with a frame count. Sizes assumed to be those of 2 and 2.5.',
  },
  {
    ...gptImage25,
    id: 'openai/gpt-image-2.5-sunburst',
    name: 'GPT Image 2.5 Sunburst',
    description: 'OpenAI’s larger image model of September 2026, with qualities up to max.',
    created: epochSeconds('2026-09-08'),
    aliases: ['openai/gpt-image-2.5-sunburst-2026-09-08'],
    routes: [
      { provider: 'openai', model: 'gpt-image-2.5-sunburst' },
      { provider: 'openrouter', model: 'openai/gpt-image-2.5-sunburst' },
    ],
    pricing: PRICE_OF_2_5,
    sources: [
      'openai-node 7.57.0',
      'AI SDK packages, November 2026',
      'third-party price tables, September to October 2026',
    ],
    asOf: '2026-10-08',
    notes: 'Some resellers refuse xhigh and max.',
  },
  {
    ...gptImage25,
    id: 'openai/gpt-image-2.5-flare',
    name: 'GPT Image 2.5 Flare',
    description: 'OpenAI’s smaller image model of September 2026, with qualities up to max.',
    created: epochSeconds('2026-09-08'),
    aliases: ['openai/gpt-image-2.5-flare-2026-09-08'],
    routes: [
      { provider: 'openai', model: 'gpt-image-2.5-flare' },
      { provider: 'openrouter', model: 'openai/gpt-image-2.5-flare' },
    ],
    pricing: PRICE_OF_2_5,
    sources: [
      'openai-node 7.57.0',
      'AI SDK packages, November 2026',
      'third-party price tables, September to October 2026',
    ],
    asOf: '2026-10-08',
    notes: 'Some resellers refuse xhigh and max.',
  },
  {
    ...gptImage,
    id: 'openai/gpt-image-2',
    name: 'GPT Image 2',
    description: 'OpenAI’s image model of April 2026, generating and editing at almost any size up to 4K.',
    created: epochSeconds('2026-04-21'),
    aliases: ['openai/gpt-image-2-2026-04-21'],
    status: 'active',
    routes: [
      { provider: 'openai', model: 'gpt-image-2' },
      { provider: 'azure', model: 'gpt-image-2' },
      { provider: 'openrouter', model: 'openai/gpt-image-2' },
      { provider: 'aimlapi', model: 'openai/gpt-image-2' },
    ],
    pricing: {
      basis: 'token',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [
        { billable: 'input_text', unit: 'token', usd: '0.000005' },
        { billable: 'input_image', unit: 'token', usd: '0.000008' },
        { billable: 'output_image', unit: 'token', usd: '0.00003' },
        { billable: 'output_text', unit: 'token', usd: '0.00001' },
      ],
      note: 'Cached input is cheaper at OpenAI; usage does not tell it apart, so it is charged as input.',
    },
    aspectRatios: 'any',
    tiers: ['1K', '2K', '4K'],
    sizes: FREE_SIZES,
    supports: { ...gptImage1.supports, transparentBackground: false },
    tokens: TOKENS_OF_2,
    sources: [
      'BerriAI/litellm price map, 2026-08-06',
      'anomalyco/models.dev, 2026-07-02',
      'third-party gateway catalogue, September 2026',
    ],
    asOf: '2026-09-03',
    notes: 'Transparent backgrounds are refused. Pictures that are not square cost less than square ones.',
  },
  {
    ...gptImage1,
    id: 'openai/gpt-image-1.5',
    name: 'GPT Image 1.5',
    description: 'OpenAI’s image model of December 2025; shut down in December 2026.',
    created: epochSeconds('2025-12-16'),
    aliases: ['openai/gpt-image-1.5-2025-12-16', 'openai/chatgpt-image-latest'],
    status: 'deprecated',
    routes: [
      { provider: 'openai', model: 'gpt-image-1.5', retiresAt: '2026-12-01' },
      { provider: 'azure', model: 'gpt-image-1.5' },
    ],
    successor: 'openai/gpt-image-2.6-sunburst',
    pricing: {
      basis: 'token',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [
        { billable: 'input_text', unit: 'token', usd: '0.000005' },
        { billable: 'input_image', unit: 'token', usd: '0.000008' },
        { billable: 'output_image', unit: 'token', usd: '0.000032' },
        { billable: 'output_text', unit: 'token', usd: '0.00001' },
      ],
      note: undefined,
    },
    tokens: TOKENS_OF_1,
    sources: ['BerriAI/litellm price map, 2026-08-06', 'third-party gateway catalogue, September 2026'],
    asOf: '2026-09-03',
    notes: 'chatgpt-image-latest named this model and ends with it.',
  },
  {
    ...gptImage1,
    id: 'openai/gpt-image-1-mini',
    name: 'GPT Image 1 Mini',
    description: 'OpenAI’s cheapest image model of its first generation; shut down in December 2026.',
    created: epochSeconds('2025-10-06'),
    aliases: [],
    status: 'deprecated',
    routes: [
      { provider: 'openai', model: 'gpt-image-1-mini', retiresAt: '2026-12-01' },
      { provider: 'azure', model: 'gpt-image-1-mini' },
      { provider: 'openrouter', model: 'openai/gpt-image-1-mini', retiresAt: '2026-12-01' },
    ],
    successor: 'openai/gpt-image-2.6-sunburst',
    pricing: {
      basis: 'token',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [
        { billable: 'input_text', unit: 'token', usd: '0.000002' },
        { billable: 'input_image', unit: 'token', usd: '0.0000025' },
        { billable: 'output_image', unit: 'token', usd: '0.000008' },
      ],
      note: undefined,
    },
    tokens: TOKENS_OF_1_MINI,
    sources: [
      'BerriAI/litellm price map, 2026-08-06',
      'OpenRouter endpoint captures, 2026-10-08',
      'third-party gateway catalogue, September 2026',
    ],
    asOf: '2026-10-08',
    notes: undefined,
  },
  {
    ...gptImage1,
    id: 'openai/gpt-image-1',
    name: 'GPT Image 1',
    description: 'OpenAI’s first GPT Image model; shut down in October 2026.',
    created: epochSeconds('2025-04-23'),
    aliases: [],
    status: 'retired',
    routes: [
      { provider: 'openai', model: 'gpt-image-1', retiresAt: '2026-10-23' },
      // A deployment on Azure has its operator's own end.
      { provider: 'azure', model: 'gpt-image-1' },
      { provider: 'openrouter', model: 'openai/gpt-image-1', retiresAt: '2026-10-23' },
    ],
    successor: 'openai/gpt-image-2.6-sunburst',
    pricing: {
      basis: 'token',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [
        { billable: 'input_text', unit: 'token', usd: '0.000005' },
        { billable: 'input_image', unit: 'token', usd: '0.00001' },
        { billable: 'output_image', unit: 'token', usd: '0.00004' },
      ],
      note: undefined,
    },
    tokens: TOKENS_OF_1,
    sources: ['BerriAI/litellm price map, 2026-08-06', 'OpenRouter endpoint captures, 2026-10-08'],
    asOf: '2026-10-08',
    notes: 'May linger on Azure.',
  },
]
