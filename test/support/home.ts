import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Client } from 'pg'

export type DatabaseKind = 'sqlite' | 'postgres'

/** Where a gateway keeps its data: a temporary directory, and on PostgreSQL a schema of its own. Outlives the gateway until removed. */
export interface Home {
  readonly directory: string
  readonly databaseUrl: string | undefined
  readonly remove: () => Promise<void>
}

/** Databases that tests of money run on. CI names a PostgreSQL; elsewhere it may be absent. */
export const DATABASES: readonly DatabaseKind[] =
  process.env['TEST_DATABASE_URL'] === undefined ? ['sqlite'] : ['sqlite', 'postgres']

export async function makeHome(kind: DatabaseKind = 'sqlite'): Promise<Home> {
  const directory = mkdtempSync(join(tmpdir(), 'plantain-test-'))
  const removeDirectory = () => rmSync(directory, { recursive: true, force: true })
  if (kind === 'sqlite') return { directory, databaseUrl: undefined, remove: async () => removeDirectory() }

  const url = process.env['TEST_DATABASE_URL']
  if (url === undefined) throw new Error('PostgreSQL needs TEST_DATABASE_URL')
  const schema = `plantain_${randomBytes(8).toString('hex')}`
  await query(url, `create schema ${schema}`)
  const scoped = new URL(url)
  scoped.searchParams.set('options', `-c search_path=${schema}`)
  return {
    directory,
    databaseUrl: scoped.href,
    async remove() {
      await query(url, `drop schema ${schema} cascade`)
      removeDirectory()
    },
  }
}

async function query(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
