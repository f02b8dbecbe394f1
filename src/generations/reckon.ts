import { chargeLines, type Charge } from '../catalog/charge.ts'
import { shareOfPixels } from '../catalog/differences.ts'
import { fail, type Failure } from '../core/errors.ts'
import { type Nanos, subtract, sum, ZERO } from '../core/money.ts'
import { type Difference, NO_TOKENS, type Receipt, type TokenUsage, type Warning } from '../core/receipt.ts'
import type { UpstreamFailure } from '../providers/provider.ts'
import type { AttemptRow } from '../db/schema.ts'
import { type Agreed, type AgreedRoad, asked, imagesOf } from './agreed.ts'
import type { Attempted, Made } from './attempt.ts'
import { capped } from './cap.ts'
import { failureFrom, storageFailure } from './failure.ts'
import type { KeptOutput } from './keep.ts'
import { proRata } from './pro-rata.ts'

/** One share of a generation after its last call: every call made for it, and what came of the last one. */
export interface Finished {
  readonly attempts: readonly Attempted[]
  readonly made: Made | undefined
  /** Why nothing more was tried; a share that never got a slot has failed without a call. */
  readonly failure: UpstreamFailure | undefined
}

/** What the calls of one generation came to. */
export interface Outcome {
  /** Usable pictures, in the order of the calls. */
  readonly outputs: readonly KeptOutput[]
  /** Never above the hold. */
  readonly charged: Charge
  /** What the caller was spared. */
  readonly savings: readonly { readonly kind: string; readonly amount: Nanos }[]
  /** What the providers took for calls that gave a usable picture. */
  readonly providerCost: Nanos
  /** What they took, or may have taken, for nothing: the operator's, never the caller's. */
  readonly loss: Nanos
  readonly usage: TokenUsage
  readonly ended: readonly Attempted[]
  readonly differences: readonly Difference[]
  readonly warnings: readonly Warning[]
  readonly text: string | undefined
  readonly nativeFinishReason: string | undefined
  readonly modelVersion: string | undefined
  /** The road that served it first; undefined when none did. */
  readonly road: AgreedRoad | undefined
  /** Slug of the provider that served it, or that failed last. */
  readonly provider: string
  /** Why there is no usable picture, when there is none. */
  readonly failure: Failure | undefined
}

interface Rules {
  readonly displayName: (slug: string) => string
  /** Whether pixels that were asked for and did not come are not charged. */
  readonly isProRata: boolean
  readonly isCancelled: boolean
}

/** A call that gave something usable. */
interface Good {
  readonly road: AgreedRoad
  readonly made: Made
}

/** What is delivered, charged and lost. Pure; prices are those stored with the hold. */
export function reckon(agreed: Agreed, shares: readonly Finished[], rules: Rules): Outcome {
  const ended = shares.flatMap(({ attempts }) => attempts)
  const good = shares.flatMap(({ attempts, made }): Good[] => {
    const road = attempts.at(-1)?.road
    return road && made && made.kept.outputs.length > 0 ? [{ road, made }] : []
  })
  const [first] = good
  const outputs = good.flatMap(({ made }) => made.kept.outputs)
  const found = allDifferences(agreed, good, outputs.length)
  const { charge, saved } = capped(chargeFor(agreed, good), agreed.hold)
  const fair = rules.isProRata ? proRata(charge, meanShare(good)) : charge
  return {
    outputs,
    charged: fair,
    savings: [
      { kind: 'hold_cap', amount: saved },
      { kind: 'pro_rata', amount: subtract(charge.total, fair.total) },
    ].filter(({ amount }) => amount > 0n),
    providerCost: sum(good.map((call) => call.made.generated.cost ?? chargeFor(agreed, [call]).total)),
    loss: sum(ended.map((attempt) => lossOf(agreed, attempt))),
    usage: addUp(good.flatMap(({ made }) => made.generated.usage ?? [])),
    ended,
    differences: found,
    warnings: [
      ...(first?.road.warnings ?? []),
      ...shares.flatMap(({ made }) => made?.kept.warnings ?? []),
      ...found.map(warningOf),
    ],
    text: good.flatMap(({ made }) => made.generated.text ?? []).join('\n') || undefined,
    nativeFinishReason: first?.made.generated.nativeFinishReason,
    modelVersion: first?.made.generated.modelVersion,
    road: first?.road,
    provider: first?.road.provider ?? ended.at(-1)?.row.provider ?? '',
    failure: first === undefined ? failureOf(shares, rules) : undefined,
  }
}

/** Calls on one road are charged together, so that each of its lines is rounded up once. */
function chargeFor(agreed: Agreed, calls: readonly Good[]): Charge {
  const charges = [...Map.groupBy(calls, ({ road }) => road)].map(([road, made]) =>
    chargeLines(road.price, {
      calls: made.map(({ made: { generated, kept } }) => ({
        images: kept.outputs.map(({ original, picture }) => original ?? picture),
        ...(generated.usage && { usage: generated.usage }),
      })),
      request: road.traits,
      references: agreed.references,
    }),
  )
  return {
    lines: charges.flatMap(({ lines }) => lines),
    total: sum(charges.map(({ total }) => total)),
    warnings: charges.flatMap(({ warnings }) => warnings),
  }
}

/** Stands for the picture that a billed call did not give: tokens are priced by usage alone. */
const NO_PICTURE = { width: 0, height: 0 }

/**
 * A call that gave the caller nothing costs the operator what it reported, or, where that is not known, what its pictures list for. So
 * do the unusable pictures of a call that gave him some.
 */
function lossOf(agreed: Agreed, { row, road, outcome }: Attempted): Nanos {
  if (outcome.ok && outcome.value.kept.outputs.length > 0) return lossBeside(agreed, row, road, outcome.value)
  if (!outcome.ok && outcome.error.billed === 'no') return ZERO
  const { usage, cost } = outcome.ok ? outcome.value.generated : outcome.error
  if (cost !== undefined) return cost
  if (usage && road.price.basis === 'token')
    return chargeLines(road.price, {
      // Without a picture, all that came out was words.
      calls: [
        {
          images: [NO_PICTURE],
          usage: usage.outputImageTokens > 0 ? usage : { ...usage, thoughtTokens: usage.outputTokens },
        },
      ],
      request: road.traits,
      references: [],
    }).total
  return listPrice(agreed, row, road)
}

/** Reported money and tokens are those of the whole answer, and booked with what was good in it. */
function lossBeside(agreed: Agreed, row: AttemptRow, road: AgreedRoad, { generated, kept }: Made): Nanos {
  if (generated.cost !== undefined || (generated.usage && road.price.basis === 'token')) return ZERO
  const wanted = imagesOf(agreed, row.n)
  const unusable = Math.max(0, Math.min(generated.images.length, wanted) - kept.outputs.length)
  return ((road.typical * BigInt(unusable)) / BigInt(asked(agreed))) as Nanos
}

/** What all pictures of one call list for. */
export function listPrice(agreed: Agreed, { n }: Pick<AttemptRow, 'n'>, { typical }: AgreedRoad): Nanos {
  return ((typical * BigInt(imagesOf(agreed, n))) / BigInt(asked(agreed))) as Nanos
}

function allDifferences(agreed: Agreed, good: readonly Good[], delivered: number): readonly Difference[] {
  const found: Difference[] = []
  let before = 0
  for (const { made } of good) {
    for (const each of made.kept.differences) found.push({ ...each, image: before + (each.image ?? 0) })
    before += made.kept.outputs.length
  }
  const wanted = asked(agreed)
  if (delivered > 0 && delivered < wanted)
    found.unshift({ image: null, field: 'n', asked: String(wanted), delivered: String(delivered) })
  return found
}

function warningOf({ image, field, asked: wanted, delivered }: Difference): Warning {
  if (field === 'n') {
    const message = `${delivered} of ${wanted} pictures could be made; only they are charged.`
    return { code: 'partial', field, message }
  }
  return {
    code: 'differs',
    field,
    message: `Picture ${image ?? 0} is ${delivered}, and ${field} ${wanted} was asked.`,
  }
}

/** The share of the asked pixels that came, over all pictures. */
function meanShare(good: readonly Good[]): number {
  const shares = good.flatMap(({ road, made }) =>
    made.kept.outputs.map(({ original, picture }) => shareOfPixels(road.request, original ?? picture)),
  )
  return shares.length === 0 ? 1 : shares.reduce((total, share) => total + share, 0) / shares.length
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

function failureOf(shares: readonly Finished[], { displayName, isCancelled }: Rules): Failure {
  if (isCancelled) return fail('cancelled', 'The generation was cancelled. Nothing was charged.')
  const trouble = shares.flatMap(({ made }) => made?.kept.trouble ?? [])[0]
  if (trouble) return storageFailure(trouble)
  const [failed] = shares
    .flatMap(({ failure, attempts }) => (failure ? [{ failure, attempts }] : []))
    .toSorted((a, b) => TELLING.indexOf(a.failure.kind) - TELLING.indexOf(b.failure.kind))
  if (failed === undefined) throw new Error('a generation without pictures has a failure')
  const everything = shares.flatMap(({ attempts }) => attempts)
  return failureFrom(failed.failure, displayName(failed.attempts.at(-1)?.row.provider ?? ''), {
    isSent: everything.length > 0,
    mayHaveCost: everything.some(({ outcome }) => outcome.ok || outcome.error.billed !== 'no'),
  })
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

/** What the receipt says was asked. */
export function requestedOf(agreed: Agreed, road: AgreedRoad | undefined): Receipt['requested'] {
  const { request } = road ?? agreed.roads[0] ?? {}
  return {
    n: asked(agreed),
    resolution: request?.resolution ?? null,
    aspect_ratio: request?.aspectRatio ?? null,
    format: request?.format ?? null,
  }
}
