import type { Kysely } from 'kysely'

import type { KeyFacts } from '../core/ask.ts'
import type { Nanos } from '../core/money.ts'
import { ZERO } from '../core/money.ts'
import type { ApiKeyRow, Schema } from '../db/schema.ts'
import { limitWindow, spendWindows } from '../db/spend-windows.ts'

/** What keys have spent in the windows of one moment. */
export type Spend = ReadonlyMap<string, { readonly held: Nanos; readonly settled: Nanos }>

/** Reads the present windows of some keys in one query. */
export async function readSpend(db: Kysely<Schema>, hashes: readonly string[], at: number): Promise<Spend> {
  if (hashes.length === 0) return new Map()
  const rows = await db
    .selectFrom('key_spend')
    .selectAll()
    .where('key_hash', 'in', hashes)
    .where('window', 'in', Object.values(spendWindows(at)))
    .execute()
  return new Map(
    rows.map((row) => [
      entryOf(row.key_hash, row.window),
      { held: row.held_nanos as Nanos, settled: row.settled_nanos as Nanos },
    ]),
  )
}

/** A key as its owner may see it. Usage is what was charged in a window; the remaining limit counts open holds as spent too. */
export function factsOf(row: ApiKeyRow, spend: Spend, at: number): KeyFacts {
  const windows = spendWindows(at)
  const used = (window: string): Nanos => spend.get(entryOf(row.hash, window))?.settled ?? ZERO
  return {
    hash: row.hash,
    name: row.name,
    label: row.label,
    mode: row.mode,
    disabled: row.disabled === 1,
    limit: (row.limit_nanos as Nanos | null) ?? undefined,
    limitReset: row.limit_reset ?? undefined,
    limitRemaining: remaining(row, spend, at),
    usage: {
      total: used(windows.total),
      daily: used(windows.daily),
      weekly: used(windows.weekly),
      monthly: used(windows.monthly),
    },
    createdAt: row.created_at,
    updatedAt: row.updated_at ?? undefined,
    expiresAt: row.expires_at ?? undefined,
    workspaceId: row.workspace_id,
  }
}

function remaining(row: ApiKeyRow, spend: Spend, at: number): Nanos | undefined {
  if (row.limit_nanos === null) return undefined
  const window = limitWindow(row.limit_reset ?? undefined, spendWindows(at))
  const { held, settled } = spend.get(entryOf(row.hash, window)) ?? { held: ZERO, settled: ZERO }
  const left = row.limit_nanos - held - settled
  return (left > 0n ? left : 0n) as Nanos
}

function entryOf(keyHash: string, window: string): string {
  return `${keyHash} ${window}`
}
