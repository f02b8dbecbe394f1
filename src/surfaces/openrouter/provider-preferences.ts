import { z } from 'zod'

import { fail, type Failure } from '../../core/errors.ts'
import { type ImageRequest, SORTS } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { formatUsd, usd } from '../../core/money.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { flag, isSaid, names, said, unheard } from '../fields.ts'

const Options = z.record(
  z.string(),
  z.record(z.string(), z.custom<JsonValue>(), { error: 'must be an object of parameters' }),
  { error: 'must be an object of parameters by provider slug' },
)

const PRICE_ERROR = 'must be US dollars, 0 or more, as a number or as decimal text with at most nine decimals: 0.04'

/** The official client sends text, OpenRouter's documents show numbers: both become exact decimal text. */
const price = () =>
  z
    .union(
      [
        z.number().min(0, { error: PRICE_ERROR }).max(1_000_000, { error: PRICE_ERROR }),
        z.string().regex(/^\d{1,7}(?:\.\d{1,9})?$/, { error: PRICE_ERROR }),
      ],
      {
        error: PRICE_ERROR,
      },
    )
    .transform((value) => formatUsd(usd(typeof value === 'number' ? value.toFixed(9) : value)))
    .nullish()

const MaxPrice = z
  .strictObject(
    {
      prompt: price().describe('USD per million prompt tokens.'),
      completion: price().describe('USD per million completion tokens.'),
      request: price().describe('USD per request.'),
      image: price().describe('USD per picture made.'),
      audio: price(),
    },
    {
      error: ({ code }) =>
        code === 'unrecognized_keys'
          ? 'must hold nothing but prompt, completion, request, image and audio'
          : 'must be an object of prices',
    },
  )
  .describe('The most that a route may list. What lists more is left out.')

const SORT_ERROR = `must be one of ${SORTS.join(', ')}, exacto, or an object with one of them in by`
const sortWord = z.enum([...SORTS, 'exacto'], { error: SORT_ERROR })
const Sort = z.union(
  [
    sortWord,
    z.object({
      by: sortWord.nullish(),
      partition: z.enum(['model', 'none'], { error: 'must be model or none' }).nullish(),
    }),
  ],
  { error: SORT_ERROR },
)

const percentiles = () =>
  z.union([z.number(), z.record(z.string(), z.number().nullish())], {
    error: 'must be a number or an object of percentiles',
  })

/** OpenRouter's `provider` object. Slugs and display names both name a provider. */
export const ProviderPreferences = z
  .looseObject(
    {
      order: names(50).nullish().describe('Providers to try first, in this order.'),
      only: names(50).nullish().describe('No provider but these.'),
      ignore: names(50).nullish().describe('None of these providers.'),
      allow_fallbacks: flag().nullish().describe('Whether others may serve when the first cannot. Default true.'),
      require_parameters: flag().nullish().describe('Refuse instead of warn when a parameter cannot be honoured.'),
      options: Options.nullish().describe('Pass-through parameters by provider slug.'),
      sort: Sort.nullish().describe('Order by price, latency or throughput instead of the usual one.'),
      max_price: MaxPrice.nullish(),
      data_collection: z
        .enum(['allow', 'deny'], { error: 'must be allow or deny' })
        .nullish()
        .describe('deny: only providers that the operator vouches for.'),
      zdr: flag().nullish().describe('Only providers that keep nothing, by the word of the operator.'),
      fallback_on_moderation: flag()
        .nullish()
        .describe('Extension: whether another provider may be tried after one refused on grounds of safety.'),
      preferred_min_throughput: percentiles().nullish(),
      preferred_max_latency: percentiles().nullish(),
      enforce_distillable_text: flag().nullish(),
      quantizations: names(20).nullish(),
    },
    { error: 'must be an object of provider preferences' },
  )
  .describe('Which providers may serve the request.')
type Preferences = z.output<typeof ProviderPreferences>

/**
 * Promises that nothing here could keep. Going on with a warning would come too late, after the prompt had been sent or the money
 * spent, so they are refused.
 */
const UNKEPT = {
  enforce_distillable_text: (asked: Preferences) => asked.enforce_distillable_text === true,
  quantizations: (asked: Preferences) => (asked.quantizations ?? []).length > 0,
}

interface Routed {
  readonly request: Pick<ImageRequest, 'routing' | 'providerOptions'>
  readonly ignored: readonly string[]
}

export function toRouting(preferences: Preferences | null | undefined): Result<Routed, Failure> {
  if (preferences === null || preferences === undefined) return ok({ request: {}, ignored: [] })
  for (const [name, isAsked] of Object.entries(UNKEPT)) {
    if (isAsked(preferences)) return err(cannotPromise(`provider.${name}`))
  }
  const routing = said({
    order: preferences.order,
    only: preferences.only,
    ignore: preferences.ignore,
    allowFallbacks: preferences.allow_fallbacks,
    requireParameters: preferences.require_parameters,
    sort: toSort(preferences.sort),
    maxPrice: toMaxPrice(preferences.max_price),
    dataCollection: preferences.data_collection,
    zdr: preferences.zdr,
    fallbackOnModeration: preferences.fallback_on_moderation,
    unheeded: toUnheeded(preferences),
  })
  const request = {
    ...(Object.keys(routing).length > 0 && { routing }),
    ...(preferences.options && { providerOptions: preferences.options }),
  }
  return ok({ request, ignored: unheard(preferences, ProviderPreferences.shape, { prefix: 'provider.' }) })
}

/** `exacto` ranks calls of tools, which no picture is. */
function toSort(sort: Preferences['sort']) {
  const { by, partition } = typeof sort === 'string' ? { by: sort, partition: null } : (sort ?? {})
  const wished = said({ by: by === 'exacto' ? null : by, partition })
  return Object.keys(wished).length > 0 ? wished : undefined
}

function toMaxPrice(asked: Preferences['max_price']) {
  const { audio: _, ...prices } = asked ?? {}
  const ceilings = said(prices)
  return Object.keys(ceilings).length > 0 ? ceilings : undefined
}

/** Preferences that are understood and change nothing here. */
function toUnheeded({ sort, max_price: maxPrice, ...preferences }: Preferences): readonly string[] | undefined {
  const isExacto = sort === 'exacto' || (typeof sort === 'object' && sort?.by === 'exacto')
  const fields = [
    ...(isExacto ? ['provider.sort'] : []),
    ...(isSaid(maxPrice?.audio) ? ['provider.max_price.audio'] : []),
    ...(['preferred_min_throughput', 'preferred_max_latency'] as const)
      .filter((name) => isSaid(preferences[name]))
      .map((name) => `provider.${name}`),
  ]
  return fields.length > 0 ? fields : undefined
}

function cannotPromise(field: string): Failure {
  const message = `${field} cannot be promised by this gateway. Leave it out, and name the providers you trust in provider.only.`
  return fail('unsupported_parameter', message, { field })
}
