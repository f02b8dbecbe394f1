import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import { JsonBlob } from '../core/json-blob.ts'
import type { Assets, KeptPicture, StoredPicture } from './assets.ts'
import { base64Blob, binaryBlob, bytesOf, noise, slicesOf } from './test-pictures.ts'

const ARRIVING = ['gen-1790000000-hasty', 'gen-1790000000-twice', 'gen-1790000000-watched'] as const

/** One empty store, and a look behind it. */
export interface StoreUnderTest {
  readonly assets: Assets
  /** Bytes stored under this hash outside the database, or undefined. */
  stored(sha256: string): Promise<Buffer | undefined>
  /** Traces of pictures that were not kept. */
  leftovers(): Promise<readonly string[]>
  remove(): Promise<void>
}

/** What every store of pictures promises, wherever it puts them. For tests only. */
export function assetStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`asset store contract: ${name}`, () => {
    let store: StoreUnderTest
    let assets: Assets
    let large: Buffer
    let small: Buffer

    before(async () => {
      store = await open()
      assets = store.assets
      large = await noise('png', 500, 400)
      small = await noise('png', 60, 40)
    })

    after(async () => {
      await assets.close()
      await store.remove()
    })

    /** Once the generations have ended whose pictures arrived, nothing temporary is left. */
    async function leavesNothing(): Promise<void> {
      for (const generation of ARRIVING) assets.forget(generation)
      for (let tries = 0; tries < 100 && (await store.leftovers()).length > 0; tries++)
        await new Promise((resolve) => setTimeout(resolve, 10))
      assert.deepEqual(await store.leftovers(), [])
    }

    test('a large picture is stored under its hash, byte for byte, and read back', async () => {
      const kept = await keep(base64Blob(large), 'strict')

      assert.deepEqual(kept, { ...factsOf(large, 500, 400), inline: undefined, stored: true, notices: [] })
      assert.deepEqual(await store.stored(kept.sha256), large)
      const blob = await assets.read(rowOf(kept))
      assert.ok(blob !== undefined)
      assert.equal(blob.form, 'binary')
      assert.equal(blob.mediaType, 'image/png')
      assert.deepEqual(await bytesOf(blob), large)
      await leavesNothing()
    })

    test('an inspected picture is stored when it is kept, and gone when it is not wanted', async () => {
      const [wanted, unwanted] = [await noise('png', 200, 200), await noise('png', 200, 201)]
      const first = await assets.inspect(base64Blob(wanted), 'strict')
      const second = await assets.inspect(base64Blob(unwanted), 'strict')
      assert.ok(first.ok && second.ok)
      assert.deepEqual(first.value.facts, factsOf(wanted, 200, 200))
      assert.equal(await store.stored(first.value.facts.sha256), undefined)

      second.value.discard()
      const kept = await first.value.keep()

      assert.deepEqual(kept, { ...factsOf(wanted, 200, 200), inline: undefined, stored: true, notices: [] })
      assert.deepEqual(await store.stored(kept.sha256), wanted)
      assert.equal(await store.stored(second.value.facts.sha256), undefined)
      await leavesNothing()
    })

    test('a picture of at most 16 KiB is handed back for its row and stored nowhere else', async () => {
      const kept = await keep(base64Blob(small, 100), 'strict')

      assert.deepEqual(kept, { ...factsOf(small, 60, 40), inline: small, stored: true, notices: [] })
      assert.equal(await store.stored(kept.sha256), undefined)
      assert.deepEqual(await bytesOf((await assets.read(rowOf(kept))) ?? binaryBlob(large)), small)
    })

    test('the border between small and large is at 16 KiB', async () => {
      const base = await noise('jpeg', 64, 64)
      for (const [length, isInline] of [
        [16_383, true],
        [16_384, true],
        [16_385, false],
        [16_387, false],
        [16_388, false],
      ] as const) {
        const padded = Buffer.concat([base.subarray(0, -2), Buffer.alloc(length - base.length), base.subarray(-2)])
        for (const blob of [base64Blob(padded, 999), binaryBlob(padded)]) {
          const kept = await keep(blob, 'tolerant')
          assert.equal(kept.inline !== undefined, isInline, `${length} bytes`)
          assert.equal(kept.sha256, createHash('sha256').update(padded).digest('hex'))
          assert.equal(kept.bytes, length)
        }
      }
    })

    test('an intake gives the same as decoding later, however the characters are cut', async () => {
      const characters = Buffer.from(large.toString('base64'))
      for (const length of [997, 65_536, characters.length]) {
        const intake = assets.intake({ generationId: 'gen-1790000000-watched', attemptId: `att-${length}` })
        const slices = slicesOf(characters, length)
        for (const slice of slices) await intake.write(slice)
        intake.end()

        const kept = await keep(new JsonBlob('base64', slices, undefined, intake), 'tolerant')

        assert.deepEqual(kept, { ...factsOf(large, 500, 400), inline: undefined, stored: true, notices: [] })
      }
      await leavesNothing()
    })

    test('an intake that nobody waits for loses nothing', async () => {
      const pictures = await Promise.all(Array.from({ length: 12 }, () => noise('png', 900, 700)))
      const kept = pictures.map(async (picture, index) => {
        const intake = assets.intake({ generationId: 'gen-1790000000-hasty', attemptId: `att-${index}` })
        const slices = slicesOf(Buffer.from(picture.toString('base64')), 65_536)
        for (const slice of slices) void intake.write(slice)
        intake.end()
        return keep(new JsonBlob('base64', slices, undefined, intake), 'tolerant')
      })

      for (const [index, picture] of pictures.entries())
        assert.equal((await kept[index])?.sha256, createHash('sha256').update(picture).digest('hex'))
    })

    test('keeping one picture twice, and at once, is one picture', async () => {
      const picture = await noise('png', 300, 200)
      const all = await Promise.all(Array.from({ length: 8 }, () => keep(base64Blob(picture), 'strict')))

      assert.equal(new Set(all.map(({ sha256 }) => sha256)).size, 1)
      assert.deepEqual(await store.stored(all[0]?.sha256 ?? ''), picture)
      await leavesNothing()
    })

    test('a watched picture that is asked for twice is told twice', async () => {
      const intake = assets.intake({ generationId: 'gen-1790000000-twice', attemptId: 'att-1' })
      const blob = new JsonBlob('base64', base64Blob(large).slices, undefined, intake)
      for (const slice of blob.slices) await intake.write(slice)
      intake.end()

      assert.deepEqual(await keep(blob, 'tolerant'), await keep(blob, 'tolerant'))
    })

    test('a discarded picture leaves nothing, and can still be kept from its slices', async () => {
      const picture = await noise('png', 310, 200)
      const blob = await watched(picture)
      assets.discard(blob)
      const aborted = await watched(picture)
      aborted.intake?.abort()

      await settled()
      await leavesNothing()
      assert.equal(await store.stored(createHash('sha256').update(picture).digest('hex')), undefined)
      assert.equal((await keep(blob, 'tolerant')).bytes, picture.length)
    })

    test('answers may have damaged base64 that can be mended, and are told so; references may not', async () => {
      const picture = await noise('jpeg', 201, 150)
      const text = picture.toString('base64').replace(/.{76}/g, '$&\r\n').replaceAll('+', '-').replaceAll('=', '')
      const spoilt = () => new JsonBlob('base64', slicesOf(Buffer.from(text), 4000))

      const answer = await keep(spoilt(), 'tolerant')
      assert.equal(answer.sha256, createHash('sha256').update(picture).digest('hex'))
      assert.ok(answer.notices.length >= 2, answer.notices.join())
      const reference = await assets.keep(spoilt(), 'strict')
      assert.ok(!reference.ok)
      assert.equal(reference.error.reason, 'bad_base64')
      const mended = await watched(picture, text)
      const strict = await assets.keep(mended, 'strict')
      assert.ok(!strict.ok)
      assert.equal(strict.error.reason, 'bad_base64')
    })

    test('what is no usable picture is refused with its reason, and leaves nothing', async () => {
      const tables = [
        ['bad_base64', new JsonBlob('base64', [Buffer.from(`${large.toString('base64').slice(0, 90_000)}!!!!`)])],
        ['bad_base64', new JsonBlob('text', [Buffer.from('once upon a time'.repeat(500))])],
        ['not_a_picture', base64Blob(randomBytes(100_000))],
        ['not_a_picture', base64Blob(Buffer.from('<html>'.repeat(20)))],
        ['unsupported_format', base64Blob(await noise('gif', 40, 40))],
        ['truncated', base64Blob(large.subarray(0, large.length - 1))],
        ['truncated', base64Blob(small.subarray(0, 1024))],
        ['empty', new JsonBlob('base64', [])],
        [
          'too_large',
          base64Blob(
            Buffer.concat([large.subarray(0, -12), Buffer.alloc(25 * 1024 * 1024), large.subarray(-12)]),
            1 << 20,
          ),
        ],
      ] as const
      for (const [reason, blob] of tables) {
        const found = await assets.keep(blob, 'strict')
        assert.ok(!found.ok, reason)
        assert.equal(found.error.reason, reason, found.error.message)
      }
      await settled()
      await leavesNothing()
    })

    test('a JPEG with a film behind it is kept whole', async () => {
      const picture = Buffer.concat([await noise('jpeg', 200, 200), Buffer.alloc(200_000, 'ftypmp42')])
      assert.equal((await keep(base64Blob(picture), 'strict')).bytes, picture.length)
      assert.equal((await keep(await watched(picture), 'tolerant')).bytes, picture.length)
    })

    test('streams all of a picture or a part of it, from either place', async () => {
      for (const bytes of [large, small]) {
        const row = rowOf(await keep(base64Blob(bytes), 'strict'))
        assert.deepEqual(await streamed(row), bytes)
        assert.deepEqual(await streamed(row, { start: 10, end: 1033 }), bytes.subarray(10, 1034))
        assert.deepEqual(await streamed(row, { start: 0, end: 0 }), bytes.subarray(0, 1))
      }
    })

    test('a picture that was never kept, or has another size, is undefined', async () => {
      const unknown = { sha256: 'f'.repeat(64), media_type: 'image/png', bytes: 9, inline: null }
      const known = rowOf(await keep(base64Blob(large), 'strict'))
      for (const row of [unknown, { ...known, bytes: known.bytes + 1 }]) {
        assert.equal(await assets.read(row), undefined)
        assert.equal(await assets.open(row), undefined)
      }
    })

    test('converts to each format and keeps the result as well', async () => {
      const kept = await keep(base64Blob(large), 'tolerant')
      for (const source of [kept, base64Blob(large), await keep(base64Blob(small), 'tolerant')]) {
        for (const format of ['png', 'jpeg', 'webp'] as const) {
          const converted = await assets.convert(source, format, 80)
          assert.ok(converted.ok)
          const { blob, kept: result } = converted.value
          assert.equal(result.mediaType, `image/${format}`)
          assert.equal(result.stored, true)
          assert.deepEqual(await bytesOf((await assets.read(rowOf(result))) ?? binaryBlob(large)), await bytesOf(blob))
        }
      }
    })

    async function keep(blob: JsonBlob, mode: 'strict' | 'tolerant'): Promise<KeptPicture> {
      const result = await assets.keep(blob, mode)
      assert.ok(result.ok, JSON.stringify(result))
      return result.value
    }

    async function watched(bytes: Buffer, text = bytes.toString('base64')): Promise<JsonBlob> {
      const intake = assets.intake({ generationId: 'gen-1790000000-watched', attemptId: 'att-x' })
      const slices = slicesOf(Buffer.from(text), 50_000)
      for (const slice of slices) await intake.write(slice)
      intake.end()
      return new JsonBlob('base64', slices, undefined, intake)
    }

    /** Orders to a store are carried out in turn: when this picture is kept, what came before has happened. */
    async function settled(): Promise<void> {
      await keep(base64Blob(large), 'strict')
    }

    async function streamed(row: StoredPicture, range?: { start: number; end: number }): Promise<Buffer> {
      const stream = await assets.open(row, range)
      assert.ok(stream !== undefined)
      return Buffer.concat(await stream.toArray())
    }
  })
}

function factsOf(bytes: Buffer, width: number, height: number) {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { sha256, mediaType: 'image/png', width, height, bytes: bytes.length }
}

/** The row that a store would read a kept picture by. */
export function rowOf({ sha256, mediaType, bytes, inline }: KeptPicture): StoredPicture {
  return { sha256, media_type: mediaType, bytes, inline: inline ?? null }
}
