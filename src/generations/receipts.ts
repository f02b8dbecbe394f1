import { isoTime } from '../core/clock.ts'
import { FAILURES, type Failure } from '../core/errors.ts'
import { formatUsd, ZERO } from '../core/money.ts'
import type { Receipt, ReceiptAttempt, ReceiptImage } from '../core/receipt.ts'
import type { AttemptRow } from '../db/schema.ts'
import type { Admitted } from './admit.ts'
import { endOf } from './attempt.ts'
import type { KeptOutput } from './keep.ts'
import type { Outcome } from './reckon.ts'

interface Ending {
  readonly at: number
  /** Until when the pictures can be fetched. */
  readonly expiresAt: number
}

/** The receipt of a generation that has ended. Pure: the same outcome gives the same document. */
export function writeReceipt(admitted: Admitted, outcome: Outcome, { at, expiresAt }: Ending): Receipt {
  const failed = outcome.failure !== undefined
  return {
    id: admitted.id,
    status: failed ? 'voided' : 'settled',
    mode: admitted.owner.mode,
    created_at: isoTime(admitted.createdAt),
    finished_at: isoTime(at),
    model: { requested: admitted.requestedModel, served: admitted.model.id, version: outcome.modelVersion ?? null },
    requested: requestedOf(admitted),
    delivered: outcome.outputs.length,
    images: outcome.outputs.map((output, index) => imageOf(admitted.id, output, index, expiresAt)),
    lines: failed ? [] : outcome.charged.lines,
    price_version: admitted.price.version,
    hold_usd: formatUsd(admitted.hold),
    charge_usd: formatUsd(failed ? ZERO : outcome.charged.total),
    provider_cost_usd: formatUsd(outcome.providerCost),
    savings: outcome.overrun > 0n ? [{ kind: 'hold_cap', usd: formatUsd(outcome.overrun) }] : [],
    attempts: outcome.ended
      .map(({ attempt, usable }) => attemptOf({ ...attempt.row, ...endOf(attempt, usable) }))
      .toSorted((a, b) => a.n - b.n),
    warnings: [...admitted.warnings, ...(failed ? [] : outcome.charged.warnings), ...outcome.warnings],
    stored: outcome.outputs.length > 0 && outcome.outputs.every(({ picture }) => picture.stored),
    error: outcome.failure ? errorOf(outcome.failure) : null,
  }
}

function requestedOf({ request }: Admitted): Receipt['requested'] {
  return {
    n: request.n ?? 1,
    resolution: request.resolution ?? null,
    aspect_ratio: request.aspectRatio ?? null,
    format: request.format ?? null,
  }
}

function imageOf(id: string, { picture, original }: KeptOutput, index: number, expiresAt: number): ReceiptImage {
  return {
    index,
    sha256: picture.sha256,
    media_type: picture.mediaType,
    width: picture.width,
    height: picture.height,
    bytes: picture.bytes,
    converted_from: original?.mediaType ?? null,
    url: picture.stored ? pictureUrl(id, index) : null,
    expires_at: picture.stored ? isoTime(expiresAt) : null,
  }
}

/** Where a stored picture is fetched, relative to the gateway. */
export function pictureUrl(id: string, index: number): string {
  return `/api/v1/generations/${id}/images/${index}`
}

/** An attempt's row as the receipt shows it. */
export function attemptOf(row: AttemptRow): ReceiptAttempt {
  return {
    n: row.n,
    provider: row.provider,
    model: row.model,
    state: row.state,
    status: row.status,
    sent_at: isoTime(row.sent_at),
    ms: row.ms,
    upstream_id: row.upstream_id,
  }
}

export function errorOf({ code, message }: Failure): NonNullable<Receipt['error']> {
  return { code, status: FAILURES[code].status, message }
}
