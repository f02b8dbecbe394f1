import type { Database, DatabaseOptions } from './database.ts'
import { openSqlite } from './sqlite.ts'

/**
 * Opens the store and brings its schema up to date. Rejects when the schema is newer than this program, or when PostgreSQL is too
 * old or set up to lose acknowledged commits.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  if (options.url === undefined) return openSqlite(options)
  // Most installs never need the PostgreSQL client, and it costs start-up time.
  const { openPostgres } = await import('./postgres.ts')
  return openPostgres({ ...options, url: options.url })
}
