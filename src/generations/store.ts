import { type Kysely, sql, type Transaction } from 'kysely'

import type { CallerFacts } from '../core/ask.ts'
import type { Failure } from '../core/errors.ts'
import type { GenerationId } from '../core/ids.ts'
import type { Mode, Progress, Receipt, TokenUsage } from '../core/receipt.ts'
import { prepared, preparedRows } from '../db/prepared.ts'
import type { AttemptRow, GenerationRow, Schema } from '../db/schema.ts'

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

/** What is told of a generation that was started before. */
export async function startedOf(handle: Handle, id: GenerationId): Promise<Omit<Started, 'replayed'>> {
  const row = await handle
    .selectFrom('generations')
    .select(['created_at', 'deadline_at', 'model_served'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return { id, createdAt: row.created_at, deadlineAt: row.deadline_at, model: row.model_served }
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
