import { chargeable } from '../catalog/chargeable.ts'
import { type Model, onRoute, type ProviderLimits } from '../catalog/model.ts'
import { quote } from '../catalog/quote.ts'
import { type Nanos, ZERO } from '../core/money.ts'

/** A picture that can be asked of a provider, by the catalogue. */
export interface Wish {
  readonly model: string
  readonly resolution?: string
  readonly quality?: string
  /** What it costs when everything goes as usual. */
  readonly typical: Nanos
}

interface Seller {
  readonly provider: string
  readonly limits: ProviderLimits | undefined
  /** `YYYY-MM-DD`: what was shut down by this day is not sold. */
  readonly today: string
}

/**
 * What a provider sells from words alone and at a price that may be charged, cheapest first; each model once, at its cheapest. What is
 * free goes last: it would prove nothing of an account without credit.
 */
export function cheapestFirst(models: readonly Model[], { provider, limits, today }: Seller): readonly Wish[] {
  const wishes = models.flatMap((model): readonly Wish[] => {
    const route = model.routes.find((sold) => sold.provider === provider)
    if (route === undefined || (route.retiresAt ?? '9999') <= today) return []
    const sold = onRoute(model, route, limits)
    if (!sold.modes.includes('generate') || !chargeable(sold, 'live').ok) return []
    return looksOf(sold).toSorted(byPrice).slice(0, 1)
  })
  const isFree = ({ typical }: Wish) => typical === ZERO
  return [...wishes.filter((wish) => !isFree(wish)).toSorted(byPrice), ...wishes.filter(isFree)]
}

/** Every tier and quality, and first of all neither: what is not asked for cannot be refused. */
function looksOf(model: Model): readonly Wish[] {
  const tiers = [undefined, ...(model.tiers ?? [])]
  const qualities = [undefined, ...(model.supports.quality ?? [])]
  return tiers.flatMap((resolution) =>
    qualities.map((quality) => {
      const look = { ...(resolution !== undefined && { resolution }), ...(quality !== undefined && { quality }) }
      const { typical } = quote(model, { ...look, n: 1, promptBytes: 0, references: 0 })
      return { model: model.id, ...look, typical }
    }),
  )
}

function byPrice(a: Wish, b: Wish): number {
  return Number(a.typical - b.typical)
}
