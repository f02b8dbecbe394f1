import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { type Assets, type KeptPicture, makeAssets } from '../assets/assets.ts'
import { insertAsset, nameImage } from '../assets/store.ts'
import { binaryBlob, noise } from '../assets/test-pictures.ts'
import { systemClock } from '../core/clock.ts'
import type { Database } from '../db/database.ts'
import { eachEngine, scratchDirectory } from '../db/test-database.ts'
import { audit, makeAudit } from './auditor.ts'
import { SUNDAY, type TestBook, testBook } from './test-ledger.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const EXPIRES_AT = SUNDAY + 30 * DAY_MS

/** A ledger whose charges have their pictures in a real store. */
interface Gallery {
  readonly database: Database
  readonly assets: Assets
  readonly book: TestBook
  readonly fileOf: (picture: KeptPicture) => string
  /** A charged generation with these pictures. */
  sell(id: string, pictures: readonly KeptPicture[], stored?: boolean): Promise<void>
  keep(side: number): Promise<KeptPicture>
  /** `A7 <generation>: <what is wrong>` of every finding at that moment. */
  findings(wish?: { readonly at?: number; readonly readSince?: number; readonly store?: 'off' }): Promise<string[]>
}

/** What could happen to a charged picture, and what is said about it. `big` lives in a file, `small` in its row. */
const DAMAGES: readonly {
  readonly damage: string
  readonly told: RegExp
  readonly inflict: (gallery: Gallery, sold: { readonly big: KeptPicture; readonly small: KeptPicture }) => unknown
}[] = [
  {
    damage: 'whose generation has no receipt',
    told: /: the charge has no receipt$/,
    inflict: ({ database }) => database.db.updateTable('generations').set({ receipt: null }).execute(),
  },
  {
    damage: 'without a picture',
    told: /: its receipt has no picture$/,
    inflict: ({ database }) =>
      database.db
        .updateTable('generations')
        .set({ receipt: receiptOf([], true) })
        .execute(),
  },
  {
    damage: 'whose second picture no row names',
    told: /: picture 1: no row names it$/,
    inflict: ({ database }) => database.db.deleteFrom('generation_images').where('position', '=', 1).execute(),
  },
  {
    damage: 'whose pictures have changed places',
    told: /: picture 0: found [0-9a-f]{64}, expected [0-9a-f]{64}$/,
    inflict: ({ database }, { small }) =>
      database.db.updateTable('generation_images').set({ sha256: small.sha256 }).where('position', '=', 0).execute(),
  },
  {
    damage: 'whose row tells another size',
    told: /: picture 0: found a row of 7 bytes, expected \d+$/,
    inflict: ({ database }, { big }) =>
      database.db.updateTable('assets').set({ bytes: 7 }).where('sha256', '=', big.sha256).execute(),
  },
  {
    damage: 'whose file is gone',
    told: /: picture 0: there is no file of \d+ bytes$/,
    inflict: ({ fileOf }, { big }) => rm(fileOf(big)),
  },
  {
    damage: 'whose file is cut off',
    told: /: picture 0: there is no file of \d+ bytes$/,
    inflict: ({ fileOf }, { big }) => truncate(fileOf(big), big.bytes - 1),
  },
  {
    damage: 'whose file has one bit turned over',
    told: /: picture 0: found bytes of [0-9a-f]{64}, expected [0-9a-f]{64}$/,
    inflict: async ({ fileOf }, { big }) => {
      const bytes = await readFile(fileOf(big))
      bytes[bytes.length - 9] = (bytes.at(-9) ?? 0) ^ 1
      await writeFile(fileOf(big), bytes)
    },
  },
  {
    damage: 'whose bytes in the row are others',
    told: /: picture 1: found bytes of [0-9a-f]{64}, expected [0-9a-f]{64}$/,
    inflict: ({ database }, { small }) =>
      database.db
        .updateTable('assets')
        .set({ inline: randomBytes(small.bytes) })
        .where('sha256', '=', small.sha256)
        .execute(),
  },
  {
    damage: 'whose bytes in the row are too few',
    told: /: picture 1: found 3 bytes, expected \d+$/,
    inflict: ({ database }, { small }) =>
      database.db
        .updateTable('assets')
        .set({ inline: randomBytes(3) })
        .where('sha256', '=', small.sha256)
        .execute(),
  },
]

eachEngine((_engine, open) => {
  const openGallery = async () => await galleryOn(await open())

  async function soldOne() {
    const gallery = await openGallery()
    const sold = { big: await gallery.keep(120), small: await gallery.keep(8) }
    await gallery.sell('gen-1', [sold.big, sold.small])
    return { gallery, sold }
  }

  for (const { damage, told, inflict } of DAMAGES) {
    test(`A7 finds a charge ${damage}`, async () => {
      const { gallery, sold } = await soldOne()
      assert.deepEqual(await gallery.findings(), [])

      await inflict(gallery, sold)

      const [finding = '', ...more] = await gallery.findings()
      assert.match(finding, /^A7 gen-1: a charged picture is there to its last byte: /)
      assert.match(finding, told)
      assert.deepEqual(more, [])
      assert.deepEqual(await audit(gallery.database), [], 'the sums know nothing of it')
    })
  }

  test('a file that cannot be read is a finding, not the end of the audit', async () => {
    const { gallery } = await soldOne()
    const broken = async () => {
      throw new Error('EIO: i/o error, read')
    }

    const findings = await makeAudit({ database: gallery.database, pictures: { open: broken } })()

    assert.match(findings[0]?.message ?? '', /picture 0: it cannot be read: EIO: i\/o error, read$/)
    assert.equal(findings.length, 2)
  })

  test('nobody looks for what was not stored, or whose time is over, or for files where none are kept', async () => {
    const gallery = await openGallery()
    const [unkept, expired] = [await gallery.keep(120), await gallery.keep(120)]
    await gallery.sell('gen-1', [unkept], false)
    await gallery.sell('gen-2', [expired])
    await rm(gallery.fileOf(unkept))
    await rm(gallery.fileOf(expired))

    assert.equal((await gallery.findings({ at: EXPIRES_AT - 1 })).length, 1)
    assert.deepEqual(await gallery.findings({ at: EXPIRES_AT }), [])
    assert.deepEqual(await gallery.findings({ store: 'off' }), [])
  })

  test('a name that went before its time is missed for a day: after that, room may have been needed', async () => {
    const { gallery } = await soldOne()
    await gallery.database.db.deleteFrom('generation_images').execute()

    assert.equal((await gallery.findings({ at: SUNDAY + DAY_MS - 1 })).length, 2)
    assert.deepEqual(await gallery.findings({ at: SUNDAY + DAY_MS }), [])
  })

  test('what was charged before the given moment is looked up, and not read again', async () => {
    const { gallery, sold } = await soldOne()
    const bytes = await readFile(gallery.fileOf(sold.big))
    await writeFile(gallery.fileOf(sold.big), Buffer.alloc(bytes.length))

    assert.equal((await gallery.findings({ readSince: SUNDAY })).length, 1)
    assert.deepEqual(await gallery.findings({ readSince: SUNDAY + 1 }), [])
    await rm(gallery.fileOf(sold.big))
    assert.equal((await gallery.findings({ readSince: SUNDAY + 1 })).length, 1)
  })

  test('every page of charges is looked at, and a hundred findings are enough', async () => {
    const gallery = await openGallery()
    const small = await gallery.keep(8)
    for (let n = 100; n < 350; n++) await gallery.sell(`gen-${n}`, [small])
    const { db } = gallery.database

    await db.deleteFrom('generation_images').where('generation_id', 'in', ['gen-100', 'gen-299', 'gen-349']).execute()
    const few = await gallery.findings()
    await db.deleteFrom('generation_images').execute()
    const many = await gallery.findings()

    assert.deepEqual(
      few.map((finding) => /gen-\d+/.exec(finding)?.[0]),
      ['gen-100', 'gen-299', 'gen-349'],
    )
    assert.equal(many.length, 100)
  })
})

async function galleryOn(database: Database): Promise<Gallery> {
  const directory = scratchDirectory()
  const assets = await makeAssets({ directory, store: 'on', db: database, clock: systemClock, keepImagesDays: 30 })
  after(async () => {
    await assets.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const book = await testBook(database, { balance: 1_000_000n })
  return {
    database,
    assets,
    book,
    fileOf: ({ sha256 }) => join(directory, sha256.slice(0, 2), sha256),
    async sell(id, pictures, stored = true) {
      await book.hold(id, 100n)
      await book.settle(id, 40n)
      await database.db
        .insertInto('generations')
        .values(generation(id, book, receiptOf(pictures, stored)))
        .execute()
      if (!stored) return
      await database.transaction(async (trx) => {
        for (const [position, picture] of pictures.entries()) {
          await insertAsset(trx, picture, SUNDAY)
          const name = { generation_id: id, role: 'output', position, sha256: picture.sha256 } as const
          await nameImage(trx, { ...name, converted_from: null, created_at: SUNDAY, expires_at: EXPIRES_AT })
        }
      })
    },
    async keep(side) {
      const kept = await assets.keep(binaryBlob(await noise('png', side, side)), 'tolerant')
      assert.ok(kept.ok)
      return kept.value
    },
    async findings({ at = SUNDAY + HOUR_MS, readSince = 0, store } = {}) {
      const looked = makeAudit({
        database: { ...database, now: async () => at },
        ...(store !== 'off' && { pictures: assets }),
      })
      return (await looked({ readSince })).map(({ check, subject, message }) => `${check} ${subject}: ${message}`)
    },
  }
}

/** As much of a receipt as the auditor reads. */
function receiptOf(pictures: readonly KeptPicture[], stored: boolean): string {
  const expiresAt = new Date(EXPIRES_AT).toISOString()
  const images = pictures.map(({ sha256, bytes }, index) => ({ index, sha256, bytes, expires_at: expiresAt }))
  return JSON.stringify({ images, stored })
}

function generation(id: string, { workspaceId, keyHash }: TestBook, receipt: string) {
  const facts = { surface: '', model_requested: '', model_served: '', caller: '{}', terms: '{}', owner: '' }
  const numbers = { lease_until: 0, deadline_at: 0, streamed: 0, references_count: 0, cancel_asked: 0 }
  const times = { created_at: SUNDAY, finished_at: SUNDAY }
  const tenant = { workspace_id: workspaceId, mode: 'test', key_hash: keyHash, status: 'settled' } as const
  return { id, ...tenant, ...facts, ...numbers, ...times, receipt }
}
