import { openrouterPricing } from '../catalog/listing.ts'
import type { MaxPrice, RoutingPreferences } from '../core/image-request.ts'
import { formatUsd, type Nanos, priceOf, rateOf, usd } from '../core/money.ts'
import type { Setup, Wish } from './plan.ts'
import type { Road } from './road.ts'

/** Slugs that the caller named. */
export interface Named {
  readonly order: readonly string[]
  readonly only: readonly string[]
  readonly ignore: readonly string[]
}

export interface Filter {
  /** The field of `provider` that asked for it, or `open`. */
  readonly name: string
  /** Why a road does not pass; undefined when it does. */
  judge(road: Road): string | undefined
  /** What would let one of these pass, none of which does: as words, and as data where there is any. */
  remedy(before: readonly Road[]): { readonly text: string; readonly nearest?: unknown }
}

/** Roads that nobody can take: without an adapter, past their last day, without a credential; for test keys, without a simulator. */
export function closedFilter({ mode, today }: Wish, setup: Setup): Filter {
  return {
    name: 'open',
    judge({ provider, model, served, credentials }) {
      if (mode === 'test') return setup.isSimulated(provider, model) ? undefined : 'test keys are not served there'
      if (!setup.isImplemented(provider)) return 'this release has no adapter for it'
      const last = served.routes.find((route) => route.provider === provider && route.model === model)?.retiresAt
      if (last !== undefined && last <= today) return `shut down on ${last}`
      return credentials > 0 ? undefined : `not configured: set ${setup.settingsOf(provider).join(' or ')}`
    },
    remedy: () => ({ text: '' }),
  }
}

/** The caller's filters in the order in which they are applied; those that were not asked for are not there. */
export function filtersOf(
  routing: RoutingPreferences = {},
  named: Named,
  setup: Setup,
  closed: ReadonlyMap<Road, string>,
): readonly Filter[] {
  const { only, allowFallbacks, requireParameters, maxPrice, dataCollection, zdr } = routing
  return [
    only !== undefined && onlyFilter(named.only, closed),
    named.ignore.length > 0 && ignoreFilter(named.ignore),
    allowFallbacks === false && named.order.length > 0 && orderFilter(named.order),
    requireParameters === true && parametersFilter,
    maxPrice !== undefined && priceFilter(maxPrice),
    dataCollection === 'deny' && dataFilter('data_collection', setup),
    zdr === true && dataFilter('zdr', setup),
  ].filter((filter) => filter !== false)
}

function onlyFilter(only: readonly string[], closed: ReadonlyMap<Road, string>): Filter {
  return {
    name: 'only',
    judge: ({ provider }) => (only.includes(provider) ? undefined : 'not in provider.only'),
    remedy(before) {
      const meant = [...closed].filter(([{ provider }]) => only.includes(provider))
      const why = meant.map(([{ provider }, reason]) => ` ${provider}: ${reason}.`)
      const text = `Served here by: ${providersOf(before).join(', ')}.${[...new Set(why)].join('')}`
      return { text, nearest: before[0]?.provider }
    },
  }
}

function ignoreFilter(ignore: readonly string[]): Filter {
  return {
    name: 'ignore',
    judge: ({ provider }) => (ignore.includes(provider) ? 'in provider.ignore' : undefined),
    remedy: (before) => ({
      text: `It names all that were left: ${providersOf(before).join(', ')}.`,
      nearest: before[0]?.provider,
    }),
  }
}

function orderFilter(order: readonly string[]): Filter {
  return {
    name: 'order',
    judge: ({ provider }) =>
      order.includes(provider) ? undefined : 'not in provider.order, and provider.allow_fallbacks is false',
    remedy: (before) => ({
      text: `With allow_fallbacks false nobody else may, and served here by: ${providersOf(before).join(', ')}.`,
      nearest: before[0]?.provider,
    }),
  }
}

const parametersFilter: Filter = {
  name: 'require_parameters',
  judge: ({ leftOut }) =>
    leftOut.length === 0 ? undefined : `does not honour ${leftOut.join(', ')}, and require_parameters is true`,
  remedy(before) {
    const [best] = before.toSorted((a, b) => a.leftOut.length - b.leftOut.length)
    if (best === undefined) return { text: '' }
    const text = `${best.served.id} on ${best.provider} would serve it without ${best.leftOut.join(', ')}.`
    return { text, nearest: { provider: best.provider, model: best.served.id, without: best.leftOut } }
  },
}

const UNITS = {
  prompt: 'per million prompt tokens',
  completion: 'per million completion tokens',
  request: 'per request',
  image: 'a picture',
} as const satisfies Record<keyof MaxPrice, string>

/** Compared with what the road lists: the price of a picture is the usual one for this request, its prompt and words not counted. */
function priceFilter(ceilings: MaxPrice): Filter {
  const limits = (['prompt', 'completion', 'request', 'image'] as const).flatMap((unit) =>
    ceilings[unit] === undefined ? [] : [{ unit, most: usd(ceilings[unit]) }],
  )
  return {
    name: 'max_price',
    judge(road) {
      const prices = listPrices(road)
      const dear = limits.find(({ unit, most }) => prices[unit] > most)
      return dear && `${formatUsd(prices[dear.unit])} USD ${UNITS[dear.unit]}, above provider.max_price.${dear.unit}`
    },
    remedy(before) {
      const [cheapest] = before.toSorted((a, b) => Number(a.typical - b.typical))
      if (cheapest === undefined) return { text: '' }
      const prices = listPrices(cheapest)
      const enough = limits.map(
        ({ unit, most }) => [unit, formatUsd(prices[unit] > most ? prices[unit] : most)] as const,
      )
      const needed = limits
        .filter(({ unit, most }) => prices[unit] > most)
        .map(({ unit }) => `${unit} ${formatUsd(prices[unit])} (USD ${UNITS[unit]})`)
      return {
        text: `The cheapest is ${cheapest.served.id} on ${cheapest.provider}; these ceilings would let it pass: ${needed.join(', ')}.`,
        nearest: {
          provider: cheapest.provider,
          model: cheapest.served.id,
          max_price: Object.fromEntries(enough),
        },
      }
    },
  }
}

/** What a road costs in the units of `max_price`. */
function listPrices({ served, typical, request }: Road): Record<keyof MaxPrice, Nanos> {
  const { prompt, completion, request: perRequest } = openrouterPricing(served)
  const pictures = BigInt(request.n ?? 1)
  return {
    prompt: priceOf(1_000_000n, rateOf(prompt)),
    completion: priceOf(1_000_000n, rateOf(completion)),
    request: priceOf(1n, rateOf(perRequest)),
    image: ((typical + pictures - 1n) / pictures) as Nanos,
  }
}

/** The same for test keys, although what they send stays here: a test is to tell what the live key will meet. */
function dataFilter(name: 'data_collection' | 'zdr', setup: Setup): Filter {
  const settings =
    name === 'zdr' ? ['PLANTAIN_ZDR_PROVIDERS'] : ['PLANTAIN_NO_TRAINING_PROVIDERS', 'PLANTAIN_ZDR_PROVIDERS']
  return {
    name,
    judge({ provider }) {
      const kept = setup.keepsData(provider)
      if (kept === 'none' || (kept === 'not for training' && name === 'data_collection')) return undefined
      return `its operator does not vouch for it in ${settings.join(' or ')}, which provider.${name} asks for`
    },
    remedy: (before) => ({
      text: `The operator can vouch for one of ${providersOf(before).join(', ')} in ${settings.join(' or ')}.`,
      nearest: { settings, providers: providersOf(before) },
    }),
  }
}

export function providersOf(roads: readonly Road[]): readonly string[] {
  return [...new Set(roads.map(({ provider }) => provider))]
}
