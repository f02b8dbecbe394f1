import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { openDatabase } from '../db/open.ts'
import { scratchDirectory } from '../db/test-database.ts'
import { bootstrap } from './bootstrap.ts'
import { makeLocalKey } from './local-key.ts'
import { makeAccounts } from './store.ts'

test('the local key stands for the oldest usable key of a mode, and for an admin that no other key can be', async (context) => {
  const database = await openDatabase({
    directory: scratchDirectory(),
    clock: systemClock,
    onFatal: assert.fail,
  })
  context.after(() => database.close())
  await bootstrap({ database, fundTest: async () => {} })
  const accounts = makeAccounts({ database, clock: systemClock })
  const local = makeLocalKey(accounts, systemClock)
  const [first] = (await accounts.listKeys({ includeDisabled: true, offset: 0, limit: 10 })).filter(
    ({ mode }) => mode === 'test',
  )
  assert.ok(first)

  const asTest = await local.authenticate(`${local.key}.test`)
  const asAdmin = await local.authenticate(`${local.key}.admin`)

  assert.ok(asTest?.ok && asTest.value.keyHash === first.hash && asTest.value.mode === 'test')
  assert.ok(asAdmin?.ok && asAdmin.value.mode === 'admin' && asAdmin.value.isLocal === true)
})

test('keys that are disabled or have expired are not stood for', async (context) => {
  const database = await openDatabase({
    directory: scratchDirectory(),
    clock: systemClock,
    onFatal: assert.fail,
  })
  context.after(() => database.close())
  await bootstrap({ database, fundTest: async () => {} })
  const accounts = makeAccounts({ database, clock: systemClock })
  const local = makeLocalKey(accounts, systemClock)
  for (const { hash, mode } of await accounts.listKeys({ includeDisabled: false, offset: 0, limit: 10 })) {
    if (mode === 'test') await accounts.updateKey(hash, { disabled: true })
  }
  await accounts.createKey({ name: 'gone', mode: 'test', expiresAt: systemClock.now() - 1 })

  const refused = await local.authenticate(`${local.key}.test`)

  assert.ok(refused && !refused.ok && refused.error.code === 'forbidden')
})

test('another process’s local key is refused, and any other text is left to the key store', async () => {
  const accounts = makeAccounts({ database: { db: undefined } as never, clock: systemClock })
  const local = makeLocalKey(accounts, systemClock)

  const foreign = await local.authenticate(`local-${'0'.repeat(64)}.admin`)

  assert.ok(foreign && !foreign.ok && foreign.error.code === 'invalid_api_key')
  for (const text of ['', 'sk-pl-test-x', local.key, `${local.key}.root`])
    assert.equal(await local.authenticate(text), undefined)
})
