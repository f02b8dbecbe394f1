import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { Base64Decoder } from '../core/base64.ts'
import { Base64Into } from './base64-into.ts'

const MODES = ['strict', 'tolerant'] as const

test('decodes what Base64Decoder decodes and refuses what it refuses, however characters and memory are cut', () => {
  const clean = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('base64'))
  const spoilt = fc
    .tuple(clean, fc.nat(400), fc.constantFrom('\n', ' ', '-', '_', '=', '!', 'é', 'A', ''))
    .map(([text, at, what]) => text.slice(0, at) + what + text.slice(at))
  const url = clean.map((text) => text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''))
  const lines = clean.map((text) => text.replace(/.{20}/g, '$&\r\n'))

  fc.assert(
    fc.property(
      fc.oneof(clean, spoilt, url, lines),
      fc.constantFrom(...MODES),
      fc.integer({ min: 1, max: 90 }),
      fc.integer({ min: 3, max: 70 }),
      (text, mode, cut, room) => {
        const [into, whole] = [decodeInto(text, mode, cut, room), decodeWhole(text, mode)]
        // Which character is named depends on where the text was cut; that one is named does not.
        if ('problem' in into) assert.ok('problem' in whole, into.problem)
        else assert.deepEqual(into, whole)
      },
    ),
    { numRuns: 2000 },
  )
})

test('decodes megabytes without a buffer in between', () => {
  const bytes = Buffer.from(Array.from({ length: 1_000_003 }, (_, index) => (index * 7919) & 0xff))
  assert.deepEqual(decodeInto(bytes.toString('base64'), 'strict', 70_001, 262_144), {
    hex: bytes.toString('hex'),
    notices: [],
  })
})

test('names the character at fault by its place in the whole text', () => {
  const text = `${'QUJD'.repeat(50_000)}QU!D`
  const found = decodeInto(text, 'strict', 65_536, 1000)
  assert.ok('problem' in found)
  assert.match(found.problem, /at character 200003\.$/)
})

type Decoded = { hex: string; notices: readonly string[] } | { problem: string }

function decodeInto(text: string, mode: 'strict' | 'tolerant', cut: number, roomLength: number): Decoded {
  const into = new Base64Into(mode)
  const pieces: Buffer[] = []
  const step = (characters: Buffer): Buffer => {
    const room = Buffer.alloc(roomLength)
    const written = into.write(characters, room)
    pieces.push(room.subarray(0, written))
    return characters.subarray(into.read)
  }
  const all = Buffer.from(text)
  for (let at = 0; at < all.length; at += cut) {
    for (let rest: Buffer = all.subarray(at, at + cut); rest.length > 0 && into.problem === undefined;)
      rest = step(rest)
  }
  into.end()
  while (into.isPending && into.problem === undefined) step(Buffer.alloc(0))
  return into.problem === undefined
    ? { hex: Buffer.concat(pieces).toString('hex'), notices: into.notices }
    : { problem: into.problem }
}

function decodeWhole(text: string, mode: 'strict' | 'tolerant'): Decoded {
  const decoder = new Base64Decoder(mode)
  const body = decoder.write(Buffer.from(text))
  if (!body.ok) return { problem: body.error.message }
  const last = decoder.end()
  if (!last.ok) return { problem: last.error.message }
  return { hex: Buffer.concat([...body.value, ...last.value]).toString('hex'), notices: decoder.notices }
}
