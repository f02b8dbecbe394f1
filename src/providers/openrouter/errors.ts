import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { type ErrorBody, readError } from './wire.ts'

/** OpenRouter's stable words for what went wrong that name a status; every other word is a 400. */
const STATUS_OF: Readonly<Record<string, number>> = {
  authentication: 401,
  payment_required: 402,
  permission_denied: 403,
  not_found: 404,
  image_not_found: 404,
  payload_too_large: 413,
  unprocessable: 422,
  rate_limit_exceeded: 429,
  server: 500,
  unmapped: 500,
  provider_unavailable: 502,
  provider_overloaded: 503,
  timeout: 504,
}
const REFUSALS = new Set(['content_policy_violation', 'refusal', 'moderation_blocked'])
/** Failures of OpenRouter or of the provider behind it for which it says that nothing is charged. */
const FREE = new Set([500, 502, 503, 529])

/** The failure that an answer tells of by its status, or inside a 200 by its `error`. */
export function errorFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const error = readError(answer.value)
  const upstreamId = generationId(answer)
  const failure = error === undefined ? statusFailure(answer, clock) : inbodyFailure(error, answer, clock)
  return { ...failure, ...(upstreamId !== undefined && { upstreamId }) }
}

/**
 * What OpenRouter's error object means for the router. It charges for no call that failed: the Images API is all or nothing, and chat
 * does not bill an answer without a completion (https://openrouter.ai/docs/features/zero-completion-insurance, read 2026-11-22). A
 * timeout of its own or of its edge stays `unknown`: behind it the provider may finish, and such calls are documented as billed.
 */
export function inbodyFailure(error: ErrorBody, answer: Answer, clock: Clock): UpstreamFailure {
  const { message: told, metadata, availability } = error
  const type = metadata?.error_type
  // Inside a 200 the error's own code is the truth, and the word where there is none.
  const status = answer.status >= 400 ? answer.status : (error.code ?? (type ? (STATUS_OF[type] ?? 400) : 500))
  const generic = statusFailure({ ...answer, status }, clock)
  const code = type ?? availability?.code ?? metadata?.provider_code
  const wait = generic.retryAfterMs ?? secondsToMs(availability?.retry_after)
  const base: UpstreamFailure = {
    ...generic,
    ...(FREE.has(status) && { billed: 'no' as const }),
    // Said with a 400, but it is the route that is stale and not the request: another may serve it.
    ...(availability?.code === 'model_not_found' && { kind: 'unavailable' as const }),
    message: told === undefined ? generic.message : sentence(told.trim().replace(/[.:]$/, ''), reasonIn(error)),
    ...(code !== undefined && { code }),
    ...(wait !== undefined && { retryAfterMs: wait }),
  }
  return isRefusal(status, error) ? { ...base, kind: 'refused', billed: 'no' } : base
}

/** The model's or its host's rules, or OpenRouter's own moderation and guardrails: the prompt is at fault, not the key. */
function isRefusal(status: number, { metadata }: ErrorBody): boolean {
  if (metadata === undefined || status >= 500) return false
  if (REFUSALS.has(metadata.error_type ?? '') || REFUSALS.has(metadata.provider_code ?? '')) return true
  const flagged = metadata.reasons.length > 0 || metadata.patterns.length > 0 || metadata.flagged_input !== undefined
  return status === 403 && flagged
}

/** What the message leaves out: why moderation flagged the prompt, or what the provider behind OpenRouter said. */
function reasonIn({ metadata }: ErrorBody): string {
  if (metadata === undefined) return ''
  const found = [...metadata.reasons, ...metadata.patterns]
  if (found.length > 0) return found.join(', ')
  return [metadata.provider_name, metadata.raw].filter((text) => text !== undefined && text !== '').join(': ')
}

function secondsToMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.ceil(seconds * 1000)
}

/** `gen-…`, by which OpenRouter's own pages know the call. The Images API tells it nowhere but in this header. */
export function generationId({ headers }: Answer): string | undefined {
  const id = headers['x-generation-id']
  return typeof id === 'string' && id !== '' ? id.slice(0, 200) : undefined
}

const QUOTE_CHARACTERS = 500

/** Somebody else's words behind ours, cut to a length that a caller's screen can bear. */
export function sentence(what: string, because = ''): string {
  const words = because.replace(/\s+/g, ' ').trim()
  if (words === '') return `${what}.`
  return `${what}: ${words.length > QUOTE_CHARACTERS ? `${words.slice(0, QUOTE_CHARACTERS)}…` : words}`
}
