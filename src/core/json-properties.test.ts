import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { JsonBlob } from './json-blob.ts'
import type { JsonValue } from './json-blob.ts'
import { ANSWER_LIMITS, dataUrl, readJson, REQUEST_LIMITS, writeJson } from './json-blobs.ts'
import type { ReadOptions } from './json-blobs.ts'

const REQUEST: ReadOptions = { limits: REQUEST_LIMITS, mode: 'request' }
const ANSWER: ReadOptions = { limits: ANSWER_LIMITS, mode: 'answer' }
/** Set to replay a run of the fuzz below; `random` for one that nobody has seen. The same one otherwise, so that no change is blamed for another's find. */
const SEED = seedOf(process.env['PLANTAIN_FUZZ_SEED'] ?? '20261122')
const FUZZ_CASES = 100_000
/** On a busy machine fewer cases run; how many is told. */
const FUZZ_MS = 10_000

function seedOf(text: string): number {
  return text === 'random' ? randomInt(2 ** 31) : Number(text)
}

async function* cut(bytes: Buffer, at: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0
  for (const to of [...at.toSorted((a, b) => a - b), bytes.length]) {
    if (to > from) yield bytes.subarray(from, to)
    from = Math.max(from, to)
  }
}

/** The writer leaves media types to its caller: this one wants back what was read. */
function withPrefixes(found: JsonValue): JsonValue {
  if (found instanceof JsonBlob) return found.mediaType === undefined ? found : dataUrl(found, found.mediaType)
  if (typeof found !== 'object' || found === null) return found
  if (Array.isArray(found)) return found.map(withPrefixes)
  return Object.fromEntries(Object.entries(found).map(([key, item]) => [key, withPrefixes(item ?? null)]))
}

function bytesOf(document: JsonValue): Buffer {
  const { byteLength, chunks } = writeJson(withPrefixes(document))
  assert.ok(Symbol.iterator in chunks)
  const bytes = Buffer.concat([...chunks])
  assert.equal(bytes.length, byteLength)
  return bytes
}

/** Reads, writes and parses: what is left must be what JSON.parse alone makes of it. */
async function roundTrip(bytes: Buffer, at: readonly number[], options: ReadOptions): Promise<void> {
  const result = await readJson(cut(bytes, at), options)
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  const [actual, expected] = [bytesOf(result.value.value), bytes].map((json) =>
    JSON.stringify(JSON.parse(json.toString())),
  )
  assert.ok(actual === expected, `${actual?.slice(0, 200)} … instead of ${expected?.slice(0, 200)} …`)
}

const longBase64 = fc
  .uint8Array({ minLength: 3072, maxLength: 4000 })
  .map((data) => Buffer.from(data).toString('base64'))
const longString = fc.oneof(
  longBase64,
  longBase64.map((data) => `data:image/png;base64,${data}`),
  fc.tuple(longBase64, fc.string({ unit: 'binary', maxLength: 40 })).map(([data, tail]) => data + tail),
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((piece) => `${piece} `.repeat(4096 / (piece.length + 1) + 1)),
)
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: 'binary' }),
    longString,
    tie('array'),
    tie('object'),
  ),
  array: fc.array(tie('any'), { maxLength: 4 }),
  object: fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), tie('any'), { maxKeys: 4 }),
})).any

/** The ways in which the encoders of this world write one document. */
const ENCODINGS: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text.replaceAll('/', '\\/'),
  (text) => text.replaceAll(/(?<!e)\+/g, '\\u002B').replaceAll('=', '\\u003d'),
  (text) => text.replaceAll(/[^\x20-\x7e\t\r\n]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
]

test('any document, however encoded and cut, reads and writes as JSON.parse and JSON.stringify have it', async () => {
  const cuts = fc.array(fc.nat({ max: 30_000 }), { maxLength: 8 })
  const indent = fc.constantFrom('', ' ', '\t', '\r\n')
  await fc.assert(
    fc.asyncProperty(value, cuts, indent, fc.constantFrom(...ENCODINGS), async (document, at, space, encode) => {
      await roundTrip(Buffer.from(encode(JSON.stringify(document, null, space))), at, REQUEST)
    }),
    { numRuns: 300, verbose: fc.VerbosityLevel.None, endOnFailure: true },
  )
})

test('a small document may be cut at every byte', async () => {
  const bytes = Buffer.from('\t{"a\\u0041\\\\" : [ -1.5e+3 ,true,null, "\\"\\\\", "é\\ud83d\\ude00" ] ,"":{ } }\n')

  for (let at = 0; at <= bytes.length; at++) {
    await roundTrip(bytes, [at], REQUEST)
    for (let second = at; second <= bytes.length; second++) await roundTrip(bytes, [at, second], REQUEST)
  }
})

test('a document with long strings may be cut at every byte that means something', async () => {
  const base64 = 'Qk0v'.repeat(1020)
  const bytes = Buffer.from(
    `{"a":"data:image\\/png;base64,${base64}\\u002f\\/QQ\\u003D=","b":"${base64} \\"\\\\\\u00e9é\\\\"}`,
  )
  const middle = bytes.indexOf('"b"')

  for (let at = 0; at <= bytes.length; at++) {
    const isDull = (at > 60 && at < 4050) || (at > middle + 40 && at < middle + 4050)
    if (!isDull || at % 97 === 0) await roundTrip(bytes, [at], REQUEST)
  }
})

/** mulberry32: small, seeded, good enough to choose bytes. */
function makeRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const LONG = 'QUJD/+0='.repeat(513)
const SEEDS: readonly Buffer[] = [
  '{"model":"google/gemini","messages":[{"role":"user","content":"a \\"fox\\" \\u00e9 é 😀"}],"n":1,"seed":-0.5e+2}',
  '[[],{},[{}],"",0,true,false,null,{"a":{"b":{"c":[1,2,3]}}}]',
  ' { "a\\\\" : "b\\/c" , "d" : [ 1 , 2 ] } ',
  '{"constructor":1,"a":2,"a":3,"__proto__":{"x":[]}}',
  '"\\ud83d\\ude00\\ud800"',
  '-12.5E-7',
  `{"b":"${LONG}","c":"d"}`,
  `["data:image\\/png;base64,${LONG}","${LONG}\\n","${'word é \\u00e9 '.repeat(400)}"]`,
].map((text) => Buffer.from(text))
const INTERESTING = Buffer.from('"\\{}[],:0123456789eE+-. \n\r\tutrfnals/b=\x00\x1f\x7f\x80\xbf\xc3\xe2\xff', 'latin1')

function mutate(random: (below: number) => number): Buffer {
  // Long documents cost more and say little more: one in fifteen.
  const pick = random(15) === 0 ? 6 + random(2) : random(6)
  let bytes = Buffer.from(SEEDS[pick] ?? '')
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(bytes.length + 1)
    const end = Math.min(bytes.length, at + random(8))
    const kind = random(6)
    const inserted = kind === 0 ? bytes.subarray(at, end) : Buffer.from([INTERESTING[random(INTERESTING.length)] ?? 0])
    if (kind === 5) bytes = bytes.subarray(0, at)
    else if (kind === 4) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
    else bytes = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(kind === 1 ? at + 1 : at)])
  }
  return bytes
}

/** What JSON.parse makes of it; undefined when it is no JSON. */
function parsed(bytes: Buffer, mode: 'request' | 'answer'): { readonly value: unknown } | undefined {
  if (mode === 'request' && !isUtf8(bytes)) return undefined
  try {
    return { value: JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, '')) }
  } catch {
    return undefined
  }
}

/** What requests are refused for although it is JSON: limits, not form. */
const BY_RULE = /given twice|not allowed anywhere|too large|byte order mark/

function blobsIn(found: unknown): readonly JsonBlob[] {
  if (found instanceof JsonBlob) return [found]
  return typeof found === 'object' && found !== null ? Object.values(found).flatMap(blobsIn) : []
}

/** Control characters beyond the first 4 KiB of a base64 string are the decoder's to find. */
function isLeftToDecoder(document: JsonValue): boolean {
  return blobsIn(document).some(
    (blob) => blob.form === 'base64' && Buffer.concat(blob.slices).some((byte) => byte < 0x20),
  )
}

/** Of a blob's prefix only the media type is kept, in lower case; its parameters are dropped on purpose. */
function withoutParameters(json: string): string {
  return json.replaceAll(
    /"data:([^;,"\\]*)(?:;[^,"\\]*)?;base64,/g,
    (_, type: string) => `"data:${type.toLowerCase()};base64,`,
  )
}

test(
  'damaged documents neither throw nor hang and are valid exactly when JSON.parse says so',
  { timeout: 120_000 },
  async (context) => {
    context.diagnostic(`PLANTAIN_FUZZ_SEED=${SEED}`)
    const random = makeRandom(SEED)
    const start = performance.now()
    let valid = 0
    let count = 0
    for (; count < FUZZ_CASES && performance.now() - start < FUZZ_MS; count++) {
      const bytes = mutate(random)
      const options = random(2) === 0 ? REQUEST : ANSWER
      const at = random(3) === 0 ? [random(bytes.length + 1), random(bytes.length + 1)] : []

      const result = await readJson(cut(bytes, at), options)

      const expected = parsed(bytes, options.mode)
      const about = `PLANTAIN_FUZZ_SEED=${SEED}, case ${count}, ${options.mode}, cut at ${at.join()}: ${bytes.toString('latin1')}`
      if (!result.ok) {
        assert.ok(expected === undefined || BY_RULE.test(result.error.message), `${result.error.message} ${about}`)
        continue
      }
      valid += 1
      if (expected === undefined) {
        const isRepaired = options.mode === 'answer' && bytes.some((byte) => byte < 0x20)
        assert.ok(isRepaired || isLeftToDecoder(result.value.value), `accepted: ${about}`)
      } else if (!blobsIn(result.value.value).some(({ spaced }) => spaced)) {
        const again = JSON.stringify(JSON.parse(bytesOf(result.value.value).toString()))
        assert.equal(withoutParameters(again), withoutParameters(JSON.stringify(expected.value)), about)
      }
    }
    context.diagnostic(`${count} documents, ${valid} of them accepted`)
    assert.ok(valid > count / 20, `only ${valid} documents were valid`)
    assert.equal(Object('').x, undefined)
  },
)
