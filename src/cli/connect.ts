import { setTimeout as delay } from 'node:timers/promises'

import { z } from 'zod'

import type { Config } from '../config.ts'
import { systemClock } from '../core/clock.ts'
import { type Client, makeAgent, makeClient } from './client.ts'
import { CommandFailure } from './failure.ts'
import { showFirstKeys } from './first-keys.ts'
import { readLocalKey } from './local-key-file.ts'
import type { OpenFailure, Store } from './open.ts'
import type { Terminal } from './terminal.ts'

/** A gateway that this command talks to, and only over HTTP, wherever it runs. */
export interface Connection {
  /** `remote`: named by the settings. `local`: owns the data directory. `embedded`: started by this command and stopped by `close`. */
  readonly kind: 'remote' | 'local' | 'embedded'
  readonly url: string
  /** A remote gateway is asked with the one key it was given, whatever the mode. */
  client(mode: 'test' | 'live' | 'admin'): Client
  /** Waits for what an embedded gateway has in flight: it may be paid for. */
  close(): Promise<void>
}

/** Another command of the same user holds the data directory for as long as it takes to make a picture. */
const OWNER_PATIENCE_MS = 30_000
const OWNER_RETRY_MS = 100

/** The gateway of the settings, else the one that owns the data directory, else one in this process. */
export async function connect(config: Config, terminal: Terminal): Promise<Connection> {
  const { PLANTAIN_URL: url, PLANTAIN_API_KEY: key } = config.settings
  if (url !== undefined) {
    if (key === undefined) throw new CommandFailure(3, 'PLANTAIN_API_KEY: must be set too, since PLANTAIN_URL is.')
    return reach('remote', url.replace(/\/+$/, ''), () => key)
  }

  const deadline = systemClock.monotonic() + OWNER_PATIENCE_MS
  for (;;) {
    const local = await findLocal(config)
    if (local) return local
    const embedded = await embed(config, terminal)
    if ('client' in embedded) return embedded
    const { owner, problems } = embedded
    if (owner === undefined || systemClock.monotonic() > deadline) throw new CommandFailure(3, problems)
    // One that listens has left its key in the directory by now, or its key does not work and never will.
    if (owner.address !== '') {
      const late = await findLocal(config)
      if (late) return late
      throw new CommandFailure(3, problems)
    }
    // The clock's own sleep keeps no process alive, and there is nothing else yet that would.
    await delay(OWNER_RETRY_MS)
  }
}

function reach(kind: 'remote' | 'local', url: string, keyOf: (mode: 'test' | 'live' | 'admin') => string): Connection {
  const agent = makeAgent()
  return {
    kind,
    url,
    client: (mode) => makeClient({ url, key: keyOf(mode), agent }),
    close: async () => await agent.close(),
  }
}

/** The gateway whose address stands in the data directory, if it is still there and still takes the secret. */
export async function findLocal(config: Config): Promise<Connection | undefined> {
  const local = readLocalKey(config.settings.PLANTAIN_DATA)
  if (local === undefined) return undefined
  const connection = reach('local', local.address, (mode) => `${local.secret}.${mode}`)
  try {
    await connection.client('admin').get('/api/v1/balance', z.unknown())
    return connection
  } catch (error) {
    await connection.close()
    if (error instanceof CommandFailure) return undefined
    throw error
  }
}

/** A whole gateway in this process, on a port of its own, that says nothing. */
async function embed(config: Config, terminal: Terminal): Promise<Connection | OpenFailure> {
  const { openStore } = await import('./open.ts')
  const settings = {
    ...config.settings,
    PLANTAIN_HOST: '127.0.0.1',
    PLANTAIN_PORT: 0,
    PLANTAIN_LOG_LEVEL: 'silent' as const,
  }
  const opened = await openStore({ ...config, settings }, { listens: false, onFatal: terminal.abort })
  if (!opened.ok) return opened.error
  return await serveInside(opened.value, terminal)
}

async function serveInside(store: Store, terminal: Terminal): Promise<Connection> {
  const { makeGateway } = await import('../gateway.ts')
  const gateway = await makeGateway(store)
  const url = await gateway.listen()
  if (gateway.firstKeys) showFirstKeys(gateway.firstKeys, store.config.settings.PLANTAIN_DATA, terminal)
  // What was sent to a provider is paid for: the first interrupt waits for it, the second does not.
  void terminal.interrupted().then(() => terminal.note('Finishing what was started. Interrupt again to leave at once.'))
  const agent = makeAgent()
  return {
    kind: 'embedded',
    url,
    client: (mode) => makeClient({ url, key: `${gateway.localKey}.${mode}`, agent }),
    async close() {
      await agent.close()
      await gateway.stop()
      await store.close()
    },
  }
}
