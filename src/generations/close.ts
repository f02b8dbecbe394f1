import type { Assets } from '../assets/assets.ts'
import { insertAsset, nameImage } from '../assets/store.ts'
import type { Clock } from '../core/clock.ts'
import { failpoint } from '../core/failpoint.ts'
import { ZERO } from '../core/money.ts'
import type { Receipt } from '../core/receipt.ts'
import type { Database } from '../db/database.ts'
import type { ContinuationRow, GenerationImageRow } from '../db/schema.ts'
import type { Ledger } from '../ledger/store.ts'
import type { Agreed } from './agreed.ts'
import { endOf } from './attempt.ts'
import { rememberContinuations } from './continuations.ts'
import { type Idempotency, verdictOf } from './idempotency.ts'
import { writeReceipt } from './receipts.ts'
import type { Outcome } from './reckon.ts'
import { closeGeneration, endAttempt } from './store.ts'

/** How long a provider's token for its own picture is kept (thought signatures). */
const CONTINUATION_MS = 24 * 3_600_000

export interface CloseParts {
  readonly database: Database
  readonly ledger: Ledger
  readonly idempotency: Idempotency
  readonly clock: Clock
  readonly assets: Assets
}

/**
 * Ends a generation in one transaction: pictures get their names, attempts their ends, the hold is settled or voided, the receipt is
 * written. Durable before it resolves. A generation that the sweep has ended meanwhile stays as it is, and this throws.
 */
export function makeClose({ database, ledger, idempotency, clock, assets }: CloseParts) {
  return async (agreed: Agreed, outcome: Outcome): Promise<Receipt> => {
    const at = clock.now()
    const expiresAt = assets.expiry('output', at)
    const receipt = writeReceipt(agreed, outcome, { at, expiresAt })
    await database.transaction(async (trx) => {
      const money = { generationId: agreed.id, providerCost: outcome.providerCost, loss: outcome.loss, at }
      const resolved =
        outcome.failure === undefined
          ? await ledger.settle(trx, { ...money, charge: outcome.charged.total })
          : await ledger.void(trx, { ...money, providerCost: ZERO })
      if (!resolved) throw new Error(`generation ${agreed.id} was already resolved`)
      for (const attempt of outcome.ended) await endAttempt(trx, endOf(attempt))
      for (const row of imageRows(agreed, outcome, at, expiresAt)) {
        await insertAsset(trx, row.kept, at)
        await nameImage(trx, row.name)
      }
      await rememberContinuations(trx, continuationRows(agreed, outcome, at))
      await closeGeneration(trx, {
        id: agreed.id,
        status: outcome.failure === undefined ? 'settled' : 'voided',
        receipt,
        failure: outcome.failure,
        provider: outcome.provider,
        usage: outcome.usage,
        text: outcome.text,
        nativeFinishReason: outcome.nativeFinishReason,
        at,
      })
      const states = receipt.attempts.map(({ state }) => state)
      if (agreed.isKeyed) await idempotency.close(trx, agreed.id, verdictOf(outcome.failure, states), at)
      failpoint('before settle commit')
    })
    failpoint('after settle commit')
    await database.durable()
    return receipt
  }
}

function imageRows({ id }: Agreed, { outputs }: Outcome, at: number, expiresAt: number) {
  const name = (
    role: GenerationImageRow['role'],
    position: number,
    sha256: string,
    convertedFrom: string | null,
  ): GenerationImageRow => ({
    generation_id: id,
    role,
    position,
    sha256,
    converted_from: convertedFrom,
    created_at: at,
    expires_at: expiresAt,
  })
  return outputs
    .flatMap(({ picture, original }, position) => [
      { kept: picture, name: name('output', position, picture.sha256, original?.mediaType ?? null) },
      ...(original ? [{ kept: original, name: name('original', position, original.sha256, null) }] : []),
    ])
    .filter(({ kept }) => kept.stored)
}

function continuationRows({ owner }: Agreed, { outputs, road }: Outcome, at: number): ContinuationRow[] {
  return outputs.flatMap(({ picture, original, continuation }) =>
    // A token belongs to the maker's own bytes; a converted picture comes back as an ordinary reference.
    continuation === undefined || original !== undefined || road === undefined
      ? []
      : [
          {
            workspace_id: owner.workspaceId,
            mode: owner.mode,
            model: road.served,
            sha256: picture.sha256,
            token: continuation,
            expires_at: at + CONTINUATION_MS,
          },
        ],
  )
}
