import type { Model } from '../catalog/model.ts'
import { formatUsd, type Nanos, usd } from '../core/money.ts'
import type { Setup, Wish } from './plan.ts'
import type { Road } from './road.ts'

/** For tests only: four cents a picture, on these routes. */
export function modelOn(id: string, routes: Model['routes']): Model {
  return {
    id,
    name: id,
    author: 'acme',
    description: '',
    created: 0,
    aliases: [],
    status: 'active',
    openWeights: false,
    modes: ['generate'],
    inputModalities: ['text'],
    outputModalities: ['image'],
    routes,
    pricing: imagePrice('0.04'),
    aspectRatios: 'any',
    tiers: undefined,
    maxReferences: 0,
    maxNPerCall: 1,
    supports: { mask: false, seed: false, transparentBackground: false, negativePrompt: false, streaming: false },
    formats: ['png'],
    sources: [],
    asOf: '2026-11-22',
    notes: undefined,
  }
}

export function imagePrice(dollars: string): Model['pricing'] {
  return {
    basis: 'image',
    version: '2026-11-22.1',
    confidence: 'high',
    entries: [{ billable: 'output_image', unit: 'image', usd: dollars }],
    note: undefined,
  }
}

/** The road of a model on one of its routes, at a price per picture. */
export function road(served: Model, provider: string, more: Partial<Road> & { readonly picture?: string } = {}): Road {
  const { picture = '0.04', ...rest } = more
  const { n = 1 } = rest.request ?? {}
  const typical = (usd(picture) * BigInt(n)) as Nanos
  return {
    provider,
    model: served.routes.find((route) => route.provider === provider)?.model ?? 'pix',
    served: { ...served, pricing: imagePrice(formatUsd(usd(picture))) },
    request: { model: served.id, turns: [] },
    traits: {},
    hold: typical,
    typical,
    leftOut: [],
    warnings: [],
    credentials: 1,
    ...rest,
  }
}

const NAMES: Readonly<Record<string, string>> = {
  'google ai studio': 'google-ai-studio',
  'google-ai-studio': 'google-ai-studio',
  'google-vertex': 'google-vertex',
  openrouter: 'openrouter',
  fal: 'fal',
}

export function setup(changes: Partial<Setup> = {}): Setup {
  return {
    isImplemented: () => true,
    credentials: () => 1,
    isSimulated: (provider) => provider === 'google-ai-studio',
    settingsOf: (provider) => [`${provider.toUpperCase()}_KEY`],
    passThrough: () => [],
    limitsOf: () => undefined,
    slugOf: (name) => NAMES[name.toLowerCase()],
    keepsData: () => 'unknown',
    simulatedModels: ['google/sim-one', 'google/sim-two'],
    operatorOrder: [],
    ...changes,
  }
}

export function wish(models: readonly Model[], changes: Partial<Wish> = {}): Wish {
  return { routing: undefined, floor: false, mode: 'live', today: '2026-11-22', models, ...changes }
}
