import type { Catalog } from '../../catalog/catalog.ts'
import { liveRoutes } from '../../catalog/listing.ts'
import type { Model } from '../../catalog/model.ts'
import { quote } from '../../catalog/quote.ts'
import { formatUsd } from '../../core/money.ts'
import { ok } from '../../core/result.ts'
import type { CatalogRoute } from '../../core/surface.ts'
import { listedModels } from '../listed-models.ts'

export interface OffersParts {
  readonly catalog: Catalog
  /** `YYYY-MM-DD` in UTC. */
  readonly today: () => string
  readonly setup: OfferSetup
}

/** What this install can reach, of what the router knows. */
interface OfferSetup {
  /** How many credentials are configured. */
  credentials(provider: string): number
  isSimulated(provider: string, model: string): boolean
  /** Environment names of a provider's credential, any of which will do; empty for providers that are not spoken here. */
  settingsOf(provider: string): readonly string[]
}

/** Every model with what a picture costs and who would make it here: what a person chooses by. */
export function offersRoute({ catalog, today, setup }: OffersParts): CatalogRoute {
  return {
    kind: 'catalog',
    id: 'listOffers',
    method: 'GET',
    path: '/api/v1/offers',
    summary: 'Models with the usual price of a picture and whether this install serves them',
    access: 'none',
    answer: () => ok({ data: listedModels(catalog, today()).map((model) => presentOffer(model, today(), setup)) }),
  }
}

function presentOffer(model: Model, today: string, setup: OfferSetup) {
  const routes = liveRoutes(model, today)
  const needs = new Set(routes.flatMap(({ provider }) => setup.settingsOf(provider)[0] ?? []))
  const isLive = routes.some(({ provider }) => setup.credentials(provider) > 0)
  return {
    id: model.id,
    name: model.name,
    aliases: model.aliases,
    status: model.status,
    generates: model.modes.includes('generate'),
    edits: model.modes.includes('edit'),
    picture_usd: typicalPrice(model),
    live: isLive,
    test: routes.some(({ provider, model: id }) => setup.isSimulated(provider, id)),
    // One of them is enough.
    needs: isLive ? [] : [...needs],
  }
}

/** One picture as the model makes it when nothing is asked, without its prompt; null where no price is known. */
function typicalPrice(model: Model): string | null {
  if (model.pricing.basis === 'unpriced') return null
  const references = model.modes.includes('generate') ? 0 : 1
  return formatUsd(quote(model, { n: 1, promptBytes: 0, references }).typical)
}
