import type { Clock } from '../core/clock.ts'
import { failpoint } from '../core/failpoint.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import type { AttemptRow, GenerationRow } from '../db/schema.ts'
import type { Generated, UpstreamFailure } from '../providers/provider.ts'
import { type Agreed, type AgreedRoad, imagesOf, readAgreed, roadOf } from './agreed.ts'
import { type Attempted, type Made, made, makeCall } from './attempt.ts'
import { type GenerateParts, makeEnd } from './generate.ts'
import { keepAdopted } from './keep.ts'
import { abandonedGenerations, LEASE_MS, takeOver } from './leases.ts'
import { type Finished, listPrice } from './reckon.ts'
import { attemptsOf, pricingOf } from './store.ts'
import { startUndertaking, type Undertaking } from './undertaking.ts'

/** Generations read at a time. */
const BATCH = 100

/** A result that is ready when it is asked for gets this long, even when the deadline has passed meanwhile. */
const GRACE_MS = 60_000

export interface RecoverParts extends Omit<GenerateParts, 'failover' | 'failures'> {
  readonly database: Database
  readonly clock: Clock
  readonly processId: string
  readonly isRunningHere: (id: string) => boolean
  /** A generation of another process that this one answers for from now on, until its end. */
  readonly onTaken: (agreed: Agreed, undertaking: Undertaking, ended: Promise<unknown>) => void
}

/**
 * One sweep over generations whose process has died. Each is taken over by exactly one node and ended by what can still be known of its
 * calls: pictures that had arrived whole are adopted; a provider that can be asked about a call is asked, and never asked to make it
 * again; a call that never left cost nothing; any other is `unknown`, free for the caller and booked as the operator's loss.
 * Resolves when the sweep has taken what there was and ended whatever needed nobody's answer; returns how many it took.
 */
export function makeRecover(parts: RecoverParts) {
  const end = makeEnd(parts)
  return async (): Promise<number> => {
    let total = 0
    for (;;) {
      const { database, processId } = parts
      const abandoned = await abandonedGenerations(database.db, await database.now(), BATCH)
      const quick: Promise<unknown>[] = []
      const before = total
      for (const row of abandoned) {
        // What this process works on is not abandoned, however long it stood still.
        if (parts.isRunningHere(row.id)) continue
        const now = await database.now()
        const taken = { owner: processId, now, until: now + LEASE_MS }
        if (!(await takeOver(database.db, row.id, taken))) continue
        total += 1
        const { ended, isQuick } = await resolve(row)
        // Whoever hears of its end hears of a failure too; a slow owner may have been faster after all.
        if (isQuick) quick.push(ended.catch(() => {}))
      }
      await Promise.all(quick)
      if (abandoned.length < BATCH || total === before) return total
    }
  }

  async function resolve(row: GenerationRow): Promise<{ ended: Promise<unknown>; isQuick: boolean }> {
    const { database, clock, providers } = parts
    const agreed = readAgreed(row, await pricingOf(database.db, row.id))
    const attempts = await attemptsOf(database.db, row.id)
    // What one process knows of departures, the next one that takes over has to know as well.
    for (const { id, state } of attempts)
      if (state === 'sent' && !parts.departures.hasStayed(id, row.owner)) parts.departures.note(id)
    const deadlineMs = Math.max(agreed.deadlineAt - clock.now(), GRACE_MS)
    const undertaking = startUndertaking({ deadlineMs, clock, providers, onProgress() {} })
    const calls = await Promise.all(attempts.map(async (attempt) => await endingOf(attempt, row, agreed, undertaking)))
    const ended = Promise.all(calls.map(({ ended: each }) => each)).then(async (all) => {
      undertaking.end()
      failpoint('before reaper step')
      const outcome = await end(agreed, sharesOf(agreed, all), false)
      failpoint('after reaper step')
      return outcome
    })
    parts.onTaken(agreed, undertaking, ended)
    return { ended, isQuick: calls.every(({ isQuick }) => isQuick) }
  }

  /** How one call ends that a dead process had recorded. */
  async function endingOf(
    row: AttemptRow,
    generation: GenerationRow,
    agreed: Agreed,
    undertaking: Undertaking,
  ): Promise<{ ended: Promise<Attempted>; isQuick: boolean }> {
    const road = roadOf(agreed, row)
    const at = (outcome: Attempted['outcome']): Attempted => ({
      row,
      road,
      outcome,
      finishedAt: row.finished_at ?? parts.clock.now(),
      ms: row.ms ?? Math.max(0, parts.clock.now() - row.sent_at),
    })
    const now = (outcome: Attempted['outcome']) => ({ ended: Promise.resolve(at(outcome)), isQuick: true })
    if (row.state !== 'sent') return now(err(asWritten(row)))
    if (parts.departures.hasStayed(row.id, generation.owner)) return now(err(STAYED))
    const images = imagesOf(agreed, row.n)
    if (row.upstream_id === null || parts.providers.get(row.provider)?.resume === undefined)
      return now((await adopt(row, road, images, agreed)) ?? err(LOST))
    const asked = resume(row, row.upstream_id, road, images, agreed, undertaking)
    // The provider has all of the pictures, the disk perhaps some.
    const ended = asked.then(async (answer) =>
      at(answer.ok ? answer : ((await adopt(row, road, images, agreed)) ?? answer)),
    )
    return { ended, isQuick: false }
  }

  async function adopt(
    row: AttemptRow,
    road: AgreedRoad,
    images: number,
    agreed: Agreed,
  ): Promise<Result<Made, never> | undefined> {
    const pictures = await parts.assets.adopt({ generationId: row.generation_id, attemptId: row.id })
    if (pictures.length === 0) return undefined
    const kept = await keepAdopted(pictures, images, road.request, parts.assets)
    const generated: Generated = {
      images: [],
      ...(row.upstream_id !== null && { upstreamId: row.upstream_id }),
      // The rest of the answer was lost on its way to us: it was made, and is on the bill.
      ...(kept.outputs.length < images && { cost: listPrice(agreed, row, road) }),
    }
    return ok({ generated, kept })
  }

  async function resume(
    row: AttemptRow,
    upstreamId: string,
    road: AgreedRoad,
    images: number,
    agreed: Agreed,
    undertaking: Undertaking,
  ): Promise<Result<Made, UpstreamFailure>> {
    const provider = parts.providers.get(row.provider)
    return await undertaking.during(row, makeCall(agreed, row, GRACE_MS, undertaking, parts), async (call) => {
      const answer = await provider?.resume?.(upstreamId, road.request, call)
      return answer === undefined ? err(LOST) : await made(answer, road, { images }, parts)
    })
  }
}

/** Calls of one share follow each other: the n-th of them is that of share (n - 1) modulo the number of shares. */
function sharesOf(agreed: Agreed, attempts: readonly Attempted[]): readonly Finished[] {
  return agreed.shares.map((_, index): Finished => {
    const own = attempts.filter(({ row }) => (row.n - 1) % agreed.shares.length === index)
    const last = own.at(-1)
    if (last === undefined) return { attempts: own, made: undefined, failure: STAYED }
    const { outcome } = last
    return {
      attempts: own,
      made: outcome.ok ? outcome.value : undefined,
      failure: outcome.ok ? undefined : outcome.error,
    }
  })
}

const LOST: UpstreamFailure = {
  kind: 'unavailable',
  billed: 'unknown',
  message: 'The gateway stopped before the answer was kept. Nothing was charged.',
  raw: '',
}

const STAYED: UpstreamFailure = {
  kind: 'unavailable',
  billed: 'no',
  message: 'The gateway stopped before the request was sent. Nothing was charged.',
  raw: '',
}

/** A call that had ended by itself before the process died. It was followed by another, so it gave no picture. */
function asWritten({ state, status, error, cost_nanos: cost, upstream_id: upstreamId }: AttemptRow): UpstreamFailure {
  return {
    kind: 'unavailable',
    billed: state === 'not_billed' ? 'no' : state === 'unknown' ? 'unknown' : 'yes',
    message: error?.replace(/^\w+: /, '') ?? 'The call failed.',
    raw: '',
    ...(status !== null && { status }),
    ...(cost !== null && { cost: cost as NonNullable<UpstreamFailure['cost']> }),
    ...(upstreamId !== null && { upstreamId }),
  }
}
