import { sql } from 'kysely'

import type { Nanos } from '../core/money.ts'
import type { Mode } from '../core/receipt.ts'
import type { Database } from '../db/database.ts'
import type { AttemptRow } from '../db/schema.ts'

/** What the ledger and the attempts say about the providers of one mode. */
export interface Books {
  readonly generations: readonly BookedGeneration[]
}

export interface BookedGeneration {
  readonly id: string
  /** What providers took for what was charged, and what they took, or may have taken, beside it. */
  readonly providerCost: Nanos
  readonly loss: Nanos
  /** In the order in which they were sent. */
  readonly attempts: readonly BookedAttempt[]
  /** SHA-256 of the pictures it was given. */
  readonly pictures: readonly string[]
}

export type BookedAttempt = Pick<AttemptRow, 'n' | 'provider' | 'model' | 'upstream_id' | 'state'>

/** What `reconcile` compares a bill with. Reads every generation of the mode. */
export async function readBooks(database: Database, mode: Mode = 'live'): Promise<Books> {
  return await database.view(async (view) => {
    const { rows: costs } = await sql<{ id: string; cost_nanos: bigint; loss_nanos: bigint }>`
      select generations.id as id,
        sum(case when account like '%:provider_cost' then amount_nanos else 0 end) as cost_nanos,
        sum(case when account like '%:unbilled_loss' then amount_nanos else 0 end) as loss_nanos
      from generations
        left join transactions on transactions.generation_id = generations.id
        left join postings on postings.transaction_id = transactions.id
      where generations.mode = ${mode} group by generations.id, generations.created_at
      order by generations.created_at, generations.id`.execute(view)
    const attempts = await view
      .selectFrom('attempts')
      .innerJoin('generations', 'generations.id', 'attempts.generation_id')
      .select(['generation_id', 'n', 'attempts.provider', 'model', 'upstream_id', 'state'])
      .where('mode', '=', mode)
      .orderBy('sent_at')
      .orderBy('n')
      .execute()
    const pictures = await view
      .selectFrom('generation_images')
      .select(['generation_id', 'sha256'])
      .where('role', '!=', 'reference')
      .execute()
    const attemptsOf = Map.groupBy(attempts, (attempt) => attempt.generation_id)
    const picturesOf = Map.groupBy(pictures, (picture) => picture.generation_id)
    return {
      generations: costs.map(({ id, cost_nanos: cost, loss_nanos: loss }) => ({
        id,
        providerCost: cost as Nanos,
        loss: loss as Nanos,
        attempts: attemptsOf.get(id) ?? [],
        pictures: (picturesOf.get(id) ?? []).map(({ sha256 }) => sha256),
      })),
    }
  })
}
