import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ContinuationRow } from '../db/schema.ts'
import { eachEngine } from '../db/test-database.ts'
import { findContinuations, forgetContinuations, rememberContinuations } from './continuations.ts'

const SIGHT = { workspaceId: 'ws-1', mode: 'test' } as const

const row = (sha256: string, token: string, expiresAt = 1000): ContinuationRow => ({
  workspace_id: SIGHT.workspaceId,
  mode: SIGHT.mode,
  model: 'test/tokens',
  sha256,
  token,
  expires_at: expiresAt,
})

eachEngine((_engine, open) => {
  test('a picture that comes twice in one generation, or again in another, keeps the last token', async () => {
    const database = await open()
    const find = () => findContinuations(database.db, SIGHT, 'test/tokens', ['aa', 'bb'], 500)

    await database.transaction((trx) =>
      rememberContinuations(trx, [row('aa', 'one'), row('bb', 'b'), row('aa', 'two')]),
    )
    const first = await find()
    await database.transaction((trx) => rememberContinuations(trx, [row('aa', 'three', 2000)]))
    const second = await find()

    assert.deepEqual(Object.fromEntries(first), { aa: 'two', bb: 'b' })
    assert.deepEqual(Object.fromEntries(second), { aa: 'three', bb: 'b' })
  })

  test('a token is found until it expires, and gone once it was forgotten', async () => {
    const database = await open()
    await database.transaction((trx) => rememberContinuations(trx, [row('aa', 'one', 1000), row('bb', 'two', 2000)]))

    const found = async (now: number) =>
      [...(await findContinuations(database.db, SIGHT, 'test/tokens', ['aa', 'bb'], now)).keys()].toSorted()

    assert.deepEqual(await found(999), ['aa', 'bb'])
    assert.deepEqual(await found(1000), ['bb'])
    await forgetContinuations(database.db, 1000)
    assert.deepEqual(await found(0), ['bb'])
  })
})
