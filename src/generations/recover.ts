import type { Clock } from '../core/clock.ts'
import { isoTime } from '../core/clock.ts'
import { fail } from '../core/errors.ts'
import { formatUsd, type Nanos, usd, ZERO } from '../core/money.ts'
import type { Receipt } from '../core/receipt.ts'
import type { Database } from '../db/database.ts'
import type { AttemptRow, GenerationRow } from '../db/schema.ts'
import type { Ledger } from '../ledger/store.ts'
import type { WrittenQuote } from './admit.ts'
import { attemptOf, errorOf } from './receipts.ts'
import { abandonedGenerations, attemptsOf, closeGeneration, endAttempt } from './store.ts'

/** Generations read at a time. */
const BATCH = 100

interface RecoverParts {
  readonly database: Database
  readonly ledger: Ledger
  readonly clock: Clock
}

/**
 * One sweep over generations whose process has died: the hold goes home whole, every call that had been sent is `unknown` and booked
 * as the operator's loss at list price, and the receipt says so. Safe to run on several nodes at once: the ledger resolves a hold
 * once. Returns how many it ended.
 */
export function makeRecover({ database, ledger, clock }: RecoverParts) {
  return async (): Promise<number> => {
    let total = 0
    for (;;) {
      const ended = await sweepBatch()
      total += ended
      if (ended < BATCH) break
    }
    if (total > 0) await database.durable()
    return total
  }

  async function sweepBatch(): Promise<number> {
    const abandoned = await abandonedGenerations(database.db, await database.now(), BATCH)
    let ended = 0
    for (const generation of abandoned) {
      const attempts = await attemptsOf(database.db, generation.id)
      const at = clock.now()
      const quote = JSON.parse(generation.quote) as WrittenQuote
      const lost = attempts.map((attempt): AttemptRow =>
        attempt.state === 'sent'
          ? { ...attempt, state: 'unknown', finished_at: at, error: 'the gateway stopped' }
          : attempt,
      )
      const loss = lossOf(attempts, quote)
      await database.transaction(async (trx) => {
        if (!(await ledger.void(trx, { generationId: generation.id, providerCost: ZERO, loss, at }))) return
        for (const attempt of lost) await endAttempt(trx, attempt)
        await closeGeneration(trx, {
          id: generation.id,
          status: 'voided',
          receipt: receiptOfLost(generation, quote, lost, at),
          provider: attempts[0]?.provider ?? null,
          usage: undefined,
          text: undefined,
          nativeFinishReason: undefined,
          at,
        })
        ended += 1
      })
    }
    return ended
  }
}

function lossOf(attempts: readonly AttemptRow[], quote: WrittenQuote): Nanos {
  const sent = attempts.filter(({ state }) => state === 'sent').length
  return ((usd(quote.typical_usd) * BigInt(sent)) / BigInt(quote.calls)) as Nanos
}

function receiptOfLost(
  generation: GenerationRow,
  quote: WrittenQuote,
  attempts: readonly AttemptRow[],
  at: number,
): Receipt {
  return {
    ...unfinishedReceipt(generation, attempts),
    status: 'voided',
    finished_at: isoTime(at),
    error: errorOf(
      fail('upstream_failed', 'The gateway stopped before the answer of the provider was kept. Nothing was charged.'),
    ),
    hold_usd: quote.hold_usd,
  }
}

/** The receipt of a generation that has not ended, from what admission wrote down. */
export function unfinishedReceipt(generation: GenerationRow, attempts: readonly AttemptRow[]): Receipt {
  const quote = JSON.parse(generation.quote) as WrittenQuote
  return {
    id: generation.id,
    status: generation.status,
    mode: generation.mode,
    created_at: isoTime(generation.created_at),
    finished_at: null,
    model: { requested: generation.model_requested, served: generation.model_served, version: null },
    requested: { n: quote.n, resolution: quote.resolution, aspect_ratio: quote.aspect_ratio, format: quote.format },
    delivered: 0,
    images: [],
    lines: [],
    price_version: quote.price_version,
    hold_usd: quote.hold_usd,
    charge_usd: formatUsd(ZERO),
    provider_cost_usd: formatUsd(ZERO),
    savings: [],
    attempts: attempts.map(attemptOf),
    warnings: quote.warnings,
    stored: false,
    error: null,
  }
}
