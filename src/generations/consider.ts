import type { Catalog, Resolved } from '../catalog/catalog.ts'
import { chargeable } from '../catalog/chargeable.ts'
import { checkRequest } from '../catalog/check.ts'
import { type Model, type ModelRoute, onRoute } from '../catalog/model.ts'
import { routeSuffix } from '../catalog/names.ts'
import type { PriceTraits } from '../catalog/price.ts'
import { quote } from '../catalog/quote.ts'
import { type Clock, isoDay } from '../core/clock.ts'
import { fail, type Failure } from '../core/errors.ts'
import { type ImageRequest, promptText, references } from '../core/image-request.ts'
import { type Nanos, ZERO } from '../core/money.ts'
import type { Mode, Warning } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import { type ConsideredRoute, type Plan, plan, type Setup } from '../router/plan.ts'
import type { Road, StandingOf } from '../router/road.ts'

export interface ConsiderParts {
  readonly catalog: Catalog
  readonly setup: Setup
  /** Test traffic is broken on purpose, and live traffic learns nothing from it. */
  readonly standing: Readonly<Record<Mode, StandingOf>>
  readonly clock: Clock
  readonly settings: {
    readonly onRetired: 'successor' | 'refuse'
    /** Tokens of words and thoughts that a hold covers per call. */
    readonly textAllowance: number
  }
}

/** What a request would cost and which ways it could go, without holding, writing or sending anything. */
export interface Considered {
  readonly plan: Plan
  /** Pictures to make: as many as were asked for, or as a call makes by itself. */
  readonly n: number
  /** The dearest of the roads that may be tried. */
  readonly hold: Nanos
  /** Of the first road. */
  readonly typical: Nanos
  /** Of the request; a road's own are with the road. */
  readonly warnings: readonly Warning[]
}

/** Models that one request may name, the first included: OpenRouter's limit. */
const MOST_MODELS = 3

/**
 * The part of admission that only thinks: every model that was wished for is looked up, checked and quoted on each of its routes, and
 * the routes are planned. A model that cannot take the request is left out with its reason; when none can, the first one's own reason
 * is the answer. The same call is never planned twice, under whatever names it was wished for.
 */
export function consider(asked: ImageRequest, mode: Mode, parts: ConsiderParts): Result<Considered, Failure> {
  const names = [asked.model, ...(asked.fallbackModels ?? [])]
  if (names.length > MOST_MODELS) return err(tooManyModels(names.length))
  const today = isoDay(parts.clock.now())
  const candidates = names.map((name) => candidateOf(name, asked, mode, today, parts))
  const roads = toldOnce(candidates.flatMap((candidate) => candidate.roads))

  const refused = candidates[0]?.failure
  const models = candidates.flatMap(({ model, failure }) => (model === undefined || failure ? [] : [model]))
  if (models.length === 0 && refused) return err(refused)
  const floor = names.some((name) => routeSuffix(name) === 'floor')
  const wish = { routing: asked.routing, floor, mode, today, models }
  const open = plan(roads, wish, parts.setup, parts.standing[mode])
  if (!open.ok) return refused ? err(refused) : open
  const n = asked.n ?? usualCount(open.value.routes)
  const planned = n === (asked.n ?? 1) ? open : plan(counted(roads, n, parts), wish, parts.setup, parts.standing[mode])
  if (!planned.ok) return planned

  const routes = heldTogether(planned.value.routes, parts.settings.textAllowance)
  const considered = toldOnce([...planned.value.considered, ...candidates.flatMap(({ closed }) => closed)])
  return ok({
    plan: { routes, considered },
    n,
    hold: routes.reduce((most, { hold }) => (hold > most ? hold : most), ZERO),
    typical: routes[0]?.typical ?? ZERO,
    warnings: [
      ...suffixWarnings(names),
      ...preferenceWarnings(asked),
      ...candidates.flatMap((candidate, index) => leftOutWarning(candidate, index, planned.value)),
    ],
  })
}

/** One of the models that were wished for, with what can be asked of it. */
interface Candidate {
  readonly name: string
  /** Undefined when no model is called so. */
  readonly model: Model | undefined
  readonly roads: readonly Road[]
  /** Routes that are no roads for this request, and why. */
  readonly closed: readonly ConsideredRoute[]
  /** Why none of its routes can take the request, whatever the caller's and the operator's wishes. */
  readonly failure?: Failure
}

function candidateOf(name: string, asked: ImageRequest, mode: Mode, today: string, parts: ConsiderParts): Candidate {
  const { catalog, setup, settings } = parts
  const serves = (provider: string) => setup.credentials(provider) > 0
  const resolved = catalog.resolve(name, { mode, today, onRetired: settings.onRetired, serves })
  if (!resolved.ok) return without(name, catalog.find(name), resolved.error)
  const { model } = resolved.value
  const { fallbackModels: _, ...alone } = asked
  const wish = { ...alone, model: name }
  const roads: Road[] = []
  const closed: ConsideredRoute[] = []
  let first: Failure | undefined
  for (const route of model.routes) {
    const road = roadOn(route, resolved.value, wish, mode, parts)
    if (road.ok) roads.push(road.value)
    else {
      first ??= road.error
      closed.push(closedRoute(model, route, road.error.message))
    }
  }
  if (roads.length > 0) return { name, model, roads, closed }
  // What the model itself cannot do says more than what its first route cannot.
  const own = checkRequest(model, wish)
  const failure = own.ok ? first : own.error
  return { name, model, roads, closed, ...(failure && { failure }) }
}

function without(name: string, model: Model | undefined, failure: Failure): Candidate {
  const closed = (model?.routes ?? []).flatMap((route) => (model ? [closedRoute(model, route, failure.message)] : []))
  return { name, model, roads: [], closed, failure }
}

function closedRoute({ id }: Model, { provider, model }: ModelRoute, why: string): ConsideredRoute {
  return { provider, model, served: id, taken: false, why }
}

function roadOn(
  route: ModelRoute,
  { model, warnings }: Resolved,
  asked: ImageRequest,
  mode: Mode,
  { setup, settings }: ConsiderParts,
): Result<Road, Failure> {
  const limits = setup.limitsOf(route.provider)
  const makes = limits?.makes?.(asked.providerOptions?.[route.provider] ?? {})
  const there = onRoute(model, route, limits)
  const served = makes === undefined ? there : { ...there, defaults: { ...there.defaults, n: makes } }
  const price = chargeable(served, mode)
  if (!price.ok) return price
  const taken = checkRequest(served, asked)
  if (!taken.ok) return taken
  const checked = taken.value
  const { request } = checked
  const options = foreignOptions(request, route.provider, setup)
  return ok({
    provider: route.provider,
    model: route.model,
    served,
    request,
    traits: traitsOf(request),
    ...quoteOf(served, request, settings.textAllowance),
    leftOut: [...checked.leftOut, ...options],
    warnings: [
      ...warnings,
      ...price.value,
      ...checked.warnings,
      ...options.map((field) => ({
        code: 'parameter_ignored',
        field,
        message: `${route.provider} is not sent ${field}: it is none of the options that are passed through to it.`,
      })),
    ],
    credentials: mode === 'test' ? 1 : setup.credentials(route.provider),
  })
}

/** Keys of `provider.options` that are for this provider, and that it is not sent. */
function foreignOptions({ providerOptions = {} }: ImageRequest, provider: string, setup: Setup): readonly string[] {
  const known = setup.passThrough(provider)
  return Object.keys(providerOptions[provider] ?? {})
    .filter((key) => !known.includes(key))
    .map((key) => `provider.options.${provider}.${key.slice(0, 100)}`)
}

/** What of a request its price depends on. */
function traitsOf({ resolution, quality, size }: ImageRequest): PriceTraits {
  return {
    ...(resolution !== undefined && { resolution }),
    ...(quality !== undefined && { quality }),
    ...(size && { size: `${size.width}x${size.height}` }),
  }
}

function quoteOf(model: Model, request: ImageRequest, textAllowance: number): Pick<Road, 'hold' | 'typical'> {
  const { hold, typical } = quote(
    model,
    {
      n: request.n ?? 1,
      ...traitsOf(request),
      promptBytes: Buffer.byteLength(promptText(request)),
      references: references(request).length + (request.mask ? 1 : 0),
    },
    textAllowance,
  )
  return { hold, typical }
}

/**
 * Pictures for who did not say how many: those that the first road's call makes by itself, so that none is paid for and thrown away.
 * One, where a road that may follow it would need more calls than one for them.
 */
function usualCount(roads: readonly Road[]): number {
  const n = roads[0]?.served.defaults?.n ?? 1
  return roads.every(({ served }) => served.maxNPerCall >= n) ? n : 1
}

/** The roads as they are asked for so many pictures. */
function counted(roads: readonly Road[], n: number, { settings }: Pick<ConsiderParts, 'settings'>): readonly Road[] {
  return roads.map((road) => {
    const request = { ...road.request, n }
    return { ...road, request, ...quoteOf(road.served, request, settings.textAllowance) }
  })
}

/** Pictures are shared out so that any of the roads can make any share: a road that could make more at once holds for as many calls. */
function heldTogether(roads: readonly Road[], textAllowance: number): readonly Road[] {
  const maxNPerCall = Math.min(...roads.map(({ served }) => served.maxNPerCall))
  return roads.map((road) =>
    road.served.maxNPerCall === maxNPerCall
      ? road
      : { ...road, ...quoteOf({ ...road.served, maxNPerCall }, road.request, textAllowance) },
  )
}

/** The same call under another name is the same call: the first stays. */
function toldOnce<Route extends Pick<Road, 'provider' | 'model'>>(routes: readonly Route[]): readonly Route[] {
  const first = new Map<string, Route>()
  for (const route of routes) {
    const call = JSON.stringify([route.provider, route.model])
    if (!first.has(call)) first.set(call, route)
  }
  return [...first.values()]
}

function tooManyModels(count: number): Failure {
  const message = `'models' array must have ${MOST_MODELS} items or fewer, model included: this request names ${count}.`
  return fail('invalid_request', message, { field: 'models' })
}

function suffixWarnings(names: readonly string[]): readonly Warning[] {
  return names.flatMap((name, index): readonly Warning[] => {
    const suffix = routeSuffix(name)
    if (suffix === undefined || suffix === 'floor') return []
    const message = `:${suffix} is not acted on: the routes of ${name} are tried in their usual order.`
    return [{ code: 'preference_ignored', field: index === 0 ? 'model' : 'models', message }]
  })
}

function preferenceWarnings({ routing }: ImageRequest): readonly Warning[] {
  return (routing?.unheeded ?? []).map((field) => ({
    code: 'preference_ignored',
    field,
    message: `${field} is not acted on: it changed neither which routes may be tried nor their order.`,
  }))
}

/** A model that was wished for and has no part in the plan. */
function leftOutWarning(
  { name, model, failure }: Candidate,
  index: number,
  { routes, considered }: Plan,
): readonly Warning[] {
  if (routes.some(({ served }) => served.id === model?.id)) return []
  const why =
    failure?.message ?? considered.find(({ served }) => served === model?.id)?.why ?? 'it has no route of its own'
  const message = `${name} was left out: ${why}`
  return [{ code: 'model_left_out', field: index === 0 ? 'model' : 'models', message }]
}
