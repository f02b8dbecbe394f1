import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { canonical } from './canonical.ts'
import { JsonBlob, type JsonValue } from './json-blob.ts'
import { readJson, REQUEST_LIMITS, writeJson } from './json-blobs.ts'

/** The one spelling of a document, as text. */
async function spelling(value: JsonValue): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of writeJson(canonical(value)).chunks) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** The same from bytes as they would arrive, cut every `step` bytes. */
async function spellingOf(text: string, step = 1000): Promise<string> {
  const bytes = Buffer.from(text)
  async function* source() {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
  }
  const read = await readJson(source(), { limits: REQUEST_LIMITS, mode: 'request' })
  assert.ok(read.ok, JSON.stringify(read))
  return await spelling(read.value.value)
}

/** The same value with the keys of every object in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, inner]) => [key, shuffled(inner)]),
  )
}

test('white space, the order of keys and the spelling of numbers and texts make no difference', async () => {
  const plain = await spellingOf('{"b":[1,{"y":null,"x":"é/"}],"a":20}')

  assert.equal(plain, '{"a":20,"b":[1,{"x":"é/","y":null}]}')
  assert.equal(await spellingOf(' { "a" : 2.0e1 ,\n"b":[ 1.0, {"x":"\\u00e9\\/", "y": null} ] } '), plain)
})

test('any document keeps its spelling when its keys are shuffled and its layout changes', async () => {
  const document = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }))
  const poisoned = /"(?:__proto__|constructor|prototype)":/
  await fc.assert(
    fc.asyncProperty(document, fc.integer({ min: 1, max: 50 }), async (value, step) => {
      fc.pre(!poisoned.test(JSON.stringify(value)))
      assert.equal(
        await spellingOf(JSON.stringify(shuffled(value), null, 2), step),
        await spellingOf(JSON.stringify(value)),
      )
    }),
  )
})

test('documents that differ anywhere are spelled differently', async () => {
  const known = new Map<string, string>()
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 2 }), async (value) => {
      const spelled = await spelling(value)
      // -0 is 0 on the wire.
      const text = JSON.stringify(shuffledToOrder(value))
      assert.equal(known.get(spelled) ?? text, text)
      known.set(spelled, text)
    }),
  )
})

/** What `canonical` is compared with: the obvious way to order keys, on values without blobs. */
function shuffledToOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffledToOrder)
  if (typeof value !== 'object' || value === null) return value
  const keys = Object.keys(value).sort()
  return Object.fromEntries(keys.map((key) => [key, shuffledToOrder((value as Record<string, unknown>)[key])]))
}

test('a text of any length is spelled alike, whether it came with escapes or without', async () => {
  const text = 'ä"\n/'.repeat(3000)
  const escaped = `"${text.replaceAll(/[^]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`

  assert.equal(await spellingOf(`{"prompt":${escaped}}`), await spellingOf(JSON.stringify({ prompt: text })))
})

test('a picture is spelled with its prefix, wherever its bytes are and however they were cut', async () => {
  const characters = Buffer.alloc(300_000, 'QUJD')
  const spilled = {
    byteLength: characters.length,
    async *[Symbol.asyncIterator]() {
      yield characters
    },
  }
  const url = await spellingOf(`{"url":"data:image/png;base64,${characters.toString()}"}`, 777)

  const fromDisk = new JsonBlob('base64', [], 'image/png', undefined, { spilled })
  assert.equal(await spelling({ url: fromDisk }), url)
  assert.notEqual(await spelling({ url: new JsonBlob('base64', [characters], 'image/jpeg') }), url)
  assert.notEqual(await spelling({ url: new JsonBlob('base64', [characters.subarray(4)], 'image/png') }), url)
})
