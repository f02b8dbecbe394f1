import { readdirSync } from 'node:fs'

import type { TestGatewayHere } from './gateway.ts'

const TABLES = [
  'generations',
  'attempts',
  'holds',
  'transactions',
  'postings',
  'assets',
  'generation_images',
  'continuations',
  'key_spend',
  'idempotency_keys',
] as const

/** Everything that a request may leave behind: rows, balances and files. Two of these are equal when nothing happened between. */
export async function books({ database, directory }: TestGatewayHere) {
  const counts = await Promise.all(
    TABLES.map(async (table) => {
      const { count } = await database.db
        .selectFrom(table)
        .select((row) => row.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
      return [table, count] as const
    }),
  )
  return {
    rows: Object.fromEntries(counts),
    balances: await database.db.selectFrom('balances').selectAll().orderBy('account').execute(),
    files: readdirSync(`${directory}/assets`, { recursive: true }).map(String).toSorted(),
  }
}
