import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import type { Engine, Migration } from './migration.ts'
import { initial } from './migrations/0001-initial.ts'
import type { Schema } from './schema.ts'

/** In order, numbered from 1 without gaps. */
export const MIGRATIONS: readonly Migration[] = [initial]

interface Options {
  readonly engine: Engine
  /** Epoch milliseconds, written beside each step. */
  readonly now: number
  /** Called before the first step when there is something to lose, with the version it is at. */
  readonly beforeChange?: (version: number) => Promise<void>
  readonly migrations?: readonly Migration[]
}

/**
 * Brings the schema up to date in one transaction, under a lock that other nodes wait for. Rejects, and changes nothing, when the
 * database was last opened by a newer Plantain.
 */
export async function migrate(db: Kysely<Schema>, options: Options): Promise<void> {
  const { engine, now, beforeChange, migrations = MIGRATIONS } = options
  const newest = migrations.length
  const found = await readVersion(db, engine)
  if (found === newest) return
  refuseNewer(found, newest)
  if (found > 0) await beforeChange?.(found)

  await db.transaction().execute(async (trx) => {
    // One lock per schema: nodes of one install wait for each other, unrelated installs on the same server do not.
    if (engine === 'postgres')
      await sql`select pg_advisory_xact_lock(hashtext('plantain ' || current_schema()))`.execute(trx)
    await sql`create table if not exists schema_migrations (number integer primary key, name text not null, applied_at bigint not null)`.execute(
      trx,
    )
    // Another node may have been first.
    const version = await readVersion(trx, engine)
    refuseNewer(version, newest)
    for (const migration of migrations.slice(version)) {
      await migration.up(trx, engine)
      await sql`insert into schema_migrations values (${migration.number}, ${migration.name}, ${now})`.execute(trx)
    }
  })
}

/** The number of the last step that was carried out; 0 for an empty database. */
async function readVersion(db: Kysely<Schema>, engine: Engine): Promise<number> {
  const tables =
    engine === 'postgres'
      ? sql`select to_regclass('schema_migrations')::text as name where to_regclass('schema_migrations') is not null`
      : sql`select name from sqlite_master where type = 'table' and name = 'schema_migrations'`
  if ((await tables.execute(db)).rows.length === 0) return 0
  const result = await sql<{
    version: number
  }>`select coalesce(max(number), 0) as version from schema_migrations`.execute(db)
  return result.rows[0]?.version ?? 0
}

function refuseNewer(found: number, newest: number): void {
  if (found <= newest) return
  throw new Error(
    `the database has schema ${found}, this Plantain knows schemas up to ${newest}: it was opened by a newer Plantain, use that one or a backup from before`,
  )
}
