import { type Model, onRoute } from '../src/catalog/model.ts'
import { allModels } from '../src/catalog/models/all-models.ts'
import type { ProviderEntry } from '../src/providers/entry.ts'
import { makeUpstream } from '../src/providers/http.ts'
import { PROVIDERS } from '../src/providers/registry.ts'
import { simulates } from '../src/sandbox/simulates.ts'

export const PROVIDERS_HEAD = [
  'Provider',
  'Slug',
  'Models',
  'Generate',
  'Edit',
  'Mask',
  'n per call',
  'Seed',
  'Formats asked for',
  'Progress',
  'Asynchronous',
  'Cost from',
  'How it refuses',
  'Simulator driven by',
]

/** One row for each provider: what its adapter says of itself, and what the catalogue's models can do there. */
export function providerRows(): readonly (readonly string[])[] {
  return Object.entries(PROVIDERS).map(([slug, entry]) => {
    const { traits } = entry
    const there = modelsOn(slug, entry)
    const some = (holds: (model: Model) => boolean) => yes(there.length === 0 || there.some(holds))
    return [
      entry.name,
      `\`${slug}\``,
      modelCount(slug),
      some(({ modes }) => modes.includes('generate')),
      traits.edits ? some(({ modes }) => modes.includes('edit')) : '–',
      traits.mask ? some(({ supports }) => supports.mask) : '–',
      String(traits.mostPerCall),
      traits.seed ? some(({ supports }) => supports.seed) : '–',
      traits.formats.length === 0 ? 'the model’s own' : traits.formats.join(', '),
      traits.progress === 'none' ? '–' : traits.progress,
      asynchronous(entry),
      traits.cost,
      traits.refusal,
      traits.client === null ? 'requests written from its documents' : `\`${traits.client}\``,
    ]
  })
}

export const SOURCES_HEAD = ['Provider', 'Wire format read in', 'Free check of a credential']

export function sourceRows(): readonly (readonly string[])[] {
  return Object.values(PROVIDERS).map((entry) => [
    entry.name,
    entry.traits.source,
    entry.make(UPSTREAM).check === undefined ? '–' : 'yes',
  ])
}

function modelsOn(slug: string, { traits }: ProviderEntry): readonly Model[] {
  return allModels.flatMap((model) =>
    model.routes.filter(({ provider }) => provider === slug).map((route) => onRoute(model, route, traits)),
  )
}

/** Models of the catalogue, and how many of them the sandbox serves. */
function modelCount(slug: string): string {
  const routes = allModels.flatMap((model) => model.routes.filter(({ provider }) => provider === slug))
  const simulated = routes.filter(({ model }) => simulates(slug, model)).length
  if (routes.length === 0) return 'yours'
  return simulated === routes.length ? String(routes.length) : `${routes.length}, ${simulated} simulated`
}

function asynchronous(entry: ProviderEntry): string {
  const provider = entry.make(UPSTREAM)
  if (provider.resume === undefined) return '–'
  return provider.cancel === undefined ? 'resumed' : 'resumed, cancelled'
}

function yes(holds: boolean): string {
  return holds ? 'yes' : '–'
}

/** Adapters are looked at here, and nothing is sent. */
const UPSTREAM = makeUpstream()
