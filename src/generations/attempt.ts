import type { Assets } from '../assets/assets.ts'
import type { Clock } from '../core/clock.ts'
import type { ImageRequest } from '../core/image-request.ts'
import type { Progress } from '../core/receipt.ts'
import type { Result } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import type { AttemptRow } from '../db/schema.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../providers/provider.ts'
import type { PlannedRoute } from '../router/plan.ts'
import { type Admitted, attemptRow, type Share } from './admit.ts'
import { type AttemptEnd, endAttempt, insertAttempts, noteUpstreamId } from './store.ts'

/** What reaches a provider: its address and the credential that belongs to it. Test mode's are the sandbox's. */
export interface Access {
  readonly baseUrl: string
  readonly credential: string
}

export interface AttemptParts {
  readonly providers: ReadonlyMap<string, Provider>
  readonly access: (slug: string, mode: 'live' | 'test') => Promise<Access>
  readonly assets: Assets
  readonly database: Database
  readonly clock: Clock
}

/** A paid upstream call that has ended: its row as written when it was sent, and how it went. */
export interface Attempted {
  readonly row: AttemptRow
  readonly outcome: Result<Generated, UpstreamFailure>
  readonly finishedAt: number
  readonly ms: number
}

/**
 * Makes recorded calls: the row is durable before the first byte leaves. The first row of a share was written by admission; each
 * further one is written here, together with the end of the one before.
 */
export function makeAttempt(parts: AttemptParts) {
  return async (
    admitted: Admitted,
    share: Share,
    route: PlannedRoute,
    before: Attempted[],
    progress: (event: Progress) => void,
  ): Promise<Result<Generated, UpstreamFailure>> => {
    const previous = before.at(-1)
    const row = previous === undefined ? share.attempt : await another(admitted, route, previous, parts)
    const started = parts.clock.monotonic()
    const outcome = await callProvider(admitted, share, row, progress, parts)
    before.push({ row, outcome, finishedAt: parts.clock.now(), ms: Math.round(parts.clock.monotonic() - started) })
    return outcome
  }
}

async function another(
  admitted: Admitted,
  route: PlannedRoute,
  previous: Attempted,
  { database, clock }: AttemptParts,
): Promise<AttemptRow> {
  const row = attemptRow(admitted.id, previous.row.n + admitted.shares.length, route, clock.now())
  await database.transaction(async (trx) => {
    await endAttempt(trx, endOf(previous))
    await insertAttempts(trx, [row])
  })
  await database.durable()
  return row
}

async function callProvider(
  admitted: Admitted,
  share: Share,
  row: AttemptRow,
  progress: (event: Progress) => void,
  parts: AttemptParts,
): Promise<Result<Generated, UpstreamFailure>> {
  const { baseUrl, credential } = await parts.access(row.provider, admitted.owner.mode)
  const remainingMs = () => Math.max(0, admitted.createdAt + admitted.deadlineMs - parts.clock.now())
  const deadline = new AbortController()
  const timer = setTimeout(
    () => deadline.abort(new DOMException('the deadline has passed', 'TimeoutError')),
    remainingMs(),
  )
  const call: Call = {
    model: row.model,
    baseUrl,
    credential,
    signal: deadline.signal,
    clock: parts.clock,
    remainingMs,
    submitted: async (upstreamId) => {
      await noteUpstreamId(parts.database.db, row, upstreamId)
      await parts.database.durable()
    },
    progress,
    intake: () => parts.assets.intake({ generationId: admitted.id, attemptId: row.id }),
  }
  try {
    return await providerOf(parts, row.provider).generate(shareOf(admitted.request, share.images), call)
  } finally {
    clearTimeout(timer)
  }
}

/** The request as one call sees it: without `n` where the call is for one picture. */
function shareOf({ n: _, ...request }: ImageRequest, images: number): ImageRequest {
  return images === 1 ? request : { ...request, n: images }
}

/** How a finished call is written down. */
export function endOf({ row, outcome, finishedAt, ms }: Attempted, usable = outcome.ok): AttemptEnd {
  const failed = outcome.ok ? undefined : outcome.error
  return {
    generation_id: row.generation_id,
    n: row.n,
    state: stateOf(outcome, usable),
    status: failed === undefined ? 200 : (failed.status ?? null),
    upstream_id: (outcome.ok ? outcome.value.upstreamId : failed?.upstreamId) ?? row.upstream_id,
    cost_nanos: outcome.ok ? (outcome.value.cost ?? null) : null,
    error: failed === undefined ? null : `${failed.kind}: ${failed.message}`.slice(0, 1000),
    finished_at: finishedAt,
    ms,
  }
}

export function stateOf(outcome: Result<Generated, UpstreamFailure>, usable: boolean): AttemptRow['state'] {
  if (outcome.ok) return usable ? 'ok' : 'billed_no_output'
  switch (outcome.error.billed) {
    case 'no':
      return 'not_billed'
    case 'yes':
      return 'billed_no_output'
    case 'unknown':
      return 'unknown'
  }
}

function providerOf({ providers }: AttemptParts, slug: string): Provider {
  const provider = providers.get(slug)
  if (provider === undefined) throw new Error(`${slug} has no adapter, yet a call was planned on it`)
  return provider
}
