import { z } from 'zod'

import { supportedParameters } from '../../catalog/listing.ts'
import type { Model } from '../../catalog/model.ts'
import { findProvider } from '../../catalog/provider-names.ts'
import { quote } from '../../catalog/quote.ts'
import { commaList, oneOf, shortText, wholeNumberText } from '../fields.ts'

/** OpenRouter's words for an order. What needs figures that a gateway of one's own does not have leaves the catalogue's order. */
const ORDERS = [
  'newest',
  'pricing-low-to-high',
  'pricing-high-to-low',
  'most-popular',
  'top-weekly',
  'context-high-to-low',
  'throughput-high-to-low',
  'latency-low-to-high',
  'intelligence-high-to-low',
  'coding-high-to-low',
  'agentic-high-to-low',
  'design-arena-elo-high-to-low',
] as const

/** Query of `GET /models`. What is not known here is left alone: OpenRouter's list of filters is long and mostly about text. */
export const ModelsQuery = z.object({
  output_modalities: commaList()
    .optional()
    .describe(
      'What models must make: image, text, or all. Unlike at OpenRouter, the default is all: every model here makes pictures.',
    ),
  input_modalities: commaList().optional().describe('What models must take: text, image.'),
  supported_parameters: commaList().optional().describe('Parameters that models must honour.'),
  model_authors: commaList().optional(),
  providers: commaList().optional().describe('Slugs or names; a model needs a route by one of them.'),
  q: shortText(200).optional().describe('Words that must be in the id, the name or the description.'),
  sort: oneOf(ORDERS).optional(),
  offset: wholeNumberText(0, 1_000_000).optional(),
  limit: wholeNumberText(1, 1000).optional().describe('1 to 1000; absent: all, or 500 where an offset is given.'),
})
export type ModelsQuery = z.output<typeof ModelsQuery>

export function filterModels(models: readonly Model[], query: ModelsQuery): readonly Model[] {
  const { output_modalities: makes, input_modalities: takes, model_authors: authors } = query
  const providers = query.providers?.map((name) => findProvider(name)?.slug ?? name)
  const words = (query.q ?? '').toLowerCase().split(/\s+/)
  return models.filter(
    (model) =>
      hasAll(model.outputModalities, makes?.includes('all') ? undefined : makes) &&
      hasAll(model.inputModalities, takes) &&
      hasAll(Object.keys(supportedParameters(model)), query.supported_parameters) &&
      (authors === undefined || authors.includes(model.author)) &&
      (providers === undefined || model.routes.some((route) => providers.includes(route.provider))) &&
      words.every((word) => textOf(model).includes(word)),
  )
}

export function sortModels(models: readonly Model[], sort: ModelsQuery['sort']): readonly Model[] {
  if (sort === 'newest') return models.toSorted((a, b) => b.created - a.created)
  if (sort !== 'pricing-low-to-high' && sort !== 'pricing-high-to-low') return models
  const direction = sort === 'pricing-low-to-high' ? 1 : -1
  return models.toSorted((a, b) => {
    const [left, right] = [priceOfPicture(a), priceOfPicture(b)]
    // Models without a price come last in either order.
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined)
    return direction * Number(left - right)
  })
}

/** What one picture costs at list price when nothing special is asked for. */
function priceOfPicture(model: Model): bigint | undefined {
  if (model.pricing.basis === 'unpriced') return undefined
  return quote(model, { n: 1, promptBytes: 0, references: 0 }).typical
}

function hasAll(values: readonly string[], wanted: readonly string[] | undefined): boolean {
  return wanted === undefined || wanted.every((value) => values.includes(value))
}

function textOf({ id, name, description }: Model): string {
  return `${id} ${name} ${description}`.toLowerCase()
}
