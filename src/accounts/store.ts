import { randomBytes } from 'node:crypto'

import type { Kysely } from 'kysely'

import type { KeyChange, KeyFacts, NewKey } from '../core/ask.ts'
import type { Clock } from '../core/clock.ts'
import type { Failure } from '../core/errors.ts'
import { fail } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { err, ok } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import type { ApiKeyRow, Schema, WorkspaceRow } from '../db/schema.ts'
import { makeKeyCache } from './key-cache.ts'
import { factsOf, readSpend } from './key-facts.ts'
import { makeKeyText, parseKey } from './keys.ts'
import type { Principal } from './principal.ts'

/** Workspaces and their API keys. Rows are never deleted, and every change is on disk before its promise resolves. */
export interface Accounts {
  /**
   * Who a key belongs to. Anything that is not a key's text is refused without touching the database. A change made elsewhere is
   * seen after at most 5 s, one made here at once. Rejects when the database cannot be asked: that is not the caller's fault.
   */
  authenticate(text: string | undefined): Promise<Result<Principal, Failure>>
  createKey(key: NewKey): Promise<Result<CreatedKey, Failure>>
  /** Newest first, deleted ones left out. */
  listKeys(page: KeyPage): Promise<readonly KeyFacts[]>
  getKey(hash: string): Promise<Result<KeyFacts, Failure>>
  updateKey(hash: string, change: KeyChange): Promise<Result<KeyFacts, Failure>>
  /** The key stops working and is no longer listed; its row and its spend stay. */
  deleteKey(hash: string): Promise<Result<void, Failure>>
  createWorkspace(name: string): Promise<WorkspaceRow>
  defaultWorkspaceId(): Promise<string>
}

export interface CreatedKey {
  readonly facts: KeyFacts
  /** The full text. It is stored nowhere and cannot be shown again. */
  readonly key: string
}

export interface KeyPage {
  readonly includeDisabled: boolean
  readonly offset: number
  readonly limit: number
  readonly workspaceId?: string
}

interface Parts {
  readonly database: Database
  readonly clock: Clock
}

export function makeAccounts({ database, clock }: Parts): Accounts {
  const { db } = database

  const keys = makeKeyCache({ clock, read: (hash) => findKey(db, hash) })

  async function facts(row: ApiKeyRow): Promise<KeyFacts> {
    const at = await database.now()
    return factsOf(row, await readSpend(db, [row.hash], at), at)
  }

  return {
    async authenticate(text) {
      if (text === undefined) return err(fail('invalid_api_key', 'An API key is needed: Authorization: Bearer sk-pl-…'))
      const parsed = parseKey(text)
      if (parsed === undefined) {
        return err(fail('invalid_api_key', 'This is not a Plantain API key, or it was mistyped or cut off.'))
      }
      const row = await keys.find(parsed.hash)
      if (row === undefined) return err(fail('invalid_api_key', 'This API key does not exist or was deleted.'))
      if (row.disabled === 1) return err(fail('invalid_api_key', 'This API key is disabled.'))
      if (row.expires_at !== null && row.expires_at <= (await database.now())) {
        return err(fail('invalid_api_key', 'This API key has expired.'))
      }
      return ok({ keyHash: row.hash, workspaceId: row.workspace_id, mode: row.mode, label: row.label })
    },

    async createKey(key) {
      const workspaceId = key.workspaceId ?? (await defaultWorkspaceId(db))
      if (!(await workspaceExists(db, workspaceId))) {
        return err(fail('not_found', 'There is no such workspace.', { field: 'workspace_id' }))
      }
      const created = await insertKey(db, { ...key, workspaceId }, await database.now())
      await database.durable()
      return ok({ facts: await facts(created.row), key: created.text })
    },

    async listKeys({ includeDisabled, offset, limit, workspaceId }) {
      let query = db.selectFrom('api_keys').selectAll().where('deleted_at', 'is', null)
      if (!includeDisabled) query = query.where('disabled', '=', 0)
      if (workspaceId !== undefined) query = query.where('workspace_id', '=', workspaceId)
      const rows = await query.orderBy('created_at', 'desc').orderBy('hash').limit(limit).offset(offset).execute()
      const at = await database.now()
      const spend = await readSpend(
        db,
        rows.map(({ hash }) => hash),
        at,
      )
      return rows.map((row) => factsOf(row, spend, at))
    },

    async getKey(hash) {
      const row = await findKey(db, hash)
      return row === undefined ? err(noSuchKey()) : ok(await facts(row))
    },

    async updateKey(hash, change) {
      const row = await db
        .updateTable('api_keys')
        .set({
          ...(change.name !== undefined && { name: change.name }),
          ...(change.disabled !== undefined && { disabled: change.disabled ? 1 : 0 }),
          ...(change.limit !== undefined && { limit_nanos: change.limit }),
          ...(change.limitReset !== undefined && { limit_reset: change.limitReset }),
          updated_at: await database.now(),
        })
        .where('hash', '=', hash)
        .where('deleted_at', 'is', null)
        .returningAll()
        .executeTakeFirst()
      keys.forget(hash)
      if (row === undefined) return err(noSuchKey())
      await database.durable()
      return ok(await facts(row))
    },

    async deleteKey(hash) {
      const at = await database.now()
      const { numUpdatedRows } = await db
        .updateTable('api_keys')
        .set({ deleted_at: at, updated_at: at })
        .where('hash', '=', hash)
        .where('deleted_at', 'is', null)
        .executeTakeFirst()
      keys.forget(hash)
      if (numUpdatedRows === 0n) return err(noSuchKey())
      await database.durable()
      return ok(undefined)
    },

    async createWorkspace(name) {
      const row = { id: newId('ws'), name, is_default: 0, created_at: await database.now() }
      await db.insertInto('workspaces').values(row).execute()
      await database.durable()
      return row
    },

    defaultWorkspaceId: () => defaultWorkspaceId(db),
  }
}

/** Writes a key in the workspace it names and returns its text, which is nowhere else. */
export async function insertKey(
  db: Kysely<Schema>,
  key: NewKey & { readonly workspaceId: string },
  at: number,
): Promise<{ readonly row: ApiKeyRow; readonly text: string }> {
  const mode = key.mode ?? 'live'
  const text = makeKeyText(mode, randomBytes(32))
  const parsed = parseKey(text)
  if (parsed === undefined) throw new Error('a key that was just made does not parse')
  const row: ApiKeyRow = {
    hash: parsed.hash,
    workspace_id: key.workspaceId,
    name: key.name,
    label: parsed.label,
    mode,
    disabled: 0,
    deleted_at: null,
    limit_nanos: key.limit ?? null,
    limit_reset: key.limitReset ?? null,
    expires_at: key.expiresAt ?? null,
    created_at: at,
    updated_at: null,
  }
  await db.insertInto('api_keys').values(row).execute()
  return { row, text }
}

function findKey(db: Kysely<Schema>, hash: string): Promise<ApiKeyRow | undefined> {
  return db
    .selectFrom('api_keys')
    .selectAll()
    .where('hash', '=', hash)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
}

async function defaultWorkspaceId(db: Kysely<Schema>): Promise<string> {
  const row = await db.selectFrom('workspaces').select('id').where('is_default', '=', 1).executeTakeFirst()
  if (row === undefined) throw new Error('there is no default workspace: the first start did not happen')
  return row.id
}

async function workspaceExists(db: Kysely<Schema>, id: string): Promise<boolean> {
  const row = await db.selectFrom('workspaces').select('id').where('id', '=', id).executeTakeFirst()
  return row !== undefined
}

function noSuchKey(): Failure {
  return fail('not_found', 'There is no such API key.')
}
