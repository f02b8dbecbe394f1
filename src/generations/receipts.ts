import { isoTime } from '../core/clock.ts'
import { FAILURES, type Failure } from '../core/errors.ts'
import { formatUsd, ZERO } from '../core/money.ts'
import type { Receipt, ReceiptAttempt, ReceiptImage, Warning } from '../core/receipt.ts'
import type { AttemptRow } from '../db/schema.ts'
import { type Agreed, roadOf } from './agreed.ts'
import { endOf } from './attempt.ts'
import type { KeptOutput } from './keep.ts'
import { type Outcome, requestedOf } from './reckon.ts'

interface Ending {
  readonly at: number
  /** Until when the pictures can be fetched. */
  readonly expiresAt: number
}

/** The receipt of a generation that has ended. Pure: the same outcome gives the same document. */
export function writeReceipt(agreed: Agreed, outcome: Outcome, { at, expiresAt }: Ending): Receipt {
  const failed = outcome.failure !== undefined
  return {
    ...openReceipt(agreed, []),
    status: failed ? 'voided' : 'settled',
    finished_at: isoTime(at),
    model: modelOf(agreed, outcome),
    requested: requestedOf(agreed, outcome.road),
    delivered: outcome.outputs.length,
    images: outcome.outputs.map((output, index) => imageOf(agreed.id, output, index, expiresAt)),
    lines: failed ? [] : outcome.charged.lines,
    price_version: (outcome.road ?? agreed.roads[0])?.price.version ?? '',
    charge_usd: formatUsd(failed ? ZERO : outcome.charged.total),
    provider_cost_usd: formatUsd(outcome.providerCost),
    savings: outcome.savings.map(({ kind, amount }) => ({ kind, usd: formatUsd(amount) })),
    attempts: outcome.ended
      .map((attempt) => attemptOf({ ...attempt.row, ...endOf(attempt) }))
      .toSorted((a, b) => a.n - b.n),
    differences: outcome.differences,
    warnings: [
      ...agreed.warnings,
      ...(failed ? [] : outcome.charged.warnings),
      ...outcome.warnings,
      ...slowWarnings(agreed, at),
    ],
    stored: outcome.outputs.length > 0 && outcome.outputs.every(({ picture }) => picture.stored),
    error: outcome.failure ? errorOf(outcome.failure) : null,
  }
}

/** The receipt of a generation that has not ended, from what was agreed. */
export function openReceipt(
  agreed: Agreed,
  attempts: readonly AttemptRow[],
  status: Receipt['status'] = 'running',
): Receipt {
  const [first] = agreed.roads
  return {
    id: agreed.id,
    status,
    mode: agreed.owner.mode,
    created_at: isoTime(agreed.createdAt),
    finished_at: null,
    model: { requested: agreed.requestedModel, served: first?.served ?? '', version: null },
    requested: requestedOf(agreed, undefined),
    delivered: 0,
    images: [],
    lines: [],
    price_version: first?.price.version ?? '',
    hold_usd: formatUsd(agreed.hold),
    charge_usd: formatUsd(ZERO),
    provider_cost_usd: formatUsd(ZERO),
    savings: [],
    attempts: attempts.map(attemptOf),
    routes: agreed.considered,
    differences: [],
    warnings: agreed.warnings,
    stored: false,
    error: null,
  }
}

/** Who served it; of one that failed, who was tried last. */
function modelOf(agreed: Agreed, { road, ended, modelVersion }: Outcome): Receipt['model'] {
  const last = ended.at(-1)
  const served = road ?? (last && roadOf(agreed, last.row)) ?? agreed.roads[0]
  return { requested: agreed.requestedModel, served: served?.served ?? '', version: modelVersion ?? null }
}

/** Longer than this, and whatever stands between a client and the gateway is likely to give up first. */
const SLOW_MS = 90_000

function slowWarnings({ createdAt, owner }: Agreed, at: number): readonly Warning[] {
  const took = at - createdAt
  if (owner.streamed || took < SLOW_MS) return []
  const message = `This took ${Math.round(took / 1000)} s. Ask with "Prefer: respond-async" and poll, or stream, so that no timeout on the way cuts it off.`
  return [{ code: 'slow_call', field: null, message }]
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
    why: row.why,
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
