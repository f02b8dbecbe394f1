import type { Kysely, Transaction } from 'kysely'

import type { Clock } from '../core/clock.ts'
import type { Migration } from './migration.ts'
import type { Schema } from './schema.ts'
import type { SyncFile } from './wal-sync.ts'

/** One store of rows, on either engine. */
export interface Database {
  readonly engine: 'sqlite' | 'postgres'
  /** The outer handle: every statement by itself. Refused inside `transaction` and `view`. */
  readonly db: Kysely<Schema>
  /**
   * All or nothing; rolls back when `work` throws. Nothing but queries on the given handle is awaited inside. PostgreSQL may run
   * `work` again after a deadlock or a lost connection, so it must not change anything but rows.
   */
  transaction<T>(work: (trx: Transaction<Schema>) => Promise<T>): Promise<T>
  /** Several reads of one moment. Writing in it is an error on PostgreSQL and must not be done on SQLite. */
  view<T>(work: (trx: Transaction<Schema>) => Promise<T>): Promise<T>
  /** Resolves when everything committed before the call is on disk. Rejects after a failed sync, which is fatal. */
  durable(): Promise<void>
  /** The store's clock in epoch milliseconds: the injected clock on SQLite, the server's on PostgreSQL. Not for use inside a transaction. */
  now(): Promise<number>
  /** Writes a whole, synced copy to a file that must not exist, while the database is in use. SQLite only. */
  snapshot(file: string): Promise<void>
  /** Waits for what runs, then closes. */
  close(): Promise<void>
}

/**
 * The server does not answer, or the connection broke while it was asked. It passes by itself; whether what was asked last was still
 * carried out is not known, but for a transaction, which never is unless it broke in its commit.
 */
export class DatabaseAway extends Error {}

export interface DatabaseOptions {
  /** A `postgres://` URL. Absent: SQLite in `directory`. */
  readonly url?: string
  /** The data directory; made when it is missing. PostgreSQL does not use it. */
  readonly directory: string
  readonly clock: Clock
  /** A failed sync: what was acknowledged may be lost. The process has to end, and must not try again. */
  readonly onFatal: (error: Error) => void
  /** SQLite: how the WAL reaches the disk, for tests. */
  readonly sync?: SyncFile
  /** The steps of the schema; absent: this release's. */
  readonly migrations?: readonly Migration[]
  /** PostgreSQL: connections at once, 10 by default. */
  readonly poolSize?: number
}
