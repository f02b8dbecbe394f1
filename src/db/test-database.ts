import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { Client } from 'pg'

import { systemClock } from '../core/clock.ts'
import type { Database, DatabaseOptions } from './database.ts'
import { openDatabase } from './open.ts'

/** Opens a fresh, empty database. It is closed and removed when the suite ends, if the test has not closed it itself. */
export type OpenScratch = (options?: Partial<Omit<DatabaseOptions, 'url' | 'directory'>>) => Promise<Database>

/** For tests only: runs a suite on SQLite, and on PostgreSQL when TEST_DATABASE_URL is set; else a skipped test says so. */
export function eachEngine(suite: (engine: Database['engine'], open: OpenScratch) => void): void {
  describe('sqlite', () => suite('sqlite', scratch(sqliteTarget)))

  const url = process.env['TEST_DATABASE_URL']
  if (url === undefined) {
    test('PostgreSQL: not run (TEST_DATABASE_URL is not set)', { skip: true })
  } else {
    describe('postgres', () =>
      suite(
        'postgres',
        scratch(() => postgresTarget(url)),
      ))
  }
}

/** A place that no one else uses, and how it goes away. */
interface Target {
  readonly url?: string
  readonly directory: string
  readonly remove: () => Promise<void>
}

function scratch(makeTarget: () => Promise<Target>): OpenScratch {
  const opened: { readonly database: Database; readonly target: Target }[] = []

  after(async () => {
    for (const { database, target } of opened) {
      await database.close()
      await target.remove()
    }
  })

  return async (options = {}) => {
    const { remove, ...place } = await makeTarget()
    const database = await openDatabase({ clock: systemClock, onFatal: rethrow, ...place, ...options })
    opened.push({ database, target: { remove, ...place } })
    return database
  }
}

function rethrow(error: Error): never {
  throw error
}

/** A new empty directory, for tests that open their own files. The caller removes it. */
export function scratchDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'plantain-'))
}

async function sqliteTarget(): Promise<Target> {
  const directory = scratchDirectory()
  return { directory, remove: async () => rmSync(directory, { recursive: true, force: true }) }
}

/** A schema of its own: made in milliseconds, where a whole database takes a second. */
async function postgresTarget(url: string): Promise<Target> {
  const schema = `plantain_${randomBytes(8).toString('hex')}`
  await command(url, `create schema ${schema}`)
  const scoped = new URL(url)
  scoped.searchParams.set('options', `-c search_path=${schema}`)
  return {
    url: scoped.href,
    directory: tmpdir(),
    remove: () => command(url, `drop schema ${schema} cascade`),
  }
}

async function command(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
