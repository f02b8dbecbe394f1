import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { JsonBlob } from '../core/json-blob.ts'
import { openDatabase } from '../db/open.ts'
import { scratchDirectory } from '../db/test-database.ts'
import { assetStoreContract, rowOf } from './asset-store-contract.ts'
import { makeAssets, type Assets, type AssetsParts } from './assets.ts'
import { Disk } from './disk.ts'
import { base64Blob, noise } from './test-pictures.ts'

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

test('pictures that a dead process had received whole are adopted in their order, others are forgotten', async () => {
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
  assert.deepEqual(readdirSync(join(directory, 'tmp')), ['gen-1790000000-a.att-12.x000000000'])
  const [first] = adopted
  assert.ok(first !== undefined && (await assets.read(rowOf(first))) !== undefined)
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
