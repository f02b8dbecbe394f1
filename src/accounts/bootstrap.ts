import type { Transaction } from 'kysely'

import { newId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import { usd } from '../core/money.ts'
import type { Database } from '../db/database.ts'
import type { Schema } from '../db/schema.ts'
import { insertKey } from './store.ts'

/** The texts of the two keys of a new install, shown this once. */
export interface FirstKeys {
  readonly test: string
  readonly live: string
}

interface Parts {
  readonly database: Database
  /** Puts money into the test balance of a workspace, in the given transaction. */
  readonly fundTest: (trx: Transaction<Schema>, grant: TestGrant) => Promise<unknown>
}

export interface TestGrant {
  readonly workspaceId: string
  readonly amount: Nanos
  readonly at: number
}

const TEST_BALANCE = usd('100')

/**
 * First start: a default workspace, one test key, one live key and $100 of test money, all or nothing and on disk. Undefined on
 * every later start, and for all but one of several nodes that start at the same time.
 */
export async function bootstrap({ database, fundTest }: Parts): Promise<FirstKeys | undefined> {
  const at = await database.now()
  const keys = await database.transaction(async (trx) => {
    const workspaceId = newId('ws')
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('workspaces')
      .values({ id: workspaceId, name: 'Default', is_default: 1, created_at: at })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows !== 1n) return undefined

    const test = await insertKey(trx, { name: 'First test key', mode: 'test', workspaceId }, at)
    const live = await insertKey(trx, { name: 'First live key', mode: 'live', workspaceId }, at)
    await fundTest(trx, { workspaceId, amount: TEST_BALANCE, at })
    return { test: test.text, live: live.text }
  })
  await database.durable()
  return keys
}
