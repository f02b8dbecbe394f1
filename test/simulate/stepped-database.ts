import type {
  CompiledQuery,
  DatabaseConnection,
  Dialect,
  DialectAdapter,
  Driver,
  QueryCompiler,
  QueryResult,
  Transaction,
} from 'kysely'
import {
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'

import type { Database } from '../../src/db/database.ts'
import type { Schema } from '../../src/db/schema.ts'
import type { Dice } from '../../src/ledger/test-ledger.ts'
import type { Scheduler } from './scheduler.ts'

interface SteppedParts {
  /** The real store, shared by all processes. */
  readonly store: Database
  readonly scheduler: Scheduler
  /** Decides the order of rows where SQL promises none. */
  readonly random: Dice
  readonly process: string
  /** How the store presents itself: one that several processes share is never SQLite to them. */
  readonly engine: Database['engine']
  /** Told within the step of every transaction, when it begins (once more when it is tried again) and when it is committed. */
  readonly begins: (trx: Transaction<Schema>) => void
  readonly committed: (trx: Transaction<Schema>) => Promise<void>
}

/** The real store as one process sees it: a transaction is one step, every statement outside of one is, and so is each sync. */
export function steppedDatabase(parts: SteppedParts): Database {
  const { store, scheduler, process, engine, begins, committed } = parts
  const step = <T>(label: string, work: () => Promise<T>): Promise<T> => scheduler.step(process, label, work)
  return {
    engine,
    db: new Kysely<Schema>({ dialect: steppedDialect(parts) }),
    transaction: (work) =>
      step('transaction', async () => {
        let last: Transaction<Schema> | undefined
        const result = await store.transaction(async (trx) => {
          last = trx
          begins(trx)
          return await work(trx)
        })
        if (last) await committed(last)
        return result
      }),
    view: (work) => step('view', () => store.view(work)),
    // The order of steps is what is tried here; how commits reach the disk is tried in src/db.
    durable: () => step('durable', async () => {}),
    now: () => step('store clock', async () => scheduler.now()),
    snapshot: (file) => store.snapshot(file),
    async close() {},
  }
}

function steppedDialect(parts: SteppedParts): Dialect {
  const isSqlite = parts.store.engine === 'sqlite'
  return {
    createDriver: () => steppedDriver(parts),
    createQueryCompiler: (): QueryCompiler => (isSqlite ? new SqliteQueryCompiler() : new PostgresQueryCompiler()),
    createAdapter: (): DialectAdapter => (isSqlite ? new ManyAtOnce() : new PostgresAdapter()),
    createIntrospector: (db) => (isSqlite ? new SqliteIntrospector(db) : new PostgresIntrospector(db)),
  }
}

/** The real store queues for its one connection; here everybody waits for the scheduler alone. */
class ManyAtOnce extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

function steppedDriver({ store, scheduler, random, process }: SteppedParts): Driver {
  const connection: DatabaseConnection = {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      return await scheduler.step(process, labelOf(query), async () => {
        const result = (await store.db.executeQuery(query)) as QueryResult<R>
        return query.sql.includes('order by') ? result : { ...result, rows: anyOrder(result.rows, random) }
      })
    },
    // oxlint-disable-next-line require-yield -- the interface wants a generator; no store streams
    async *streamQuery(): AsyncIterableIterator<never> {
      throw new Error('queries are not streamed')
    },
  }
  const refuse = async (): Promise<never> => {
    throw new Error('transactions are begun by Database.transaction')
  }
  return {
    async init() {},
    acquireConnection: async () => connection,
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    async releaseConnection() {},
    async destroy() {},
  }
}

/** Both engines promise nothing, so anything may happen; but the same for the same seed on both. */
function anyOrder<R>(rows: readonly R[], random: Dice): R[] {
  if (rows.length < 2) return [...rows]
  const left = rows
    .map((row) => ({
      row,
      text: JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)),
    }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
  return Array.from({ length: rows.length }, () => random.take(left).row)
}

/** `update generations`. */
function labelOf({ sql }: CompiledQuery): string {
  const [verb = ''] = sql.split(' ', 1)
  const [, table = ''] = /(?:from|into|update) "(\w+)"/.exec(sql) ?? []
  return `${verb} ${table}`
}
