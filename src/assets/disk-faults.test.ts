import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { openDatabase } from '../db/open.ts'
import { makeAssets, type AssetsParts } from './assets.ts'
import { base64Blob, noise } from './test-pictures.ts'
import { StorageTrouble } from './trouble.ts'

const mountPoint = mkdtempSync(join(tmpdir(), 'plantain-small-disk-'))
const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', mountPoint]).status === 0
const cleanup: (() => Promise<unknown>)[] = []

after(async () => {
  for (const step of cleanup) await step()
  if (isMounted) spawnSync('umount', [mountPoint])
  rmSync(mountPoint, { recursive: true, force: true })
})

test('a small disk can be mounted', { skip: isMounted || process.env['CI'] ? false : 'not permitted here' }, () => {
  assert.ok(isMounted, 'CI must be able to mount a tmpfs: the tests of a failing disk did not run')
})

describe('R10: a failing disk', { skip: !isMounted }, () => {
  test('a full disk fails the picture and nothing else, leaves no half file, and clears by itself', async () => {
    const { assets, directory, later } = await scratch({ minFreeBytes: 0, minFreeFraction: 0 })
    const picture = await noise('png', 1200, 800)
    const before = await assets.keep(base64Blob(await noise('png', 200, 200)), 'tolerant')
    assert.ok(before.ok)
    writeFileSync(join(mountPoint, 'filler'), Buffer.alloc(5 * 1024 * 1024))

    const failed = await assets.keep(base64Blob(picture), 'tolerant').catch((error: unknown) => error)

    assert.ok(failed instanceof StorageTrouble)
    assert.equal(failed.code, 'ENOSPC')
    assert.equal(failed.picture?.width, 1200)
    assert.deepEqual(readdirSync(join(directory, 'tmp')), [])
    assert.deepEqual(filesOf(directory), [before.value.sha256])
    writeFileSync(join(mountPoint, 'filler2'), Buffer.alloc(readFree()))
    later(1000)
    assert.match((await assets.trouble()) ?? '', /cannot be written: ENOSPC/)

    rmSync(join(mountPoint, 'filler'))
    rmSync(join(mountPoint, 'filler2'))
    later(1000)
    assert.equal(await assets.trouble(), undefined)
    assert.ok((await assets.keep(base64Blob(picture), 'tolerant')).ok)
  })

  test('new work is refused before the disk is full', async () => {
    const { assets, later } = await scratch({ minFreeBytes: 2 * 1024 * 1024 })
    assert.equal(await assets.trouble(), undefined)

    writeFileSync(join(mountPoint, 'filler'), Buffer.alloc(4.5 * 1024 * 1024))
    assert.equal(await assets.trouble(), undefined, 'an answer is good for a second')
    later(1000)
    assert.match((await assets.trouble()) ?? '', /has 0\.00 GiB free; new work needs 0\.00 GiB/)

    rmSync(join(mountPoint, 'filler'))
    later(1000)
    assert.equal(await assets.trouble(), undefined)
  })

  test('a read-only disk is trouble, and is none once it can be written again', async () => {
    const { assets, later } = await scratch({ minFreeBytes: 0, minFreeFraction: 0 })
    remount('ro')
    try {
      assert.match((await assets.trouble()) ?? '', /cannot be written: EROFS/)
      await assert.rejects(assets.keep(base64Blob(await noise('png', 200, 200)), 'tolerant'), { code: 'EROFS' })
    } finally {
      remount('rw')
    }
    later(1000)
    assert.equal(await assets.trouble(), undefined)
    assert.ok((await assets.keep(base64Blob(await noise('png', 200, 200)), 'tolerant')).ok)
  })

  test('a directory that has gone is trouble, is not made anew, and is none once it is back', async () => {
    const { assets, directory, later } = await scratch({ minFreeBytes: 0, minFreeFraction: 0 })
    assert.ok((await assets.keep(base64Blob(await noise('png', 200, 200)), 'tolerant')).ok)
    rmSync(directory, { recursive: true })

    assert.match((await assets.trouble()) ?? '', /ENOENT/)
    await assert.rejects(assets.keep(base64Blob(await noise('png', 200, 200)), 'tolerant'), { code: 'ENOENT' })
    assert.ok(!readdirSync(mountPoint).includes('gone'))

    mkdirSync(directory)
    later(1000)
    assert.equal(await assets.trouble(), undefined)
    assert.ok((await assets.keep(base64Blob(await noise('png', 200, 200)), 'tolerant')).ok)
  })
})

function remount(mode: 'ro' | 'rw'): void {
  assert.equal(spawnSync('mount', ['-o', `remount,${mode}`, mountPoint]).status, 0)
}

function readFree(): number {
  const found = spawnSync('df', ['--output=avail', '-B1', mountPoint]).stdout.toString()
  return Number(found.split('\n')[1])
}

function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true })
    .map(String)
    .filter((path) => /[0-9a-f]{64}$/.test(path))
    .map((path) => path.slice(3))
}

async function scratch(more: Partial<AssetsParts>) {
  for (const left of readdirSync(mountPoint)) rmSync(join(mountPoint, left), { recursive: true })
  const directory = mkdtempSync(join(mountPoint, 'gone'))
  const database = mkdtempSync(join(tmpdir(), 'plantain-'))
  let passed = 0
  const clock = { ...systemClock, monotonic: () => passed }
  const db = await openDatabase({
    directory: database,
    clock,
    onFatal: (error) => {
      throw error
    },
  })
  const assets = await makeAssets({ directory, store: 'on', db, clock, keepImagesDays: 30, ...more })
  cleanup.push(
    () => assets.close(),
    () => db.close(),
    async () => rmSync(database, { recursive: true }),
  )
  const later = (ms: number) => {
    passed += ms
  }
  return { assets, directory, later }
}
