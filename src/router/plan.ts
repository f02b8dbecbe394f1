import type { Model, ModelRoute } from '../catalog/model.ts'
import { fail, type Failure } from '../core/errors.ts'
import type { RoutingPreferences } from '../core/image-request.ts'
import type { Mode } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'

/** One way to have the picture made, ready to be called. */
export interface PlannedRoute {
  readonly provider: string
  /** The provider's own id of the model. */
  readonly model: string
}

/** Routes in the order in which they are tried, and why every route of the model stands where it does. */
export interface Plan {
  readonly routes: readonly PlannedRoute[]
  readonly considered: readonly Considered[]
}

export interface Considered {
  readonly provider: string
  readonly model: string
  readonly taken: boolean
  readonly why: string
}

/** What the operator has set up, as far as routing cares. */
export interface Roads {
  /** Whether this release can talk to the provider at all. */
  isImplemented(provider: string): boolean
  /** Whether a credential is configured. */
  isConfigured(provider: string): boolean
  /** Whether the sandbox simulates the provider's model. */
  isSimulated(provider: string, model: string): boolean
  /** Names of the settings that would configure the provider: `GEMINI_API_KEY`. */
  settingsOf(provider: string): readonly string[]
  /** The slug behind a slug, a display name or a regional tag in any case; undefined when nothing is called so. */
  slugOf(name: string): string | undefined
  /** Ids of models that the sandbox serves, for the error that has to name some. */
  readonly simulatedModels: readonly string[]
  /** Slugs in the order that the operator prefers. */
  readonly operatorOrder: readonly string[]
}

interface Wish {
  readonly model: Model
  readonly mode: Mode
  readonly routing: RoutingPreferences | undefined
  /** `YYYY-MM-DD`, UTC. */
  readonly today: string
}

/**
 * Which routes may serve a request and in which order: the caller's `order`, then the operator's, then the catalogue's. Pure and
 * deterministic. A test key only ever gets simulated routes, a live key never does.
 */
export function plan({ model, mode, routing, today }: Wish, roads: Roads): Result<Plan, Failure> {
  const open = model.routes.map((route) => ({ route, closed: closedBecause(route, mode, today, roads) }))
  if (open.every(({ closed }) => closed !== undefined)) return err(noRoad(model, mode, today, roads))

  const wished = readWishes(routing, roads)
  if (!wished.ok) return wished
  const { order, only, ignore, allowFallbacks } = wished.value
  const judged = open.map(({ route, closed }) => ({ route, why: closed ?? excludedBy(route.provider, only, ignore) }))
  const allowed = judged.filter(({ why }) => why === undefined).map(({ route }) => route)
  if (allowed.length === 0)
    return err(
      emptied(
        model,
        only,
        open.flatMap(({ route, closed }) => (closed ? [] : [route.provider])),
      ),
    )

  const ranked = allowed.toSorted((a, b) => rank(a.provider, order, roads) - rank(b.provider, order, roads))
  const kept = allowFallbacks ? ranked : ranked.filter(({ provider }, index) => index === 0 || order.includes(provider))
  return ok({
    routes: kept.map(({ provider, model: id }) => ({ provider, model: id })),
    considered: [
      ...kept.map((route, index) => considered(route, true, reasonFor(route.provider, index, order, roads))),
      ...ranked
        .filter((route) => !kept.includes(route))
        .map((route) => considered(route, false, 'allow_fallbacks is false')),
      ...judged.flatMap(({ route, why }) => (why === undefined ? [] : [considered(route, false, why)])),
    ],
  })
}

function considered({ provider, model }: ModelRoute, taken: boolean, why: string): Considered {
  return { provider, model, taken, why }
}

function closedBecause(route: ModelRoute, mode: Mode, today: string, roads: Roads): string | undefined {
  if (mode === 'test')
    return roads.isSimulated(route.provider, route.model) ? undefined : 'the sandbox does not simulate it'
  if (!roads.isImplemented(route.provider)) return 'this release has no adapter for it'
  if (route.retiresAt !== undefined && route.retiresAt <= today) return `shut down on ${route.retiresAt}`
  if (!roads.isConfigured(route.provider)) return `not configured: set ${roads.settingsOf(route.provider).join(' or ')}`
  return undefined
}

function noRoad(model: Model, mode: Mode, today: string, roads: Roads): Failure {
  if (mode === 'test') {
    const some = roads.simulatedModels.slice(0, 8).join(', ')
    return fail('no_simulator', `The sandbox does not simulate ${model.id} yet. A test key can use: ${some}.`, {
      field: 'model',
    })
  }
  const settings = model.routes
    .filter(
      ({ provider, retiresAt }) => roads.isImplemented(provider) && (retiresAt === undefined || retiresAt > today),
    )
    .flatMap(({ provider }) => roads.settingsOf(provider))
  const remedy =
    settings.length > 0
      ? `Set ${[...new Set(settings)].join(' or ')} to serve it.`
      : `This release has no adapter for any of its providers (${model.routes.map(({ provider }) => provider).join(', ') || 'none known'}).`
  return fail('no_endpoints', `No endpoints found for ${model.id}: no configured provider serves it. ${remedy}`, {
    field: 'model',
    details: { settings: [...new Set(settings)] },
  })
}

interface Wishes {
  readonly order: readonly string[]
  readonly only: readonly string[] | undefined
  readonly ignore: readonly string[]
  readonly allowFallbacks: boolean
}

function readWishes(routing: RoutingPreferences | undefined, roads: Roads): Result<Wishes, Failure> {
  const named: { order: string[]; only: string[]; ignore: string[] } = { order: [], only: [], ignore: [] }
  for (const list of ['order', 'only', 'ignore'] as const) {
    for (const name of routing?.[list] ?? []) {
      const slug = roads.slugOf(name)
      if (slug === undefined) {
        return err(
          fail(
            'no_endpoints',
            `No allowed providers are available for the selected model. provider.${list} names ${JSON.stringify(name)}, which is no provider's slug or display name.`,
            {
              field: `provider.${list}`,
            },
          ),
        )
      }
      named[list].push(slug)
    }
  }
  return ok({
    order: named.order,
    only: routing?.only === undefined ? undefined : named.only,
    ignore: named.ignore,
    allowFallbacks: routing?.allowFallbacks ?? true,
  })
}

function excludedBy(
  provider: string,
  only: readonly string[] | undefined,
  ignore: readonly string[],
): string | undefined {
  if (only !== undefined && !only.includes(provider)) return 'not in provider.only'
  if (ignore.includes(provider)) return 'in provider.ignore'
  return undefined
}

function emptied(model: Model, only: readonly string[] | undefined, available: readonly string[]): Failure {
  const filter = only === undefined ? 'provider.ignore' : 'provider.only'
  return fail(
    'no_endpoints',
    `No allowed providers are available for the selected model. ${filter} leaves none of the providers that serve ${model.id} here: ${available.join(', ')}.`,
    { field: filter, details: { available_providers: available } },
  )
}

function rank(provider: string, order: readonly string[], roads: Roads): number {
  const wished = order.indexOf(provider)
  if (wished >= 0) return wished
  const operator = roads.operatorOrder.indexOf(provider)
  return order.length + (operator >= 0 ? operator : roads.operatorOrder.length)
}

function reasonFor(provider: string, index: number, order: readonly string[], roads: Roads): string {
  if (order.includes(provider)) return `position ${order.indexOf(provider) + 1} of provider.order`
  if (roads.operatorOrder.includes(provider)) return "the operator's order"
  return index === 0 ? "the catalogue's order" : 'fallback'
}
