import type { Kysely, Selectable } from 'kysely'

import type { AssetRow, GenerationImageRow, Schema } from '../db/schema.ts'
import type { KeptPicture } from './assets.ts'

/**
 * Writes the row of a kept picture, or marks the one that is there as kept again: what is fresh is not collected, and a
 * collector that is just looking at the row waits for this transaction and then leaves it alone.
 */
export async function insertAsset(trx: Kysely<Schema>, kept: KeptPicture, at: number): Promise<void> {
  const { sha256, mediaType, width, height, bytes, inline } = kept
  await trx
    .insertInto('assets')
    .values({ sha256, media_type: mediaType, width, height, bytes, inline: inline ?? null, created_at: at })
    .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ created_at: at }))
    .execute()
}

/** Names an asset for a generation, in the same transaction as `insertAsset`. A second time is no second row. */
export async function nameImage(trx: Kysely<Schema>, row: GenerationImageRow): Promise<void> {
  await trx
    .insertInto('generation_images')
    .values(row)
    .onConflict((conflict) => conflict.columns(['generation_id', 'role', 'position']).doNothing())
    .execute()
}

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
