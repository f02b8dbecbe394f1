import { randomInt } from 'node:crypto'

import { Kysely, sql } from 'kysely'
import { DatabaseError, Pool } from 'pg'

import { type Database, DatabaseAway, type DatabaseOptions } from './database.ts'
import { migrate } from './migrate.ts'
import { CommitLost, exactTypes, postgresDialect } from './postgres-driver.ts'
import type { Schema } from './schema.ts'
import { makeTransactionScope } from './transaction-scope.ts'

/** Enough for one node: a transaction takes a millisecond or two, and PostgreSQL itself allows 100 connections by default. */
const POOL_SIZE = 10

/** Tries of one transaction when the server ends it for another's sake. */
const ATTEMPTS = 5

/** Longest pause before the second try; it grows with each. Without one the loser takes its first row again before the winner has woken. */
const PAUSE_MS = 20

/** How long a transaction is tried again while the server is away: a restart takes seconds, and a picture may be waiting to be booked. */
const AWAY_MS = 10_000
const AWAY_PAUSE_MS = 250

/** `serialization_failure` and `deadlock_detected`: https://www.postgresql.org/docs/15/errcodes-appendix.html (read 2026-11-22). */
const TRY_AGAIN = new Set(['40001', '40P01'])

const OLDEST_VERSION = 150_000

/** PostgreSQL, shared by any number of nodes. Transactions are `read committed`: conditional updates decide, not isolation. */
export async function openPostgres(options: DatabaseOptions & { readonly url: string }): Promise<Database> {
  const pool = new Pool({ connectionString: options.url, max: options.poolSize ?? POOL_SIZE, types: exactTypes })
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => undefined)
  // Neither must one end it that breaks between two statements of a transaction; the next statement tells.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const scope = makeTransactionScope()
  const db = new Kysely<Schema>({ dialect: postgresDialect({ pool, assertOutside: () => scope.assertOutside() }) })

  async function now(): Promise<number> {
    const result = await sql<{ now: number }>`
      select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now
    `.execute(db)
    const [row] = result.rows
    if (row === undefined) throw new Error('the database did not tell the time')
    return row.now
  }

  try {
    await refuseUnsafeServer(db)
    await migrate(db, {
      engine: 'postgres',
      now: await now(),
      ...(options.migrations && { migrations: options.migrations }),
    })
  } catch (error) {
    await pool.end()
    throw error
  }

  return {
    engine: 'postgres',
    db,
    async transaction(work) {
      scope.assertOutside()
      const giveUpAt = options.clock.monotonic() + AWAY_MS
      for (let attempt = 1; ;) {
        try {
          return await db.transaction().execute((trx) => scope.run(() => work(trx)))
        } catch (error) {
          if (error instanceof DatabaseAway) {
            if (error instanceof CommitLost || options.clock.monotonic() > giveUpAt) throw error
            await options.clock.sleep(AWAY_PAUSE_MS)
          } else {
            if (attempt === ATTEMPTS || !isWorthAnotherTry(error)) throw error
            await options.clock.sleep(randomInt(1, PAUSE_MS * attempt))
            attempt += 1
          }
        }
      }
    },
    async view(work) {
      scope.assertOutside()
      const transaction = db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
      return transaction.execute((trx) => scope.run(() => work(trx)))
    },
    // A commit is on disk before the server answers it; the settings that could change that were refused at the start.
    durable: async () => undefined,
    now,
    async snapshot() {
      throw new Error('PostgreSQL is backed up with its own tools, for example pg_dump')
    },
    close: () => db.destroy(),
  }
}

function isWorthAnotherTry(error: unknown): boolean {
  return error instanceof DatabaseError && error.code !== undefined && TRY_AGAIN.has(error.code)
}

/** Every setting without which an acknowledged commit can be lost; all that are wrong are named at once. */
async function refuseUnsafeServer(db: Kysely<Schema>): Promise<void> {
  const result = await sql<{ name: string; setting: string }>`
    select name, setting from pg_settings
    where name in ('server_version_num', 'fsync', 'full_page_writes', 'synchronous_commit')
  `.execute(db)
  const problems = serverProblems(new Map(result.rows.map(({ name, setting }) => [name, setting])))
  if (problems.length > 0) throw new Error(`PostgreSQL cannot be used: ${problems.join('; ')}`)
}

/** What is wrong with a server's settings, in words; empty when it can be trusted. */
export function serverProblems(settings: ReadonlyMap<string, string>): string[] {
  const version = Number(settings.get('server_version_num'))
  const unsafe = ['fsync', 'full_page_writes', 'synchronous_commit'].filter((name) => settings.get(name) === 'off')
  return [
    ...(version >= OLDEST_VERSION
      ? []
      : [`version 15 or newer is needed, this one is ${Math.floor(version / 10_000)}`]),
    ...unsafe.map((name) => `${name} is off, so acknowledged commits could be lost`),
  ]
}
