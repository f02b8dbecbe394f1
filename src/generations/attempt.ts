import type { Assets } from '../assets/assets.ts'
import type { Clock } from '../core/clock.ts'
import { failpoint } from '../core/failpoint.ts'
import type { ImageRequest } from '../core/image-request.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import type { AttemptRow } from '../db/schema.ts'
import type { Call, Generated, Hook, Provider, UpstreamFailure } from '../providers/provider.ts'
import type { Choice } from '../router/failover.ts'
import { attemptRow, type Share } from './admit.ts'
import type { Agreed, AgreedRoad } from './agreed.ts'
import type { Departures } from './departures.ts'
import { keepOutputs, type Kept } from './keep.ts'
import { confirmOwner } from './leases.ts'
import { type AttemptEnd, endAttempt, insertAttempts, noteRunning, noteUpstreamId } from './store.ts'
import type { Undertaking, UnderWay } from './undertaking.ts'

/** What reaches a provider: its address and the credential that belongs to it. Test mode's are the sandbox's. */
export interface Access {
  readonly baseUrl: string
  readonly credential: string
  /** Further hosts that the operator trusts to deliver pictures. */
  readonly deliveryOrigins?: readonly string[]
  readonly hook?: Hook
}

export interface AttemptParts {
  readonly providers: ReadonlyMap<string, Provider>
  readonly access: (slug: string, mode: 'live' | 'test', credential: number) => Promise<Access>
  readonly assets: Assets
  readonly database: Database
  readonly departures: Departures
  /** Names this process in the leases of its generations. */
  readonly processId: string
  readonly clock: Clock
  readonly settings: { readonly onDifferent: 'deliver' | 'pro_rata' | 'failover' }
}

/** What one call gave: its answer, and the pictures of it that are usable and stored. */
export interface Made {
  readonly generated: Generated
  readonly kept: Kept
}

/** A paid upstream call that has ended: its row as written when it was sent, and how it went. */
export interface Attempted {
  readonly row: AttemptRow
  readonly road: AgreedRoad
  readonly outcome: Result<Made, UpstreamFailure>
  readonly finishedAt: number
  readonly ms: number
}

/**
 * Makes recorded calls: the row is durable before the first byte leaves. The first row of a share was written by admission unless
 * it had to wait for a slot; each further one is written here, together with the end of the one before.
 */
export function makeAttempt(parts: AttemptParts) {
  return async (
    agreed: Agreed,
    share: Share,
    choice: Choice<AgreedRoad>,
    before: Attempted[],
    undertaking: Undertaking,
  ): Promise<Result<Made, UpstreamFailure>> => {
    const row =
      before.length === 0 && share.first !== undefined
        ? share.first.row
        : await another(agreed, share, choice, before.at(-1), parts)
    const started = parts.clock.monotonic()
    const open = makeCall(agreed, row, choice.headersMs, undertaking, parts)
    const outcome = await undertaking.during(row, open, async (call) => {
      const request = shareOf(choice.route.request, share.images)
      return await made(await providerOf(parts, row.provider).generate(request, call), choice.route, share, parts)
    })
    const ms = Math.round(parts.clock.monotonic() - started)
    const written = { ...row, upstream_id: undertaking.submitted.get(row.id) ?? row.upstream_id }
    before.push({ row: written, road: choice.route, outcome, finishedAt: parts.clock.now(), ms })
    return outcome
  }
}

async function another(
  agreed: Agreed,
  share: Share,
  choice: Choice<AgreedRoad>,
  previous: Attempted | undefined,
  { database, processId, clock }: AttemptParts,
): Promise<AttemptRow> {
  const n = previous === undefined ? share.index + 1 : previous.row.n + agreed.shares.length
  const row = attemptRow(agreed.id, n, choice, clock.now())
  await database.transaction(async (trx) => {
    // A process that stood still may have been given up meanwhile: then somebody else has ended what it would go on with.
    if (!(await confirmOwner(trx, agreed.id, processId))) throw new Error(`${agreed.id} was taken over`)
    if (previous === undefined) await noteRunning(trx, agreed.id)
    else await endAttempt(trx, endOf(previous))
    await insertAttempts(trx, [row])
    failpoint('before attempt commit')
  })
  failpoint('after attempt commit')
  await database.durable()
  return row
}

/** How a call to the provider of a row is opened; more than once where there is more to say about the same call. */
export function makeCall(
  agreed: Agreed,
  row: AttemptRow,
  headersMs: number,
  { signal, progress, remainingMs }: Pick<Undertaking, 'signal' | 'progress' | 'remainingMs'>,
  parts: Pick<AttemptParts, 'access' | 'assets' | 'database' | 'departures' | 'clock'>,
): (underWay: UnderWay) => Promise<Call> {
  const owner = { generationId: agreed.id, attemptId: row.id }
  return async (underWay) => ({
    ...(await parts.access(row.provider, agreed.owner.mode, row.credential)),
    model: row.model,
    signal,
    clock: parts.clock,
    remainingMs,
    headersMs,
    submitted: async (upstreamId) => {
      underWay.submitted(upstreamId)
      // A transaction, since that is tried again while the database is away: the job would be lost without its id.
      await parts.database.transaction((trx) => noteUpstreamId(trx, row, upstreamId))
      await parts.database.durable()
    },
    progress,
    intake: () => parts.assets.intake(owner),
    intakeBytes: () => parts.assets.intakeBytes(owner),
    pixels: pixelsOf(parts.assets),
    departing() {
      underWay.departing()
      parts.departures.note(row.id)
    },
  })
}

/** What was cut is no longer wanted as one. */
function pixelsOf(assets: Assets): NonNullable<Call['pixels']> {
  return {
    async split(picture, columns, rows, count) {
      const tiles = await assets.tiles(picture, columns, rows, count)
      if (tiles.ok) assets.discard(picture)
      return tiles
    },
    stencil: assets.stencil,
  }
}

/** Keeps the pictures of an answer. One without a usable picture is a failure that most likely was charged. */
export async function made(
  generated: Result<Generated, UpstreamFailure>,
  road: AgreedRoad,
  share: Pick<Share, 'images'>,
  { assets, settings }: Pick<AttemptParts, 'assets' | 'settings'>,
): Promise<Result<Made, UpstreamFailure>> {
  if (!generated.ok) return generated
  const kept = await keepOutputs(generated.value.images, share.images, road.request, assets)
  const [different] = kept.differences
  // A picture that the disk did not take was good: another call would be paid for in vain.
  const isGood = kept.trouble !== undefined || kept.outputs.length > 0
  if (isGood && (different === undefined || settings.onDifferent !== 'failover'))
    return ok({ generated: generated.value, kept })

  const { usage, cost, upstreamId, modelVersion } = generated.value
  const problem =
    kept.outputs.length > 0 && different
      ? `${different.field} is ${different.delivered} instead of ${different.asked}`
      : (kept.problem ?? 'it holds no picture')
  return err({
    kind: 'no_image',
    billed: 'yes',
    status: 200,
    message: `The answer has no usable picture: ${problem.replace(/\.$/, '')}.`,
    raw: '',
    ...(usage && { usage }),
    ...(cost !== undefined && { cost }),
    ...(upstreamId !== undefined && { upstreamId }),
    ...(modelVersion !== undefined && { modelVersion }),
  })
}

/** The request as one call sees it: without `n` where the call is for one picture. */
function shareOf({ n: _, ...request }: ImageRequest, images: number): ImageRequest {
  return images === 1 ? request : { ...request, n: images }
}

/** How a finished call is written down. */
export function endOf({ row, outcome, finishedAt, ms }: Attempted): AttemptEnd {
  const failed = outcome.ok ? undefined : outcome.error
  return {
    generation_id: row.generation_id,
    n: row.n,
    state: stateOf(outcome),
    status: failed === undefined ? 200 : (failed.status ?? null),
    upstream_id: (outcome.ok ? outcome.value.generated.upstreamId : failed?.upstreamId) ?? row.upstream_id,
    cost_nanos: (outcome.ok ? outcome.value.generated.cost : failed?.cost) ?? null,
    error: failed === undefined ? null : `${failed.kind}: ${failed.message}`.slice(0, 1000),
    finished_at: finishedAt,
    ms,
  }
}

export function stateOf(outcome: Result<Made, UpstreamFailure>): AttemptRow['state'] {
  if (outcome.ok) return outcome.value.kept.outputs.length > 0 ? 'ok' : 'billed_no_output'
  switch (outcome.error.billed) {
    case 'no':
      return 'not_billed'
    case 'yes':
      return 'billed_no_output'
    case 'unknown':
      return 'unknown'
  }
}

function providerOf({ providers }: Pick<AttemptParts, 'providers'>, slug: string): Provider {
  const provider = providers.get(slug)
  if (provider === undefined) throw new Error(`${slug} has no adapter, yet a call was planned on it`)
  return provider
}
