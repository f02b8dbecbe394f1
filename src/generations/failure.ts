import { fail, type Failure, type FailureCode } from '../core/errors.ts'
import { formatUsd, type Nanos } from '../core/money.ts'
import type { HoldRefusal } from '../ledger/store.ts'
import type { UpstreamFailure } from '../providers/provider.ts'

const CODES = {
  rejected: 'provider_rejected',
  refused: 'content_refused',
  rate_limited: 'rate_limited',
  unauthorized: 'provider_unconfigured',
  unavailable: 'upstream_failed',
  no_image: 'upstream_failed',
  timeout: 'timeout',
} as const satisfies Record<UpstreamFailure['kind'], FailureCode>

/** After an ambiguous failure a client that comes back at once may buy the same picture twice. */
const COOL_DOWN_MS = 60_000

/** When to come back after nothing could be sent. */
const QUEUE_MS = 5_000

/** What all the calls of a generation together mean for whoever thinks of repeating it. */
interface Calls {
  readonly isSent: boolean
  readonly mayHaveCost: boolean
}

/** An upstream failure in the caller's words. `provider` is its display name. */
export function failureFrom(
  upstream: UpstreamFailure,
  provider: string,
  { isSent, mayHaveCost }: Calls = { isSent: true, mayHaveCost: upstream.billed !== 'no' },
): Failure {
  if (!isSent) {
    const code = upstream.kind === 'rate_limited' ? 'rate_limited' : 'overloaded'
    const message = `No call could be made in time: ${upstream.message} Nothing was sent or charged.`
    return fail(code, message, { retryAfterMs: upstream.retryAfterMs ?? QUEUE_MS })
  }
  const code = CODES[upstream.kind]
  const retryAfterMs = upstream.retryAfterMs ?? (code === 'upstream_failed' && mayHaveCost ? COOL_DOWN_MS : undefined)
  return fail(code, `${provider}: ${upstream.message}`, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    sent: true,
    upstream: {
      provider,
      ...(upstream.status !== undefined && { status: upstream.status }),
      ...(upstream.code !== undefined && { code: upstream.code }),
      raw: upstream.raw,
    },
  })
}

/** The picture came and was good, but the disk did not take it: what cannot be fetched again is not charged. */
export function storageFailure(trouble: string): Failure {
  return fail(
    'storage_full',
    `The picture was made, but it could not be stored (${trouble.replace(/\.$/, '')}). Nothing was charged.`,
    {
      retryAfterMs: COOL_DOWN_MS,
      sent: true,
    },
  )
}

/** Why a hold was refused, in the caller's words. */
export function creditFailure(refusal: HoldRefusal, hold: Nanos): Failure {
  const held = `This request holds ${formatUsd(hold)} USD until its exact price is known`
  switch (refusal.code) {
    case 'insufficient_credit':
      return fail(
        'insufficient_credit',
        `Insufficient credits. ${held}, and the balance is ${formatUsd(refusal.available)} USD. Ask for a smaller picture or fewer, or add credit.`,
        {
          details: { limit_source: 'credits', hold_usd: formatUsd(hold), available_usd: formatUsd(refusal.available) },
        },
      )
    case 'key_limit_reached':
      return fail(
        'key_limit_reached',
        `Insufficient credits. ${held}, and this key's limit leaves ${formatUsd(refusal.remaining)} USD.`,
        {
          details: {
            limit_source: 'key_limit',
            hold_usd: formatUsd(hold),
            available_usd: formatUsd(refusal.remaining),
          },
        },
      )
  }
}
