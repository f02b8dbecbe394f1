import { randomUUID } from 'node:crypto'

import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'

import manifest from '../package.json' with { type: 'json' }
import { bootstrap, type FirstKeys } from './accounts/bootstrap.ts'
import { makeLocalKey } from './accounts/local-key.ts'
import { type Accounts, makeAccounts } from './accounts/store.ts'
import { type Assets, makeAssets } from './assets/assets.ts'
import { makeSpill } from './assets/spill.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { Config } from './config.ts'
import { type Clock, isoDay, systemClock } from './core/clock.ts'
import { armFailpoint } from './core/failpoint.ts'
import { PictureMemory } from './core/picture-memory.ts'
import type { Database } from './db/database.ts'
import type { Engine } from './generations/engine-port.ts'
import { openDepartures } from './generations/departures.ts'
import { makeGenerations } from './generations/generations.ts'
import { startKeeper } from './generations/keeper.ts'
import { makeAnswer, makeFindPicture } from './http/answers.ts'
import { logThrow } from './http/logs.ts'
import { makeMetrics } from './http/metrics.ts'
import { makeServer } from './http/server.ts'
import { stop } from './http/stop.ts'
import { makeAudit } from './ledger/auditor.ts'
import { type Ledger, makeLedger } from './ledger/store.ts'
import { makeGuardedFetch } from './outbound/guarded-fetch.ts'
import { makeUpstream } from './providers/http.ts'
import { makeHooks } from './providers/hooks.ts'
import { makeProviders } from './providers/registry.ts'
import { makeForgetfulBook, makeHealthBook } from './router/health-book.ts'
import { makeRouting } from './router/routing.ts'
import { displayName, inFlightPerPlace, makeAccess, setupOf } from './setup.ts'
import { nativeSurface } from './surfaces/native/surface.ts'
import { openaiSurface } from './surfaces/openai/surface.ts'
import { openrouterSurface } from './surfaces/openrouter/surface.ts'
import { zodProblem } from './surfaces/zod-problem.ts'

/** What is already open when a gateway is put together: `openStore` makes it. */
export interface GatewayParts {
  readonly config: Config
  readonly catalog: Catalog
  readonly database: Database
  readonly logger: Logger
  readonly clock?: Clock
}

/** A whole gateway in this process. */
export interface Gateway {
  readonly server: FastifyInstance
  readonly engine: Engine
  readonly accounts: Accounts
  readonly ledger: Ledger
  readonly assets: Assets
  /** The keys of a new install, told this once; undefined at every later start. */
  readonly firstKeys: FirstKeys | undefined
  /** Opens this process alone to whoever may read it: `<key>.admin`, `<key>.test` and `<key>.live` are keys of the default workspace. */
  readonly localKey: string
  /** Listens and resolves with the address. Rejects when the port is taken. */
  listen(): Promise<string>
  /** Finishes what is in flight, then closes everything. The database is the caller's. False when something had to be cut off. */
  stop(): Promise<boolean>
}

/** One picture from a provider's delivery host, from its name to its last byte. */
const DELIVERY_MS = 120_000

/** Puts the rooms together, by hand and in order: what each one needs is what it is given. */
export async function makeGateway({
  config,
  catalog,
  database,
  logger,
  clock = systemClock,
}: GatewayParts): Promise<Gateway> {
  const { settings } = config
  if (settings.PLANTAIN_CRASH_AT !== undefined) armFailpoint(settings.PLANTAIN_CRASH_AT)
  const today = () => isoDay(clock.now())
  const ledger = makeLedger({ database })
  const accounts = makeAccounts({ database, clock })
  const firstKeys = await bootstrap({
    database,
    fundTest: (trx, grant) =>
      ledger.credit(trx, {
        ...grant,
        mode: 'test',
        kind: 'test_balance',
        idempotencyKey: `first-test-balance:${grant.workspaceId}`,
      }),
  })
  const local = makeLocalKey(accounts, clock)
  const assets = await makeAssets({
    directory: `${settings.PLANTAIN_DATA}/assets`,
    store: settings.PLANTAIN_ASSETS ? 'on' : 'off',
    db: database,
    clock,
    keepImagesDays: settings.PLANTAIN_KEEP_IMAGES_DAYS,
    ...(settings.PLANTAIN_ASSETS_MAX !== undefined && { maxBytes: settings.PLANTAIN_ASSETS_MAX }),
  })

  const outbound = makeGuardedFetch({ clock, allowedRanges: settings.PLANTAIN_ALLOWED_RANGES })
  // A picture that was paid for may take longer than one that a caller points to.
  const deliveries = makeGuardedFetch({ clock, allowedRanges: settings.PLANTAIN_ALLOWED_RANGES, totalMs: DELIVERY_MS })
  const memory = new PictureMemory(settings.PLANTAIN_IMAGE_MEMORY, makeSpill(settings.PLANTAIN_DATA))
  const upstream = makeUpstream({ memory, foreign: deliveries })
  const providers = makeProviders(upstream)
  const hooks = settings.PLANTAIN_PUBLIC_URL === undefined ? undefined : makeHooks(settings.PLANTAIN_PUBLIC_URL)
  const access = makeAccess(config, hooks)
  const setup = setupOf(config, catalog)
  const live = makeRouting(clock, makeHealthBook, inFlightPerPlace)
  // What a test key breaks on purpose decides nothing for anybody else.
  const test = makeRouting(clock, makeForgetfulBook)
  const processId = randomUUID()
  const departures = openDepartures({ directory: settings.PLANTAIN_DATA, processId, clock })
  const { engine, recover, fetch, estimate, idempotency } = makeGenerations({
    catalog,
    setup,
    routing: { live, test },
    providers,
    access: access.of,
    displayName,
    outbound,
    assets,
    ledger,
    database,
    departures,
    clock,
    processId,
    settings: {
      onRetired: settings.PLANTAIN_RETIRED,
      onDifferent: settings.PLANTAIN_DIFFERENT,
      deadlineMs: settings.PLANTAIN_DEADLINE_S * 1000,
      textAllowance: settings.PLANTAIN_TEXT_ALLOWANCE,
      keepPrompts: settings.PLANTAIN_KEEP_PROMPTS,
      reencode: settings.PLANTAIN_REENCODE,
    },
    onCrash: (_id, error) => logThrow(logger, error),
  })
  const audit = makeAudit({ database, ...(settings.PLANTAIN_ASSETS && { pictures: assets }) })
  const keeper = await startKeeper({
    engine,
    recover,
    idempotency,
    database,
    assets,
    clock,
    processId,
    onError: (error) => logThrow(logger, error),
    audit,
    onFinding: (finding) => logger.error({ finding }, 'the books do not agree'),
  })

  const server = makeServer({
    surfaces: [
      openrouterSurface({ catalog, today, configuredProviders: () => Object.keys(config.providers) }),
      nativeSurface({ catalog, today, setup }),
      openaiSurface({ catalog, today }),
    ],
    engine,
    authenticate: async (key) => (await local.authenticate(key)) ?? (await accounts.authenticate(key)),
    answer: makeAnswer({
      accounts,
      ledger,
      database,
      fetch,
      engine,
      estimate,
      health: live.health.report,
      audit,
    }),
    picture: makeFindPicture(fetch, assets),
    describe: zodProblem,
    clock,
    logger,
    memory,
    metrics: makeMetrics(() => engine.inFlight().length, live.health.report),
    ready: keeper.ready,
    ...(hooks && { onHook: hooks.call }),
    version: manifest.version,
  })

  return {
    server,
    engine,
    accounts,
    ledger,
    assets,
    firstKeys,
    localKey: local.key,
    listen: () => server.listen({ host: settings.PLANTAIN_HOST, port: settings.PLANTAIN_PORT }),
    async stop() {
      const isDrained = await stop(server, engine, settings.PLANTAIN_DRAIN_S * 1000, clock)
      await keeper.stop()
      await assets.close()
      await outbound.close()
      await deliveries.close()
      await upstream.close()
      await access.close()
      departures.close()
      return isDrained
    },
  }
}
