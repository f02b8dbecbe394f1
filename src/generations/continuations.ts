import type { Kysely, Transaction } from 'kysely'

import type { ContinuationRow, Schema } from '../db/schema.ts'
import type { Sight } from './store.ts'

/** The same picture may come twice in one generation; PostgreSQL refuses to upsert a row twice in one statement, so the last one counts. */
export async function rememberContinuations(trx: Transaction<Schema>, rows: readonly ContinuationRow[]): Promise<void> {
  if (rows.length === 0) return
  const distinct = new Map(rows.map((row) => [`${row.workspace_id} ${row.mode} ${row.model} ${row.sha256}`, row]))
  await trx
    .insertInto('continuations')
    .values([...distinct.values()])
    .onConflict((conflict) =>
      conflict
        .columns(['workspace_id', 'mode', 'model', 'sha256'])
        .doUpdateSet((set) => ({ token: set.ref('excluded.token'), expires_at: set.ref('excluded.expires_at') })),
    )
    .execute()
}

export async function findContinuations(
  db: Kysely<Schema>,
  sight: Sight,
  model: string,
  hashes: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, string>> {
  if (hashes.length === 0) return new Map()
  const rows = await db
    .selectFrom('continuations')
    .select(['sha256', 'token'])
    .where('workspace_id', '=', sight.workspaceId)
    .where('mode', '=', sight.mode)
    .where('model', '=', model)
    .where('sha256', 'in', [...hashes])
    .where('expires_at', '>', now)
    .execute()
  return new Map(rows.map(({ sha256, token }) => [sha256, token]))
}

/** Which of the pictures any model of the workspace has made and wants to see again. */
export async function knownContinuations(
  db: Kysely<Schema>,
  sight: Sight,
  hashes: readonly string[],
  now: number,
): Promise<ReadonlySet<string>> {
  if (hashes.length === 0) return new Set()
  const rows = await db
    .selectFrom('continuations')
    .select('sha256')
    .where('workspace_id', '=', sight.workspaceId)
    .where('mode', '=', sight.mode)
    .where('sha256', 'in', [...hashes])
    .where('expires_at', '>', now)
    .execute()
  return new Set(rows.map(({ sha256 }) => sha256))
}

export async function forgetContinuations(db: Kysely<Schema>, now: number): Promise<void> {
  await db.deleteFrom('continuations').where('expires_at', '<=', now).execute()
}
