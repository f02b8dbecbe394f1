import { z } from 'zod'

import { fail, type Failure } from '../../core/errors.ts'
import type { ImageRequest } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { flag, names, said, unheard } from '../fields.ts'

const Options = z.record(
  z.string(),
  z.record(z.string(), z.custom<JsonValue>(), { error: 'must be an object of parameters' }),
  { error: 'must be an object of parameters by provider slug' },
)

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
      data_collection: z.enum(['allow', 'deny'], { error: 'must be allow or deny' }).nullish(),
      zdr: flag().nullish(),
      enforce_distillable_text: flag().nullish(),
      max_price: z.record(z.string(), z.unknown(), { error: 'must be an object of prices' }).nullish(),
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
  data_collection: (asked: Preferences) => asked.data_collection === 'deny',
  zdr: (asked: Preferences) => asked.zdr === true,
  enforce_distillable_text: (asked: Preferences) => asked.enforce_distillable_text === true,
  max_price: (asked: Preferences) => Object.keys(asked.max_price ?? {}).length > 0,
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
  })
  const request = {
    ...(Object.keys(routing).length > 0 && { routing }),
    ...(preferences.options && { providerOptions: preferences.options }),
  }
  return ok({ request, ignored: unheard(preferences, ProviderPreferences.shape, { prefix: 'provider.' }) })
}

function cannotPromise(field: string): Failure {
  const message = `${field} cannot be promised by this gateway. Leave it out, and name the providers you trust in provider.only.`
  return fail('unsupported_parameter', message, { field })
}
