import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import sharp, { type Metadata } from 'sharp'

import { systemClock } from '../core/clock.ts'
import { openDatabase } from '../db/open.ts'
import { scratchDirectory } from '../db/test-database.ts'
import { rowOf } from './asset-store-contract.ts'
import { makeAssets } from './assets.ts'
import { flatWebp, pngFrom } from './test-bombs.ts'
import { base64Blob, bytesOf, noise } from './test-pictures.ts'

const root = scratchDirectory()
const directory = join(root, 'assets')
const db = await openDatabase({
  directory: root,
  clock: systemClock,
  onFatal: (error) => {
    throw error
  },
})
const assets = await makeAssets({ directory, store: 'on', db, clock: systemClock, keepImagesDays: 30 })

after(async () => {
  await assets.close()
  await db.close()
  rmSync(root, { recursive: true })
})

async function inspected(bytes: Buffer) {
  const found = await assets.inspect(base64Blob(bytes), 'strict')
  assert.ok(found.ok, JSON.stringify(found))
  return found.value
}

async function cleaned(bytes: Buffer): Promise<{ readonly bytes: Buffer; readonly metadata: Metadata }> {
  const result = await assets.clean(await inspected(bytes))
  assert.ok(result.ok, JSON.stringify(result))
  const { picture, blob } = result.value
  const made = await bytesOf(blob)
  assert.ok(made !== undefined)
  const metadata = await sharp(made).metadata()
  assert.deepEqual(picture.facts, {
    sha256: createHash('sha256').update(made).digest('hex'),
    mediaType: blob.mediaType,
    width: metadata.width,
    height: metadata.height,
    bytes: made.length,
  })
  picture.discard()
  return { bytes: made, metadata }
}

/** The largest difference of a channel, and the average of all. */
async function difference(one: Buffer, other: Buffer): Promise<{ readonly most: number; readonly average: number }> {
  const [a, b] = await Promise.all(
    [one, other].map((bytes) => sharp(bytes).autoOrient().ensureAlpha().toColourspace('srgb').raw().toBuffer()),
  )
  assert.ok(a && b)
  assert.equal(a.length, b.length)
  let most = 0
  let sum = 0
  for (const [index, value] of a.entries()) {
    const apart = Math.abs(value - (b[index] ?? 0))
    most = Math.max(most, apart)
    sum += apart
  }
  return { most, average: sum / a.length }
}

const EXIF = { IFD0: { Copyright: 'canary-copyright' }, IFD3: { GPSLatitude: '51/1 30/1 3230/100' } }

/** Pixels as a photograph has them: neighbours are alike. */
const photo = await sharp(randomBytes(20 * 15 * 3), { raw: { width: 20, height: 15, channels: 3 } })
  .resize(400, 300)
  .png()
  .toBuffer()

for (const [name, bytes] of [
  ['a PNG', await noise('png', 120, 80)],
  ['a PNG with a palette', await sharp(photo).png({ palette: true, colours: 16 }).toBuffer()],
  ['a PNG in grey', await sharp(photo).greyscale().toColourspace('b-w').png().toBuffer()],
  ['an interlaced PNG with transparency', await sharp(photo).ensureAlpha(0.3).png({ progressive: true }).toBuffer()],
  ['a lossless WebP', await noise('webp', 120, 80)],
  ['a lossless WebP with metadata', await sharp(photo).webp({ lossless: true }).withExif(EXIF).toBuffer()],
  ['a lossless WebP of one colour', flatWebp(300, 200)],
] as const) {
  test(`${name} keeps every pixel`, async () => {
    const made = await cleaned(bytes)

    assert.deepEqual(await difference(made.bytes, bytes), { most: 0, average: 0 })
    assert.equal(made.bytes.includes('canary'), false)
  })
}

test('a PNG of 16 bits a channel keeps them', async () => {
  const rows = Buffer.alloc(64 * (1 + 64 * 6))
  for (let row = 0; row < 64; row++) randomBytes(64 * 6).copy(rows, row * (1 + 64 * 6) + 1)
  const original = pngFrom({ width: 64, height: 64, rows, bitDepth: 16 })

  const made = await cleaned(original)

  assert.equal(made.metadata.depth, 'ushort')
  const deep = (bytes: Buffer) => sharp(bytes).toColourspace('rgb16').raw({ depth: 'ushort' }).toBuffer()
  assert.deepEqual(await deep(made.bytes), await deep(original))
})

test('a JPEG keeps its looks, at quality 95 and with all of its colour', async () => {
  const original = await sharp(photo).jpeg({ quality: 90 }).toBuffer()

  const made = await cleaned(original)

  assert.equal(made.metadata.chromaSubsampling, '4:4:4')
  assert.ok((await difference(made.bytes, original)).average < 1)
  const at95 = await sharp(original).jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer()
  const tableOf = (bytes: Buffer) => bytes.subarray(bytes.indexOf('ffdb', 0, 'hex')).subarray(0, 69)
  assert.deepEqual(tableOf(made.bytes), tableOf(at95))
})

test('a WebP that was not lossless stays so', async () => {
  const original = await sharp(photo).webp({ quality: 80 }).toBuffer()

  const made = await cleaned(original)

  assert.equal(made.bytes.toString('latin1', 12, 16), 'VP8 ')
  assert.ok((await difference(made.bytes, original)).average < 2)
})

for (const format of ['jpeg', 'png', 'webp'] as const) {
  test(`orientation and colour profile of a ${format} are applied, and go with all that is not pixels`, async () => {
    const source = sharp({ create: { width: 60, height: 40, channels: 3, background: '#10d020' } })
    const plain = await source.clone().rotate(90).png().toBuffer()
    const tagged = await source
      .clone()
      .toFormat(format, { quality: 100 })
      .withExifMerge(EXIF)
      .withMetadata({ orientation: 6, icc: 'p3' })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/">canary-xmp</x:xmpmeta>')
      .toBuffer()
    const { exif: written, icc: profile, xmp: packet } = await sharp(tagged).metadata()
    assert.ok(written && profile && packet)

    const made = await cleaned(tagged)

    assert.deepEqual([made.metadata.width, made.metadata.height], [40, 60])
    const { exif, icc, xmp, iptc, orientation } = made.metadata
    assert.deepEqual(
      { exif, icc, xmp, iptc, orientation },
      {
        exif: undefined,
        icc: undefined,
        xmp: undefined,
        iptc: undefined,
        orientation: undefined,
      },
    )
    assert.equal(made.bytes.includes('canary'), false)
    // As numbers without their profile, the colours would be 30 apart.
    assert.ok((await difference(made.bytes, plain)).average < 6)
  })
}

test('the cleaned picture takes the place of the original, which leaves nothing behind', async () => {
  const bytes = await sharp(await noise('png', 300, 200))
    .withExif(EXIF)
    .toBuffer()
  const original = await inspected(bytes)

  const result = await assets.clean(original)
  assert.ok(result.ok)
  const kept = await result.value.picture.keep()

  assert.deepEqual(
    await bytesOf((await assets.read(rowOf(kept))) ?? base64Blob(bytes)),
    await bytesOf(result.value.blob),
  )
  assert.equal(
    await assets.read({ ...rowOf(kept), sha256: original.facts.sha256, bytes: original.facts.bytes }),
    undefined,
  )
  await nothingLeft()
})

test('a picture whose pixels cannot be had is not decodable, and leaves nothing behind', async () => {
  const bytes = await noise('png', 300, 200)
  const pixels = bytes.indexOf('IDAT') + 100
  bytes.fill(0, pixels, pixels + 10)

  const result = await assets.clean(await inspected(bytes))

  assert.ok(!result.ok)
  assert.equal(result.error.reason, 'not_decodable')
  assert.match(result.error.message, /^The pixels cannot be decoded: \w.*\.$/)
  await nothingLeft()
})

/** Temporary files are unlinked by the disk worker, which nobody waits for. */
async function nothingLeft(): Promise<void> {
  for (let look = 0; look < 100 && readdirSync(join(directory, 'tmp')).length > 0; look++) await sleep(10)
  assert.deepEqual(readdirSync(join(directory, 'tmp')), [])
}
