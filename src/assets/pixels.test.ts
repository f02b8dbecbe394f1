import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'

import sharp, { type Sharp } from 'sharp'

import { systemClock } from '../core/clock.ts'
import { JsonBlob } from '../core/json-blob.ts'
import { Decoder } from './decoding/decoder.ts'
import { makePixels } from './pixels.ts'
import { base64Blob, bytesOf, noise } from './test-pictures.ts'

const decoder = new Decoder(systemClock)
const pixels = makePixels(decoder)
after(() => decoder.close())

async function rawOf(picture: Buffer | Sharp) {
  const opened = Buffer.isBuffer(picture) ? sharp(picture) : picture
  return await opened.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
}

async function tilesOf(picture: Buffer, columns = 2, rows = 2): Promise<readonly Buffer[]> {
  const tiles = await pixels.tiles(base64Blob(picture), columns, rows, columns * rows)
  assert.ok(tiles.ok, JSON.stringify(tiles))
  return await Promise.all(tiles.value.map(async (blob) => (await bytesOf(blob)) ?? Buffer.of()))
}

const BROKEN = (await noise('png', 64, 64)).subarray(0, 900)
const TINY = await noise('png', 1, 1)
/** Transparent on the left, then less and less, opaque on the right. */
const MASK = await sharp(Buffer.from([9, 9, 9, 0, 200, 9, 9, 127, 9, 200, 9, 128, 0, 0, 0, 255]), {
  raw: { width: 4, height: 1, channels: 4 },
})
  .png()
  .toBuffer()
/** From black to white, without any alpha, and with one that hides nothing. */
const GREYS = await sharp(Buffer.from([0, 127, 128, 255]), { raw: { width: 4, height: 1, channels: 1 } })
  .png()
  .toBuffer()
const VEILED = await sharp(Buffer.from([0, 200, 127, 200, 128, 200, 255, 200]), {
  raw: { width: 4, height: 1, channels: 2 },
})
  .png()
  .toBuffer()

describe('a picture that is cut', () => {
  for (const format of ['png', 'jpeg', 'webp'] as const) {
    test(`as ${format} has every pixel of its parts, row by row`, async () => {
      const picture = await noise(format, 64, 48)

      const tiles = await tilesOf(picture)

      for (const [index, [left, top]] of [
        [0, 0],
        [32, 0],
        [0, 24],
        [32, 24],
      ].entries()) {
        const cut = await rawOf(tiles[index] ?? Buffer.of())
        const whole = await rawOf(sharp(picture).extract({ left: left ?? 0, top: top ?? 0, width: 32, height: 24 }))
        assert.deepEqual([cut.info.width, cut.info.height], [32, 24])
        assert.ok(cut.data.equals(whole.data), `part ${index}`)
      }
    })
  }

  test('comes as PNG, whatever it was, and stays as it is', async () => {
    const blob = base64Blob(await noise('webp', 16, 16))

    const tiles = await pixels.tiles(blob, 2, 1, 2)

    assert.ok(tiles.ok)
    assert.deepEqual(
      tiles.value.map(({ mediaType, form }) => [mediaType, form]),
      [
        ['image/png', 'binary'],
        ['image/png', 'binary'],
      ],
    )
    assert.ok((await pixels.tiles(blob, 1, 1, 1)).ok)
  })

  test('gives no more of its parts than are wanted', async () => {
    const tiles = await pixels.tiles(base64Blob(await noise('png', 16, 16)), 2, 2, 3)

    assert.equal(tiles.ok && tiles.value.length, 3)
  })

  test('unevenly loses no pixel', async () => {
    const sizes = await Promise.all(
      (await tilesOf(await noise('png', 11, 7), 2, 3)).map((tile) => sharp(tile).metadata()),
    )

    assert.deepEqual(
      sizes.map(({ width, height }) => [width, height]),
      [
        [5, 2],
        [6, 2],
        [5, 2],
        [6, 2],
        [5, 3],
        [6, 3],
      ],
    )
  })

  for (const [what, picture] of [
    ['is none', Buffer.from('no picture at all')],
    ['breaks off', BROKEN],
    ['is smaller than its parts', TINY],
  ] as const) {
    test(`but ${what} is told about in a sentence`, async () => {
      const tiles = await pixels.tiles(base64Blob(picture), 2, 2, 4)

      assert.ok(!tiles.ok)
      assert.match(tiles.error, /^The picture could not be cut: .+\.$/)
    })
  }
})

describe('a stencil', () => {
  for (const [marked, values] of [
    ['black', [0, 0, 255, 255]],
    ['white', [255, 255, 0, 0]],
  ] as const) {
    test(`is ${marked} where the mask is transparent, whatever its colours`, async () => {
      assert.deepEqual(await stencilOf(MASK, marked), values)
    })
  }

  for (const [what, mask] of [
    ['has no transparency', GREYS],
    ['is transparent nowhere', VEILED],
  ] as const) {
    test(`of a mask that ${what} marks what is white in it`, async () => {
      const made = await Promise.all((['black', 'white'] as const).map((marked) => stencilOf(mask, marked)))

      assert.deepEqual(made, [
        [255, 255, 0, 0],
        [0, 0, 255, 255],
      ])
    })
  }

  test('cannot be made of what is no picture', async () => {
    const made = await pixels.stencil(base64Blob(BROKEN), 'black')

    assert.ok(!made.ok)
    assert.match(made.error, /^The pixels cannot be decoded: .+\.$/)
  })
})

async function stencilOf(mask: Buffer, marked: 'black' | 'white'): Promise<readonly number[]> {
  const made = await pixels.stencil(new JsonBlob('binary', [mask], 'image/png'), marked)
  assert.ok(made.ok, JSON.stringify(made))
  const bytes = (await bytesOf(made.value)) ?? Buffer.of()
  assert.equal((await sharp(bytes).metadata()).channels, 1)
  return [...(await sharp(bytes).extractChannel(0).raw().toBuffer())]
}
