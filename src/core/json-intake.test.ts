import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Intake } from './json-blob.ts'
import { dataUrl, readJson, writeJson } from './json-blobs.ts'
import {
  ANSWER,
  BASE64,
  blobAt,
  read,
  refusal,
  REQUEST,
  spillingOf,
  testMemory,
  watcher,
  written,
} from './json-fixture.ts'
import type { Watcher } from './json-fixture.ts'

test('an intake gets every slice of its picture, the first included, and then the end', async () => {
  for (const size of [7, 1000, 65_536]) {
    const asked: unknown[] = []
    const intakes: Watcher[] = []
    const intake = (path: readonly (string | number)[], mediaType: string | undefined): Intake => {
      asked.push([path, mediaType])
      const opened = watcher()
      intakes.push(opened)
      return opened
    }
    const text = `{"a":["x","data:image\\/webp;base64,${BASE64.replaceAll('/', '\\/')}"],"b":"${'no base64. '.repeat(900)}","c":"${BASE64}"}`

    const { value } = await read(text, { ...REQUEST, intake }, size)

    assert.deepEqual(asked, [
      [['a', 1], 'image/webp'],
      [['c'], undefined],
    ])
    for (const [index, path] of [['a', '1'], ['c']].entries()) {
      const blob = blobAt(value, ...path)
      assert.equal(blob.intake, intakes[index])
      assert.equal(Buffer.concat(intakes[index]?.received ?? []).toString(), BASE64)
      assert.deepEqual(intakes[index]?.log.at(-1), 'end')
      assert.ok(!intakes[index]?.log.includes('abort'))
    }
  }
})

test('the reader waits for an intake before it writes on', async () => {
  const slow = watcher(undefined, () => new Promise((resolve) => setTimeout(resolve, 1)))
  const big = 'QUJD'.repeat(100_000)

  await read(`{"a":"${big}"}`, { ...ANSWER, intake: () => slow })

  const steps = slow.log.join(' ')
  assert.match(steps, /^(write written )+end$/)
})

test('an intake is aborted once when its string turns out to be text', async () => {
  const watched = watcher()
  const { value } = await read(`{"a":"${BASE64.repeat(30)}\\"and"}`, { ...ANSWER, intake: () => watched })

  assert.equal(watched.log.filter((step) => step === 'abort').length, 1)
  assert.ok(!watched.log.includes('end'))
  assert.equal(blobAt(value, 'a').form, 'text')
})

test('a refused document aborts all its intakes, the ended ones too, once', async () => {
  const intakes: Watcher[] = []
  const intake = (): Intake => {
    const opened = watcher()
    intakes.push(opened)
    return opened
  }

  await refusal(`{"a":"${BASE64}","b":"${BASE64.repeat(20)}`, { ...REQUEST, intake }, 30_000)

  assert.equal(intakes.length, 2)
  for (const { log } of intakes) assert.equal(log.filter((step) => step === 'abort').length, 1)
})

test('a source that throws aborts the intakes and its error goes through', async () => {
  const watched = watcher()
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.from(`{"a":"${BASE64.repeat(20)}`)
    throw new Error('socket hang up')
  }

  await assert.rejects(readJson(broken(), { ...ANSWER, intake: () => watched }), /socket hang up/)

  assert.equal(watched.log.at(-1), 'abort')
})

test('a refusal closes the source', async () => {
  let isClosed = false
  async function* source(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.from('[')
    } finally {
      isClosed = true
    }
  }

  const result = await readJson(source(), REQUEST)

  assert.ok(!result.ok && isClosed)
})

test('past the budget a picture goes to the spill, and is written from there as often as asked', async () => {
  const big = BASE64.repeat(125)
  const { memory, stored } = testMemory(200_000)
  const watched = watcher()
  const text = JSON.stringify({ created: 1, data: [{ b64: big }], small: BASE64 })

  const { value } = await read(text, {
    ...ANSWER,
    memory,
    intake: (path) => (path[0] === 'data' ? watched : undefined),
  })

  const blob = blobAt(value, 'data', '0', 'b64')
  assert.deepEqual([blob.slices.length, blob.byteLength, stored()], [0, big.length, big.length])
  assert.equal(Buffer.concat(watched.received).toString(), big)
  assert.equal(await written(value), text)
  assert.equal(await written(value), text)
  assert.equal(
    await written({ url: dataUrl(blob, 'image/png') }),
    JSON.stringify({ url: `data:image/png;base64,${big}` }),
  )
})

test('past the budget a picture that its intake has written down is let go of, and written from there', async () => {
  const big = BASE64.repeat(125)
  const { memory, stored } = testMemory(200_000)
  const watched = watcher(undefined, undefined, spillingOf([Buffer.from(big, 'base64')]))
  const text = JSON.stringify({ data: [{ b64: big }], small: BASE64 })

  const { value } = await read(text, {
    ...ANSWER,
    memory,
    intake: (path) => (path[0] === 'data' ? watched : undefined),
  })

  const blob = blobAt(value, 'data', '0', 'b64')
  assert.deepEqual([blob.form, blob.slices.length, stored()], ['binary', 0, 0])
  assert.equal(blob.intake, watched)
  assert.equal(Buffer.concat(watched.received).toString(), big)
  assert.equal(await written(blob), JSON.stringify(Buffer.from(big, 'base64').toString('base64')))
  assert.ok(memory.heldBytes <= BASE64.length)
})

test('the pictures of a document that arrived first leave memory first', async () => {
  const { memory, stored } = testMemory(1_000_000)
  const [first, second] = [BASE64.repeat(50), BASE64.repeat(60)]

  const { value } = await read(JSON.stringify([first, second]), { ...ANSWER, memory })

  assert.equal(stored(), first.length)
  assert.equal(await written(value), JSON.stringify([first, second]))
})

test('within the budget everything is held and counted until it is released', async () => {
  const { memory, stored } = testMemory(4_000_000)

  const { value } = await read(JSON.stringify({ b64: BASE64.repeat(125) }), { ...ANSWER, memory })

  const blob = blobAt(value, 'b64')
  assert.deepEqual([stored(), blob.spilled, memory.heldBytes], [0, undefined, blob.byteLength])
  writeJson({ url: dataUrl(blob, 'image/png') }).release()
  assert.equal(memory.heldBytes, 0)
  assert.equal((await written(blob)).length, blob.byteLength + 2)
})

test('a refused document no longer counts', async () => {
  const { memory } = testMemory(4_000_000)

  await refusal(`{"a":"${BASE64.repeat(60)}","b":"${BASE64}`, { ...ANSWER, memory })

  assert.equal(memory.heldBytes, 0)
})

test('white space does not follow a picture to the spill', async () => {
  const { memory } = testMemory(0)
  const big = BASE64.repeat(125)

  const { value } = await read(`{"b64":"${big.replaceAll(/(.{76})/g, '$1\\n')}"}`, { ...ANSWER, memory })

  assert.equal(await written(value), JSON.stringify({ b64: big }))
})
