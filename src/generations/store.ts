import { type Kysely, sql, type Transaction } from 'kysely'

import type { CallerFacts } from '../core/ask.ts'
import type { Failure } from '../core/errors.ts'
import type { GenerationId } from '../core/ids.ts'
import type { Mode, Progress, Receipt, TokenUsage } from '../core/receipt.ts'
import { prepared, preparedRows } from '../db/prepared.ts'
import type { AttemptRow, ContinuationRow, GenerationRow, Schema } from '../db/schema.ts'

import type { Started } from './engine-port.ts'

type Handle = Kysely<Schema> | Transaction<Schema>

const GENERATION_COLUMNS = [
  'id',
  'workspace_id',
  'mode',
  'key_hash',
  'status',
  'owner',
  'lease_until',
  'deadline_at',
  'surface',
  'streamed',
  'model_requested',
  'model_served',
  'provider',
  'request',
  'references_count',
  'caller',
  'terms',
  'progress',
  'cancel_asked',
  'receipt',
  'failure',
  'usage',
  'text',
  'native_finish_reason',
  'created_at',
  'finished_at',
] as const satisfies readonly (keyof GenerationRow)[]

const ATTEMPT_COLUMNS = [
  'id',
  'generation_id',
  'n',
  'provider',
  'model',
  'credential',
  'why',
  'state',
  'status',
  'upstream_id',
  'cost_nanos',
  'error',
  'sent_at',
  'finished_at',
  'ms',
] as const satisfies readonly (keyof AttemptRow)[]

const UNFINISHED = ['held', 'running', 'stored'] as const

/** The part of a generation's progress that a poll can tell. */
export type ProgressFacts = Omit<Extract<Progress, { type: 'status' }>, 'type'>

/** Who may see a generation: any key of the same workspace and mode. */
export interface Sight {
  readonly workspaceId: string
  readonly mode: Mode
}

export async function insertGeneration(trx: Transaction<Schema>, row: GenerationRow): Promise<void> {
  await insertGenerations(trx, [row])
}

const insertGenerations = preparedRows<GenerationRow>(GENERATION_COLUMNS, (db, rows) =>
  db.insertInto('generations').values(rows),
)

export async function insertAttempts(trx: Transaction<Schema>, rows: readonly AttemptRow[]): Promise<void> {
  await insertAttemptRows(trx, rows)
}

const insertAttemptRows = preparedRows<AttemptRow>(ATTEMPT_COLUMNS, (db, rows) =>
  db.insertInto('attempts').values(rows),
)

/** How a paid call ended. */
export type AttemptEnd = Pick<
  AttemptRow,
  'generation_id' | 'n' | 'state' | 'status' | 'upstream_id' | 'cost_nanos' | 'error' | 'finished_at' | 'ms'
>

export async function endAttempt(handle: Handle, end: AttemptEnd): Promise<void> {
  await updateAttempt(handle, end)
}

const updateAttempt = prepared<AttemptEnd>((db, value) =>
  db
    .updateTable('attempts')
    .set({
      state: value('state'),
      status: value('status'),
      // Noted when the call was submitted; its end may not know it.
      upstream_id: sql`coalesce(${value('upstream_id')}, upstream_id)`,
      cost_nanos: value('cost_nanos'),
      error: value('error'),
      finished_at: value('finished_at'),
      ms: value('ms'),
    })
    .where('generation_id', '=', value('generation_id'))
    .where('n', '=', value('n')),
)

/** The provider's own id of a running call, before it is first asked about. */
export async function noteUpstreamId(handle: Handle, attempt: AttemptRow, upstreamId: string): Promise<void> {
  await handle
    .updateTable('attempts')
    .set({ upstream_id: upstreamId })
    .where('generation_id', '=', attempt.generation_id)
    .where('n', '=', attempt.n)
    .execute()
}

interface Closing {
  readonly id: string
  readonly status: 'settled' | 'voided'
  readonly receipt: Receipt
  readonly failure: Failure | undefined
  readonly provider: string | null
  readonly usage: TokenUsage | undefined
  readonly text: string | undefined
  readonly nativeFinishReason: string | undefined
  readonly at: number
}

export async function closeGeneration(trx: Transaction<Schema>, closing: Closing): Promise<void> {
  await updateGeneration(trx, {
    id: closing.id,
    status: closing.status,
    receipt: JSON.stringify(closing.receipt),
    failure: closing.failure ? JSON.stringify(closing.failure) : null,
    provider: closing.provider,
    usage: closing.usage ? JSON.stringify(closing.usage) : null,
    text: closing.text ?? null,
    native_finish_reason: closing.nativeFinishReason ?? null,
    finished_at: closing.at,
  })
}

type GenerationEnd = Pick<
  GenerationRow,
  'id' | 'status' | 'receipt' | 'failure' | 'provider' | 'usage' | 'text' | 'native_finish_reason' | 'finished_at'
>

const updateGeneration = prepared<GenerationEnd>((db, value) =>
  db
    .updateTable('generations')
    .set({
      status: value('status'),
      receipt: value('receipt'),
      failure: value('failure'),
      provider: value('provider'),
      usage: value('usage'),
      text: value('text'),
      native_finish_reason: value('native_finish_reason'),
      finished_at: value('finished_at'),
    })
    .where('id', '=', value('id')),
)

/** One generation as its workspace may see it; foreign and absent ids look the same. */
export async function findGeneration(handle: Handle, id: string, sight: Sight): Promise<GenerationRow | undefined> {
  return await handle
    .selectFrom('generations')
    .selectAll()
    .where('id', '=', id)
    .where('workspace_id', '=', sight.workspaceId)
    .where('mode', '=', sight.mode)
    .executeTakeFirst()
}

/** Newest first. `before` is the last row of the page before. */
export async function listGenerations(
  handle: Handle,
  sight: Sight,
  limit: number,
  before?: { readonly createdAt: number; readonly id: string },
): Promise<GenerationRow[]> {
  let query = handle
    .selectFrom('generations')
    .selectAll()
    .where('workspace_id', '=', sight.workspaceId)
    .where('mode', '=', sight.mode)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
  if (before) {
    query = query.where((where) =>
      where.or([
        where('created_at', '<', before.createdAt),
        where.and([where('created_at', '=', before.createdAt), where('id', '<', before.id)]),
      ]),
    )
  }
  return await query.execute()
}

export async function attemptsOf(handle: Handle, generationId: string): Promise<AttemptRow[]> {
  return await handle
    .selectFrom('attempts')
    .selectAll()
    .where('generation_id', '=', generationId)
    .orderBy('n')
    .execute()
}

/** A generation that waited for a free slot has its first calls now. */
export async function noteRunning(trx: Transaction<Schema>, id: GenerationId): Promise<void> {
  await trx.updateTable('generations').set({ status: 'running' }).where('id', '=', id).execute()
}

/** What a poll is told; lost progress costs nothing, so nobody waits for it to be durable. */
export async function noteProgress(handle: Handle, id: GenerationId, progress: ProgressFacts): Promise<void> {
  await handle
    .updateTable('generations')
    .set({ progress: JSON.stringify(progress) })
    .where('id', '=', id)
    .execute()
}

/** Asks the node that runs a generation to cancel it. */
export async function askToCancel(handle: Handle, id: GenerationId): Promise<void> {
  await handle.updateTable('generations').set({ cancel_asked: 1 }).where('id', '=', id).execute()
}

/** Those of this process that somebody on another node wants cancelled. */
export async function cancelsAsked(handle: Handle, owner: string): Promise<readonly GenerationId[]> {
  const rows = await handle
    .selectFrom('generations')
    .select('id')
    .where('owner', '=', owner)
    .where('cancel_asked', '=', 1)
    .where('status', 'in', UNFINISHED)
    .execute()
  return rows.map(({ id }) => id as GenerationId)
}

/** Takes an abandoned generation over. False when another node was first. */
export async function takeOver(
  handle: Handle,
  id: string,
  { owner, now, until }: { readonly owner: string; readonly now: number; readonly until: number },
): Promise<boolean> {
  const { numUpdatedRows } = await handle
    .updateTable('generations')
    .set({ owner, lease_until: until })
    .where('id', '=', id)
    .where('status', 'in', UNFINISHED)
    .where('lease_until', '<', now)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** What is told of a generation that was started before. */
export async function startedOf(handle: Handle, id: GenerationId): Promise<Omit<Started, 'replayed'>> {
  const row = await handle
    .selectFrom('generations')
    .select(['created_at', 'deadline_at', 'model_served'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return { id, createdAt: row.created_at, deadlineAt: row.deadline_at, model: row.model_served }
}

/** Whether a process still answers for a generation, which has not ended. */
export async function isRunBy(handle: Handle, id: GenerationId, owner: string): Promise<boolean> {
  const row = await handle
    .selectFrom('generations')
    .select('id')
    .where('id', '=', id)
    .where('owner', '=', owner)
    .where('status', 'in', UNFINISHED)
    .executeTakeFirst()
  return row !== undefined
}

/** The same in a transaction that goes on only if it is so. */
export async function confirmOwner(trx: Transaction<Schema>, id: GenerationId, owner: string): Promise<boolean> {
  // Written, not only read: whoever takes it over at this moment waits, or makes us see it.
  const { numUpdatedRows } = await trx
    .updateTable('generations')
    .set({ owner })
    .where('id', '=', id)
    .where('owner', '=', owner)
    .where('status', 'in', UNFINISHED)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** The prices that a hold was made with, JSON. */
export async function pricingOf(handle: Handle, id: string): Promise<string> {
  const row = await handle
    .selectFrom('holds')
    .select('pricing')
    .where('generation_id', '=', id)
    .executeTakeFirstOrThrow()
  return row.pricing
}

/** Generations that nobody answers for any more: their lease has lapsed. */
export async function abandonedGenerations(handle: Handle, now: number, limit: number): Promise<GenerationRow[]> {
  return await handle
    .selectFrom('generations')
    .selectAll()
    .where('status', 'in', UNFINISHED)
    .where('lease_until', '<', now)
    .limit(limit)
    .execute()
}

export async function renewLeases(handle: Handle, ids: readonly GenerationId[], until: number): Promise<void> {
  if (ids.length === 0) return
  await handle
    .updateTable('generations')
    .set({ lease_until: until })
    .where('id', 'in', [...ids])
    .execute()
}

/** On one machine the lock on the directory proves that every other owner is dead: their leases end now. */
export async function expireForeignLeases(handle: Handle, owner: string): Promise<void> {
  await handle
    .updateTable('generations')
    .set({ lease_until: 0 })
    .where('owner', '!=', owner)
    .where('status', 'in', UNFINISHED)
    .execute()
}

/** The same picture may come twice in one generation; PostgreSQL refuses to upsert a row twice in one statement, so the last one counts. */
export async function rememberContinuations(trx: Transaction<Schema>, rows: readonly ContinuationRow[]): Promise<void> {
  if (rows.length === 0) return
  const distinct = new Map(rows.map((row) => [`${row.workspace_id} ${row.mode} ${row.model} ${row.sha256}`, row]))
  await trx
    .insertInto('continuations')
    .values([...distinct.values()])
    .onConflict((conflict) =>
      conflict
        .columns(['workspace_id', 'mode', 'model', 'sha256'])
        .doUpdateSet((set) => ({ token: set.ref('excluded.token'), expires_at: set.ref('excluded.expires_at') })),
    )
    .execute()
}

export async function findContinuations(
  handle: Handle,
  sight: Sight,
  model: string,
  hashes: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, string>> {
  if (hashes.length === 0) return new Map()
  const rows = await handle
    .selectFrom('continuations')
    .select(['sha256', 'token'])
    .where('workspace_id', '=', sight.workspaceId)
    .where('mode', '=', sight.mode)
    .where('model', '=', model)
    .where('sha256', 'in', [...hashes])
    .where('expires_at', '>', now)
    .execute()
  return new Map(rows.map(({ sha256, token }) => [sha256, token]))
}

/** Which of the pictures any model of the workspace has made and wants to see again. */
export async function knownContinuations(
  handle: Handle,
  sight: Sight,
  hashes: readonly string[],
  now: number,
): Promise<ReadonlySet<string>> {
  if (hashes.length === 0) return new Set()
  const rows = await handle
    .selectFrom('continuations')
    .select('sha256')
    .where('workspace_id', '=', sight.workspaceId)
    .where('mode', '=', sight.mode)
    .where('sha256', 'in', [...hashes])
    .where('expires_at', '>', now)
    .execute()
  return new Set(rows.map(({ sha256 }) => sha256))
}

export async function forgetContinuations(handle: Handle, now: number): Promise<void> {
  await handle.deleteFrom('continuations').where('expires_at', '<=', now).execute()
}

export function callerOf(row: GenerationRow): CallerFacts {
  return JSON.parse(row.caller) as CallerFacts
}

export function failureOf(row: GenerationRow): Failure | undefined {
  return row.failure === null ? undefined : (JSON.parse(row.failure) as Failure)
}

export function progressOf(row: GenerationRow): ProgressFacts | undefined {
  return row.progress === null ? undefined : (JSON.parse(row.progress) as ProgressFacts)
}

export function receiptOf(row: GenerationRow): Receipt | undefined {
  return row.receipt === null ? undefined : (JSON.parse(row.receipt) as Receipt)
}

export function usageOf(row: GenerationRow): TokenUsage | undefined {
  return row.usage === null ? undefined : (JSON.parse(row.usage) as TokenUsage)
}
