import type { Model } from '../catalog/model.ts'
import type { RoutingPreferences, Sort } from '../core/image-request.ts'
import { formatUsd } from '../core/money.ts'
import type { Road, Standing, StandingOf } from './road.ts'

interface Preference {
  readonly routing: RoutingPreferences | undefined
  readonly floor: boolean
  readonly models: readonly Model[]
  /** Slugs of `provider.order`. */
  readonly order: readonly string[]
}

export interface Ranked {
  readonly road: Road
  readonly why: string
}

/**
 * Roads in the order in which they are tried: by the caller's `order`, then his `sort` (or `:floor`), then the operator's order, then
 * price, then as they came, which is the catalogue's order; by default all roads of one model before those of the next.
 *
 * Recent failures move a road back and never remove it. One whose breakers are open goes behind all others of its model, even where
 * `order` names it: a call there would only fail. One that failed within the last 30 s goes behind those that did not, but not where
 * `order` names it: who names a place wants that place.
 */
export function rank(
  roads: readonly Road[],
  preference: Preference,
  operatorOrder: readonly string[],
  standing: StandingOf,
): readonly Ranked[] {
  const { routing, floor, models, order } = preference
  const by = routing?.sort?.by ?? (floor ? 'price' : undefined)
  const isMixed = routing?.sort?.partition === 'none'
  return roads
    .map((road) => {
      const { provider, served, typical } = road
      const now = standing(provider, road.model)
      const wished = place(order, provider)
      const isNamed = wished < order.length
      const position = models.findIndex(({ id }) => id === served.id)
      const keys = [
        isMixed ? 0 : position,
        now.state === 'ejected' ? 1 : 0,
        wished,
        now.state !== 'good' && !isNamed ? 1 : 0,
        sortKey(by, road, now),
        place(operatorOrder, provider),
        typical,
      ]
      const reason = isNamed ? `position ${wished + 1} of provider.order` : reasonOf(by, road, now, operatorOrder)
      const fallback = position > 0 ? `fallback model ${position}; ` : ''
      return { road, keys, why: `${fallback}${reason}${standingNote(now, isNamed)}` }
    })
    .toSorted((a, b) => compare(a.keys, b.keys))
    .map(({ road, why }) => ({ road, why }))
}

type Key = number | bigint

function compare(a: readonly Key[], b: readonly Key[]): number {
  for (const [index, key] of a.entries()) {
    const other = b[index] ?? 0
    if (key !== other) return key < other ? -1 : 1
  }
  return 0
}

/** Position in a list; behind its end where it is not in it. */
function place(list: readonly string[], provider: string): number {
  const index = list.indexOf(provider)
  return index < 0 ? list.length : index
}

/** Pictures come whole, so the fastest answer is the highest throughput too. */
function sortKey(by: Sort['by'], { typical }: Road, { p50Ms }: Standing): Key {
  switch (by) {
    case 'price':
      return typical
    case 'latency':
    case 'throughput':
      return p50Ms ?? Infinity
    case undefined:
      return 0
  }
}

function reasonOf(by: Sort['by'], road: Road, { p50Ms }: Standing, operatorOrder: readonly string[]): string {
  const price = `${formatUsd(road.typical)} USD for the pictures`
  if (by === 'price') return `sorted by price: ${price}`
  if (by !== undefined)
    return `sorted by ${by}: ${p50Ms === undefined ? 'not known yet' : `median ${Math.round(p50Ms)} ms`}`
  const wanted = place(operatorOrder, road.provider)
  return wanted < operatorOrder.length ? `position ${wanted + 1} of the operator's order` : `by price: ${price}`
}

function standingNote({ state }: Standing, isNamed: boolean): string {
  if (state === 'ejected') return '; moved back: it keeps failing, and is called only when nothing else is left'
  if (state === 'good') return ''
  return isNamed ? '; it failed within the last 30 s' : '; moved back: it failed within the last 30 s'
}
