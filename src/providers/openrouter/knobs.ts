import type { Model } from '../../catalog/model.ts'
import { allModels } from '../../catalog/models/all-models.ts'

/** What of a request a model can be asked for by a field. OpenRouter refuses a field that the model has no knob for. */
export interface Knobs {
  /** Encodings that it can be asked for; empty where it makes one and nobody asks. */
  readonly formats: readonly string[]
  readonly background: boolean
  /** Whether it answers with words beside pictures. Asking a model for words that has none finds no endpoint, with 404. */
  readonly speaks: boolean
  /** Whether the Images API does not have it: a chat model with a tool that paints. */
  readonly chatOnly: boolean
}

/**
 * By the catalogue, since the wire has no way to ask kindly. Of a model that the catalogue does not know, everything is believed
 * but a choice of formats: what it sends is converted when the caller wanted another.
 */
export function knobsOf(model: string): Knobs {
  const known = byRoute.get(model)
  if (known === undefined) return { formats: [], background: true, speaks: true, chatOnly: false }
  const speaks = known.outputModalities.includes('text')
  return {
    formats: known.formats.length > 1 ? known.formats : [],
    background: known.supports.transparentBackground,
    speaks,
    // OpenRouter's own bundles: nobody else sells them, since each is two models of one maker.
    chatOnly: speaks && known.routes.every(({ provider }) => provider === 'openrouter'),
  }
}

const byRoute: ReadonlyMap<string, Model> = new Map(
  allModels.flatMap((model) =>
    model.routes
      .filter(({ provider }) => provider === 'openrouter')
      .map((route): [string, Model] => [route.model, model]),
  ),
)
