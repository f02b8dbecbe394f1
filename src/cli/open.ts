import { once } from 'node:events'
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'

import { destination, type Logger, pino } from 'pino'

import { type Catalog, makeCatalog } from '../catalog/catalog.ts'
import type { Config } from '../config.ts'
import { systemClock } from '../core/clock.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import { openDatabase } from '../db/open.ts'
import { acquireOwner, type Owner, type OwnerFacts } from '../db/owner.ts'
import { messageOf } from './failure.ts'

/** A data directory, or a database server, held by this process: what every command that works on data starts from. */
export interface Store {
  readonly config: Config
  readonly catalog: Catalog
  readonly database: Database
  readonly logger: Logger
  /** Tells other processes where this one listens. */
  announce(address: string): void
  close(): Promise<void>
}

/** Why the store cannot be opened: everything that is wrong at once. */
export interface OpenFailure {
  /** Whole sentences. Never empty. */
  readonly problems: readonly string[]
  /** The process that has the data directory, where that is all that is wrong: it may let go of it. */
  readonly owner: OwnerFacts | undefined
}

interface OpenOptions {
  /** Also checks that the configured port is free. */
  readonly listens: boolean
  /** What is already known to be wrong with the settings: then the rest is only looked at, and what they decide is not. */
  readonly known?: readonly string[]
  /** Ends the process: a failed sync may have lost what was acknowledged. */
  readonly onFatal: (error: Error) => void
}

/** Opens catalogue, data directory and database. Everything that cannot work is looked at before anything is given up. */
export async function openStore(
  config: Config,
  { listens, known = [], onFatal }: OpenOptions,
): Promise<Result<Store, OpenFailure>> {
  const { settings } = config
  const isSound = (name: keyof Config['settings']) => !known.some((problem) => problem.startsWith(`${name}: `))
  const catalog = readCatalog(settings.PLANTAIN_CATALOG)
  const directoryProblem = isSound('PLANTAIN_DATA') ? tryDirectory(settings.PLANTAIN_DATA) : undefined
  const tests = listens && isSound('PLANTAIN_HOST') && isSound('PLANTAIN_PORT')
  const portProblem = tests ? await tryPort(settings.PLANTAIN_HOST, settings.PLANTAIN_PORT) : undefined

  const mayOpen = directoryProblem === undefined && isSound('PLANTAIN_DATA') && isSound('DATABASE_URL')
  const isEmbedded = settings.DATABASE_URL === undefined
  const owner = mayOpen && isEmbedded ? tryOwner(settings.PLANTAIN_DATA) : undefined
  const isOurs = isEmbedded ? owner?.ok === true : isSound('DATABASE_URL')
  const database = isOurs ? await tryDatabase(config, onFatal) : undefined

  const problems = [
    ...known,
    ...(catalog.ok ? [] : catalog.error),
    directoryProblem,
    portProblem,
    ...(owner?.ok === false ? [owner.error.problem] : []),
    ...(database?.ok === false ? [database.error] : []),
  ].filter((problem) => problem !== undefined)
  if (problems.length > 0 || !catalog.ok || !database?.ok) {
    if (database?.ok) await database.value.close()
    if (owner?.ok) owner.value.release()
    return err({ problems, owner: owner?.ok === false && problems.length === 1 ? owner.error.facts : undefined })
  }
  return ok(storeOf(config, catalog.value, database.value, owner?.ok ? owner.value : undefined))
}

function storeOf(config: Config, catalog: Catalog, database: Database, owner: Owner | undefined): Store {
  return {
    config,
    catalog,
    database,
    logger: pino({ level: config.settings.PLANTAIN_LOG_LEVEL, base: null }, destination({ dest: 2, sync: false })),
    announce: (address) => owner?.announce(address),
    async close() {
      await database.close()
      owner?.release()
    },
  }
}

/** The catalogue with the operator's file laid over it. */
export function readCatalog(file: string | undefined): Result<Catalog, readonly string[]> {
  if (file === undefined) return makeCatalog()
  try {
    const catalog = makeCatalog(JSON.parse(readFileSync(file, 'utf8')))
    return catalog.ok ? catalog : err(catalog.error.map((problem) => `PLANTAIN_CATALOG: ${problem}`))
  } catch (error) {
    return err([`PLANTAIN_CATALOG: ${file} cannot be read as JSON: ${messageOf(error)}`])
  }
}

function tryDirectory(directory: string): string | undefined {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    accessSync(directory, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return `PLANTAIN_DATA: ${directory} cannot be written: ${messageOf(error)}`
  }
}

function tryOwner(
  directory: string,
): Result<Owner, { readonly problem: string; readonly facts: OwnerFacts | undefined }> {
  try {
    const owner = acquireOwner(directory, { pid: process.pid, address: '' })
    if (owner.ok) return owner
    const { pid, address } = owner.error
    const place = address === '' ? '' : ` at ${address}`
    const problem = `PLANTAIN_DATA: ${directory} is in use by the gateway with process id ${pid}${place}.`
    return err({ problem, facts: owner.error })
  } catch (error) {
    return err({ problem: `PLANTAIN_DATA: ${directory} cannot be locked: ${messageOf(error)}`, facts: undefined })
  }
}

/** Whether the port is free now. Someone may still take it before we listen; that failure is told as well. */
async function tryPort(host: string, port: number): Promise<string | undefined> {
  const probe = createServer()
  try {
    probe.listen({ host, port })
    await once(probe, 'listening')
    return undefined
  } catch (error) {
    return `PLANTAIN_PORT: cannot listen on ${host}:${port}: ${messageOf(error)}`
  } finally {
    probe.close()
  }
}

async function tryDatabase({ settings }: Config, onFatal: (error: Error) => void): Promise<Result<Database, string>> {
  try {
    const url = settings.DATABASE_URL
    return ok(
      await openDatabase({
        directory: settings.PLANTAIN_DATA,
        clock: systemClock,
        onFatal,
        ...(url !== undefined && { url }),
      }),
    )
  } catch (error) {
    return err(`${settings.DATABASE_URL === undefined ? 'PLANTAIN_DATA' : 'DATABASE_URL'}: ${messageOf(error)}`)
  }
}
