import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { readReply } from './wire.ts'

type Kind = UpstreamFailure['kind']

/**
 * Codes by their beginning: statuses alone do not tell a refusal or an unpaid bill from a bad request.
 * Source: https://www.alibabacloud.com/help/en/model-studio/error-code (read 2026-11-22).
 */
const KINDS: readonly (readonly [code: RegExp, kind: Kind])[] = [
  [/^(data_?inspection_?failed|ipinfringement)/i, 'refused'],
  [/^(throttling|limitrequests|limit_requests)/i, 'rate_limited'],
  [/^(arrearage|invalidapikey|invalid_api_key|allocationquota)/i, 'unauthorized'],
  [/^(\w+\.)?accessdenied/i, 'unauthorized'],
  [/^(model_?not_?found|internal_?error|internal_?server|service_?unavailable|systemerror|modelserv)/i, 'unavailable'],
  [/^(invalid|badrequest|unsupported)/i, 'rejected'],
]

/** A model that only works by tasks, asked otherwise: nothing is wrong with the key that it is told to lack access. */
const WRONG_WAY = /does not support (a?synchronous) calls/i

/**
 * What an answer that is an error means for the router. Only pictures that were made are charged, failed requests are not
 * (https://www.alibabacloud.com/help/en/model-studio/image-faq, read 2026-11-22), so whatever DashScope itself tells was free; a page
 * of something in front of it stays as open as its status.
 */
export function errorFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const generic = statusFailure(answer, clock)
  const reply = readReply(answer.value)
  return reply?.code === undefined || reply.code === '' ? generic : told(generic, reply.code, reply.message)
}

/** The same for a task, or a picture of one, that failed: inside a 200. */
export function failedTask(
  { status, raw }: Pick<Answer, 'status' | 'raw'>,
  code: string | undefined,
  message: string | undefined,
): UpstreamFailure {
  const base = {
    status,
    raw,
    kind: 'unavailable',
    message: 'The task failed, and DashScope does not say why.',
  } as const
  return told({ ...base, billed: 'no' }, code ?? 'unknown', message)
}

function told(generic: UpstreamFailure, code: string, message = ''): UpstreamFailure {
  const words = message.trim()
  const kind = WRONG_WAY.test(words) ? 'rejected' : KINDS.find(([pattern]) => pattern.test(code))?.[1]
  return { ...generic, kind: kind ?? generic.kind, billed: 'no', message: words === '' ? generic.message : words, code }
}
