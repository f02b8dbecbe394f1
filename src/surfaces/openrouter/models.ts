import type { Catalog } from '../../catalog/catalog.ts'
import type { Model } from '../../catalog/model.ts'
import { fail, type Failure } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { AskInput, CatalogRoute } from '../../core/surface.ts'
import { listedModels } from '../listed-models.ts'
import { filterModels, ModelsQuery, sortModels } from './model-filters.ts'
import {
  presentEndpoints,
  presentImageEndpoints,
  presentImageModel,
  presentModel,
  type Standing,
} from './model-views.ts'

type WithQuery = AskInput & { readonly query: ModelsQuery }

/** Everything that is answered from the catalogue. */
export function modelRoutes(catalog: Catalog, standing: Standing): readonly CatalogRoute[] {
  const listed = () => listedModels(catalog, standing.today())
  const isReachable = (model: Model) => model.routes.some((route) => standing.isConfigured(route.provider))
  const one = (present: (model: Model) => JsonValue) => (input: AskInput) => {
    const { params } = input
    const found = findModel(catalog, `${params['author']}/${params['slug']}`)
    return found.ok ? ok(present(found.value)) : found
  }
  const route = { kind: 'catalog', method: 'GET', access: 'none' } as const
  return [
    {
      ...route,
      id: 'listModels',
      path: '/api/v1/models',
      summary: 'All models',
      query: ModelsQuery,
      answer: ({ query }: WithQuery) => ok(presentList(listed(), query, '/api/v1/models')),
    },
    {
      ...route,
      id: 'countModels',
      path: '/api/v1/models/count',
      summary: 'How many models there are',
      query: ModelsQuery,
      answer: ({ query }: WithQuery) => ok({ data: { count: filterModels(listed(), query).length } }),
    },
    {
      ...route,
      id: 'listReachableModels',
      path: '/api/v1/models/user',
      summary: 'Models that a configured provider can serve',
      access: 'key',
      query: ModelsQuery,
      answer: ({ query }: WithQuery) => ok(presentList(listed().filter(isReachable), query, '/api/v1/models/user')),
    },
    {
      ...route,
      id: 'getModel',
      path: '/api/v1/model/:author/:slug',
      summary: 'One model by id or alias',
      answer: one((model) => ({ data: presentModel(model) })),
    },
    {
      ...route,
      id: 'listModelEndpoints',
      path: '/api/v1/models/:author/:slug/endpoints',
      summary: 'Providers of a model',
      answer: one((model) => ({ data: presentEndpoints(model, standing) })),
    },
    {
      ...route,
      id: 'listImageModels',
      path: '/api/v1/images/models',
      summary: 'All models with what they can do',
      answer: () => ok({ data: listed().map(presentImageModel) }),
    },
    {
      ...route,
      id: 'listImageModelEndpoints',
      path: '/api/v1/images/models/:author/:slug/endpoints',
      summary: 'Providers of a model with exact prices',
      answer: one((model) => presentImageEndpoints(model, standing)),
    },
  ]
}

function presentList(models: readonly Model[], query: ModelsQuery, path: string) {
  const all = sortModels(filterModels(models, query), query.sort)
  const { offset = 0, limit = query.offset === undefined ? all.length : 500 } = query
  const next = offset + limit < all.length ? nextPage(path, query, offset + limit, limit) : null
  return { data: all.slice(offset, offset + limit).map(presentModel), total_count: all.length, links: { next } }
}

function nextPage(path: string, query: ModelsQuery, offset: number, limit: number): string {
  const next = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...query, offset, limit })) {
    if (value !== undefined) next.set(name, String(value))
  }
  return `${path}?${next.toString()}`
}

function findModel(catalog: Catalog, id: string): Result<Model, Failure> {
  const model = catalog.find(id)
  if (model !== undefined) return ok(model)
  return err(fail('not_found', `${id} is not a valid model ID. Nearest: ${catalog.nearest(id).join(', ')}.`))
}
