import type { Catalog } from '../../catalog/catalog.ts'
import { PROVIDER_NAMES } from '../../catalog/provider-names.ts'
import { ok } from '../../core/result.ts'
import type { CatalogRoute, Surface } from '../../core/surface.ts'
import { createChatCompletion } from './chat.ts'
import { presentFailure } from './failure.ts'
import { generationRoutes } from './generation.ts'
import { createImages } from './images.ts'
import { keyRoutes } from './keys.ts'
import { modelRoutes } from './models.ts'

export interface OpenrouterParts {
  readonly catalog: Catalog
  /** Slugs that the operator has given credentials for; asked anew for each answer. */
  readonly configuredProviders: () => readonly string[]
  /** `YYYY-MM-DD` in UTC. */
  readonly today: () => string
}

/** OpenRouter's dialect under /api/v1. */
export function openrouterSurface({ catalog, configuredProviders, today }: OpenrouterParts): Surface {
  const isConfigured = (slug: string) => configuredProviders().includes(slug)
  const listProviders: CatalogRoute = {
    kind: 'catalog',
    id: 'listProviders',
    method: 'GET',
    path: '/api/v1/providers',
    summary: 'All providers, and which of them are configured',
    access: 'none',
    answer: () =>
      ok({
        data: PROVIDER_NAMES.map(({ slug, name, privacyPolicyUrl }) => ({
          name,
          slug,
          privacy_policy_url: privacyPolicyUrl,
          terms_of_service_url: null,
          status_page_url: null,
          configured: isConfigured(slug),
        })),
      }),
  }
  return {
    name: 'openrouter',
    prefix: '/api/v1',
    presentFailure,
    routes: [
      createChatCompletion,
      createImages,
      ...modelRoutes(catalog, { isConfigured, today }),
      listProviders,
      ...generationRoutes,
      ...keyRoutes,
    ],
  }
}
