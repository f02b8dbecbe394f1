import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult, TransactionSettings } from 'kysely'
import { SelectQueryNode, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { LRUCache } from 'lru-cache'

import type { StoredValue } from './values.ts'
import { storedValue } from './values.ts'

interface DriverParts {
  readonly database: DatabaseSync
  /** Called before a connection is waited for. */
  readonly assertOutside: () => void
  /** Called after every commit that may have written. */
  readonly committed: () => void
}

/** Different SQL texts kept prepared; a store has some dozens, lists with `in` add a few per length. */
const PREPARED_STATEMENTS = 500

/** After so many hand-overs in a row the event loop gets a turn: a long queue of transactions must not starve the sockets. */
const HANDOVERS_PER_TURN = 16

/** Kysely over one `node:sqlite` connection. Whoever holds the connection has it alone, so transactions run one after another. */
export function sqliteDialect(parts: DriverParts): Dialect {
  return {
    createDriver: () => new SqliteDriver(parts),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new OwnQueueAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  }
}

/** Kysely would queue for a single connection by itself, but before the driver could refuse the queue's one deadlock. */
class OwnQueueAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

class SqliteDriver implements Driver {
  readonly #parts: DriverParts
  readonly #connection: SqliteConnection
  readonly #waiting: (() => void)[] = []
  #held = false
  #handovers = 0

  constructor(parts: DriverParts) {
    this.#parts = parts
    this.#connection = new SqliteConnection(parts)
  }

  async init(): Promise<void> {
    // The connection is open before the dialect is made.
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    this.#parts.assertOutside()
    if (this.#held) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#held = true
    return this.#connection
  }

  async releaseConnection(): Promise<void> {
    const next = this.#waiting.shift()
    if (next === undefined) {
      this.#held = false
      this.#handovers = 0
    } else if (++this.#handovers % HANDOVERS_PER_TURN === 0) {
      setImmediate(next)
    } else {
      next()
    }
  }

  async beginTransaction(_connection: DatabaseConnection, { accessMode }: TransactionSettings): Promise<void> {
    this.#connection.run(accessMode === 'read only' ? 'begin' : 'begin immediate')
  }

  async commitTransaction(): Promise<void> {
    this.#connection.run('commit')
    this.#parts.committed()
  }

  async rollbackTransaction(): Promise<void> {
    // A full disk or a failed write has already rolled back; a second rollback would hide the first error.
    if (this.#parts.database.isTransaction) this.#connection.run('rollback')
  }

  async destroy(): Promise<void> {
    this.#parts.database.close()
  }
}

interface Prepared {
  readonly statement: StatementSync
  /** Empty for a statement that returns no rows. */
  readonly columns: readonly string[]
}

class SqliteConnection implements DatabaseConnection {
  readonly #parts: DriverParts
  readonly #prepared = new LRUCache<string, Prepared>({ max: PREPARED_STATEMENTS })

  constructor(parts: DriverParts) {
    this.#parts = parts
  }

  async executeQuery<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
    const { database, committed } = this.#parts
    const { statement, columns } = this.#prepare(sql)
    const values = parameters as readonly SQLInputValue[]
    let result: QueryResult<R>
    if (columns.length === 0) {
      result = { rows: [], numAffectedRows: BigInt(statement.run(...values).changes) }
    } else {
      // The statement was told to return arrays; its type cannot say so.
      const rows = statement.all(...values) as unknown as readonly (readonly unknown[])[]
      result = { rows: rows.map((row) => toRow(columns, row)) as R[], numAffectedRows: BigInt(rows.length) }
    }
    if (!database.isTransaction && !SelectQueryNode.is(query)) committed()
    return result
  }

  // oxlint-disable-next-line require-yield -- the interface wants a generator; no store streams
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error('queries are not streamed: the one connection would be held while the reader thinks')
  }

  run(sql: string): void {
    this.#prepare(sql).statement.run()
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known !== undefined) return known
    const statement = this.#parts.database.prepare(sql)
    const columns = statement.columns().map(({ name }) => name)
    statement.setReturnArrays(true)
    statement.setReadBigInts(columns.some((name) => name.endsWith('_nanos')))
    const prepared = { statement, columns }
    this.#prepared.set(sql, prepared)
    return prepared
  }
}

function toRow(columns: readonly string[], values: readonly unknown[]): Record<string, StoredValue> {
  const row: Record<string, StoredValue> = {}
  for (const [index, column] of columns.entries()) row[column] = storedValue(column, values[index])
  return row
}
