import type { IncomingHttpHeaders } from 'node:http'

import type { Clock } from '../core/clock.ts'
import type { JsonValue } from '../core/json-blob.ts'
import { NO_CREDENTIAL } from './entry.ts'
import type { Phase } from './exchange.ts'
import type { UpstreamFailure } from './provider.ts'

/** An answer of any status, its body read. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The parsed body. Always there for 2xx; undefined for an error that is not JSON. */
  readonly value: JsonValue | undefined
  /** The beginning of the body as text, at most 4 KiB. */
  readonly raw: string
  /** From the first byte sent to the last one read. */
  readonly ms: number
}

export const RAW_BYTES = 4096
const MESSAGE_CHARACTERS = 1000

/**
 * What an HTTP status means where the provider did not say it better: an edge, a proxy, a page of HTML. `billed` is what can be
 * known without the provider's word: 5xx from whoever stands in front of the model leaves it open, a refusal to start does not.
 */
export function statusFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const { status, headers, raw } = answer
  const wait = retryAfterMs(headers, clock)
  const base = { status, raw, ...(wait !== undefined && { retryAfterMs: wait }) }
  const said = (text: string) => `The provider answered ${status}: ${text}.`
  if (status === 401 || status === 402 || status === 403) {
    return {
      ...base,
      kind: 'unauthorized',
      billed: 'no',
      message: said('it does not accept the credential for this call'),
    }
  }
  if (status === 404)
    return { ...base, kind: 'unavailable', billed: 'no', message: said('nothing is found under this model') }
  if (status === 429)
    return { ...base, kind: 'rate_limited', billed: 'no', message: said('it allows no more calls right now') }
  if (status === 408 || status === 499)
    return { ...base, kind: 'unavailable', billed: 'unknown', message: said('it gave up waiting') }
  if (status >= 400 && status < 500) {
    return { ...base, kind: 'rejected', billed: 'no', message: said('it does not accept the request') }
  }
  if (status >= 300 && status < 400) {
    return { ...base, kind: 'unavailable', billed: 'no', message: said('a redirect, and redirects are not followed') }
  }
  const turnedAway = (status === 503 || status === 529) && answer.value !== undefined
  return { ...base, kind: 'unavailable', billed: turnedAway ? 'no' : 'unknown', message: said('it failed') }
}

/** A request that was never sent: the provider has no place for something in it. A sentence that names the field. */
export function rejected(message: string): UpstreamFailure {
  return { kind: 'rejected', billed: 'no', message, raw: '' }
}

/** A call that broke before its status line: what may have been charged follows from how far it got. */
export function brokenCall(error: unknown, phase: Phase): UpstreamFailure {
  const code = errorCode(error)
  const base = { kind: 'unavailable', raw: '', ...(code !== undefined && { code }) } as const
  const because = code === undefined ? '' : ` (${code})`
  if (phase === 'connecting') return { ...base, billed: 'no', message: `The provider could not be reached${because}.` }
  if (phase === 'writing') {
    return { ...base, billed: 'no', message: `The connection broke before the request was complete${because}.` }
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT') {
    return { ...base, kind: 'timeout', billed: 'unknown', message: 'The provider did not answer in time.' }
  }
  return {
    ...base,
    billed: 'unknown',
    message: `The connection ended without an answer to a complete request${because}.`,
  }
}

/** The deadline passed. Only a request that was written whole can have cost anything. */
export function deadlinePassed(phase: Phase): UpstreamFailure {
  const begun = phase === 'sent' || phase === 'answering'
  return {
    kind: 'timeout',
    billed: begun ? 'unknown' : 'no',
    message: begun
      ? 'The deadline passed before the provider had answered.'
      : 'The deadline passed before the request was sent.',
    raw: '',
  }
}

/** A success by its status whose body is of no use. The picture was most likely made, and so most likely charged. */
export function unusableAnswer(status: number, reason: string, raw: string): UpstreamFailure {
  return { kind: 'no_image', billed: 'yes', status, message: `The provider answered ${status}, but ${reason}.`, raw }
}

/** A failure with every trace of the credential removed and its texts cut to their bounds. The last thing that happens to each. */
export function scrubbed(failure: UpstreamFailure, credential: string): UpstreamFailure {
  return {
    ...failure,
    message: withoutCredential(failure.message, credential).slice(0, MESSAGE_CHARACTERS),
    raw: cutBytes(withoutCredential(failure.raw, credential), RAW_BYTES),
    ...(failure.code !== undefined && { code: withoutCredential(failure.code, credential).slice(0, 100) }),
  }
}

function withoutCredential(text: string, credential: string): string {
  if (credential === '' || credential === NO_CREDENTIAL) return text
  return text.replaceAll(credential, '[credential]').replaceAll(encodeURIComponent(credential), '[credential]')
}

function cutBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text)
  // A character cut in half decodes to one of three bytes.
  return encoded.length <= bytes ? text : encoded.toString('utf8', 0, bytes - 3)
}

/** `Retry-After` in milliseconds, from seconds or an HTTP date. */
export function retryAfterMs(headers: IncomingHttpHeaders, clock: Clock): number | undefined {
  const header = headers['retry-after']?.trim()
  if (header === undefined || header === '') return undefined
  const wait = /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1000 : Date.parse(header) - clock.now()
  return Number.isFinite(wait) ? Math.max(0, Math.ceil(wait)) : undefined
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
