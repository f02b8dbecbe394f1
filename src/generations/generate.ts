import type { Failure } from '../core/errors.ts'
import { type ImageRequest, references } from '../core/image-request.ts'
import type { Delivery, Mode } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { UpstreamFailure } from '../providers/provider.ts'
import type { Failover } from '../router/failover.ts'
import type { Admitted } from './admit.ts'
import type { Agreed } from './agreed.ts'
import { type Attempted, type AttemptParts, type Made, makeAttempt } from './attempt.ts'
import { type CloseParts, makeClose } from './close.ts'
import { type Finished, type Outcome, reckon } from './reckon.ts'
import type { RepeatedFailures } from './repeated-failures.ts'
import type { Undertaking } from './undertaking.ts'

export interface GenerateParts extends AttemptParts, CloseParts {
  readonly failover: Readonly<Record<Mode, Failover>>
  readonly failures: RepeatedFailures
  /** What people call a provider, by its slug. */
  readonly displayName: (slug: string) => string
  readonly settings: AttemptParts['settings']
}

/**
 * Generate, keep, settle: the life of one admitted generation, run to its end whether or not anyone still waits. The hold and the
 * first attempts are durable before this begins; what a dying process leaves behind is ended by generations/recover.ts.
 */
export function makeGenerate(parts: GenerateParts) {
  const attempt = makeAttempt(parts)
  const end = makeEnd(parts)
  return async ({ agreed, name, shares }: Admitted, undertaking: Undertaking): Promise<Result<Delivery, Failure>> => {
    const calls = shares.map(async (share): Promise<Finished> => {
      const attempts: Attempted[] = []
      const served = await parts.failover[agreed.owner.mode].run({
        routes: agreed.roads,
        ...(share.first && { reserved: share.first.reservation }),
        remainingMs: undertaking.remainingMs,
        signal: undertaking.signal,
        fallbackOnModeration: agreed.roads[0]?.request.routing?.fallbackOnModeration ?? false,
        attempt: (choice) => attempt(agreed, share, choice, attempts, undertaking),
      })
      return { attempts, made: madeOf(served), failure: served.ok ? undefined : served.error }
    })

    const finished = await Promise.all(calls)
    for (const { request } of agreed.roads) letGo(request)
    const outcome = await end(agreed, finished, undertaking.isCancelled()) // usable pictures only; none, no charge
    if (!outcome.ok && name !== undefined && mayHaveCost(finished)) parts.failures.note(name, parts.clock.now())
    return outcome
  }
}

/** No call needs the references any more: their memory is somebody else's. */
function letGo(request: ImageRequest): void {
  for (const { source } of [...references(request), ...(request.mask ? [request.mask] : [])])
    if (source.type === 'inline') source.blob.release()
}

function mayHaveCost(shares: readonly Finished[]): boolean {
  return shares.some(({ attempts }) => attempts.some(({ outcome }) => outcome.ok || outcome.error.billed !== 'no'))
}

/** Reckons what the calls came to and closes the generation: settled, or voided when there is nothing to charge; once, durable. */
export function makeEnd(parts: CloseParts & Pick<GenerateParts, 'displayName' | 'settings'>) {
  const close = makeClose(parts)
  const rules = { displayName: parts.displayName, isProRata: parts.settings.onDifferent === 'pro_rata' }
  return async (
    agreed: Agreed,
    shares: readonly Finished[],
    isCancelled: boolean,
  ): Promise<Result<Delivery, Failure>> => {
    const outcome = reckon(agreed, shares, { ...rules, isCancelled })
    const receipt = await close(agreed, outcome)
    parts.assets.forget(agreed.id)
    return outcome.failure === undefined ? ok(deliveryOf(receipt, outcome, parts.displayName)) : err(outcome.failure)
  }
}

function deliveryOf(
  receipt: Delivery['receipt'],
  outcome: Outcome,
  displayName: GenerateParts['displayName'],
): Delivery {
  return {
    receipt,
    pictures: outcome.outputs.map(({ blob }) => blob),
    text: outcome.text,
    usage: outcome.usage,
    provider: displayName(outcome.provider),
    nativeFinishReason: outcome.nativeFinishReason,
  }
}

function madeOf(served: Result<{ readonly value: Made }, UpstreamFailure>): Made | undefined {
  return served.ok ? served.value.value : undefined
}
