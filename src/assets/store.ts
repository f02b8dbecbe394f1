import type { Kysely, Selectable } from 'kysely'

import { preparedRows } from '../db/prepared.ts'
import type { AssetRow, GenerationImageRow, Schema } from '../db/schema.ts'
import type { KeptPicture } from './assets.ts'

/**
 * Writes the row of a kept picture, or marks the one that is there as kept again: what is fresh is not collected, and a
 * collector that is just looking at the row waits for this transaction and then leaves it alone.
 */
export async function insertAsset(trx: Kysely<Schema>, kept: KeptPicture, at: number): Promise<void> {
  const { sha256, mediaType, width, height, bytes, inline } = kept
  await upsertAssets(trx, [
    { sha256, media_type: mediaType, width, height, bytes, inline: inline ?? null, created_at: at },
  ])
}

const upsertAssets = preparedRows<AssetRow>(
  ['sha256', 'media_type', 'width', 'height', 'bytes', 'inline', 'created_at'],
  (db, rows) =>
    db
      .insertInto('assets')
      .values(rows)
      .onConflict((conflict) =>
        conflict.column('sha256').doUpdateSet((set) => ({ created_at: set.ref('excluded.created_at') })),
      ),
)

/** Names an asset for a generation, in the same transaction as `insertAsset`. A second time is no second row. */
export async function nameImage(trx: Kysely<Schema>, row: GenerationImageRow): Promise<void> {
  await insertNames(trx, [row])
}

const insertNames = preparedRows<GenerationImageRow>(
  ['generation_id', 'role', 'position', 'sha256', 'converted_from', 'created_at', 'expires_at'],
  (db, rows) =>
    db
      .insertInto('generation_images')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['generation_id', 'role', 'position']).doNothing()),
)

export type NamedAsset = Selectable<AssetRow> &
  Pick<GenerationImageRow, 'role' | 'position' | 'converted_from' | 'expires_at'>

/** A generation's pictures of one role, by position. Their bytes may be gone from disk when `expires_at` has passed. */
export async function imagesOf(
  db: Kysely<Schema>,
  generationId: string,
  role: GenerationImageRow['role'],
): Promise<readonly NamedAsset[]> {
  return db
    .selectFrom('generation_images')
    .innerJoin('assets', 'assets.sha256', 'generation_images.sha256')
    .selectAll('assets')
    .select(['role', 'position', 'converted_from', 'expires_at'])
    .where('generation_id', '=', generationId)
    .where('role', '=', role)
    .orderBy('position')
    .execute()
}
