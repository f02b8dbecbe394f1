import type { Kysely, Transaction } from 'kysely'

import type { CallerFacts } from '../core/ask.ts'
import type { GenerationId } from '../core/ids.ts'
import type { Mode, Receipt, TokenUsage } from '../core/receipt.ts'
import { prepared, preparedRows } from '../db/prepared.ts'
import type { AttemptRow, ContinuationRow, GenerationRow, Schema } from '../db/schema.ts'

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
  'quote',
  'receipt',
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
  'state',
  'status',
  'upstream_id',
  'cost_nanos',
  'error',
  'sent_at',
  'finished_at',
  'ms',
] as const satisfies readonly (keyof AttemptRow)[]

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
      upstream_id: value('upstream_id'),
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
    provider: closing.provider,
    usage: closing.usage ? JSON.stringify(closing.usage) : null,
    text: closing.text ?? null,
    native_finish_reason: closing.nativeFinishReason ?? null,
    finished_at: closing.at,
  })
}

type GenerationEnd = Pick<
  GenerationRow,
  'id' | 'status' | 'receipt' | 'provider' | 'usage' | 'text' | 'native_finish_reason' | 'finished_at'
>

const updateGeneration = prepared<GenerationEnd>((db, value) =>
  db
    .updateTable('generations')
    .set({
      status: value('status'),
      receipt: value('receipt'),
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

/** Generations that nobody answers for any more: their lease has lapsed. */
export async function abandonedGenerations(handle: Handle, now: number, limit: number): Promise<GenerationRow[]> {
  return await handle
    .selectFrom('generations')
    .selectAll()
    .where('status', 'in', ['held', 'running', 'stored'])
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
    .where('status', 'in', ['held', 'running', 'stored'])
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

export async function forgetContinuations(handle: Handle, now: number): Promise<void> {
  await handle.deleteFrom('continuations').where('expires_at', '<=', now).execute()
}

export function callerOf(row: GenerationRow): CallerFacts {
  return JSON.parse(row.caller) as CallerFacts
}

export function receiptOf(row: GenerationRow): Receipt | undefined {
  return row.receipt === null ? undefined : (JSON.parse(row.receipt) as Receipt)
}

export function usageOf(row: GenerationRow): TokenUsage | undefined {
  return row.usage === null ? undefined : (JSON.parse(row.usage) as TokenUsage)
}
