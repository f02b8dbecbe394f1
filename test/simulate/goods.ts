import type { Model } from '../../src/catalog/model.ts'
import type { TokenUsage } from '../../src/core/receipt.ts'
import { imageModel, tokenModel } from '../../src/generations/test-rooms.ts'

/** Providers of the simulated world. `jobs` works by upstream ids: it can be asked about a call, and told to stop it. */
export const PROVIDERS = ['plain', 'jobs', 'cheap'] as const
export type ProviderId = (typeof PROVIDERS)[number]

/** Tokens of words that a hold covers per call: few, so that some answers outgrow it. */
export const TEXT_ALLOWANCE = 100

const TOKENS_PER_PICTURE = 1000n
const NANOS_PER_TOKEN = { picture: 30_000n, text: 3_000n, input: 1_000n } as const

/** What a picture costs at a provider, in nanos; undefined where the provider does not make it. */
const PICTURE_PRICES: Readonly<Record<string, Partial<Record<ProviderId, bigint>>>> = {
  'sim/flat': { plain: 40_000_000n, jobs: 50_000_000n },
  'sim/many': { cheap: 20_000_000n, plain: 30_000_000n },
  'sim/slow': { jobs: 70_000_000n },
}
const TOKEN_ROUTES: readonly ProviderId[] = ['cheap', 'jobs']

export const MODELS = [...Object.keys(PICTURE_PRICES), 'sim/tokens'] as const

/** The same as rows of a catalogue, in dollars. */
export const CATALOGUE: readonly Model[] = [
  imageModel({ id: 'sim/flat', maxNPerCall: 1, routes: routesOf('sim/flat') }),
  imageModel({ id: 'sim/many', maxNPerCall: 4, routes: routesOf('sim/many') }),
  imageModel({ id: 'sim/slow', maxNPerCall: 1, routes: routesOf('sim/slow') }),
  tokenModel({
    id: 'sim/tokens',
    routes: TOKEN_ROUTES.map((provider) => ({ provider, model: `sim/tokens@${provider}` })),
    tiers: ['1K'],
    tokens: { outputPerImage: { '1K': Number(TOKENS_PER_PICTURE) }, inputPerImage: 500 },
  }),
]

function routesOf(id: string): Model['routes'] {
  return Object.entries(PICTURE_PRICES[id] ?? {}).map(([provider, nanos]) => ({
    provider,
    model: `${id}@${provider}`,
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [{ billable: 'output_image', unit: 'image', usd: `0.${String(nanos).padStart(9, '0')}` }],
      note: undefined,
    },
  }))
}

/** What is wished for, as far as its price goes. */
export interface Wish {
  /** By preference. */
  readonly models: readonly string[]
  readonly n: number
  readonly prompt: string
}

/** What has to be held for a wish: the dearest of all ways. */
export function holdFor({ models, n, prompt }: Wish): bigint {
  const ways = models.flatMap((id) => {
    if (id !== 'sim/tokens') return Object.values(PICTURE_PRICES[id] ?? {})
    const { picture, text, input } = NANOS_PER_TOKEN
    return [TOKENS_PER_PICTURE * picture + BigInt(TEXT_ALLOWANCE) * text + BigInt(Buffer.byteLength(prompt)) * input]
  })
  return ways.reduce((most, each) => (each > most ? each : most), 0n) * BigInt(n)
}

/** What `pictures` of one call cost at list price, by the usage that was reported where tokens are priced. */
export function worthOf(route: string, pictures: number, usage?: TokenUsage): bigint {
  const [id = '', provider = ''] = route.split('@')
  if (pictures === 0) return 0n
  if (id !== 'sim/tokens') return BigInt(pictures) * (PICTURE_PRICES[id]?.[provider as ProviderId] ?? 0n)
  return usage === undefined ? BigInt(pictures) * TOKENS_PER_PICTURE * NANOS_PER_TOKEN.picture : worthOfUsage(usage)
}

export function worthOfUsage({ inputTokens, outputTokens, outputImageTokens }: TokenUsage): bigint {
  const { picture, text, input } = NANOS_PER_TOKEN
  const words = outputTokens - outputImageTokens
  return BigInt(outputImageTokens) * picture + BigInt(words) * text + BigInt(inputTokens) * input
}

/** A charge that outgrows its hold is cut to whole units: it may be this much below it. */
export const DEAREST_UNIT = NANOS_PER_TOKEN.picture

/** The usage of one call. */
export function usageOf(pictures: number, words: number): TokenUsage {
  const image = pictures * Number(TOKENS_PER_PICTURE)
  return {
    inputTokens: 10,
    inputTextTokens: 10,
    inputImageTokens: 0,
    outputTokens: image + words,
    outputImageTokens: image,
    thoughtTokens: 0,
  }
}
