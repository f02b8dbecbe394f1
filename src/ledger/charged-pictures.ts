import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'

import type { Receipt, ReceiptImage } from '../core/receipt.ts'
import { spendTurn } from '../core/turn.ts'
import type { Database } from '../db/database.ts'
import type { AssetRow, GenerationImageRow, HoldRow } from '../db/schema.ts'
import { type Finding, REPORTED } from './finding.ts'

/** What the auditor needs of the asset store. */
export interface PictureReader {
  /** The bytes of a stored picture; undefined when there is no file of its size. The stream owns the file and closes it. */
  open(asset: StoredRow): Promise<Readable | undefined>
}

type StoredRow = Pick<AssetRow, 'sha256' | 'media_type' | 'bytes' | 'inline'>
type NamedRow = StoredRow & Pick<GenerationImageRow, 'generation_id' | 'position' | 'expires_at'>
type Charge = Pick<HoldRow, 'generation_id' | 'resolved_at'> & { readonly receipt: string | null }

/** Charges that are read at a time. */
const BATCH = 100

/** Beyond `PLANTAIN_ASSETS_MAX` the oldest pictures go before their time, but never within a day (design.md §6). */
const KEPT_AT_LEAST_MS = 86_400_000

/**
 * A7: whoever was charged can fetch what he was charged for. Its row says what the receipt says, and its bytes are those of its hash,
 * unless pictures were not stored or their time is over. `readSince` in epoch milliseconds: what was charged before is only looked
 * up. Pictures that live in their row are always read.
 */
export async function auditPictures(
  database: Database,
  pictures: PictureReader | undefined,
  readSince: number,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (let behind = ''; findings.length < REPORTED;) {
    const charges = await chargesBehind(database, behind)
    const rows = await namesOf(
      database,
      charges.map((charge) => charge.generation_id),
    )
    // After the reading: what has expired by now may be gone, what has not was there.
    const at = await database.now()
    for (const charge of charges) {
      const named = rows.filter((row) => row.generation_id === charge.generation_id)
      const reader = pictures && makeProof(pictures, (charge.resolved_at ?? 0) >= readSince)
      for (const problem of await problemsOf(charge, named, at, reader))
        findings.push({ check: 'A7', subject: charge.generation_id, message: `${RULE}: ${problem}` })
    }
    const last = charges.at(-1)
    if (last === undefined || charges.length < BATCH) break
    behind = last.generation_id
  }
  return findings.slice(0, REPORTED)
}

const RULE = 'a charged picture is there to its last byte'

async function chargesBehind({ db }: Database, behind: string): Promise<readonly Charge[]> {
  return await db
    .selectFrom('holds')
    .leftJoin('generations', 'generations.id', 'holds.generation_id')
    .select(['holds.generation_id', 'holds.resolved_at', 'generations.receipt'])
    .where('holds.state', '=', 'posted')
    .where('holds.generation_id', '>', behind)
    .orderBy('holds.generation_id')
    .limit(BATCH)
    .execute()
}

async function namesOf({ db }: Database, ids: readonly string[]): Promise<readonly NamedRow[]> {
  if (ids.length === 0) return []
  return await db
    .selectFrom('generation_images')
    .innerJoin('assets', 'assets.sha256', 'generation_images.sha256')
    .select(['generation_id', 'position', 'expires_at'])
    .select(['assets.sha256', 'media_type', 'bytes', 'inline'])
    .where('generation_id', 'in', ids)
    .where('role', '=', 'output')
    .execute()
}

/** Why the bytes of a row are not what it says; undefined when they are. */
type Proof = (row: StoredRow) => Promise<string | undefined>

async function problemsOf(
  { receipt: text, resolved_at: resolvedAt }: Charge,
  rows: readonly NamedRow[],
  at: number,
  proof: Proof | undefined,
): Promise<readonly string[]> {
  if (text === null) return ['the charge has no receipt']
  const { images, stored } = JSON.parse(text) as Receipt
  if (images.length === 0) return ['its receipt has no picture']
  if (!stored) return []
  const mayBeGone = at - (resolvedAt ?? 0) >= KEPT_AT_LEAST_MS
  const problems: string[] = []
  for (const image of images) {
    const row = rows.find(({ position }) => position === image.index)
    if (isOver(row?.expires_at ?? expiryOf(image), at) || (row === undefined && mayBeGone)) continue
    const problem = row === undefined ? 'no row names it' : (contradiction(row, image) ?? (await proof?.(row)))
    if (problem !== undefined) problems.push(`picture ${image.index}: ${problem}`)
  }
  return problems
}

function expiryOf({ expires_at: expiresAt }: ReceiptImage): number {
  return expiresAt === null ? 0 : Date.parse(expiresAt)
}

function isOver(expiresAt: number, at: number): boolean {
  return expiresAt <= at
}

function contradiction(row: NamedRow, { sha256, bytes }: ReceiptImage): string | undefined {
  if (row.sha256 !== sha256) return `found ${row.sha256}, expected ${sha256}`
  return row.bytes === bytes ? undefined : `found a row of ${row.bytes} bytes, expected ${bytes}`
}

function makeProof(pictures: PictureReader, isRead: boolean): Proof {
  return async (row) => {
    try {
      const stream = await pictures.open(row)
      if (stream === undefined) return `there is no file of ${row.bytes} bytes`
      if (isRead || row.inline !== null) return await difference(stream, row)
      stream.destroy()
      return undefined
    } catch (error) {
      return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`
    }
  }
}

async function difference(stream: Readable, { sha256, bytes }: StoredRow): Promise<string | undefined> {
  const hash = createHash('sha256')
  let found = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk)
    found += chunk.length
    await spendTurn(chunk.length)
  }
  const digest = hash.digest('hex')
  if (found !== bytes) return `found ${found} bytes, expected ${bytes}`
  return digest === sha256 ? undefined : `found bytes of ${digest}, expected ${sha256}`
}
