import type { Assets } from '../../src/assets/assets.ts'
import { StorageTrouble } from '../../src/assets/trouble.ts'
import { catalogOf } from '../../src/catalog/catalog.ts'
import type { Intake } from '../../src/core/json-blob.ts'
import type { Database } from '../../src/db/database.ts'
import { openDepartures } from '../../src/generations/departures.ts'
import type { Engine } from '../../src/generations/engine-port.ts'
import { makeGenerations } from '../../src/generations/generations.ts'
import { startKeeper } from '../../src/generations/keeper.ts'
import { makeAudit } from '../../src/ledger/auditor.ts'
import type { Ledger } from '../../src/ledger/store.ts'
import type { Dice } from '../../src/ledger/test-ledger.ts'
import { makeGuardedFetch } from '../../src/outbound/guarded-fetch.ts'
import { makeBulkheads } from '../../src/router/bulkhead.ts'
import { makeFailover } from '../../src/router/failover.ts'
import { makeHealthBook } from '../../src/router/health-book.ts'
import type { Setup } from '../../src/router/plan.ts'
import { CATALOGUE, PROVIDERS, TEXT_ALLOWANCE } from './goods.ts'
import { makeProviders } from './providers.ts'
import type { Scheduler } from './scheduler.ts'
import type { Upstream } from './upstream.ts'

/** One gateway process. */
export interface Process {
  readonly id: string
  readonly machine: string
  readonly engine: Engine
  readonly database: Database
  readonly ledger: Ledger
  /** Its first sweep has run: it takes work. */
  readonly isReady: () => boolean
  readonly isAlive: () => boolean
  /** Resolves when it is killed. */
  readonly died: Promise<void>
  kill(): void
  /** Closes what the kernel would. */
  close(): void
}

export interface ProcessParts {
  readonly id: string
  readonly machine: string
  /** Of the machine; its journal of departures outlives its processes. */
  readonly directory: string
  readonly database: Database
  readonly ledger: Ledger
  readonly assets: Assets
  readonly upstream: Upstream
  readonly scheduler: Scheduler
  readonly random: Dice
  /** Of 100 pictures, how many the disk does not take. */
  readonly diskTrouble: number
  /** Something ended a generation that should not have. */
  readonly onCrash: (generationId: string, error: unknown) => void
}

/** Everything that gateway.ts puts together behind the engine's port, with time, chance, store and wire in the scheduler's hand. */
export function startProcess(parts: ProcessParts): Process {
  const { id, machine, directory, database, ledger, upstream, scheduler, random } = parts
  const clock = scheduler.clockOf(id)
  const owners = new WeakMap<Intake, { readonly generationId: string; readonly attemptId: string }>()
  const assets = steppedAssets(parts, owners)
  const providers = makeProviders({
    upstream,
    scheduler,
    process: id,
    ownerOf(call) {
      const owner = owners.get(call.intakeBytes())
      if (owner === undefined) throw new Error('a call belongs to an attempt')
      return owner
    },
  })
  const bulkheads = makeBulkheads({ clock })
  const health = makeHealthBook({ clock, bulkheads })
  const chance = (): number => random.roll(2 ** 32) / 2 ** 32
  const routing = { health, failover: makeFailover({ health, bulkheads, clock, random: chance }) }
  const departures = openDepartures({ directory, processId: id, clock, bootId: 'the same boot' })
  const { engine, recover, idempotency } = makeGenerations({
    catalog: catalogOf(CATALOGUE),
    setup: SETUP,
    routing: { live: routing, test: routing },
    providers,
    access: async (slug) => ({ baseUrl: `https://${slug}.test`, credential: 'secret' }),
    displayName: (slug) => slug,
    outbound: makeGuardedFetch({ clock }),
    assets,
    ledger,
    database,
    departures,
    clock,
    processId: id,
    settings: {
      onRetired: 'successor',
      onDifferent: 'deliver',
      deadlineMs: 300_000,
      textAllowance: TEXT_ALLOWANCE,
      keepPrompts: true,
      reencode: false,
    },
    onCrash: parts.onCrash,
  })
  let isReady = false
  let isAlive = true
  startKeeper({
    engine,
    recover,
    idempotency,
    database,
    assets,
    clock,
    processId: id,
    audit: makeAudit({ database, pictures: assets }),
    onFinding: scheduler.fail,
    onError: scheduler.fail,
  })
    .then(() => (isReady = true))
    .catch(scheduler.fail)
  const death = Promise.withResolvers<void>()
  return {
    id,
    machine,
    engine,
    database,
    ledger,
    isReady: () => isReady && isAlive,
    isAlive: () => isAlive,
    died: death.promise,
    kill() {
      isAlive = false
      scheduler.kill(id)
      death.resolve()
    },
    close: () => departures.close(),
  }
}

/** The store that all machines share: what touches the disk is a step. Who asks for an intake says whose picture it will be. */
function steppedAssets(
  { assets, upstream, scheduler, random, id, diskTrouble }: ProcessParts,
  owners: WeakMap<Intake, { readonly generationId: string; readonly attemptId: string }>,
): Assets {
  const step = <T>(label: string, work: () => Promise<T>): Promise<T> => scheduler.step(id, label, work)
  return {
    ...assets,
    intakeBytes(owner) {
      const intake = assets.intakeBytes(owner)
      owners.set(intake, owner)
      return intake
    },
    keep: (blob, mode) =>
      step('keeps', async () => {
        if (random.roll(100) < diskTrouble) throw new StorageTrouble('ENOSPC', 'no space is left')
        const kept = await assets.keep(blob, mode)
        if (kept.ok) upstream.kept(blob, id)
        return kept
      }),
    adopt: ({ attemptId }) => step('adopts', () => upstream.adopt(attemptId, id, assets)),
    trouble: () => step('looks at the disk', async () => undefined),
    read: (asset) => step('reads', () => assets.read(asset)),
    collect: (now) => step('collects', () => assets.collect(now)),
  }
}

const SETUP: Setup = {
  isImplemented: () => true,
  credentials: (provider) => (PROVIDERS.some((id) => id === provider) ? 1 : 0),
  isSimulated: () => false,
  settingsOf: () => [],
  passThrough: () => [],
  limitsOf: () => undefined,
  slugOf: (name) => name,
  keepsData: () => 'unknown',
  simulatedModels: [],
  operatorOrder: [],
}
