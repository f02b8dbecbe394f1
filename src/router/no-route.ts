import { nearestProviders } from '../catalog/provider-names.ts'
import { fail, type Failure } from '../core/errors.ts'
import { type Filter, providersOf } from './filters.ts'
import type { Funnel, Setup, Wish } from './plan.ts'
import type { Road } from './road.ts'

/** OpenRouter's words, which clients match on. */
const NONE_ALLOWED = 'No allowed providers are available for the selected model.'

/** No road is open, whatever the caller wishes: the failure names what would open one. */
export function noRoad(roads: readonly Road[], { models, mode, today }: Wish, setup: Setup): Failure {
  const names = namesOf({ models })
  if (mode === 'test') {
    const some = setup.simulatedModels.slice(0, 8).join(', ')
    return fail('no_simulator', `The sandbox does not simulate ${names} yet. A test key can use: ${some}.`, {
      field: 'model',
    })
  }
  const routes = models.flatMap((model) => model.routes)
  const settings = routes
    .filter(
      ({ provider, retiresAt }) => setup.isImplemented(provider) && (retiresAt === undefined || retiresAt > today),
    )
    .flatMap(({ provider }) => setup.settingsOf(provider))
  const remedy =
    settings.length > 0
      ? `Set ${[...new Set(settings)].join(' or ')} to serve it.`
      : `This release has no adapter for any of its providers (${providersOf(roads).join(', ') || 'none known'}).`
  return fail('no_endpoints', `No endpoints found for ${names}: no configured provider serves it. ${remedy}`, {
    field: 'model',
    details: { requested_models: models.map(({ id }) => id), settings: [...new Set(settings)] },
  })
}

/** A list of the caller's names somebody who is no provider. */
export function unknownProvider(
  { list, name }: { readonly list: string; readonly name: string },
  open: readonly Road[],
  { models }: Wish,
): Failure {
  const available = providersOf(open)
  const [nearest] = nearestProviders(name, available)
  const said = JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)
  return fail(
    'no_endpoints',
    `${NONE_ALLOWED} provider.${list} names ${said}, which is no provider's slug or display name. ${namesOf({ models })} is served here by: ${available.join(', ')}.`,
    {
      field: `provider.${list}`,
      details: { ...detailsOf(models), failed_routing_step: list, available_providers: available, nearest },
    },
  )
}

/** A filter left nothing: the failure names it, and what would have passed. */
export function emptied(
  { filter, before }: { readonly filter: Filter; readonly before: readonly Road[] },
  funnel: Funnel,
  open: readonly Road[],
  { models }: Wish,
): Failure {
  const { text, nearest } = filter.remedy(before)
  const details = {
    ...detailsOf(models),
    failed_routing_step: filter.name,
    routing_funnel: funnel.map(({ step, count }) => ({ step, endpoint_count: count })),
    available_providers: providersOf(open),
    ...(nearest !== undefined && { nearest }),
  }
  if (filter.name === 'require_parameters') return unsupported(before, details)
  const opening = ['only', 'ignore', 'order'].includes(filter.name) ? NONE_ALLOWED : 'No endpoints found.'
  return fail('no_endpoints', `${opening} provider.${filter.name} leaves no route of ${namesOf({ models })}. ${text}`, {
    field: `provider.${filter.name}`,
    details,
  })
}

/** The one filter whose remedy is another request: it is told by the parameter, as a bad one. */
function unsupported(before: readonly Road[], details: Readonly<Record<string, unknown>>): Failure {
  const [best] = before.toSorted((a, b) => a.leftOut.length - b.leftOut.length)
  const { served, leftOut = [] } = best ?? {}
  return fail(
    'unsupported_parameter',
    `${served?.id} does not honour ${leftOut.join(', ')}, and require_parameters forbids to leave that out.`,
    { field: leftOut[0] ?? 'provider.require_parameters', details },
  )
}

function detailsOf(models: Wish['models']): Readonly<Record<string, unknown>> {
  return { requested_models: models.map(({ id }) => id) }
}

function namesOf({ models }: Pick<Wish, 'models'>): string {
  return models.map(({ id }) => id).join(' or ')
}
