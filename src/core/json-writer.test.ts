import assert from 'node:assert/strict'
import { test } from 'node:test'

import { JsonBlob } from './json-blob.ts'
import { dataUrl, writeJson } from './json-blobs.ts'
import { BASE64, blobAt, read, spillingOf, written } from './json-fixture.ts'

test('binary blobs are encoded while they are written, in memory or on the disk, bare or in a data URL', async () => {
  const bytes = Buffer.alloc(200_001, 'plantain')
  const slices = [bytes.subarray(0, 1), bytes.subarray(1, 100_000), bytes.subarray(100_000)]
  const inMemory = new JsonBlob('binary', slices, 'image/png')
  const onDisk = new JsonBlob('binary', [], 'image/png', undefined, { spilled: spillingOf(slices) })
  const encoded = bytes.toString('base64')

  for (const blob of [inMemory, onDisk]) {
    assert.equal(
      await written([blob, dataUrl(blob, 'image/png')]),
      JSON.stringify([encoded, `data:image/png;base64,${encoded}`]),
    )
  }
  const { chunks } = writeJson(inMemory)
  assert.ok(Symbol.iterator in chunks)
  assert.ok([...chunks].every((chunk) => chunk.length <= 64 * 1024))
})

test('base64 slices go out as they are, without a copy', async () => {
  const { value } = await read(JSON.stringify({ b64: BASE64.repeat(20) }))
  const blob = blobAt(value, 'b64')

  const { chunks } = writeJson({ data: [{ url: dataUrl(blob, 'image/png') }] })

  assert.ok(Symbol.iterator in chunks)
  const out = [...chunks]
  assert.ok(blob.slices.every((slice) => out.includes(slice)))
})

test('what has no blob in it is written as JSON.stringify writes it', async () => {
  const value = {
    a: [1, -0, 1.5e300, Number.NaN, true, null],
    'b"\n': 'é\ud800',
    c: undefined,
    d: {},
    e: [],
    f: { g: [{}] },
  }

  assert.equal(await written(value), JSON.stringify(value))
  assert.equal(await written('x'), '"x"')
})

test('a text cannot be wrapped in a data URL', () => {
  assert.throws(() => dataUrl(new JsonBlob('text', [Buffer.from('x')]), 'image/png'), TypeError)
})
