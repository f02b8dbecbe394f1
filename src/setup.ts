import type { Catalog } from './catalog/catalog.ts'
import { findProvider } from './catalog/provider-names.ts'
import type { Config } from './config.ts'
import type { Mode } from './core/receipt.ts'
import type { Access } from './generations/attempt.ts'
import { type ProviderEntry, PROVIDERS } from './providers/registry.ts'
import type { Setup } from './router/plan.ts'
import { simulates } from './sandbox/simulates.ts'
import type { Sandbox } from './sandbox/simulators.ts'

/** What routing may count on in this install: adapters, credentials, simulators, the operator's order and what he vouches for. */
export function setupOf({ providers, settings }: Config, catalog: Catalog): Setup {
  const simulatedModels = catalog.models.filter(({ routes }) =>
    routes.some(({ provider, model }) => simulates(provider, model)),
  )
  return {
    isImplemented: (provider) => entryOf(provider) !== undefined,
    credentials: (provider) => providers[provider]?.credentials.length ?? 0,
    isSimulated: (provider, model) => entryOf(provider) !== undefined && simulates(provider, model),
    settingsOf: (provider) => entryOf(provider)?.credentials ?? [],
    passThrough: (provider) => entryOf(provider)?.passThrough ?? [],
    slugOf: (name) => findProvider(name)?.slug,
    // No provider's own documents are relied on here: what a contract says, only the operator knows.
    keepsData(provider) {
      if (settings.PLANTAIN_ZDR_PROVIDERS.includes(provider)) return 'none'
      return settings.PLANTAIN_NO_TRAINING_PROVIDERS.includes(provider) ? 'not for training' : 'unknown'
    },
    simulatedModels: simulatedModels.map(({ id }) => id),
    operatorOrder: settings.PLANTAIN_ROUTE_ORDER,
  }
}

function entryOf(provider: string): ProviderEntry | undefined {
  return provider in PROVIDERS ? PROVIDERS[provider as keyof typeof PROVIDERS] : undefined
}

/** What people call a provider, by its slug. */
export function displayName(slug: string): string {
  return findProvider(slug)?.name ?? slug
}

/**
 * Where an upstream call goes and what opens the door there. Live calls go to the configured provider, with the credential of that
 * number; test calls to the sandbox, which is started by the first of them. Neither ever gets the other's credential.
 */
export function makeAccess({ providers, settings }: Config) {
  let sandbox: Promise<Sandbox> | undefined
  return {
    async of(slug: string, mode: Mode, index: number): Promise<Access> {
      if (mode === 'test') {
        sandbox ??= startLazily(settings.PLANTAIN_SANDBOX_LATENCY_MS)
        const baseUrl = (await sandbox).baseUrlFor(slug)
        if (baseUrl === undefined)
          throw new Error(`the sandbox has no simulator for ${slug}, yet a test call was planned on it`)
        return { baseUrl, credential: 'sandbox' }
      }
      const provider = providers[slug]
      const credential = provider?.credentials[index]
      if (provider === undefined || credential === undefined)
        throw new Error(`${slug} has no credential ${index}, yet a live call was planned with it`)
      return { baseUrl: provider.baseUrl, credential, deliveryOrigins: settings.PLANTAIN_DELIVERY_ORIGINS }
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
