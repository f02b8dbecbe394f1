import type { Nanos } from '../../core/money.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Outcome } from '../fetch-pictures.ts'
import type { UpstreamFailure } from '../provider.ts'
import type { Generation } from './wire.ts'

/** Where the pictures of a generation are that was completed, or why there are none: all that was made is billed, shown or not. */
export function readOutcome(generation: Generation, raw: string): Result<Outcome, UpstreamFailure> {
  const { data, generation_id: upstreamId, usage_cost_usd_micros: micros } = generation
  const found = data.flatMap(({ url = '', is_image_safe: isSafe }) => (url === '' || isSafe === false ? [] : [url]))
  const facts = {
    ...(upstreamId !== undefined && { upstreamId }),
    ...(micros !== undefined && { cost: (BigInt(micros) * 1_000n) as Nanos }),
  }
  if (found.length > 0) return ok({ found, facts })
  const base = { ...facts, billed: 'yes', status: 200, raw } as const
  const isWithheld = data.some(({ is_image_safe: isSafe }) => isSafe === false)
  return isWithheld
    ? err({ ...base, kind: 'refused', message: 'Ideogram made the pictures and withheld them: they failed its check.' })
    : err({ ...base, kind: 'no_image', message: 'Ideogram answered without a picture.' })
}
