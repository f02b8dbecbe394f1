import { readdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'

import type { ExpressionBuilder, Kysely } from 'kysely'

import type { Database } from '../db/database.ts'
import type { Schema } from '../db/schema.ts'
import type { Disk } from './disk.ts'

export interface Collected {
  /** Rows that named a picture and do so no longer. */
  readonly expiredRows: number
  readonly removedFiles: number
  /** Of the files. */
  readonly bytes: number
}

interface Parts {
  readonly directory: string
  readonly db: Database
  readonly disk: Disk | undefined
  readonly maxBytes?: number
}

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS
/** Rows or files per step, so that neither the database nor the worker is held up. */
const BATCH = 200
const FOLDERS = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, '0'))

/**
 * Rows first: those that have expired, then, beyond `maxBytes`, the oldest, never younger than a day. A file follows when no row
 * has named it for an hour; the worker compares its time when it unlinks, and keeping a picture renews it, so a picture that is
 * being kept is never lost.
 */
export function makeCollect({ directory, db, disk, maxBytes }: Parts): (now: number) => Promise<Collected> {
  return async (now) => {
    let expiredRows = await expire(now)
    const kept = await releaseUnnamed(now)
    const limit = maxBytes ?? (disk === undefined ? Infinity : await halfOfDisk(directory))
    if (kept > limit) expiredRows += await shrink(kept - limit, now)
    if (disk === undefined) return { expiredRows, removedFiles: 0, bytes: 0 }

    const unnamed = await unnamedFiles()
    await db.durable() // A row that came back after a crash must not name a file that is gone.
    let removedFiles = 0
    let bytes = 0
    for (const names of batches(unnamed)) {
      const removed = await disk.run({ order: 'remove', names, olderThan: now - HOUR_MS })
      removedFiles += removed.files
      bytes += removed.bytes
    }
    const tidied = await disk.run({ order: 'tidy', olderThan: now - DAY_MS })
    return { expiredRows, removedFiles: removedFiles + tidied.files, bytes: bytes + tidied.bytes }
  }

  async function expire(now: number): Promise<number> {
    for (let rows = 0; ;) {
      const { expired, released } = await db.transaction(async (trx) => {
        const found = await trx
          .selectFrom('generation_images')
          .select('sha256')
          .distinct()
          .where('expires_at', '<=', now)
          .limit(BATCH)
          .execute()
        const hashes = found.map(({ sha256 }) => sha256)
        if (hashes.length === 0) return { expired: 0, released: [] }
        const gone = await trx
          .deleteFrom('generation_images')
          .where('sha256', 'in', hashes)
          .where('expires_at', '<=', now)
          .returning('sha256')
          .execute()
        return { expired: gone.length, released: await release(trx, hashes, now) }
      })
      await renew(released, now)
      rows += expired
      if (expired === 0) return rows
    }
  }

  /** The pictures that were named longest ago lose their names until `excess` bytes have none. */
  async function shrink(excess: number, now: number): Promise<number> {
    for (let rows = 0, left = excess; ;) {
      const { unnamed, released } = await db.transaction(async (trx) => {
        const found = await trx
          .selectFrom('generation_images')
          .innerJoin('assets', 'assets.sha256', 'generation_images.sha256')
          .select(['assets.sha256', 'assets.bytes'])
          .groupBy(['assets.sha256', 'assets.bytes'])
          .having(({ fn }) => fn.max('generation_images.created_at'), '<=', now - DAY_MS)
          .orderBy(({ fn }) => fn.max('generation_images.created_at'))
          .limit(BATCH)
          .execute()
        const hashes = untilEnough(found, left)
        if (hashes.length === 0) return { unnamed: 0, released: [] }
        const gone = await trx
          .deleteFrom('generation_images')
          .where('sha256', 'in', hashes)
          .returning('sha256')
          .execute()
        return { unnamed: gone.length, released: await release(trx, hashes, now) }
      })
      await renew(released, now)
      rows += unnamed
      left -= released.reduce((total, { bytes }) => total + bytes, 0)
      if (left <= 0 || unnamed === 0) return rows
    }
  }

  /** Removes asset rows that nothing names, and counts the bytes of all others. */
  async function releaseUnnamed(now: number): Promise<number> {
    for (let total = 0, behind = ''; ;) {
      const rows = await db.db
        .selectFrom('assets')
        .select(['sha256', 'bytes'])
        .select((where) => where.exists(namesOf(where)).as('named'))
        .where('sha256', '>', behind)
        .orderBy('sha256')
        .limit(BATCH)
        .execute()
      const unnamed = rows.filter(({ named }) => !named).map(({ sha256 }) => sha256)
      await renew(await db.transaction((trx) => release(trx, unnamed, now)), now)
      total += rows.reduce((sum, { bytes }) => sum + bytes, 0)
      const last = rows.at(-1)
      if (last === undefined || rows.length < BATCH) return total
      behind = last.sha256
    }
  }

  /** The hour begins when the row goes, not when the file came. */
  async function renew(released: readonly { sha256: string }[], now: number): Promise<void> {
    for (const names of batches(released.map(({ sha256 }) => sha256)))
      await disk?.run({ order: 'touch', names, at: now })
  }

  async function unnamedFiles(): Promise<string[]> {
    const unnamed: string[] = []
    for (const folder of FOLDERS) {
      const files = await readdir(join(directory, folder)).catch(() => [])
      for (const names of batches(files)) {
        const rows = await db.db.selectFrom('assets').select('sha256').where('sha256', 'in', names).execute()
        const named = new Set(rows.map(({ sha256 }) => sha256))
        unnamed.push(...names.filter((name) => !named.has(name)))
      }
    }
    return unnamed
  }
}

/** Removes the rows of those pictures that nothing names and nobody has kept within the hour. */
async function release(
  trx: Kysely<Schema>,
  hashes: readonly string[],
  now: number,
): Promise<{ sha256: string; bytes: number }[]> {
  if (hashes.length === 0) return []
  return trx
    .deleteFrom('assets')
    .where('sha256', 'in', hashes)
    .where('created_at', '<=', now - HOUR_MS)
    .where((where) => where.not(where.exists(namesOf(where))))
    .returning(['sha256', 'bytes'])
    .execute()
}

function namesOf(where: ExpressionBuilder<Schema, 'assets'>) {
  return where.selectFrom('generation_images').select('role').whereRef('generation_images.sha256', '=', 'assets.sha256')
}

function untilEnough(pictures: readonly { sha256: string; bytes: number }[], wanted: number): string[] {
  let left = wanted
  return pictures.flatMap(({ sha256, bytes }) => {
    if (left <= 0) return []
    left -= bytes
    return [sha256]
  })
}

function* batches(names: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < names.length; at += BATCH) yield names.slice(at, at + BATCH)
}

async function halfOfDisk(directory: string): Promise<number> {
  const { bsize, blocks } = await statfs(directory)
  return (bsize * blocks) / 2
}
