import type { Model, ProviderLimits } from '../catalog/model.ts'
import type { Failure } from '../core/errors.ts'
import type { RoutingPreferences } from '../core/image-request.ts'
import type { Mode, ReceiptRoute } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import { closedFilter, type Filter, filtersOf, type Named } from './filters.ts'
import { emptied, noRoad, unknownProvider } from './no-route.ts'
import { rank } from './rank.ts'
import type { Road, StandingOf } from './road.ts'

/** Roads in the order in which they are tried, and why every route stands where it does. */
export interface Plan {
  /** At least one. */
  readonly routes: readonly Road[]
  /** The taken ones in their order, then what was left out. */
  readonly considered: readonly ConsideredRoute[]
}

export type ConsideredRoute = ReceiptRoute

/** What the operator has set up, as far as routing cares. */
export interface Setup {
  /** Whether this release can talk to the provider at all. */
  isImplemented(provider: string): boolean
  /** Credentials that are configured; 0: the provider is not. Test calls need none. */
  credentials(provider: string): number
  /** Whether the sandbox simulates the provider's model. */
  isSimulated(provider: string, model: string): boolean
  /** Names of the settings that would configure the provider: `GEMINI_API_KEY`. */
  settingsOf(provider: string): readonly string[]
  /** Keys of `provider.options` that the provider is sent. */
  passThrough(provider: string): readonly string[]
  /** What the provider's adapter takes; undefined for providers without one. */
  limitsOf(provider: string): ProviderLimits | undefined
  /** The slug behind a slug, a display name or a regional tag in any case; undefined when nothing is called so. */
  slugOf(name: string): string | undefined
  /** What the provider is known to keep of what it is sent. */
  keepsData(provider: string): 'none' | 'not for training' | 'unknown'
  /** Ids of models that the sandbox serves, for the error that has to name some. */
  readonly simulatedModels: readonly string[]
  /** Slugs in the order that the operator prefers. */
  readonly operatorOrder: readonly string[]
}

export interface Wish {
  readonly routing: RoutingPreferences | undefined
  /** A model was wished for with `:floor`: the cheapest first, unless `routing.sort` says otherwise. */
  readonly floor: boolean
  readonly mode: Mode
  /** `YYYY-MM-DD`, UTC. */
  readonly today: string
  /** The models whose roads these are, in the order of the wish; at least one. */
  readonly models: readonly Model[]
}

/**
 * Which roads may serve a request and in which order. Roads are left out by one filter after the other, each of which remembers why;
 * the one that leaves none names the refusal. What is left is ordered as `rank` says. A test key only ever gets simulated roads, a
 * live key never does. Pure and deterministic.
 *
 * `allow_fallbacks: false` leaves the providers that `order` names, or else the first road of each model: the models to fall back to
 * are a wish of their own.
 */
export function plan(roads: readonly Road[], wish: Wish, setup: Setup, standing: StandingOf): Result<Plan, Failure> {
  const open = sift(roads, [closedFilter(wish, setup)])
  if (open.kept.length === 0) return err(noRoad(roads, wish, setup))
  const named = readNames(wish.routing, setup)
  if (!named.ok) return err(unknownProvider(named.error, open.kept, wish))
  const sifted = sift(open.kept, filtersOf(wish.routing, named.value, setup, open.leftOut))
  if (sifted.emptiedBy !== undefined) return err(emptied(sifted.emptiedBy, sifted.funnel, open.kept, wish))

  const ranked = rank(sifted.kept, { ...wish, order: named.value.order }, setup.operatorOrder, standing)
  const isPrimary = (index: number) =>
    ranked.findIndex(({ road }) => road.served.id === ranked[index]?.road.served.id) === index
  const primaryOnly = wish.routing?.allowFallbacks === false && named.value.order.length === 0
  const taken = ranked.filter((_, index) => !primaryOnly || isPrimary(index))
  const leftOut = new Map([...open.leftOut, ...sifted.leftOut])
  return ok({
    routes: taken.map(({ road }) => road),
    considered: [
      ...taken.map(({ road, why }) => told(road, true, why)),
      ...ranked.flatMap((one) =>
        taken.includes(one) ? [] : [told(one.road, false, 'provider.allow_fallbacks is false')],
      ),
      ...roads.flatMap((road) => {
        const why = leftOut.get(road)
        return why === undefined ? [] : [told(road, false, why)]
      }),
    ],
  })
}

function told({ provider, model, served }: Road, taken: boolean, why: string): ConsideredRoute {
  return { provider, model, served: served.id, taken, why }
}

/** How many roads there were, and how many each filter left. */
export type Funnel = readonly { readonly step: string; readonly count: number }[]

interface Sifted {
  readonly kept: readonly Road[]
  readonly leftOut: ReadonlyMap<Road, string>
  readonly funnel: Funnel
  /** The filter after which nothing was left, and what had been there before it. */
  readonly emptiedBy: { readonly filter: Filter; readonly before: readonly Road[] } | undefined
}

function sift(roads: readonly Road[], filters: readonly Filter[]): Sifted {
  const leftOut = new Map<Road, string>()
  const funnel: { step: string; count: number }[] = [{ step: 'open', count: roads.length }]
  let kept = roads
  for (const filter of filters) {
    const before = kept
    kept = before.filter((road) => {
      const why = filter.judge(road)
      if (why !== undefined) leftOut.set(road, why)
      return why === undefined
    })
    funnel.push({ step: filter.name, count: kept.length })
    if (kept.length === 0) return { kept, leftOut, funnel, emptiedBy: { filter, before } }
  }
  return { kept, leftOut, funnel, emptiedBy: undefined }
}

/** Provider names as slugs. The error is a name that nobody has, and the list it stood in. */
function readNames(
  routing: RoutingPreferences | undefined,
  setup: Setup,
): Result<Named, { readonly list: keyof Named; readonly name: string }> {
  const named: Record<keyof Named, string[]> = { order: [], only: [], ignore: [] }
  for (const list of ['order', 'only', 'ignore'] as const) {
    for (const name of routing?.[list] ?? []) {
      const slug = setup.slugOf(name)
      if (slug === undefined) return err({ list, name })
      named[list].push(slug)
    }
  }
  return ok(named)
}
