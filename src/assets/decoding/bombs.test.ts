import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { systemClock } from '../../core/clock.ts'
import { openDatabase } from '../../db/open.ts'
import { scratchDirectory } from '../../db/test-database.ts'
import { makeAssets, type Assets } from '../assets.ts'
import { bombs, pngChunk, pngWith } from '../test-bombs.ts'
import { base64Blob, bytesOf, noise } from '../test-pictures.ts'
import { REFERENCE_LIMITS } from '../usable.ts'
import { Decoder } from './decoder.ts'

const MIB = 1024 * 1024
const MAX_MS = 500
const MAX_EXTRA_BYTES = 64 * MIB

const root = scratchDirectory()
const decoder = new Decoder(systemClock)
const db = await openDatabase({
  directory: root,
  clock: systemClock,
  onFatal: (error) => {
    throw error
  },
})
const directory = join(root, 'assets')
let assets: Assets

before(async () => {
  assets = await makeAssets({ directory, store: 'on', db, clock: systemClock, keepImagesDays: 30, decoder })
  assert.equal((await clean(await noise('png', 300, 300))).error, undefined)
})

after(async () => {
  await assets.close()
  await db.close()
  rmSync(root, { recursive: true })
})

/** The way of a reference: looked at, then decoded and encoded again. */
async function clean(bytes: Buffer) {
  const blob = base64Blob(bytes)
  const startedAt = performance.now()
  const inspected = await assets.inspect(blob, 'strict')
  const cleaned = inspected.ok ? await assets.clean(inspected.value) : inspected
  const ms = performance.now() - startedAt
  if (!cleaned.ok) return { ms, error: cleaned.error, blob: undefined }
  cleaned.value.picture.discard()
  return { ms, error: undefined, blob: cleaned.value.blob }
}

for (const { name, bytes, reason, says = /./ } of await bombs()) {
  test(`P8: refused within 500 ms and 64 MiB: ${name}`, async () => {
    const processes = [process.pid, ...decoder.pids]
    for (const pid of processes) writeFileSync(`/proc/${pid}/clear_refs`, '5') // The high-water mark begins anew.
    const resting = processes.map((pid) => memory(pid, 'VmRSS'))

    const { ms, error } = await clean(bytes)

    assert.equal(error?.reason, reason, error?.message)
    assert.match(error?.message ?? '', says)
    assert.ok(ms <= MAX_MS, `took ${ms.toFixed(0)} ms`)
    const extra = processes.reduce((sum, pid, index) => sum + memory(pid, 'VmHWM') - (resting[index] ?? 0), 0)
    assert.ok(extra <= MAX_EXTRA_BYTES, `took ${(extra / MIB).toFixed(1)} MiB`)
    assert.deepEqual(decoder.pids, processes.slice(1), 'and no process had to be killed for it')
  })
}

test('a picture that is cut at any kilobyte is refused, and nothing of it is left', async () => {
  for (const format of ['png', 'jpeg', 'webp'] as const) {
    const bytes = await noise(format, 140, 110)
    for (let length = 0; length < bytes.length; length += 1024) {
      const { error, ms } = await clean(bytes.subarray(0, length))
      assert.ok(error !== undefined, `${format} of ${length} bytes`)
      assert.ok(ms <= MAX_MS, `${format} of ${length} bytes took ${ms.toFixed(0)} ms`)
    }
  }
  assert.equal((await clean(await noise('png', 140, 110))).error, undefined)
  await nothingLeft()
})

/** Temporary files are unlinked by the disk worker, which nobody waits for. */
async function nothingLeft(): Promise<void> {
  for (let look = 0; look < 100 && readdirSync(join(directory, 'tmp')).length > 0; look++) await sleep(10)
  assert.deepEqual(readdirSync(join(directory, 'tmp')), [])
}

test('a page in the metadata of a picture does not survive', async () => {
  const page = '<html><script>alert(1)</script></html>'

  const { blob } = await clean(pngWith([pngChunk('tEXt', Buffer.from(`Comment\0${page}`))]))

  assert.ok(blob !== undefined)
  assert.equal((await bytesOf(blob))?.includes('script'), false)
})

test('what slips past the probe finds no reader in the process, and reaches nobody', async () => {
  let calls = 0
  const server = createServer(() => calls++).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const link = `<image href="http://127.0.0.1:${port}/a.png" width="9" height="9"/>`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">${link}</svg>`
  const foreign = [Buffer.from(svg), await noise('gif', 20, 20), Buffer.from('P6 1 1 255 abc'), ...(await others())]

  for (const bytes of foreign) {
    for (const kind of ['clean', 'convert'] as const) {
      const { maxPixels, maxBytes } = REFERENCE_LIMITS
      const job = { kind, format: 'png', maxPixels, maxBytes } as const
      const made = await decoder.run(job, { byteLength: bytes.length, slices: [bytes] })
      assert.ok(!made.ok, bytes.toString('latin1', 0, 12))
    }
  }
  server.close()
  assert.equal(calls, 0)
})

async function others(): Promise<readonly Buffer[]> {
  const { default: sharp } = await import('sharp')
  const picture = sharp(await noise('png', 20, 20))
  return [await picture.clone().tiff().toBuffer(), await picture.clone().avif().toBuffer()]
}

function memory(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`${field}:\\s*(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024
}
