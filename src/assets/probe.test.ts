import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'

import sharp from 'sharp'

import { PictureProbe, type Probed } from './probe.ts'
import { pngChunk, pngFrom } from './test-bombs.ts'
import { noise, slicesOf } from './test-pictures.ts'
import { ANSWER_LIMITS, REFERENCE_LIMITS, judge } from './usable.ts'

test('reads type and size of real pictures, however their bytes are cut', async () => {
  const pictures = [
    ['image/png', await noise('png', 101, 57)],
    [
      'image/png',
      await sharp(await noise('png', 101, 57))
        .png({ palette: true, progressive: true })
        .toBuffer(),
    ],
    ['image/jpeg', await noise('jpeg', 101, 57)],
    [
      'image/jpeg',
      await sharp(await noise('png', 101, 57))
        .jpeg({ progressive: true })
        .withExif({ IFD0: { Copyright: 'c' } })
        .toBuffer(),
    ],
    ['image/webp', await noise('webp', 101, 57)],
    [
      'image/webp',
      await sharp(await noise('png', 101, 57))
        .webp({ quality: 50 })
        .toBuffer(),
    ],
    [
      'image/webp',
      await sharp(await noise('png', 101, 57))
        .webp()
        .withExif({ IFD0: { Copyright: 'c' } })
        .toBuffer(),
    ],
    ['image/gif', await noise('gif', 101, 57)],
  ] as const

  for (const [mediaType, bytes] of pictures) {
    for (const length of [1, 7, 63, 64, 65, 4096, bytes.length]) {
      const expected = { mediaType, width: 101, height: 57, animated: false, fault: undefined }
      assert.deepEqual(probe(bytes, length), expected, `${mediaType} in slices of ${length}`)
    }
  }
})

test('the end of a file missing at any place makes it unusable', async () => {
  for (const format of ['png', 'jpeg', 'webp', 'gif'] as const) {
    const bytes = await noise(format, 64, 48)
    const cuts = [1, 2, 5, 12, 100, ...slicesOf(bytes, 1024).map((_, index) => bytes.length - index * 1024 - 1)]
    for (const cut of cuts) {
      const found = probe(bytes.subarray(0, bytes.length - cut), 1000)
      const judged = judge(found, Math.max(1, bytes.length - cut), ANSWER_LIMITS)
      assert.ok(!judged.ok, `${format} without its last ${cut} bytes`)
      assert.match(judged.error.reason, /truncated|not_a_picture/)
    }
  }
})

test('a JPEG with a thumbnail inside and cut pixels is not taken for whole', async () => {
  const thumbnail = await noise('jpeg', 16, 16)
  const whole = await noise('jpeg', 200, 200)
  const exif = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 0]), thumbnail])
  exif.writeUInt16BE(thumbnail.length + 2, 2)
  const withThumbnail = Buffer.concat([whole.subarray(0, 2), exif, whole.subarray(2)])

  assert.deepEqual(probe(withThumbnail, 100)?.fault, undefined)
  assert.equal(probe(withThumbnail, 100)?.width, 200)
  for (const scan of [false, true]) {
    const cut = probe(withThumbnail.subarray(0, withThumbnail.length - 6000), 100, scan)
    assert.equal(cut?.fault, 'its end marker is missing')
  }
})

test('a JPEG with a film behind it is whole, once all of it is searched', async () => {
  const film = Buffer.alloc(100_000, 'film')
  const bytes = Buffer.concat([await noise('jpeg', 200, 200), film])

  assert.equal(probe(bytes, 777)?.fault, 'its end marker is missing')
  for (const length of [1, 777, bytes.length]) assert.equal(probe(bytes, length, true)?.fault, undefined)
})

test('bombs are refused by their headers in milliseconds', async () => {
  const few = Buffer.alloc(30_000)
  const bombs = [
    ['30 KB of 16000²', pngFrom({ width: 16_000, height: 16_000, rows: Buffer.alloc(16_000 * 1_500) }), 'too_large'],
    ['30000²', pngFrom({ width: 30_000, height: 30_000, rows: few }), 'too_large'],
    ['1×2³¹', pngFrom({ width: 1, height: 2 ** 31, rows: few }), 'too_large'],
    ['7000² with data for a thousandth of it', pngFrom({ width: 7000, height: 7000, rows: few }), 'truncated'],
    ['0 × 10', pngFrom({ width: 0, height: 10, rows: few }), 'not_a_picture'],
    ['no bytes', Buffer.alloc(0), 'empty'],
    ['random', randomBytes(5000), 'not_a_picture'],
    ['text', Buffer.from('<html><body>no</body></html>'.repeat(10)), 'not_a_picture'],
    ['pdf', Buffer.from('%PDF-1.7 '.repeat(20)), 'unsupported_format'],
    [
      'svg',
      Buffer.from(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>',
      ),
      'unsupported_format',
    ],
    ['gif', await noise('gif', 20, 20), 'unsupported_format'],
    ['tiff loop', Buffer.from('49492a0008000000', 'hex'), 'unsupported_format'],
    ['APNG', apng(), 'unsupported_format'],
    [
      'animated WebP',
      await sharp(await noise('gif', 8, 16), { pages: -1 })
        .webp()
        .toBuffer()
        .then(animate),
      'unsupported_format',
    ],
  ] as const

  for (const [name, bytes, reason] of bombs) {
    const started = performance.now()
    const judged = judge(probe(bytes, 65_536), bytes.length, REFERENCE_LIMITS)
    assert.ok(!judged.ok, name)
    assert.equal(judged.error.reason, reason, `${name}: ${judged.error.message}`)
    assert.ok(performance.now() - started < 100, `${name} took too long`)
  }
})

test('a plain picture of the largest size that is allowed is not taken for a bomb', () => {
  const plain = pngFrom({ width: 7000, height: 7000, rows: Buffer.alloc(7000 * (7000 * 3 + 1)) })

  const judged = judge(probe(plain, 65_536), plain.length, REFERENCE_LIMITS)

  assert.ok(judged.ok, JSON.stringify(judged))
})

test('an SVG answer has the size that its root names', () => {
  const tables = [
    ['<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480px">', 640, 480],
    [`<?xml version="1.0"?>\n<!-- ${'c'.repeat(300)} -->\n<svg viewBox="0 0 32 16" xmlns="x">`, 32, 16],
  ] as const
  for (const [root, width, height] of tables) {
    const bytes = Buffer.from(`${root}${'<path d="M0 0"/>'.repeat(20)}</svg>\n`)
    assert.deepEqual(judge(probe(bytes, 50), bytes.length, ANSWER_LIMITS), {
      ok: true,
      value: { mediaType: 'image/svg+xml', width, height, animated: false, fault: undefined },
    })
    const cut = judge(probe(bytes.subarray(0, -20), 50), bytes.length, ANSWER_LIMITS)
    assert.equal(cut.ok, false)
  }
})

test('no cut or flipped byte makes the probe throw', async () => {
  const pictures = await Promise.all((['png', 'jpeg', 'webp', 'gif'] as const).map((format) => noise(format, 20, 20)))
  for (const bytes of pictures) {
    for (let round = 0; round < 300; round++) {
      const damaged = Buffer.from(bytes.subarray(0, 1 + Math.floor((round / 300) * bytes.length)))
      damaged[round % Math.min(damaged.length, 60)] = (round * 37) & 0xff
      probe(damaged, 1 + (round % 90))
    }
  }
  assert.equal(pictures.length, 4)
})

function probe(bytes: Buffer, length: number, scan = false): Probed | undefined {
  const started = new PictureProbe({ scan })
  const reused = Buffer.alloc(length)
  for (const slice of slicesOf(bytes, length)) {
    slice.copy(reused)
    started.write(reused.subarray(0, slice.length))
  }
  return started.end()
}

function apng(): Buffer {
  const still = pngFrom({ width: 20, height: 20, rows: Buffer.alloc(20 * 61) })
  return Buffer.concat([still.subarray(0, 33), pngChunk('acTL', Buffer.alloc(8)), still.subarray(33)])
}

/** Sets the animation flag of an extended WebP around a simple one. */
function animate(still: Buffer): Buffer {
  const extended = Buffer.alloc(18)
  extended.write('VP8X', 0, 'latin1')
  extended.writeUInt32LE(10, 4)
  extended[8] = 0x02
  const file = Buffer.concat([still.subarray(0, 12), extended, still.subarray(12)])
  file.writeUInt32LE(file.length - 8, 4)
  return file
}
