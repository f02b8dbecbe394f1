import type { Kysely, Transaction } from 'kysely'

import type { GenerationId } from '../core/ids.ts'
import type { GenerationRow, Schema } from '../db/schema.ts'

/** How long a process is believed to be alive without a sign of life. */
export const LEASE_MS = 15_000

const UNFINISHED = ['held', 'running', 'stored'] as const

export async function renewLeases(db: Kysely<Schema>, ids: readonly GenerationId[], until: number): Promise<void> {
  if (ids.length === 0) return
  await db
    .updateTable('generations')
    .set({ lease_until: until })
    .where('id', 'in', [...ids])
    .execute()
}

/** Whether a process still answers for a generation, which has not ended. */
export async function isRunBy(db: Kysely<Schema>, id: GenerationId, owner: string): Promise<boolean> {
  const row = await db
    .selectFrom('generations')
    .select('id')
    .where('id', '=', id)
    .where('owner', '=', owner)
    .where('status', 'in', UNFINISHED)
    .executeTakeFirst()
  return row !== undefined
}

/** The same in a transaction that goes on only if it is so. */
export async function confirmOwner(trx: Transaction<Schema>, id: GenerationId, owner: string): Promise<boolean> {
  // Written, not only read: whoever takes it over at this moment waits, or makes us see it.
  const { numUpdatedRows } = await trx
    .updateTable('generations')
    .set({ owner })
    .where('id', '=', id)
    .where('owner', '=', owner)
    .where('status', 'in', UNFINISHED)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Generations that nobody answers for any more: their lease has lapsed. */
export async function abandonedGenerations(db: Kysely<Schema>, now: number, limit: number): Promise<GenerationRow[]> {
  return await db
    .selectFrom('generations')
    .selectAll()
    .where('status', 'in', UNFINISHED)
    .where('lease_until', '<', now)
    .limit(limit)
    .execute()
}

/** Takes an abandoned generation over. False when another node was first. */
export async function takeOver(
  db: Kysely<Schema>,
  id: string,
  { owner, now, until }: { readonly owner: string; readonly now: number; readonly until: number },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('generations')
    .set({ owner, lease_until: until })
    .where('id', '=', id)
    .where('status', 'in', UNFINISHED)
    .where('lease_until', '<', now)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** On one machine the lock on the directory proves that every other owner is dead: their leases end now. */
export async function expireForeignLeases(db: Kysely<Schema>, owner: string): Promise<void> {
  await db
    .updateTable('generations')
    .set({ lease_until: 0 })
    .where('owner', '!=', owner)
    .where('status', 'in', UNFINISHED)
    .execute()
}

/** Asks the node that runs a generation to cancel it. */
export async function askToCancel(db: Kysely<Schema>, id: GenerationId): Promise<void> {
  await db.updateTable('generations').set({ cancel_asked: 1 }).where('id', '=', id).execute()
}

/** Those of this process that somebody on another node wants cancelled. */
export async function cancelsAsked(db: Kysely<Schema>, owner: string): Promise<readonly GenerationId[]> {
  const rows = await db
    .selectFrom('generations')
    .select('id')
    .where('owner', '=', owner)
    .where('cancel_asked', '=', 1)
    .where('status', 'in', UNFINISHED)
    .execute()
  return rows.map(({ id }) => id as GenerationId)
}
