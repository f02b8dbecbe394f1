import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { readSubmitted, readTrouble, type Submitted, type Task } from './wire.ts'

/** Words of rules, in the languages that the proxies and Midjourney speak. */
const POLICY = /banned|moderat|sensitive|inappropriate|nsfw|policy|violat|blocked|not allowed|敏感|违规|违禁|审核/i
const PARAMETER = /invalid.{0,3}(parameter|link|request)|unrecognized|参数/i

/** What was asked for: a new task, or something to be done with the pictures of an earlier one. */
export type Asked = 'imagine' | 'follow-up'

/** An answer to a submission that took nothing. Nothing was drawn, unless the proxy does not know itself what went wrong. */
export function submitFailure(answer: Answer, asked: Asked, clock: Clock): UpstreamFailure {
  const generic = statusFailure(answer, clock)
  const said = readTrouble(answer.value)?.trim()
  const submitted = answer.status < 500 ? readSubmitted(answer.value) : undefined
  if (submitted === undefined) return { ...generic, ...(said && { message: `${generic.message} ${said}` }) }
  const { retryAfterMs } = generic
  const base = {
    status: answer.status,
    raw: answer.raw,
    code: String(submitted.code),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
  return { ...base, ...meaningOf(submitted, asked, said === undefined || said === '' ? 'no reason given' : said) }
}

type Meaning = Pick<UpstreamFailure, 'kind' | 'billed' | 'message'>

/** Source: ReturnCode of both proxies (read 2026-11-22). */
function meaningOf({ code, properties }: Submitted, asked: Asked, said: string): Meaning {
  switch (code) {
    case 3:
      return asked === 'imagine'
        ? { kind: 'unavailable', billed: 'no', message: `The proxy has no account that could take the task: ${said}.` }
        : { kind: 'rejected', billed: 'no', message: `The proxy no longer knows the picture’s task: ${said}.` }
    case 4:
      return { kind: 'rejected', billed: 'no', message: `The proxy does not accept the request: ${said}.` }
    case 23:
      return { kind: 'rate_limited', billed: 'no', message: `The proxy’s queue is full: ${said}.` }
    case 24: {
      const word = properties?.bannedWord
      return {
        kind: 'refused',
        billed: 'no',
        message: `The proxy refused the prompt: ${said}${word === undefined ? '' : ` (${word})`}.`,
      }
    }
    default:
      return { kind: 'unavailable', billed: 'unknown', message: `The proxy failed with code ${code}: ${said}.` }
  }
}

/**
 * A task that ended without a picture. What Midjourney does not draw for its parameters costs nothing; what its rules stop may have
 * been drawn by then.
 */
export function taskFailure({ status, failReason }: Task, raw: string): UpstreamFailure {
  const said = failReason?.trim() ?? ''
  const because = said === '' ? '.' : `: ${said.replace(/\.$/, '')}.`
  const base = { status: 200, raw, code: status }
  if (status === 'MODAL') {
    const message = 'The account asks for another prompt first: switch its remix mode off, or have the proxy confirm.'
    return { ...base, kind: 'unavailable', billed: 'no', message }
  }
  if (status === 'CANCEL')
    return { ...base, kind: 'unavailable', billed: 'unknown', message: `The task was cancelled${because}` }
  if (POLICY.test(said)) return { ...base, kind: 'refused', billed: 'unknown', message: `Midjourney refused${because}` }
  if (PARAMETER.test(said))
    return { ...base, kind: 'rejected', billed: 'no', message: `Midjourney did not accept the prompt${because}` }
  return { ...base, kind: 'unavailable', billed: 'unknown', message: `The task failed${because}` }
}
