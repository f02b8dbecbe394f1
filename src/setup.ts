import type { Catalog } from './catalog/catalog.ts'
import { findProvider } from './catalog/provider-names.ts'
import { baseUrlSetting, type Config } from './config.ts'
import type { Mode } from './core/receipt.ts'
import type { Access } from './generations/attempt.ts'
import type { ProviderEntry } from './providers/entry.ts'
import type { Hooks } from './providers/hooks.ts'
import { PROVIDERS } from './providers/registry.ts'
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
    credentials: (provider) => providers[provider]?.places.length ?? 0,
    isSimulated(provider, model) {
      const entry = entryOf(provider)
      // Machines of one's own cost nothing and would be every model's first road: a test key sees those that live keys see.
      const isThere = entry !== undefined && (!entry.keyless || providers[provider] !== undefined)
      return isThere && simulates(provider, model)
    },
    settingsOf(provider) {
      const entry = entryOf(provider)
      return entry ? settingsToSet(entry) : []
    },
    passThrough: (provider) => entryOf(provider)?.passThrough ?? [],
    limitsOf: (provider) => entryOf(provider)?.traits,
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
  return Object.hasOwn(PROVIDERS, provider) ? PROVIDERS[provider] : undefined
}

/** Calls at a time to each of a provider's places, where it says so. */
export function inFlightPerPlace(provider: string): number | undefined {
  return entryOf(provider)?.inFlight
}

/** Settings that would configure a provider. */
export function settingsToSet({ keyless, settings, credentials }: ProviderEntry): readonly string[] {
  return keyless ? [baseUrlSetting(settings)] : credentials
}

/** What people call a provider, by its slug. */
export function displayName(slug: string): string {
  return findProvider(slug)?.name ?? slug
}

/**
 * Where an upstream call goes and what opens the door there. Live calls go to the configured provider, with the credential of that
 * number; test calls to the sandbox, which is started by the first of them. Neither ever gets the other's credential.
 */
export function makeAccess({ providers, settings }: Config, hooks?: Hooks) {
  let sandbox: Promise<Sandbox> | undefined
  return {
    async of(slug: string, mode: Mode, index: number): Promise<Access> {
      if (mode === 'test') {
        sandbox ??= startLazily(settings)
        const baseUrl = (await sandbox).baseUrlFor(slug)
        if (baseUrl === undefined)
          throw new Error(`the sandbox has no simulator for ${slug}, yet a test call was planned on it`)
        return { baseUrl, credential: 'sandbox' }
      }
      const place = providers[slug]?.places[index]
      if (place === undefined) throw new Error(`${slug} has no place ${index}, yet a live call was planned on it`)
      const deliveryOrigins = settings.PLANTAIN_DELIVERY_ORIGINS
      return { ...place, deliveryOrigins, ...(hooks && { hook: hooks.open() }) }
    },
    async close(): Promise<void> {
      await (await sandbox)?.close()
    },
  }
}

/** The painter brings native code along that a gateway with live keys alone never needs. */
async function startLazily(settings: Config['settings']): Promise<Sandbox> {
  const { startSandbox } = await import('./sandbox/simulators.ts')
  return await startSandbox({
    retired: 'serve',
    latencyMs: settings.PLANTAIN_SANDBOX_LATENCY_MS,
    pictures: settings.PLANTAIN_SANDBOX_PICTURES,
  })
}
