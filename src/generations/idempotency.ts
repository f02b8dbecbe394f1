import type { Transaction } from 'kysely'

import { fail, FAILURES, type Failure } from '../core/errors.ts'
import type { GenerationId } from '../core/ids.ts'
import type { AttemptState } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import type { Schema } from '../db/schema.ts'
import type { Owner } from './engine-port.ts'

/** How long a key means its generation after that has ended. */
const KEPT_MS = 24 * 3_600_000

/** The caller can mend what these name, and then means the same purchase by the same key. */
const MENDABLE = new Set([400, 401, 402, 403, 413, 429])

const REUSED = fail(
  'idempotency_key_reused',
  'This Idempotency-Key was used for another request on this route. A key names one request: send the same body again, or take a new key.',
  { field: 'Idempotency-Key' },
)

export type Idempotency = ReturnType<typeof makeIdempotency>

/**
 * Which generation an `Idempotency-Key` means. The scope is workspace, mode and route; a row is there if and only if its generation
 * is, since both are written in one transaction. Owners without a key are asked nothing and claim nothing.
 */
export function makeIdempotency({ database }: { readonly database: Database }) {
  return {
    /** Before admission. Undefined: not used yet, let go, or its time is over. */
    async find(owner: Owner): Promise<Result<GenerationId | undefined, Failure>> {
      const { workspaceId, mode, idempotency } = owner
      if (idempotency === undefined) return ok(undefined)
      const found = await database.db
        .selectFrom('idempotency_keys')
        .select(['generation_id', 'fingerprint', 'expires_at'])
        .where('workspace_id', '=', workspaceId)
        .where('mode', '=', mode)
        .where('scope', '=', idempotency.scope)
        .where('key', '=', idempotency.key)
        .executeTakeFirst()
      if (found === undefined) return ok(undefined)
      if (found.expires_at !== null && found.expires_at <= (await database.now())) {
        // Removed here, where the store's clock has said so: a claim must not have to ask another one.
        await database.db.deleteFrom('idempotency_keys').where('generation_id', '=', found.generation_id).execute()
        return ok(undefined)
      }
      return found.fingerprint === idempotency.fingerprint ? ok(found.generation_id as GenerationId) : err(REUSED)
    },

    /** In the transaction of the hold. False when another call was first: roll back and ask `find` again. */
    async claim(trx: Transaction<Schema>, owner: Owner, id: GenerationId, at: number): Promise<boolean> {
      const { workspaceId, mode, idempotency } = owner
      if (idempotency === undefined) return true
      const claimed = await trx
        .insertInto('idempotency_keys')
        .values({
          workspace_id: workspaceId,
          mode,
          scope: idempotency.scope,
          key: idempotency.key,
          fingerprint: idempotency.fingerprint,
          generation_id: id,
          created_at: at,
          expires_at: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('generation_id')
        .executeTakeFirst()
      return claimed !== undefined
    },

    /** In the closing transaction: the answer is kept for 24 h from `at`, or the key is free again. */
    async close(trx: Transaction<Schema>, id: GenerationId, verdict: 'keep' | 'release', at: number): Promise<void> {
      if (verdict === 'release') {
        await trx.deleteFrom('idempotency_keys').where('generation_id', '=', id).execute()
        return
      }
      await trx
        .updateTable('idempotency_keys')
        .set({ expires_at: at + KEPT_MS })
        .where('generation_id', '=', id)
        .execute()
    },

    /** Removes keys whose time is over. */
    async collect(now: number): Promise<void> {
      await database.db.deleteFrom('idempotency_keys').where('expires_at', '<=', now).execute()
    },
  }
}

/**
 * Whether an answer is kept under its key (reliability.md I5): pictures always, and every failure that a repetition might pay for a
 * second time. A failure that cost nothing for certain lets the key go when nothing had been sent, or when the caller can mend it.
 */
export function verdictOf(failure: Failure | undefined, attemptStates: readonly AttemptState[]): 'keep' | 'release' {
  if (failure === undefined) return 'keep'
  if (attemptStates.some((state) => state !== 'not_billed')) return 'keep'
  return failure.sent !== true || MENDABLE.has(FAILURES[failure.code].status) ? 'release' : 'keep'
}
