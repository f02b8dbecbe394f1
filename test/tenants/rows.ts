import type { Database } from '../../src/db/database.ts'
import type { Schema } from '../../src/db/schema.ts'

const TABLES = [
  'workspaces',
  'api_keys',
  'key_spend',
  'balances',
  'transactions',
  'postings',
  'holds',
  'generations',
  'attempts',
  'assets',
  'generation_images',
  'continuations',
  'idempotency_keys',
  'settings',
] as const satisfies readonly (keyof Schema)[]

/** What the gateway writes by itself while time passes. A picture is marked as kept again by whoever brings the same bytes. */
const RESTLESS = new Set(['generations.lease_until', 'generations.progress', 'assets.created_at'])

export interface Row {
  readonly table: string
  readonly values: Readonly<Record<string, unknown>>
  /** The row as text; two of the same row are equal. */
  readonly text: string
}

/** Every row of every table. */
export async function allRows({ db }: Database): Promise<readonly Row[]> {
  const tables = await Promise.all(
    TABLES.map(async (table) => {
      const rows = (await db.selectFrom(table).selectAll().execute()) as readonly Record<string, unknown>[]
      return rows.map((values) => ({ table, values, text: textOf(table, values) }))
    }),
  )
  return tables.flat()
}

/** The rows as a text to compare. */
export function fingerprint(rows: readonly Row[]): readonly string[] {
  return rows.map(({ text }) => text).toSorted()
}

/** The rows that belong to one workspace, by whatever leads to it, and the settings of the install. */
export function rowsOf(rows: readonly Row[], workspaceId: string): readonly Row[] {
  const idsOf = (table: string, id: string) =>
    new Set(
      rows
        .filter((row) => row.table === table && row.values['workspace_id'] === workspaceId)
        .map(({ values }) => values[id]),
    )
  const keys = idsOf('api_keys', 'hash')
  const generations = idsOf('generations', 'id')
  const isOwnBook = ({ values }: Row) => String(values['account']).startsWith(`${workspaceId}:`)
  const transactions = new Set(
    rows.filter((row) => row.table === 'postings' && isOwnBook(row)).map(({ values }) => values['transaction_id']),
  )
  const pictures = new Set(
    rows
      .filter(({ table, values }) => table === 'generation_images' && generations.has(values['generation_id']))
      .map(({ values }) => values['sha256']),
  )
  return rows.filter((row) => {
    const { table, values } = row
    switch (table) {
      case 'workspaces':
        return values['id'] === workspaceId
      case 'key_spend':
        return keys.has(values['key_hash'])
      case 'balances':
      case 'postings':
        return isOwnBook(row)
      case 'transactions':
        return transactions.has(values['id'])
      case 'attempts':
      case 'generation_images':
        return generations.has(values['generation_id'])
      case 'assets':
        return pictures.has(values['sha256'])
      case 'settings':
        return true
      default:
        return values['workspace_id'] === workspaceId
    }
  })
}

function textOf(table: string, values: Readonly<Record<string, unknown>>): string {
  const told = Object.entries(values).filter(([name]) => !RESTLESS.has(`${table}.${name}`))
  return `${table} ${JSON.stringify(told, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  )}`
}
