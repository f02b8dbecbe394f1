import type { Catalog } from '../../catalog/catalog.ts'
import type { Model } from '../../catalog/model.ts'
import { fail } from '../../core/errors.ts'
import { err, ok } from '../../core/result.ts'
import type { AskInput, CatalogRoute, GenerateRoute, Surface } from '../../core/surface.ts'
import { listedModels } from '../listed-models.ts'
import { presentFailure } from './failure.ts'
import { createImage } from './images.ts'

export interface OpenaiParts {
  readonly catalog: Catalog
  /** `YYYY-MM-DD` in UTC. */
  readonly today: () => string
}

/** OpenAI's dialect under /v1. */
export function openaiSurface({ catalog, today }: OpenaiParts): Surface {
  const retrieve = (id: string) => {
    const model = catalog.find(id)
    return model === undefined
      ? err(fail('not_found', `The model ${id} does not exist.`, { field: 'model' }))
      : ok(presentModel(model))
  }
  const route = { kind: 'catalog', method: 'GET', access: 'any' } as const
  const routes: readonly CatalogRoute[] = [
    {
      ...route,
      id: 'listOpenaiModels',
      path: '/v1/models',
      summary: 'All models, in the form of OpenAI',
      answer: () => ok({ object: 'list', data: listedModels(catalog, today()).map(presentModel) }),
    },
    {
      ...route,
      id: 'retrieveOpenaiModel',
      path: '/v1/models/:id',
      summary: 'One model by alias or by its id, the slash encoded as the official client does',
      answer: ({ params }: AskInput) => retrieve(params['id'] ?? ''),
    },
    {
      ...route,
      id: 'retrieveOpenaiModelBySlug',
      path: '/v1/models/:author/:slug',
      summary: 'One model by its id',
      answer: ({ params }: AskInput) => retrieve(`${params['author']}/${params['slug']}`),
    },
  ]
  return { name: 'openai', prefix: '/v1', presentFailure, routes: [createImage, createImageUnderOpenrouter, ...routes] }
}

/**
 * OpenAI clients whose base URL is OpenRouter's post their pictures here. OpenRouter answers 404, the most frequent complaint about
 * it; https://github.com/open-webui/open-webui/issues/24659.
 */
const createImageUnderOpenrouter: GenerateRoute = {
  ...createImage,
  id: 'createImageUnderOpenrouter',
  path: '/api/v1/images/generations',
}

function presentModel({ id, created, author }: Model) {
  return { id, object: 'model', created, owned_by: author }
}
