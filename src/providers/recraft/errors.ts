import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { readFailed } from './wire.ts'

/**
 * Recraft documents neither the words nor the status of a refusal or of an empty balance, so both are known by what an error says
 * (https://www.recraft.ai/docs/api-reference/error-handling, read 2026-11-22).
 */
const POLICY = /moderat|nsfw|content[_ ]policy|prohibited|inappropriate|unsafe/i
const EMPTY = /(not enough|insufficient|no|negative|positive)\W+(api\W+)?(credit|unit|balance|fund)|balance/i

/** Errors are a sentence or a JSON object. Units are taken for pictures alone, so a refusal to start costs nothing. */
export function errorFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const generic = statusFailure(answer, clock)
  const { code, message = sentenceIn(answer) } = readFailed(answer.value) ?? {}
  if (message === undefined) return generic
  const base = { ...generic, message, ...(code !== undefined && { code }) }
  if (answer.status >= 500) return base
  if (POLICY.test(`${code} ${message}`)) return { ...base, kind: 'refused', billed: 'no' }
  return EMPTY.test(`${code} ${message}`) ? { ...base, kind: 'unauthorized', billed: 'no' } : base
}

const LONGEST_SENTENCE = 500

function sentenceIn({ headers, raw }: Answer): string | undefined {
  const isPlain = headers['content-type']?.startsWith('text/plain') === true
  const text = raw.trim()
  return isPlain && text !== '' && text.length <= LONGEST_SENTENCE ? text : undefined
}
