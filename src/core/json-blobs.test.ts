import assert from 'node:assert/strict'
import { test } from 'node:test'

import { blobText } from './blob-fields.ts'
import { readJson } from './json-blobs.ts'
import { ANSWER, BASE64, blobAt, characters, read, REQUEST, written } from './json-fixture.ts'

test('a long base64 string becomes a blob with its own characters, everything else stays plain', async () => {
  const { value } = await read(JSON.stringify({ model: 'a/b', n: 2, images: [{ b64: BASE64 }] }))

  const blob = blobAt(value, 'images', '0', 'b64')
  assert.equal(blob.form, 'base64')
  assert.equal(characters(blob), BASE64)
  assert.deepEqual({ ...Object(value), images: 0 }, { model: 'a/b', n: 2, images: 0 })
})

test('4,095 bytes between the quotes are a string, 4,096 a blob', async () => {
  const { value } = await read(JSON.stringify({ short: 'A'.repeat(4095), long: 'A'.repeat(4096) }))

  assert.equal(Object(value).short, 'A'.repeat(4095))
  assert.equal(characters(blobAt(value, 'long')), 'A'.repeat(4096))
})

test('a document that is nothing but a long string is a blob', async () => {
  const { value } = await read(`"${BASE64}"`)

  assert.equal(characters(blobAt(value)), BASE64)
})

test('no string can pass for a placeholder, and keys never become blobs', async () => {
  const text = JSON.stringify({ [BASE64]: '00000000-0000-0000-0000-000000000000:0', a: BASE64 })

  assert.deepEqual(JSON.parse(await written((await read(text)).value)), JSON.parse(text))
})

/** Bodies as the JSON encoders of these languages write them, byte for byte. */
const ENCODERS: readonly [name: string, body: string][] = [
  ['PHP json_encode', `{"prompt":"caf\\u00e9","image":"data:image\\/png;base64,${BASE64.replaceAll('/', '\\/')}"}`],
  [
    '.NET System.Text.Json',
    `{"prompt":"caf\\u00E9","image":"data:image/png;base64,${BASE64.replaceAll('+', '\\u002B')}"}`,
  ],
  ['Gson', `{"prompt":"café","image":"data:image/png;base64,${BASE64.replaceAll('=', '\\u003d')}"}`],
  ['Python json.dumps', `{"prompt": "caf\\u00e9", "image": "data:image/png;base64,${BASE64}"}`],
  [
    'a lower-case \\u002f',
    `{"prompt":"café","image":"data:image\\u002fpng;base64,${BASE64.replaceAll('/', '\\u002f')}"}`,
  ],
  ['a pretty printer', `{\r\n\t"prompt" : "café" ,\r\n\t"image" : "DATA:image/PNG;BASE64,${BASE64}"\r\n}\r\n`],
]

for (const [name, body] of ENCODERS) {
  test(`a picture as ${name} writes it is base64, its prefix split off, its escapes resolved`, async () => {
    for (const size of [3, 7, 1000, 65_536]) {
      const { value } = await read(body, REQUEST, size)

      const blob = blobAt(value, 'image')
      assert.deepEqual([blob.form, blob.mediaType, characters(blob)], ['base64', 'image/png', BASE64])
      assert.equal(Object(value).prompt, 'café')
    }
  })
}

test('parameters of a data URL are dropped from its media type', async () => {
  const { value } = await read(`"data:image\\/svg\\u002Bxml;charset\\u003dutf-8;base64,${BASE64}"`)

  assert.equal(blobAt(value).mediaType, 'image/svg+xml')
})

const TEXTS: readonly [name: string, inside: string][] = [
  ['prose', 'A fox, painted. '.repeat(400)],
  ['an escaped quote far behind base64', `${BASE64}\\"${BASE64}`],
  ['a backslash at the end', `${BASE64}\\\\`],
  ['an escaped line break in a request', `${BASE64.slice(0, 76)}\\n${BASE64}`],
  ['a letter outside ASCII behind base64', `${BASE64}é`],
  ['escapes beyond the base64 ones', `${BASE64}\\u0041\\ud83d\\ude00\\t`],
  ['a data URL without base64', `data:text/plain,${'hello '.repeat(1000)}`],
  ['a data URL without a comma', `data:image/png;${'x=y;'.repeat(2000)}`],
  ['a picture that stops being one', `data:image\\/png;base64,${BASE64}\\u0041`],
  ['Chinese with ASCII escapes', '\\u4e2d\\u6587'.repeat(2000)],
]

for (const [name, inside] of TEXTS) {
  test(`${name} is text: raw as it came, and the same string when read back`, async () => {
    for (const size of [5, 4099, 65_536]) {
      const { value } = await read(`{"prompt":"${inside}"}`, REQUEST, size)

      const blob = blobAt(value, 'prompt')
      assert.deepEqual([blob.form, blob.mediaType, blob.intake], ['text', undefined, undefined])
      assert.equal(blobText(blob), JSON.parse(`"${inside}"`))
      assert.equal(JSON.parse(await written(value)).prompt, JSON.parse(`"${inside}"`))
    }
  })
}

test('in an answer, escaped and raw white space leaves base64 base64, and is not written on', async () => {
  for (const inside of [BASE64.replaceAll(/(.{76})/g, '$1\\r\\n'), BASE64.replaceAll(/(.{76})/g, '$1\n')]) {
    const { value } = await read(`{"b64":"${inside}"}`, ANSWER, 100)

    const blob = blobAt(value, 'b64')
    assert.deepEqual([blob.form, blob.spaced], ['base64', true])
    assert.equal(characters(blob).replaceAll(/\s/g, ''), BASE64)
    assert.equal(await written(value), JSON.stringify({ b64: BASE64 }))
  }
})

test('in an answer, words with spaces between them are text and keep their spaces', async () => {
  const words = 'one fox and two wolves and '.repeat(200)

  for (const inside of [words, words.replaceAll(' ', '\\n')]) {
    const { value } = await read(`{"text":"${inside}"}`, ANSWER, 1000)

    assert.equal(blobAt(value, 'text').form, 'text')
    assert.equal(await written(value), `{"text":"${inside}"}`)
  }
})

test('slices keep large buffers as they are and copy small parts out of large ones', async () => {
  const big = Buffer.from('QUJD'.repeat(50_000))
  const tail = Buffer.alloc(1024 * 1024, ' ')
  Buffer.from(`${'QUJD'.repeat(5000)}"}`).copy(tail)
  async function* source(): AsyncGenerator<Buffer> {
    yield Buffer.from('{"a":"')
    yield big
    yield tail
  }

  const result = await readJson(source(), ANSWER)

  assert.ok(result.ok)
  const { slices } = blobAt(result.value.value, 'a')
  assert.equal(slices[0]?.buffer, big.buffer)
  assert.ok(slices.every((slice) => slice.buffer !== tail.buffer))
  assert.ok(slices.slice(1).every((slice) => slice.buffer.byteLength <= slice.length * 2))
})

test('a picture that comes in crumbs is not kept in crumbs', async () => {
  const { value } = await read(`"${BASE64.repeat(9)}"`, ANSWER, 2)

  const { slices } = blobAt(value)
  assert.deepEqual(
    slices.map((slice) => slice.length),
    [65_536, 72_000 - 65_536],
  )
})
