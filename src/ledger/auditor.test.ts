import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Kysely } from 'kysely'

import type { Database } from '../db/database.ts'
import type { Schema } from '../db/schema.ts'
import { eachEngine } from '../db/test-database.ts'
import { audit } from './auditor.ts'
import type { Finding } from './finding.ts'
import type { TestBook } from './test-ledger.ts'
import { SUNDAY, testBook } from './test-ledger.ts'

/** What could go wrong, done by hand, and the rule that has to notice. */
const DAMAGES: readonly {
  readonly check: string
  readonly damage: string
  readonly subject: (book: TestBook) => string
  readonly inflict: (db: Kysely<Schema>, book: TestBook) => Promise<unknown>
}[] = [
  {
    check: 'A1',
    damage: 'a posting without its other half',
    subject: () => 'odd',
    inflict: (db, { workspaceId }) => post(db, 'odd', [[`${workspaceId}:test:revenue`, 5n]]),
  },
  {
    check: 'A2',
    damage: 'money that left the book of one mode for that of the other',
    subject: ({ workspaceId }) => `${workspaceId}:live:`,
    inflict: (db, { workspaceId }) =>
      post(db, 'across', [
        [`${workspaceId}:test:revenue`, -5n],
        [`${workspaceId}:live:revenue`, 5n],
      ]),
  },
  {
    check: 'A3',
    damage: 'a balance that no posting explains',
    subject: ({ workspaceId }) => `${workspaceId}:test:available`,
    inflict: (db, { workspaceId }) =>
      db
        .updateTable('balances')
        .set({ balance_nanos: 1n })
        .where('account', '=', `${workspaceId}:test:available`)
        .execute(),
  },
  {
    check: 'A3',
    damage: 'postings whose balance is missing',
    subject: ({ workspaceId }) => `${workspaceId}:test:lost`,
    inflict: (db, { workspaceId }) =>
      post(db, 'lost', [
        [`${workspaceId}:test:lost`, 5n],
        [`${workspaceId}:test:revenue`, -5n],
      ]),
  },
  {
    check: 'A4',
    damage: 'a negative balance',
    subject: ({ workspaceId }) => `${workspaceId}:test:available`,
    inflict: (db, { workspaceId }) =>
      db
        .updateTable('balances')
        .set({ balance_nanos: -1n })
        .where('account', '=', `${workspaceId}:test:available`)
        .execute(),
  },
  {
    check: 'A5',
    damage: 'a pending hold whose money is not held',
    subject: ({ workspaceId }) => `${workspaceId}:test:held`,
    inflict: (db) => db.updateTable('holds').set({ state: 'pending' }).where('generation_id', '=', 'settled').execute(),
  },
  {
    check: 'A6',
    damage: 'a hold that was settled and voided',
    subject: () => 'settled',
    inflict: (db) =>
      db
        .insertInto('transactions')
        .values({ id: 'again', kind: 'void', idempotency_key: 'again', generation_id: 'settled', created_at: 1 })
        .execute(),
  },
  {
    check: 'A6',
    damage: 'a hold that was resolved without a transaction',
    subject: () => 'pending',
    inflict: (db) => db.updateTable('holds').set({ state: 'voided' }).where('generation_id', '=', 'pending').execute(),
  },
  {
    check: 'A8',
    damage: 'a picture that no generation names',
    subject: () => 'orphan',
    inflict: (db) =>
      db
        .insertInto('assets')
        .values({
          sha256: 'orphan',
          media_type: 'image/png',
          width: 1,
          height: 1,
          bytes: 1,
          inline: null,
          created_at: 1,
        })
        .execute(),
  },
  {
    check: 'K1',
    damage: 'a key that holds more than its holds',
    subject: ({ keyHash }) => keyHash,
    inflict: (db) => db.updateTable('key_spend').set({ held_nanos: 1n }).execute(),
  },
  {
    check: 'K2',
    damage: 'a key that was charged without a hold',
    subject: ({ keyHash }) => keyHash,
    inflict: (db) => db.updateTable('key_spend').set({ settled_nanos: 1n }).execute(),
  },
]

eachEngine((_engine, open) => {
  let shared: Promise<{ readonly database: Database; readonly book: TestBook }> | undefined

  async function honestLedger() {
    const database = await open()
    const book = await testBook(database, { balance: 1000n })
    for (const id of ['settled', 'pending']) await book.hold(id, 100n)
    await book.settle('settled', 40n, { providerCost: 30n, loss: 2n })
    return { database, book }
  }

  for (const { check, damage, subject, inflict } of DAMAGES) {
    test(`${check} finds ${damage}`, async () => {
      const { database, book } = await (shared ??= honestLedger())
      let findings: readonly Finding[] = []

      // In a transaction that is rolled back, so that each damage meets an honest ledger.
      const damaged = database.transaction(async (trx) => {
        await inflict(trx, book)
        findings = await audit({ ...database, view: (work) => work(trx), now: async () => SUNDAY })
        throw new Error('undo')
      })

      await assert.rejects(damaged, /^Error: undo$/)
      assert.ok(
        findings.some((finding) => finding.check === check && finding.subject === subject(book)),
        JSON.stringify(findings),
      )
      assert.deepEqual(await audit(database), [])
    })
  }
})

async function post(db: Kysely<Schema>, id: string, postings: readonly (readonly [string, bigint])[]): Promise<void> {
  await db
    .insertInto('transactions')
    .values({ id, kind: 'damage', idempotency_key: id, generation_id: null, created_at: 1 })
    .execute()
  await db
    .insertInto('postings')
    .values(
      postings.map(([account, amount], n) => ({ id: `${id}.${n}`, transaction_id: id, account, amount_nanos: amount })),
    )
    .execute()
}
