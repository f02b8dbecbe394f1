import { chargeLines, type Charge } from '../catalog/charge.ts'
import type { Failure } from '../core/errors.ts'
import { references } from '../core/image-request.ts'
import { type Nanos, sum, ZERO } from '../core/money.ts'
import { NO_TOKENS, type TokenUsage, type Warning } from '../core/receipt.ts'
import type { Result } from '../core/result.ts'
import type { Generated, UpstreamFailure } from '../providers/provider.ts'
import type { Served } from '../router/failover.ts'
import type { Admitted } from './admit.ts'
import type { Attempted } from './attempt.ts'
import { capped } from './cap.ts'
import { failureFrom, storageFailure, unusableFailure } from './failure.ts'
import type { Kept, KeptOutput } from './keep.ts'

/** One share of a generation after its last call: who served it, every call made for it, and what of it is usable. */
export interface Finished {
  readonly served: Result<Served, UpstreamFailure>
  readonly attempts: readonly Attempted[]
  readonly kept: Kept
}

/** What the calls of one generation came to. */
export interface Outcome {
  /** Usable pictures, in the order of the calls. */
  readonly outputs: readonly KeptOutput[]
  /** Never above the hold. */
  readonly charged: Charge
  /** What was cut off the charge because it was above the hold. */
  readonly overrun: Nanos
  /** What the providers took for calls that gave a usable picture. */
  readonly providerCost: Nanos
  /** What they took, or may have taken, for nothing: the operator's, never the caller's. */
  readonly loss: Nanos
  readonly usage: TokenUsage
  readonly ended: readonly { readonly attempt: Attempted; readonly usable: boolean }[]
  readonly warnings: readonly Warning[]
  readonly text: string | undefined
  readonly nativeFinishReason: string | undefined
  readonly modelVersion: string | undefined
  /** Slug of the provider that served it, or that failed first. */
  readonly provider: string
  /** Why there is no usable picture, when there is none. */
  readonly failure: Failure | undefined
}

/** What is delivered, charged and lost. Pure; prices are those stored with the hold. */
export function reckon(
  admitted: Admitted,
  shares: readonly Finished[],
  displayName: (slug: string) => string,
): Outcome {
  const usable = shares.flatMap((share) =>
    share.served.ok && share.kept.outputs.length > 0 ? [{ ...share, ...share.served.value }] : [],
  )
  const [first] = usable
  const outputs = usable.flatMap(({ kept }) => kept.outputs)
  const asked = admitted.request.n ?? 1
  const { charge, saved } = capped(chargeFor(admitted, usable), admitted.hold)
  return {
    outputs,
    charged: charge,
    overrun: saved,
    providerCost: sum(usable.map((share) => share.generated.cost ?? chargeFor(admitted, [share]).total)),
    loss: sum(shares.flatMap((share) => share.attempts.map((attempt) => lossOf(admitted, attempt, share)))),
    usage: addUp(usable.flatMap(({ generated }) => generated.usage ?? [])),
    ended: shares.flatMap((share) =>
      share.attempts.map((attempt) => ({ attempt, usable: attempt.outcome.ok && share.kept.outputs.length > 0 })),
    ),
    warnings: [
      ...shares.flatMap(({ kept }) => kept.warnings),
      ...(outputs.length > 0 && outputs.length < asked
        ? [
            {
              code: 'partial',
              field: 'n',
              message: `${outputs.length} of ${asked} pictures could be made; only they are charged.`,
            },
          ]
        : []),
    ],
    text: usable.flatMap(({ generated }) => generated.text ?? []).join('\n') || undefined,
    nativeFinishReason: first?.generated.nativeFinishReason,
    modelVersion: first?.generated.modelVersion,
    provider: first?.route.provider ?? shares[0]?.attempts.at(-1)?.row.provider ?? '',
    failure: first === undefined ? failureOf(shares, displayName) : undefined,
  }
}

interface Chargeable {
  readonly kept: Kept
  readonly generated: Generated
}

function chargeFor(admitted: Admitted, calls: readonly Chargeable[]): Charge {
  return chargeLines(admitted.price, {
    calls: calls.map(({ kept, generated }) => ({
      images: kept.outputs.map(({ original, picture }) => original ?? picture),
      ...(generated.usage && { usage: generated.usage }),
    })),
    request: admitted.traits,
    references: references(admitted.request).flatMap(({ facts }) => facts ?? []),
  })
}

/** Stands for the picture that a billed call did not give: tokens are priced by usage alone. */
const NO_PICTURE = { width: 0, height: 0 }

/** A call that gave the caller nothing costs the operator what it reported, or, where that is not known, what its pictures list for. */
function lossOf(admitted: Admitted, { outcome }: Attempted, { kept }: Finished): Nanos {
  if (outcome.ok && kept.outputs.length > 0) return ZERO
  if (!outcome.ok && outcome.error.billed === 'no') return ZERO
  const usage = outcome.ok ? outcome.value.usage : outcome.error.usage
  if (usage)
    return chargeLines(admitted.price, {
      calls: [{ images: [NO_PICTURE], usage }],
      request: admitted.traits,
      references: [],
    }).total
  return (admitted.typical / BigInt(admitted.shares.length)) as Nanos
}

/** The most telling of several failures: a refusal before a lost connection, anything before an outage. */
const TELLING = [
  'refused',
  'rejected',
  'no_image',
  'timeout',
  'unauthorized',
  'rate_limited',
  'unavailable',
] as const satisfies readonly UpstreamFailure['kind'][]

function failureOf(shares: readonly Finished[], displayName: (slug: string) => string): Failure {
  const failed = shares
    .flatMap(({ served, attempts }) =>
      served.ok ? [] : [{ upstream: served.error, provider: attempts.at(-1)?.row.provider ?? '' }],
    )
    .toSorted((a, b) => TELLING.indexOf(a.upstream.kind) - TELLING.indexOf(b.upstream.kind))[0]
  if (failed) return failureFrom(failed.upstream, displayName(failed.provider))
  const trouble = shares.flatMap(({ kept }) => kept.trouble ?? [])[0]
  if (trouble) return storageFailure(trouble)
  const answered = shares[0]
  return unusableFailure(answered?.kept.problem, displayName(answered?.attempts.at(-1)?.row.provider ?? ''))
}

function addUp(usages: readonly TokenUsage[]): TokenUsage {
  return usages.reduce(
    (total, usage) => ({
      inputTokens: total.inputTokens + usage.inputTokens,
      inputTextTokens: total.inputTextTokens + usage.inputTextTokens,
      inputImageTokens: total.inputImageTokens + usage.inputImageTokens,
      outputTokens: total.outputTokens + usage.outputTokens,
      outputImageTokens: total.outputImageTokens + usage.outputImageTokens,
      thoughtTokens: total.thoughtTokens + usage.thoughtTokens,
    }),
    NO_TOKENS,
  )
}
