import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult, TransactionSettings } from 'kysely'
import { PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { CustomTypesConfig, Pool, PoolClient } from 'pg'
import { DatabaseError, types } from 'pg'

import { DatabaseAway } from './database.ts'
import type { StoredValue } from './values.ts'
import { storedValue } from './values.ts'

interface DriverParts {
  readonly pool: Pool
  /** Called before a connection is waited for. */
  readonly assertOutside: () => void
}

/** SQL texts that get a name, and with it a plan kept by the server; texts beyond it are planned anew each time. */
const NAMED_STATEMENTS = 500

/** Kysely over a `pg` pool, with values converted by column name and statements prepared once per connection. */
export function postgresDialect(parts: DriverParts): Dialect {
  return {
    createDriver: () => new PostgresDriver(parts),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  }
}

/** Whole numbers of any width arrive as bigint, so that none is rounded before its column's name has been looked at. */
export const exactTypes: CustomTypesConfig = {
  getTypeParser(type, format) {
    if (format === 'binary') return types.getTypeParser(type, format)
    if (type === types.builtins.INT8) return BigInt
    if (type === types.builtins.NUMERIC) return (text: string) => (text.includes('.') ? Number(text) : BigInt(text))
    return types.getTypeParser(type, 'text')
  },
}

/** The connection broke while a commit was under way: it may have been carried out. */
export class CommitLost extends DatabaseAway {}

class PostgresDriver implements Driver {
  readonly #parts: DriverParts
  readonly #names = new Map<string, string>()

  constructor(parts: DriverParts) {
    this.#parts = parts
  }

  async init(): Promise<void> {
    // The pool connects when it is first asked.
  }

  async acquireConnection(): Promise<PostgresConnection> {
    this.#parts.assertOutside()
    return new PostgresConnection(await this.#parts.pool.connect().catch(rethrow), this.#names)
  }

  async releaseConnection(connection: PostgresConnection): Promise<void> {
    connection.release()
  }

  async beginTransaction(connection: PostgresConnection, settings: TransactionSettings): Promise<void> {
    const { accessMode = 'read write', isolationLevel = 'read committed' } = settings
    await connection.run(`begin isolation level ${isolationLevel} ${accessMode}`)
  }

  async commitTransaction(connection: PostgresConnection): Promise<void> {
    // After an error that was caught inside the transaction, COMMIT quietly does a ROLLBACK.
    const command = await connection.run('commit').catch((error: unknown) => {
      throw error instanceof DatabaseAway ? new CommitLost(error.message, { cause: error }) : error
    })
    if (command !== 'COMMIT') throw new Error('the transaction was rolled back at commit')
  }

  async rollbackTransaction(connection: PostgresConnection): Promise<void> {
    await connection.run('rollback')
  }

  async destroy(): Promise<void> {
    await this.#parts.pool.end()
  }
}

class PostgresConnection implements DatabaseConnection {
  readonly #client: PoolClient
  readonly #names: Map<string, string>
  #broken = false

  constructor(client: PoolClient, names: Map<string, string>) {
    this.#client = client
    this.#names = names
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const query = { ...named(this.#names, sql), text: sql, values: [...parameters], rowMode: 'array' as const }
    const result = await this.#client.query<unknown[]>(query).catch(rethrow)
    const columns = result.fields.map(({ name }) => name)
    return { rows: result.rows.map((row) => toRow(columns, row)) as R[], numAffectedRows: BigInt(result.rowCount ?? 0) }
  }

  // oxlint-disable-next-line require-yield -- the interface wants a generator; no store streams
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error('queries are not streamed: a connection would be held while the reader thinks')
  }

  /** Runs a transaction command and returns the command the server says it carried out. */
  async run(command: string): Promise<string> {
    try {
      return (await this.#client.query(command)).command
    } catch (error) {
      this.#broken = true
      return rethrow(error)
    }
  }

  release(): void {
    this.#client.release(this.#broken)
  }
}

function named(names: Map<string, string>, sql: string): { name?: string } {
  const known = names.get(sql)
  if (known !== undefined) return { name: known }
  if (names.size >= NAMED_STATEMENTS) return {}
  const name = `plantain-${names.size}`
  names.set(sql, name)
  return { name }
}

function toRow(columns: readonly string[], values: readonly unknown[]): Record<string, StoredValue> {
  const row: Record<string, StoredValue> = {}
  for (const [index, column] of columns.entries()) row[column] = storedValue(column, values[index])
  return row
}

/**
 * SQLSTATE classes and codes of a server that stops, starts or has no room for another connection:
 * https://www.postgresql.org/docs/15/errcodes-appendix.html (read 2026-11-22). A class is its first two characters.
 */
const AWAY = /^(08...|57P0[123]|53300)$/

/** Codes of Node's sockets, and what pg says of connections that it has lost: it gives these no code (pg 8, lib/client.js). */
const BROKEN = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)$/
const LOST = /^Connection terminated|not queryable|timeout exceeded when trying to connect/

/** Throws what was thrown, as DatabaseAway where it says no more than that the server cannot be reached. */
function rethrow(error: unknown): never {
  if (!(error instanceof Error)) throw error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const isAway = error instanceof DatabaseError ? AWAY.test(code) : BROKEN.test(code) || LOST.test(error.message)
  throw isAway ? new DatabaseAway(`The database does not answer: ${code || error.message}.`, { cause: error }) : error
}
