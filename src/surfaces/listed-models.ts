import type { Catalog } from '../catalog/catalog.ts'
import { liveRoutes } from '../catalog/listing.ts'
import type { Model } from '../catalog/model.ts'

/** The models that a listing shows on a day (`YYYY-MM-DD`): those that some provider still serves. Retired ids are found, not listed. */
export function listedModels({ models }: Catalog, today: string): readonly Model[] {
  return models.filter((model) => model.status !== 'retired' && liveRoutes(model, today).length > 0)
}
