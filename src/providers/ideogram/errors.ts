import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { type Generation, readFailed } from './wire.ts'

/** Ideogram does not list the reasons of a failure: its rules are known by what is said. */
const POLICY = /safe(ty)?\b|moderat|policy|prohibited|inappropriate|copyright|unsafe|nsfw/i

/**
 * An answer that took nothing. What is refused before it runs costs nothing, and what its rules forbid is a 422. Source: the errors of
 * each endpoint and https://developer.ideogram.ai/ideogram-api/billing (read 2026-11-22).
 */
export function errorFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const generic = statusFailure(answer, clock)
  const { said, reason } = readFailed(answer.value)
  const base = {
    ...generic,
    ...(said !== undefined && { message: `Ideogram answered ${answer.status}: ${sentence(said)}` }),
    ...(reason !== undefined && { code: reason }),
  }
  return answer.status === 422 ? { ...base, kind: 'refused', billed: 'no' } : base
}

/** A generation that failed is not billed. */
export function generationFailure({ failure_reason: reason = '' }: Generation, raw: string): UpstreamFailure {
  const said = reason.trim()
  const base = { billed: 'no', status: 200, raw } as const
  if (POLICY.test(said)) return { ...base, kind: 'refused', message: `Ideogram refused: ${sentence(said)}` }
  const because = said === '' ? '.' : `: ${sentence(said)}`
  return { ...base, kind: 'unavailable', message: `The generation failed${because}` }
}

function sentence(text: string): string {
  return `${text.trim().replace(/\.$/, '')}.`
}
