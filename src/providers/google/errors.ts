import type { Clock } from '../../core/clock.ts'
import { type Answer, retryAfterMs, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { readStatus, type Status } from './wire.ts'

/** A day's quota comes back at midnight Pacific time, whatever `retryDelay` says; until then asking once an hour is enough. */
const DAILY_QUOTA_MS = 3_600_000

/**
 * What a `google.rpc.Status` means for the router. Google says that calls answered with 400 or 500 are not charged
 * (https://ai.google.dev/gemini-api/docs/billing, read 2026-11-22), but says nothing of pictures made before an internal error:
 * 500 and 504 stay `unknown`.
 */
export function errorFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const error = readStatus(answer.value)
  if (error === undefined) return statusFailure(answer, clock)
  // An error may come inside a 200; its own code is then the truth.
  const status = answer.status >= 400 ? answer.status : (error.code ?? 500)
  const generic = statusFailure({ ...answer, status }, clock)
  const message = error.message?.trim() || generic.message
  const base: UpstreamFailure = { ...generic, message, ...(error.status !== undefined && { code: error.status }) }
  switch (status) {
    case 400:
      return isAboutTheKey(error) ? { ...base, kind: 'unauthorized' } : base
    case 429:
      return quotaFailure(base, error, retryAfterMs(answer.headers, clock))
    default:
      return base
  }
}

/** A bad or expired key is answered with 400, and so are a project without billing and one in an unsupported country. */
function isAboutTheKey({ status, message = '', details }: Status): boolean {
  if (status === 'FAILED_PRECONDITION') return true
  return (
    details.some(({ reason }) => reason?.startsWith('API_KEY_') === true) ||
    /^API key (not valid|expired)/i.test(message)
  )
}

function quotaFailure(
  base: UpstreamFailure,
  { message = '', details }: Status,
  header: number | undefined,
): UpstreamFailure {
  const violations = details.flatMap((detail) => detail.violations)
  // A key without billing: its quota for pictures is zero for ever, although `retryDelay` speaks of seconds.
  if (/\blimit: 0(?![\d.])/.test(message) || violations.some(({ quotaValue }) => quotaValue === '0')) {
    return {
      ...base,
      kind: 'unauthorized',
      message: `The key has no quota for this model; it needs billing. ${message}`,
    }
  }
  const daily = violations.some(({ quotaId }) => quotaId?.includes('PerDay') === true)
  const told = details.map(({ retryDelay }) => retryDelay).find((delay) => delay !== undefined)
  const delay = durationMs(told) ?? durationMs(/retry in ([\d.]+s)/.exec(message)?.[1]) ?? header
  const wait = daily ? Math.max(DAILY_QUOTA_MS, delay ?? 0) : delay
  return { ...base, kind: 'rate_limited', ...(wait !== undefined && { retryAfterMs: wait }) }
}

/** protobuf's JSON duration: `34.4s`. */
function durationMs(text: string | undefined): number | undefined {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(text ?? '')?.[1]
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000)
}
