import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { eachEngine, scratchDirectory } from '../db/test-database.ts'
import type { GenerationImageRow } from '../db/schema.ts'
import { makeAssets, type AssetsParts, type KeptPicture } from './assets.ts'
import { imagesOf, insertAsset, nameImage } from './store.ts'
import { base64Blob, noise } from './test-pictures.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = 1_790_000_000_000

eachEngine((_engine, openScratch) => {
  const cleanup: (() => Promise<unknown>)[] = []
  after(async () => {
    for (const step of cleanup) await step()
  })

  test('a picture and who names it are read again by generation, role and position', async () => {
    const { keep, db } = await scratch()
    const large = await keep(await noise('png', 200, 200), {
      generation_id: 'gen-a',
      position: 1,
      converted_from: 'image/jpeg',
    })
    const small = await keep(await noise('png', 10, 10), { generation_id: 'gen-a', position: 0 })
    await keep(await noise('png', 11, 10), { generation_id: 'gen-a', role: 'reference' })
    await keep(await noise('png', 12, 10), { generation_id: 'gen-b' })

    const images = await imagesOf(db.db, 'gen-a', 'output')

    assert.deepEqual(
      images.map(({ sha256, position }) => [sha256, position]),
      [
        [small.sha256, 0],
        [large.sha256, 1],
      ],
    )
    const [first, second] = images
    assert.deepEqual(first?.inline && Buffer.from(first.inline), small.inline)
    assert.deepEqual(
      { ...second, inline: second?.inline ?? null },
      {
        sha256: large.sha256,
        media_type: 'image/png',
        width: 200,
        height: 200,
        bytes: large.bytes,
        inline: null,
        created_at: NOW,
        role: 'output',
        position: 1,
        converted_from: 'image/jpeg',
        expires_at: NOW + 30 * DAY,
      },
    )
  })

  test('rows go when they expire, files an hour later, and not before', async () => {
    const { assets, keep, files, db } = await scratch()
    const short = await keep(await noise('png', 200, 200), { generation_id: 'gen-a', expires_at: NOW + DAY })
    const long = await keep(await noise('png', 200, 201), { generation_id: 'gen-b' })
    const small = await keep(await noise('png', 10, 10), { generation_id: 'gen-c', expires_at: NOW + DAY })

    assert.deepEqual(await assets.collect(NOW + DAY - 1), { expiredRows: 0, removedFiles: 0, bytes: 0 })
    assert.deepEqual(await assets.collect(NOW + DAY), { expiredRows: 2, removedFiles: 0, bytes: 0 })
    assert.deepEqual(files(), [short.sha256, long.sha256].sort())
    assert.deepEqual(await hashes(db), [long.sha256])
    assert.deepEqual(await assets.collect(NOW + DAY + HOUR - 1), { expiredRows: 0, removedFiles: 0, bytes: 0 })
    assert.deepEqual(await assets.collect(NOW + DAY + HOUR), { expiredRows: 0, removedFiles: 1, bytes: short.bytes })
    assert.deepEqual(files(), [long.sha256])
    assert.ok((await assets.read({ ...long, media_type: long.mediaType, inline: null })) !== undefined)
    assert.equal(await assets.read({ ...short, media_type: short.mediaType, inline: null }), undefined)
    assert.equal(small.inline?.length, small.bytes)
  })

  test('a picture that another generation still names stays', async () => {
    const { assets, keep, files } = await scratch()
    const picture = await noise('png', 200, 200)
    await keep(picture, { generation_id: 'gen-a', expires_at: NOW + DAY })
    const { sha256 } = await keep(picture, { generation_id: 'gen-b', expires_at: NOW + 2 * DAY })

    assert.equal((await assets.collect(NOW + DAY)).expiredRows, 1)
    await assets.collect(NOW + 2 * DAY - 1)
    assert.deepEqual(files(), [sha256])
  })

  test('a file without any row is removed after an hour, unless it is kept again meanwhile', async () => {
    const { assets, keep, files, clock } = await scratch()
    const lost = await noise('png', 200, 200)
    const again = await noise('png', 200, 201)
    for (const picture of [lost, again]) assert.ok((await assets.keep(base64Blob(picture), 'tolerant')).ok)
    assert.equal(files().length, 2)

    clock.time = NOW + HOUR
    const { sha256 } = await keep(again, undefined)
    assert.deepEqual(await assets.collect(NOW + HOUR), { expiredRows: 0, removedFiles: 1, bytes: lost.length })
    assert.deepEqual(files(), [sha256])
  })

  test('a row that nothing names yet is left alone for an hour after the picture was last kept', async () => {
    const { assets, keep, db, clock } = await scratch()
    const picture = await noise('png', 10, 10)
    const kept = await keep(picture, undefined)
    const insert = () => db.transaction((trx) => insertAsset(trx, kept, clock.time))
    await insert()
    clock.time = NOW + HOUR
    await insert()

    await assets.collect(NOW + HOUR)
    assert.deepEqual(await hashes(db), [kept.sha256])
    await assets.collect(NOW + 2 * HOUR)
    assert.deepEqual(await hashes(db), [])
  })

  test('no file goes before the loss of its row is durable', async () => {
    const { assets, keep, files, syncs } = await scratch()
    await keep(await noise('png', 200, 200), undefined)

    await assets.collect(NOW + HOUR)

    assert.deepEqual([syncs, files().length], [[1], 0], 'one file was there when the database was synced')
  })

  test('a picture whose old row is just being collected is still there when it is kept anew', async () => {
    const { assets, keep, files, clock } = await scratch()
    const picture = await noise('png', 200, 200)
    await keep(picture, { generation_id: 'gen-a', expires_at: NOW + DAY })
    await assets.collect(NOW + DAY)
    clock.time = NOW + DAY + HOUR

    // The collector runs while the picture is kept and named, at every interleaving that these awaits happen to give.
    for (let round = 0; round < 10; round++) {
      const [{ sha256 }] = await Promise.all([
        keep(picture, { generation_id: `gen-${round}`, expires_at: clock.time + 1 }),
        assets.collect(clock.time),
      ])
      assert.deepEqual(files(), [sha256])
      clock.time += HOUR
    }
  })

  test('beyond the limit the pictures that were named longest ago go, none younger than a day', async () => {
    const { assets, keep, files, clock, db } = await scratch({ maxBytes: 250_000 })
    const kept: KeptPicture[] = []
    for (let index = 0; index < 5; index++) {
      clock.time = NOW + index * HOUR
      kept.push(await keep(await noise('png', 200, 180 + index), { generation_id: `gen-${index}` }))
    }
    const renewed = kept[0]
    clock.time = NOW + 5 * HOUR
    if (renewed) await name('gen-renewed', renewed)

    assert.equal((await assets.collect(NOW + 24 * HOUR)).expiredRows, 0)
    assert.equal((await assets.collect(NOW + 25 * HOUR)).expiredRows, 1)
    assert.equal((await assets.collect(NOW + 28 * HOUR)).expiredRows, 2)
    assert.deepEqual(await hashes(db), sorted(kept[0], kept[4]))
    await assets.collect(NOW + 30 * HOUR)
    assert.deepEqual(files(), sorted(kept[0], kept[4]))

    async function name(generation: string, picture: KeptPicture): Promise<void> {
      await db.transaction(async (trx) => {
        await insertAsset(trx, picture, clock.time)
        await nameImage(trx, row(picture, { generation_id: generation }, clock.time))
      })
    }
  })

  test('what a dead process left in the temporary folder goes after a day; what is arriving stays', async () => {
    const { assets, directory } = await scratch()
    const leftover = join(directory, 'tmp', 'gen-1.att-1.x')
    writeFileSync(leftover, Buffer.alloc(1000))
    const intake = assets.intake({ generationId: 'gen-2', attemptId: 'att-2' })
    await intake.write(Buffer.from((await noise('png', 400, 400)).toString('base64')))
    assert.equal((await assets.collect(NOW)).removedFiles, 0)
    for (const name of readdirSync(join(directory, 'tmp'))) utimesSync(join(directory, 'tmp', name), 1, 1)

    assert.deepEqual(await assets.collect(NOW), { expiredRows: 0, removedFiles: 1, bytes: 1000 })

    assert.equal(statSync(leftover, { throwIfNoEntry: false }), undefined)
    assert.equal(readdirSync(join(directory, 'tmp')).length, 1)
  })

  async function scratch(more: Partial<AssetsParts> = {}) {
    const root = scratchDirectory()
    const directory = join(root, 'assets')
    mkdirSync(directory)
    const clock = { time: NOW, now: () => clock.time, monotonic: () => clock.time, sleep: () => Promise.resolve() }
    const db = await openScratch({ clock })
    const syncs: number[] = []
    const watched = {
      ...db,
      durable: async () => {
        syncs.push(files().length)
        await db.durable()
      },
    }
    const assets = await makeAssets({ directory, store: 'on', db: watched, clock, keepImagesDays: 30, ...more })
    cleanup.push(
      () => assets.close(),
      async () => rmSync(root, { recursive: true }),
    )
    const keep = async (picture: Buffer, named: Partial<GenerationImageRow> | undefined): Promise<KeptPicture> => {
      const kept = await assets.keep(base64Blob(picture), 'tolerant')
      assert.ok(kept.ok)
      const { value } = kept
      if (named === undefined) return value
      await db.transaction(async (trx) => {
        await insertAsset(trx, value, clock.time)
        await nameImage(trx, row(value, named, clock.time))
      })
      return value
    }
    const files = () =>
      readdirSync(directory, { recursive: true })
        .map(String)
        .filter((path) => /[0-9a-f]{64}$/.test(path))
        .map((path) => path.slice(3))
        .sort()
    return { assets, directory, db, clock, keep, files, syncs }
  }
})

function row(picture: KeptPicture, named: Partial<GenerationImageRow>, at: number): GenerationImageRow {
  return {
    generation_id: 'gen-x',
    role: 'output',
    position: 0,
    sha256: picture.sha256,
    converted_from: null,
    created_at: at,
    expires_at: at + 30 * DAY,
    ...named,
  }
}

function sorted(...pictures: (KeptPicture | undefined)[]): string[] {
  return pictures.map((picture) => picture?.sha256 ?? '').sort()
}

async function hashes({ db }: AssetsParts['db']): Promise<string[]> {
  const rows = await db.selectFrom('assets').select('sha256').execute()
  return rows.map(({ sha256 }) => sha256).sort()
}
