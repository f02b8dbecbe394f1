import type { Assets } from '../assets/assets.ts'
import type { Failure } from '../core/errors.ts'
import type { Delivery, Progress } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import { failover } from '../router/failover.ts'
import type { Admitted } from './admit.ts'
import { type Attempted, type AttemptParts, makeAttempt } from './attempt.ts'
import { type CloseParts, makeClose } from './close.ts'
import { keepOutputs } from './keep.ts'
import { type Finished, reckon } from './reckon.ts'

export interface GenerateParts extends AttemptParts, CloseParts {
  /** What people call a provider, by its slug. */
  readonly displayName: (slug: string) => string
  readonly assets: Assets
}

/**
 * Generate, keep, settle: the life of one admitted generation, run to its end whether or not anyone still waits. The hold and the
 * first attempts are durable before this begins; what a dying process leaves behind is resolved by generations/recover.ts.
 */
export function makeGenerate(parts: GenerateParts) {
  const attempt = makeAttempt(parts)
  const close = makeClose(parts)
  return async (admitted: Admitted, progress: (event: Progress) => void): Promise<Result<Delivery, Failure>> => {
    const calls = admitted.shares.map(async (share): Promise<Finished> => {
      const attempts: Attempted[] = []
      const served = await failover(admitted.plan.routes, (route) =>
        attempt(admitted, share, route, attempts, progress),
      )
      const kept = await keepOutputs(served, share.images, admitted.request, parts.assets)
      return { served, attempts, kept }
    })

    const outcome = reckon(admitted, await Promise.all(calls), parts.displayName) // usable pictures only; none, no charge
    const receipt = await close(admitted, outcome) // settle, or void when there is nothing to charge; once, durable
    if (outcome.failure !== undefined) return err(outcome.failure)
    return ok({
      receipt,
      pictures: outcome.outputs.map(({ blob }) => blob),
      text: outcome.text,
      usage: outcome.usage,
      provider: parts.displayName(outcome.provider),
      nativeFinishReason: outcome.nativeFinishReason,
    })
  }
}
