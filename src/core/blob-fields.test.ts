import assert from 'node:assert/strict'
import { test } from 'node:test'

import { z } from 'zod'

import { blobText, picture, pictureOrUrl, text } from './blob-fields.ts'
import { JsonBlob } from './json-blob.ts'
import { readJson, REQUEST_LIMITS } from './json-blobs.ts'

const PNG = Buffer.from(Array.from({ length: 4500 }, (_, index) => (index * 91) % 251)).toString('base64')
const SHORT = 'iVBORw0KGgo='

/** The body `{"field": value}` through the codec and the schema, as a surface does it. */
async function parse<T>(schema: z.ZodType<T>, json: string): Promise<z.ZodSafeParseResult<{ field: T }>> {
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from(`{"field":${json}}`)
  }
  const read = await readJson(body(), { limits: REQUEST_LIMITS, mode: 'request' })
  assert.ok(read.ok, read.ok ? '' : read.error.message)
  return z.object({ field: schema }).safeParse(read.value.value)
}

async function accepted<T>(schema: z.ZodType<T>, json: string): Promise<T> {
  const result = await parse(schema, json)
  assert.ok(result.success, result.error?.message)
  return result.data.field
}

async function issue(schema: z.ZodType, json: string): Promise<string> {
  const result = await parse(schema, json)
  assert.ok(!result.success, 'the field was accepted')
  assert.deepEqual(result.error.issues[0]?.path, ['field'])
  return result.error.issues[0]?.message ?? ''
}

function characters(blob: JsonBlob): string {
  return Buffer.concat(blob.slices).toString('latin1')
}

for (const [name, string] of [
  ['a short string', 'a fox'],
  ['an empty string', ''],
  ['a long prompt', 'A "fox"\n in the snow, 狐 😀. '.repeat(3000)],
  ['a long word that looks like base64', 'na'.repeat(30_000)],
  ['a picture that someone put into a prompt', `data:image/png;base64,${PNG}`],
] as const) {
  test(`text() gives ${name} back as it was`, async () => {
    assert.equal(await accepted(text(), JSON.stringify(string)), string)
  })
}

test('text() takes up to its limit in UTF-8 bytes and says what the limit is', async () => {
  assert.equal((await accepted(text(), JSON.stringify('é'.repeat(65_536)))).length, 65_536)
  assert.equal(await issue(text(), JSON.stringify('n'.repeat(131_073))), 'is longer than 128 KiB')
  assert.equal(await issue(text(4), JSON.stringify('ééé')), 'is longer than 4 bytes')
  assert.equal(await issue(text(5000), JSON.stringify('n'.repeat(5001))), 'is longer than 5000 bytes')
})

for (const schema of [text(), picture(), pictureOrUrl()]) {
  test(`a field of another type is named: ${JSON.stringify(z.toJSONSchema(schema, { io: 'input' })['description'])}`, async () => {
    assert.match(await issue(schema, '1'), /not a value of type number$/)
    assert.match(await issue(schema, 'null'), /not null$/)
    assert.match(await issue(schema, '[]'), /not an array$/)
    assert.match(await issue(schema, '{}'), /not a value of type object$/)
    const absent = z.object({ field: schema }).safeParse({})
    assert.match(absent.error?.issues[0]?.message ?? '', /not nothing$/)
    assert.deepEqual(z.object({ field: schema.optional() }).parse({}), {})
  })
}

test('generated schemas say that these fields are strings', () => {
  const { properties } = z.toJSONSchema(z.object({ prompt: text(), image: picture().optional() }), { io: 'input' })

  assert.deepEqual(properties, {
    prompt: { type: 'string', description: 'A text.' },
    image: { type: 'string', description: 'A picture in base64, bare or as a data URL.' },
  })
})

for (const [name, data] of [
  ['short', SHORT],
  ['long', PNG],
] as const) {
  test(`picture() takes a ${name} picture, bare or as a data URL, escaped or not`, async () => {
    for (const json of [`"${data}"`, `"${data.replaceAll('/', '\\/').replaceAll('=', '\\u003d')}"`]) {
      const bare = await accepted(picture(), json)
      assert.deepEqual([bare.form, bare.mediaType, characters(bare)], ['base64', undefined, data])

      const labelled = await accepted(picture(), `"data:image\\/JPEG;base64,${json.slice(1)}`)
      assert.deepEqual([labelled.form, labelled.mediaType, characters(labelled)], ['base64', 'image/jpeg', data])
    }
  })
}

for (const [name, json, message] of [
  ['prose', '"a fox, painted"', 'is not base64: it holds the character ","'],
  ['long prose', JSON.stringify('a fox, painted. '.repeat(1000)), 'is not base64: it holds the character ","'],
  ['a URL', '"https://example.com/a.png"', 'is not base64: it holds the character ":"'],
  ['a letter outside ASCII', '"QUJDé"', 'is not base64: it holds a character outside ASCII'],
  ['a letter outside ASCII behind a long picture', `"${PNG}é"`, 'is not base64: it holds a character outside ASCII'],
  [
    'a data URL without base64',
    '"data:image/svg+xml,<svg/>"',
    'is a data URL that is not base64: expected data:image/png;base64,…',
  ],
] as const) {
  test(`picture() refuses ${name} and says why`, async () => {
    assert.equal(await issue(picture(), json), message)
  })
}

test('white space in a short picture is left to the decoder, and marked for the writer', async () => {
  const blob = await accepted(picture(), '"iVBO\\nRw0K"')

  assert.deepEqual([blob.form, blob.spaced], ['base64', true])
})

test('pictureOrUrl() tells URLs from pictures', async () => {
  const long = `https://example.com/a.png?token=${'a%20b&'.repeat(1000)}`
  assert.deepEqual(await accepted(pictureOrUrl(), '"http:\\/\\/example.com\\/a.png"'), {
    type: 'url',
    url: 'http://example.com/a.png',
  })
  assert.deepEqual(await accepted(pictureOrUrl(), JSON.stringify(long)), { type: 'url', url: long })
  for (const data of [SHORT, PNG]) {
    const source = await accepted(pictureOrUrl(), `"data:image\\/webp;base64,${data}"`)
    assert.ok(source.type === 'inline')
    assert.deepEqual([source.blob.mediaType, characters(source.blob)], ['image/webp', data])
  }
})

for (const [name, json, message] of [
  ['a data URL of another type', `"data:text/html;base64,${SHORT}"`, /of another type than a picture/],
  ['a long data URL of another type', `"data:application/pdf;base64,${PNG}"`, /of another type than a picture/],
  ['a data URL without a type', `"data:;base64,${SHORT}"`, /of another type than a picture/],
  ['a data URL without a comma', '"data:image/png;base64"', /without a comma/],
  ['a data URL that is not base64', '"data:image/png,abc"', /is a data URL that is not base64/],
  [
    'a data URL with 100 KiB of parameters',
    `"data:image/png;${'a=b;'.repeat(25_000)}base64,${SHORT}"`,
    /without a comma in its first 4 KiB/,
  ],
  ['a data URL with characters that are no base64', '"data:image/png;base64,QUJ!"', /it holds the character "!"/],
  ['bare base64', `"${PNG}"`, /bare base64: expected an http\(s\) URL or data:image/],
  ['short bare base64', `"${SHORT}"`, /expected an http\(s\) URL or data:image/],
  ['another scheme', '"file:///etc/passwd"', /expected an http\(s\) URL or data:image/],
  ['a URL of 20 KiB', `"https://example.com/${'a'.repeat(20_480)}"`, /a URL longer than 16 KiB/],
] as const) {
  test(`pictureOrUrl() refuses ${name} and says what it expects`, async () => {
    assert.match(await issue(pictureOrUrl(), json), message)
  })
}

test('blobText() restores the data URL that the codec split', () => {
  assert.equal(
    blobText(new JsonBlob('base64', [Buffer.from('QU'), Buffer.from('JD')], 'image/png')),
    'data:image/png;base64,QUJD',
  )
  assert.throws(() => blobText(new JsonBlob('binary', [])), TypeError)
})
