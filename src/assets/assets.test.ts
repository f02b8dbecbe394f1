import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { JsonBlob } from '../core/json-blob.ts'
import { ANSWER_LIMITS, readJson, writeJson } from '../core/json-blobs.ts'
import { PictureMemory } from '../core/picture-memory.ts'
import { openDatabase } from '../db/open.ts'
import { scratchDirectory } from '../db/test-database.ts'
import { assetStoreContract, rowOf } from './asset-store-contract.ts'
import { makeAssets, type Assets, type AssetsParts } from './assets.ts'
import { mended } from './blob-bytes.ts'
import { Disk } from './disk.ts'
import { base64Blob, noise, slicesOf } from './test-pictures.ts'

const opened: { assets: Assets; directory: string; close: () => Promise<void> }[] = []
after(async () => {
  for (const { assets, directory, close } of opened) {
    await assets.close()
    await close()
    rmSync(directory, { recursive: true })
  }
})

assetStoreContract('local directory', async () => {
  const { assets, directory } = await scratch()
  return {
    assets,
    stored: async (sha256) => {
      const path = join(directory, sha256.slice(0, 2), sha256)
      return statSync(path, { throwIfNoEntry: false }) && readFileSync(path)
    },
    leftovers: async () => readdirSync(join(directory, 'tmp')),
    remove: async () => {},
  }
})

test('with the store off a picture is checked and hashed as ever, and no file is made', async () => {
  const { assets, directory } = await scratch({ store: 'off' })
  const large = await noise('png', 300, 200)
  const small = await noise('png', 20, 10)

  for (const bytes of [large, small]) {
    const kept = await assets.keep(base64Blob(bytes), 'strict')
    assert.ok(kept.ok)
    assert.equal(kept.value.sha256, createHash('sha256').update(bytes).digest('hex'))
    assert.equal(kept.value.stored, false)
    assert.equal(kept.value.inline, undefined)
    assert.equal(await assets.read(rowOf(kept.value)), undefined)
    assert.equal(await assets.open(rowOf(kept.value)), undefined)
    const converted = await assets.convert(kept.value, 'webp')
    assert.ok(!converted.ok)
    assert.ok((await assets.convert(base64Blob(bytes), 'webp')).ok)
  }
  const cut = await assets.keep(base64Blob(large.subarray(0, -40)), 'strict')
  assert.ok(!cut.ok)
  assert.equal(await assets.trouble(), undefined)
  assert.equal(statSync(directory, { throwIfNoEntry: false }), undefined)
})

test('a temporary file is named by generation and attempt, and is private', async () => {
  const { assets, directory } = await scratch()
  const intake = assets.intake({ generationId: 'gen-1790000000-a', attemptId: '../att 1' })
  await intake.write(Buffer.from((await noise('png', 400, 400)).toString('base64')))

  const [name] = await eventually(() => readdirSync(join(directory, 'tmp')))

  assert.match(name ?? '', /^gen-1790000000-a\.___att_1\.\w+$/)
  assert.equal(statSync(join(directory, 'tmp', name ?? '')).mode & 0o777, 0o600)
  intake.abort()
  assert.deepEqual(
    await eventually(() => [readdirSync(join(directory, 'tmp')).length].filter((left) => left === 0)),
    [0],
  )
})

test('pictures that are not kept live as long as the answer says', async () => {
  const { assets } = await scratch({ keepImagesDays: 7 })
  const day = 86_400_000
  assert.equal(assets.expiry('output', 1000), 1000 + 7 * day)
  assert.equal(assets.expiry('original', 1000), 1000 + 7 * day)
  assert.equal(assets.expiry('reference', 1000), 1000 + day)
})

test('more pictures at once than there is memory for are all kept', async () => {
  const { assets } = await scratch()
  const pictures = await Promise.all(Array.from({ length: 6 }, () => noise('png', 400, 300)))
  // Ninety pictures, each with its first half sent before any second half: more half-full segments than exist.
  const intakes = Array.from({ length: 90 }, (_, index) => ({
    intake: assets.intake({ generationId: 'gen-1790000000-many', attemptId: `att-${index}` }),
    characters: Buffer.from((pictures[index % 6] ?? Buffer.alloc(0)).toString('base64')),
  }))
  await Promise.all(intakes.map(async ({ intake, characters }) => intake.write(characters.subarray(0, 40_000))))
  await Promise.all(intakes.map(async ({ intake, characters }) => intake.write(characters.subarray(40_000))))

  const kept = await Promise.all(
    intakes.map(async ({ intake, characters }) => {
      intake.end()
      return assets.keep(new JsonBlob('base64', [characters], undefined, intake), 'tolerant')
    }),
  )

  assert.deepEqual(new Set(kept.map((result) => result.ok)), new Set([true]))
  assert.equal(new Set(kept.map((result) => result.ok && result.value.sha256)).size, 6)
})

test('M3: a temporary file that is removed while pictures are adopted is passed over, and the others are adopted', async () => {
  const { assets, directory } = await scratch()
  const bytes = await noise('png', 200, 200)
  // Listed like any other, and not there when it is read.
  symlinkSync('gone', join(directory, 'tmp', 'gen-1790000000-a.att-1.x000000001'))
  writeFileSync(join(directory, 'tmp', 'gen-1790000000-a.att-1.x000000002'), bytes)

  const adopted = await assets.adopt({ generationId: 'gen-1790000000-a', attemptId: 'att-1' })

  assert.deepEqual(
    adopted.map((picture) => picture.bytes),
    [bytes.length],
  )
})

test('pictures that a dead process had received whole are adopted in their order, until their generation has ended', async () => {
  const { assets, directory } = await scratch()
  const owner = { generationId: 'gen-1790000000-a', attemptId: 'att-1' }
  const pictures = [await noise('png', 200, 200), await noise('jpeg', 300, 300)] as const
  const left = (name: string, bytes: Buffer) => writeFileSync(join(directory, 'tmp', name), bytes)
  left('gen-1790000000-a.att-1.x000000001', pictures[0].subarray(0, -5))
  left('gen-1790000000-a.att-1.x000000010', pictures[1])
  left('gen-1790000000-a.att-1.x000000009', pictures[0])
  left('gen-1790000000-a.att-12.x000000000', pictures[0])

  const adopted = await assets.adopt(owner)

  assert.deepEqual(
    adopted.map(({ bytes }) => bytes),
    [pictures[0].length, pictures[1].length],
  )
  const [first] = adopted
  assert.ok(first !== undefined && (await assets.read(rowOf(first))) !== undefined)
  assert.deepEqual(await assets.adopt(owner), adopted, 'and again, as long as the generation has not ended')
  assert.equal(readdirSync(join(directory, 'tmp')).length, 4)

  assets.forget(owner.generationId)

  assert.deepEqual(
    await eventually(() => [readdirSync(join(directory, 'tmp')).length].filter((count) => count === 0)),
    [0],
  )
  assert.deepEqual(await assets.adopt(owner), [])
})

test('a picture that was arriving when the worker broke is kept all the same, by a new worker', async () => {
  const { assets, disk } = await scratch()
  const picture = await noise('png', 600, 500)
  const slices = [Buffer.from(picture.toString('base64'))]
  const intake = assets.intake({ generationId: 'gen-1790000000-a', attemptId: 'att-1' })
  await intake.write(slices[0]?.subarray(0, 400_000) ?? Buffer.alloc(0))

  // A picture that ends before it began is a bug, and no order that the worker can follow.
  await assert.rejects(disk.open('broken').end(), { name: 'StorageTrouble', code: 'EWORKER' })
  await intake.write(slices[0]?.subarray(400_000) ?? Buffer.alloc(0))
  intake.end()
  const kept = await assets.keep(new JsonBlob('base64', slices, undefined, intake), 'tolerant')

  assert.ok(kept.ok)
  assert.equal(kept.value.bytes, picture.length)
  assert.ok((await assets.read(rowOf(kept.value))) !== undefined)
})

test('a picture that memory had no room for is read from its file, whatever was mended or looked at twice', async () => {
  const { assets } = await scratch()
  const memory = new PictureMemory(0, () => {
    throw new Error('the picture is in its file already')
  })
  const plain = await noise('png', 400, 300)
  const film = Buffer.concat([await noise('jpeg', 300, 300), Buffer.alloc(200_000, 'ftypmp42')])
  const lines = plain.toString('base64').replaceAll(/.{76}/g, '$&\\n')

  for (const [bytes, text, notices] of [
    [plain, plain.toString('base64'), 0],
    [film, film.toString('base64'), 0],
    [plain, lines, 1],
  ] as const) {
    const blob = await arrived(`{"b64":"${text}"}`, assets, memory)
    assert.deepEqual([blob.form, blob.slices.length], ['binary', 0])
    const kept = await assets.keep(blob, 'tolerant')
    assert.ok(kept.ok)
    assert.equal(kept.value.notices.length, notices)
    assert.equal(mended(blob, kept.value.bytes), blob)
    const { byteLength, chunks } = writeJson(blob)
    const written = Buffer.concat(await Array.fromAsync(chunks))
    assert.equal(written.length, byteLength)
    assert.ok(written.equals(Buffer.from(JSON.stringify(bytes.toString('base64')))))
  }
})

test('a picture whose file is gone or cut breaks the answer instead of ending it short', async () => {
  const { assets, directory } = await scratch()
  const bytes = await noise('png', 400, 300)
  const kept = await assets.keep(base64Blob(bytes), 'tolerant')
  assert.ok(kept.ok)
  const blob = await assets.read(rowOf(kept.value))
  assert.ok(blob !== undefined)
  const path = join(directory, kept.value.sha256.slice(0, 2), kept.value.sha256)

  truncateSync(path, bytes.length - 1)
  await assert.rejects(Array.fromAsync(writeJson(blob).chunks), { name: 'StorageTrouble', code: 'ESHORT' })
  rmSync(path)
  await assert.rejects(Array.fromAsync(writeJson(blob).chunks), { name: 'StorageTrouble', code: 'ENOENT' })
})

test('base64 that needs mending is mended while it is written, and keeps its count', async () => {
  const { assets } = await scratch({ store: 'off' })
  const memory = new PictureMemory(10_000_000, () => {
    throw new Error('there is room')
  })
  const bytes = await noise('png', 400, 300)
  const blob = await arrived(`{"b64":"${bytes.toString('base64').replaceAll(/.{76}/g, '$&\\n')}"}`, assets, memory)
  const kept = await assets.keep(blob, 'tolerant')
  assert.ok(kept.ok && kept.value.notices.length > 0)

  const body = writeJson(mended(blob, kept.value.bytes))

  assert.equal(Buffer.concat(await Array.fromAsync(body.chunks)).toString(), JSON.stringify(bytes.toString('base64')))
  assert.ok(memory.heldBytes > bytes.length)
  body.release()
  assert.equal(memory.heldBytes, 0)
})

test('what is of no use, or not wanted, stops counting', async () => {
  const { assets } = await scratch()
  const memory = new PictureMemory(10_000_000, () => {
    throw new Error('there is room')
  })
  const useless = await arrived(`{"b64":"${randomBytes(90_000).toString('base64')}"}`, assets, memory)
  const unwanted = await arrived(`{"b64":"${(await noise('png', 300, 300)).toString('base64')}"}`, assets, memory)
  assert.ok(memory.heldBytes > 400_000)

  assert.equal((await assets.keep(useless, 'tolerant')).ok, false)
  assets.discard(unwanted)

  assert.equal(memory.heldBytes, 0)
})

/** The picture at `b64`, as it arrives from a provider. */
async function arrived(document: string, assets: Assets, memory: PictureMemory): Promise<JsonBlob> {
  const intake = () => assets.intake({ generationId: 'gen-1790000000-a', attemptId: 'att-1' })
  const chunks = Readable.from(slicesOf(Buffer.from(document), 60_000))
  const read = await readJson(chunks, { limits: ANSWER_LIMITS, mode: 'answer', intake, memory })
  assert.ok(read.ok)
  const { b64 } = read.value.value as { b64: unknown }
  assert.ok(b64 instanceof JsonBlob)
  return b64
}

async function scratch(more: Partial<AssetsParts> = {}) {
  const root = scratchDirectory()
  const directory = join(root, 'assets')
  const db = await openDatabase({
    directory: root,
    clock: systemClock,
    onFatal: (error) => {
      throw error
    },
  })
  const disk = new Disk(directory)
  const assets = await makeAssets({ directory, store: 'on', db, clock: systemClock, keepImagesDays: 30, disk, ...more })
  opened.push({ assets, directory: root, close: () => db.close() })
  return { assets, directory, disk }
}

async function eventually<T>(look: () => readonly T[]): Promise<readonly T[]> {
  for (let tries = 0; tries < 200; tries++) {
    const found = look()
    if (found.length > 0) return found
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return []
}
