import type { IncomingHttpHeaders } from 'node:http'

import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { type ErrorBody, type Filtered, readError } from './wire.ts'

/** Codes of safety rules: OpenAI's, new and old, and Azure's content filter. */
const REFUSALS = new Set([
  'moderation_blocked',
  'content_policy_violation',
  'contentFilter',
  'content_filter',
  'ResponsibleAIPolicyViolation',
])

/** Codes of an account that has nothing left to spend, or may not spend it: no wait helps, another credential may. */
const SPENT = /^(insufficient_quota|billing_.*|.*spend_limit.*|Forbidden)$/

/** Statuses of errors that come inside a 200, or in the middle of a stream, where only their code or type tells them apart. */
const STATUS_OF: ReadonlyMap<string | undefined, number> = new Map([
  ['rate_limit_exceeded', 429],
  ['insufficient_quota', 429],
  ['invalid_api_key', 401],
  ['model_not_found', 404],
  ['invalid_request_error', 400],
  ['image_generation_user_error', 400],
])

/**
 * What an error of the Images API means for the router: by its code, and by its status where the code says nothing.
 *
 * What a refusal costs is documented by nobody (Azure says of its text models that a filtered prompt is charged). At OpenAI's stage
 * `input` no picture was begun, and what is charged are the tokens of an answer: nothing. At stage `output` one was made and withheld,
 * and without a stage it may have been: `unknown`.
 * Source: https://platform.openai.com/docs/guides/error-codes, openai-node 7.57.0 (read 2026-11-22).
 */
export function errorFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const error = readError(answer.value)
  if (error === undefined) return statusFailure(answer, clock)
  const status = answer.status >= 400 ? answer.status : statusOf(error)
  const generic = statusFailure({ ...answer, status }, clock)
  const code = refusalIn(error) ?? error.code ?? error.type
  const base: UpstreamFailure = {
    ...generic,
    message: sentenceOf(error) || generic.message,
    ...(code !== undefined && { code }),
  }
  if (refusalIn(error) !== undefined) {
    return {
      ...base,
      kind: 'refused',
      billed: error.moderation_details?.moderation_stage === 'input' ? 'no' : 'unknown',
    }
  }
  if ([error.code, error.type].some((each) => SPENT.test(each ?? ''))) {
    return { ...base, kind: 'unauthorized', billed: 'no' }
  }
  if (base.kind !== 'rate_limited') return base
  const wait = generic.retryAfterMs ?? limitResetMs(answer.headers)
  return { ...base, ...(wait !== undefined && { retryAfterMs: wait }) }
}

function statusOf({ code, type }: ErrorBody): number {
  return STATUS_OF.get(code) ?? STATUS_OF.get(type) ?? 500
}

/** The code by which safety rules refused, wherever it stands. */
function refusalIn({ code, inner_error: inner, innererror }: ErrorBody): string | undefined {
  return [code, inner?.code, innererror?.code].find((each) => each !== undefined && REFUSALS.has(each))
}

/** The provider's words, and what moderation or a content filter found where the words do not say it. */
function sentenceOf(error: ErrorBody): string {
  const { message = '', moderation_details: details, inner_error: inner, innererror } = error
  const found = [
    ...(details?.categories ?? []),
    ...[inner ?? innererror].flatMap((each) =>
      categoriesOf(each?.content_filter_results ?? each?.content_filter_result),
    ),
  ].filter((category) => !message.includes(category))
  const words = message.trim()
  return found.length === 0 ? words : `${words} (${found.join(', ')})`.trim()
}

/** The categories for which Azure's filter took something out. */
export function categoriesOf(results: Filtered): readonly string[] {
  return Object.entries(results ?? {}).flatMap(([category, result]) => (result?.filtered === true ? [category] : []))
}

/**
 * Where a limit says no more than when it is full again: `x-ratelimit-reset-requests: 1m12s`. The longest of those that are used up,
 * or of all where nobody says what is left.
 */
function limitResetMs(headers: IncomingHttpHeaders): number | undefined {
  const precise = Number(headers['retry-after-ms'])
  if (headers['retry-after-ms'] !== undefined && Number.isFinite(precise)) return Math.max(0, Math.ceil(precise))
  const resets = Object.entries(headers).flatMap(([name, value]) => {
    const limit = /^x-ratelimit-reset-(.+)$/.exec(name)?.[1]
    const ms = limit === undefined ? undefined : durationMs(String(value))
    if (ms === undefined) return []
    const left = headers[`x-ratelimit-remaining-${limit}`]
    return left === undefined || Number(left) <= 0 ? [ms] : []
  })
  return resets.length === 0 ? undefined : Math.max(...resets)
}

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }

/** Go's way to write a duration: `1h2m3.5s`, `250ms`. */
function durationMs(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|[hms]))+$/.test(text)) return undefined
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[hms])/g)]
  return Math.ceil(parts.reduce((total, [, amount, unit = '']) => total + Number(amount) * (UNIT_MS[unit] ?? 0), 0))
}
