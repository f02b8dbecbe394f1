import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { Base64Decoder, encodedLength, encodeSlices } from './base64.ts'
import type { Base64Problem } from './base64.ts'

interface Decoded {
  readonly bytes: Buffer | undefined
  readonly problem: Base64Problem['code'] | undefined
  readonly notices: readonly string[]
  readonly pieces: readonly Buffer[]
}

/** Decodes `text` cut at every one of `cuts` (offsets into it). */
function decode(mode: 'strict' | 'tolerant', text: string | Buffer, cuts: readonly number[] = []): Decoded {
  const decoder = new Base64Decoder(mode)
  const characters = Buffer.from(text)
  const pieces: Buffer[] = []
  const bounds = [
    0,
    ...cuts.map((cut) => Math.min(cut, characters.length)).toSorted((a, b) => a - b),
    characters.length,
  ]
  for (const [index, from] of bounds.slice(0, -1).entries()) {
    const result = decoder.write(characters.subarray(from, bounds[index + 1]))
    if (!result.ok) return { bytes: undefined, problem: result.error.code, notices: decoder.notices, pieces }
    pieces.push(...result.value)
  }
  const last = decoder.end()
  if (!last.ok) return { bytes: undefined, problem: last.error.code, notices: decoder.notices, pieces }
  pieces.push(...last.value)
  return { bytes: Buffer.concat(pieces), problem: undefined, notices: decoder.notices, pieces }
}

const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array))
const cuts = fc.array(fc.nat({ max: 600 }), { maxLength: 6 })

test('both modes decode what Buffer encoded, wherever the text is cut', () => {
  fc.assert(
    fc.property(bytes, cuts, fc.constantFrom('strict' as const, 'tolerant' as const), (data, at, mode) => {
      const decoded = decode(mode, data.toString('base64'), at)

      assert.deepEqual(decoded.bytes, data)
      assert.deepEqual(decoded.notices, [])
    }),
  )
})

test('strict mode takes a text exactly when encoding its bytes gives the text back', () => {
  const characters = fc.constantFrom('A', 'B', 'Q', 'R', 'z', '9', '+', '/', '=', '-', '_', ' ', '\n', 'é', '.')
  const text = fc.array(characters, { maxLength: 12 }).map((list) => Buffer.from(list.join(''), 'latin1'))
  fc.assert(
    fc.property(text, cuts, (raw, at) => {
      const canonical = Buffer.from(raw.toString('latin1'), 'base64')
      const isExact = canonical.toString('base64') === raw.toString('latin1')

      assert.deepEqual(decode('strict', raw, at).bytes, isExact ? canonical : undefined)
    }),
    { numRuns: 3000 },
  )
})

test('how a text is cut never changes the verdict, the bytes or the notices', () => {
  const characters = fc.constantFrom('Q', 'Q', 'Q', 'g', '/', '=', '=', '-', ' ', '\n', 'é')
  const text = fc.array(characters, { maxLength: 14 }).map((list) => Buffer.from(list.join(''), 'latin1'))
  fc.assert(
    fc.property(text, cuts, fc.constantFrom('strict' as const, 'tolerant' as const), (raw, at, mode) => {
      const whole = decode(mode, raw)
      const cut = decode(mode, raw, at)

      assert.deepEqual([cut.bytes, cut.problem], [whole.bytes, whole.problem])
      if (whole.bytes !== undefined) assert.deepEqual(cut.notices.toSorted(), whole.notices.toSorted())
    }),
    { numRuns: 3000 },
  )
})

const long = Buffer.alloc(100_000, 'plantain').toString('base64')
const REFUSED_WHEN_STRICT: readonly [name: string, text: string, code: Base64Problem['code']][] = [
  ['a line break', 'QUJD\nQUJD', 'white_space'],
  ['a line break at the end', 'QUJD\n', 'white_space'],
  ['a space far into a long text', `${long.slice(0, 120_000)} ${long.slice(120_000)}`, 'white_space'],
  ['the URL alphabet', 'QUJD-_-_', 'url_alphabet'],
  ['the URL alphabet in the last quantum', 'QUJDQUJ_', 'url_alphabet'],
  ['missing padding', 'QUI', 'padding'],
  ['too little padding', 'QQ=', 'padding'],
  ['too much padding', 'QUJD=', 'padding'],
  ['padding in the middle', 'QQ==QUJD', 'padding'],
  ['padding alone', '====', 'padding'],
  ['stray bits before two =', 'QR==', 'unused_bits'],
  ['a lone last character', 'QUJDQ', 'cut'],
  ['a character outside ASCII', 'QUJDé', 'illegal_character'],
  ['a full stop', 'QUJ.', 'illegal_character'],
  ['a NUL byte', 'QUJD\u0000QUJ', 'illegal_character'],
]

for (const [name, text, code] of REFUSED_WHEN_STRICT) {
  test(`strict mode refuses ${name}`, () => {
    assert.equal(decode('strict', text).problem, code)
  })
}

test('stray bits before one = are refused in strict mode and named in tolerant mode', () => {
  assert.equal(decode('strict', 'QUJ=').problem, 'unused_bits')
  assert.deepEqual(decode('tolerant', 'QUJ=').notices, ['base64 had stray bits in its last character'])
})

const TOLERATED: readonly [name: string, text: string, bytes: string, notices: readonly string[]][] = [
  ['line breaks', 'QU\r\nJD\nQUJD\n', 'ABCABC', ['base64 had white space in it']],
  ['white space after padding', 'QQ==\n', 'A', ['base64 had white space in it']],
  ['white space between padding', 'QQ= =', 'A', ['base64 had white space in it']],
  ['missing padding', 'QUI', 'AB', ['base64 padding was missing or wrong']],
  ['too much padding', 'QUJD====', 'ABC', ['base64 padding was missing or wrong']],
  ['the URL alphabet', 'Pz8_Pz8-', '?????>', ['base64 used the URL alphabet']],
  ['stray bits', 'QR==', 'A', ['base64 had stray bits in its last character']],
]

for (const [name, text, expected, notices] of TOLERATED) {
  test(`tolerant mode canonicalises ${name} and names it`, () => {
    const decoded = decode('tolerant', text)

    assert.equal(decoded.bytes?.toString('latin1'), expected)
    assert.deepEqual(decoded.notices, notices)
  })
}

for (const [name, text, code] of [
  ['an illegal character', 'QUJ.QUJD', 'illegal_character'],
  ['a control character', 'QU\u0001D', 'illegal_character'],
  ['a cut quantum', 'QUJDQ', 'cut'],
  ['data behind padding', 'QQ==QUJD', 'padding'],
] as const) {
  test(`tolerant mode has no use for ${name}`, () => {
    assert.equal(decode('tolerant', text).problem, code)
  })
}

test('a problem names the character at fault and where it stands, and nothing else of the text', () => {
  const decoder = new Base64Decoder('strict')
  decoder.write(Buffer.from(long.slice(0, 70_000)))

  const result = decoder.write(Buffer.from('QUJDQUJD!QUJ'))

  assert.ok(!result.ok)
  assert.equal(result.error.offset, 70_008)
  assert.equal(result.error.message, 'The base64 is not valid: it holds the character "!", at character 70009.')
})

test('pictures are decoded in slices of at most 48 KiB, however large the buffers are that come in', () => {
  const { pieces, bytes: decoded } = decode('strict', long)

  assert.ok(pieces.every((piece) => piece.length <= 48 * 1024))
  assert.equal(decoded?.length, 100_000)
})

test('a run of padding does not take quadratic time', () => {
  const start = performance.now()

  assert.equal(decode('tolerant', `${'='.repeat(65_000)}A`).problem, 'padding')

  assert.ok(performance.now() - start < 500)
})

test('slices cut anywhere are encoded as one text, in pieces of at most 64 KiB and of the length foretold', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 20 }), (arrays) => {
      const slices = arrays.map((array) => Buffer.from(array))
      const encoded = Buffer.concat([...encodeSlices(slices)]).toString('latin1')

      assert.equal(encoded, Buffer.concat(slices).toString('base64'))
      assert.equal(encoded.length, encodedLength(Buffer.concat(slices).length))
    }),
  )
  const large = [Buffer.alloc(1), Buffer.alloc(200_000, 7), Buffer.alloc(2, 9)]
  assert.ok([...encodeSlices(large)].every((piece) => piece.length <= 64 * 1024))
  assert.equal(Buffer.concat([...encodeSlices(large)]).toString('latin1'), Buffer.concat(large).toString('base64'))
})
