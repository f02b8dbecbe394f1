import type { Model } from './model.ts'

/** What the operator says of a model that the catalogue does not have. */
interface OwnModel extends Pick<Model, 'id' | 'routes' | 'pricing'> {
  readonly name: string | undefined
}

/**
 * A model that this install alone has. It is taken to be able to do what `like` can; without one nothing is known of it, so that whatever
 * its provider has a field for is passed on.
 */
export function ownModel({ id, name = id, routes, pricing }: OwnModel, like: Model | undefined): Model {
  const { successor: _, ...facts } = like ?? UNKNOWN
  const [author = ''] = id.split('/')
  const description = like === undefined ? 'A model of this install.' : `A model of this install, like ${like.name}.`
  return { ...facts, id, name, author, description, routes, pricing, created: 0, aliases: [], status: 'active' }
}

const UNKNOWN: Omit<Model, 'id' | 'name' | 'author' | 'description' | 'routes' | 'pricing'> = {
  created: 0,
  aliases: [],
  status: 'active',
  openWeights: false,
  modes: ['generate', 'edit'],
  inputModalities: ['text', 'image'],
  outputModalities: ['image'],
  aspectRatios: undefined,
  tiers: undefined,
  maxReferences: undefined,
  maxNPerCall: 10,
  supports: { mask: true, seed: true, transparentBackground: true, negativePrompt: true, streaming: true },
  formats: [],
  sources: ['the operator'],
  asOf: '',
  notes: undefined,
}
