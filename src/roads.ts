import type { Catalog } from './catalog/catalog.ts'
import { findProvider } from './catalog/provider-names.ts'
import type { Config } from './config.ts'
import type { Mode } from './core/receipt.ts'
import type { Access } from './generations/attempt.ts'
import { PROVIDERS } from './providers/registry.ts'
import type { Roads } from './router/plan.ts'
import { simulates } from './sandbox/simulates.ts'
import type { Sandbox } from './sandbox/simulators.ts'

/** What routing may count on in this install: adapters, credentials, simulators and the operator's order. */
export function roadsOf({ providers, settings }: Config, catalog: Catalog): Roads {
  const simulatedModels = catalog.models.filter(({ routes }) =>
    routes.some(({ provider, model }) => simulates(provider, model)),
  )
  return {
    isImplemented: (provider) => provider in PROVIDERS,
    isConfigured: (provider) => provider in providers,
    isSimulated: (provider, model) => provider in PROVIDERS && simulates(provider, model),
    settingsOf: (provider) => (provider in PROVIDERS ? PROVIDERS[provider as keyof typeof PROVIDERS].credentials : []),
    slugOf: (name) => findProvider(name)?.slug,
    simulatedModels: simulatedModels.map(({ id }) => id),
    operatorOrder: settings.PLANTAIN_ROUTE_ORDER.flatMap((name) => findProvider(name)?.slug ?? []),
  }
}

/** What people call a provider, by its slug. */
export function displayName(slug: string): string {
  return findProvider(slug)?.name ?? slug
}

/**
 * Where an upstream call goes and what opens the door there. Live calls go to the configured provider; test calls to the sandbox,
 * which is started by the first of them. Neither ever gets the other's credential.
 */
export function makeAccess({ providers, settings }: Config) {
  let sandbox: Promise<Sandbox> | undefined
  return {
    async of(slug: string, mode: Mode): Promise<Access> {
      if (mode === 'test') {
        sandbox ??= startLazily(settings.PLANTAIN_SANDBOX_LATENCY_MS)
        const baseUrl = (await sandbox).baseUrlFor(slug)
        if (baseUrl === undefined)
          throw new Error(`the sandbox has no simulator for ${slug}, yet a test call was planned on it`)
        return { baseUrl, credential: 'sandbox' }
      }
      const provider = providers[slug]
      if (provider === undefined) throw new Error(`${slug} is not configured, yet a live call was planned on it`)
      return provider
    },
    async close(): Promise<void> {
      await (await sandbox)?.close()
    },
  }
}

/** The painter brings native code along that a gateway with live keys alone never needs. */
async function startLazily(latencyMs: number): Promise<Sandbox> {
  const { startSandbox } = await import('./sandbox/simulators.ts')
  return await startSandbox({ retired: 'serve', latencyMs })
}
