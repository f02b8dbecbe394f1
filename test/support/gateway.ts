import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Logger } from 'pino'

import { openStore } from '../../src/cli/open.ts'
import { loadConfig } from '../../src/config.ts'
import type { Database } from '../../src/db/database.ts'
import { type Gateway, makeGateway } from '../../src/gateway.ts'
import { type Child, startNode } from './child.ts'
import { type DatabaseKind, type Home, makeHome } from './home.ts'

/** A gateway that listens on a free port of loopback, with a sandbox that does not dawdle. */
export interface TestGateway {
  readonly url: string
  readonly keys: Keys
  readonly directory: string
  /** Lets it finish what is in flight, ends it and removes its data, unless it was given a home. */
  readonly stop: () => Promise<void>
}

/** One in this process: its parts can be looked at. */
export interface TestGatewayHere extends TestGateway {
  readonly gateway: Gateway
  readonly database: Database
}

/** One in a process of its own: it can be killed. */
export interface TestGatewayChild extends TestGateway {
  readonly child: Child
}

export interface Keys {
  readonly test: string
  readonly live: string
  readonly admin: string
}

export interface GatewayOptions {
  /** Default: SQLite. Of no effect where a home is given. */
  readonly database?: DatabaseKind
  /** Data that another gateway may have left and that stays after this one. Default: its own, removed with it. */
  readonly home?: Home
  /** Settings and credentials over the defaults of tests. Nothing else of this process's environment is seen. */
  readonly environment?: Readonly<Record<string, string>>
}

/** One in this process may have a log that the test reads. */
export interface GatewayHereOptions extends GatewayOptions {
  readonly logger?: Logger
}

export async function startGateway(options: GatewayHereOptions = {}): Promise<TestGatewayHere> {
  const { home, environment, leave } = await settle(options)
  const config = loadConfig(environment)
  if (!config.ok) throw new Error(config.error.join('\n'))
  const store = await openStore(config.value, { listens: false, onFatal: rethrow })
  if (!store.ok) throw new Error(JSON.stringify(store.error))
  const gateway = await makeGateway({ ...store.value, ...(options.logger && { logger: options.logger }) })
  const url = await gateway.listen()
  return {
    url,
    keys: keysOf(gateway.localKey, gateway.firstKeys),
    directory: home.directory,
    gateway,
    database: store.value.database,
    async stop() {
      await gateway.stop()
      await store.value.close()
      await leave()
    },
  }
}

export async function startGatewayChild(options: GatewayOptions = {}): Promise<TestGatewayChild> {
  const { home, environment, leave } = await settle(options)
  const child = await startNode(['src/main.ts', 'serve'], environment, /Plantain listens on (\S+)/)
  const [address = '', localKey = ''] = readFileSync(join(home.directory, 'local-key'), 'utf8').split('\n')
  return {
    url: address,
    keys: keysOf(localKey),
    directory: home.directory,
    child,
    async stop() {
      await child.end()
      await leave()
    },
  }
}

async function settle({ database, home, environment }: GatewayOptions) {
  const place = home ?? (await makeHome(database))
  return {
    home: place,
    environment: {
      PLANTAIN_DATA: place.directory,
      PLANTAIN_PORT: '0',
      PLANTAIN_SANDBOX_LATENCY_MS: '0',
      PLANTAIN_SANDBOX_PICTURES: 'coarse',
      PLANTAIN_DRAIN_S: '5',
      PLANTAIN_LOG_LEVEL: 'error',
      ...(place.databaseUrl !== undefined && { DATABASE_URL: place.databaseUrl }),
      ...environment,
    },
    leave: async () => (home ? undefined : await place.remove()),
  }
}

/** The keys of a first start; later, the local key acts as the oldest of each kind. */
function keysOf(localKey: string, first?: { readonly test: string; readonly live: string }): Keys {
  return { test: `${localKey}.test`, live: `${localKey}.live`, ...first, admin: `${localKey}.admin` }
}

function rethrow(error: Error): never {
  throw error
}
