import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encoded, jsonSegments, PictureText } from './picture-json.ts'
import type { Base64Form } from './picture-json.ts'

const bytes = Buffer.from(Array.from({ length: 200_001 }, (_, index) => (index * 7919) % 251))

test('a picture becomes standard base64 in slices of at most 64 KiB', () => {
  const chunks = [...encoded(jsonSegments({ a: [1, { b: new PictureText(bytes) }], c: 'x' }, 'pretty'))]

  assert.deepEqual(JSON.parse(Buffer.concat(chunks).toString()), { a: [1, { b: bytes.toString('base64') }], c: 'x' })
  assert.ok(chunks.every((chunk) => chunk.length <= 65_536))
})

test('a line has a space after each colon, none after commas, and no line feed', () => {
  const text = Buffer.concat([...encoded(jsonSegments({ a: 1, b: [true, null], c: undefined }, 'line'))]).toString()

  assert.equal(text, '{"a": 1,"b": [true,null]}')
})

for (const [form, what, check] of [
  ['urlsafe', 'uses the URL alphabet', (text) => /[-_]/u.test(text) && !/[+/]/u.test(text)],
  ['unpadded', 'has no padding', (text) => !text.includes('=') && text.length % 4 !== 0],
  ['wrapped', 'breaks its lines at 76', (text) => text.split(String.raw`\r\n`).every((line) => line.length <= 76)],
  ['bad-character', 'has one illegal character', (text) => (text.match(/[^A-Za-z0-9+/=]/gu) ?? []).length === 1],
  [
    'bad-quantum',
    'ends in a quantum of one character',
    (text) => /^[A-Za-z0-9+/]*$/u.test(text) && text.length % 4 === 1,
  ],
] as const satisfies readonly (readonly [Base64Form, string, (text: string) => boolean])[]) {
  test(`${form} base64 ${what}`, () => {
    const padded = form === 'unpadded' ? bytes.subarray(1) : bytes
    const text = Buffer.concat([...encoded([new PictureText(padded, form)])]).toString()

    assert.ok(check(text), text.slice(-40))
    assert.ok(text.length > 250_000)
  })
}
