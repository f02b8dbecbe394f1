import assert from 'node:assert/strict'
import { test } from 'node:test'

import { blobText } from './blob-fields.ts'
import { readJson } from './json-blobs.ts'
import type { ReadOptions } from './json-blobs.ts'
import { ANSWER, BASE64, blobAt, inChunks, read, refusal, REQUEST, watcher, written } from './json-fixture.ts'

for (const key of ['__proto__', 'constructor', 'prototype', '__pr\\u006fto__', '\\u0063onstructor']) {
  test(`X17: a request with the key ${key} at any depth is refused, and no prototype changes`, async () => {
    for (const size of [1, 65_536]) {
      const problem = await refusal(`{"a":[0,{"${key}":{"polluted":true}}]}`, REQUEST, size)

      const name = JSON.parse(`"${key}"`)
      assert.deepEqual([problem.code, problem.field], ['invalid_json', `a.1.${name}`])
      assert.equal(Object('').polluted, undefined)
    }
  })
}

test('an answer may hold such keys: they are properties like any other', async () => {
  const text = `{"__proto__":{"polluted":"${BASE64}"},"constructor":{"prototype":"${BASE64}"}}`

  const { value } = await read(text, ANSWER)

  assert.equal(await written(value), text)
  assert.equal(Object('').polluted, undefined)
  assert.ok(Object.hasOwn(Object(value), '__proto__'))
})

test('a repeated key is refused in a request, compared after unescaping, its path named', async () => {
  const problem = await refusal('{"messages":[{"role":"user","r\\u006fle":"system"}]}')

  assert.deepEqual([problem.code, problem.field], ['invalid_json', 'messages.0.role'])
})

test('equal keys of different objects are no repetition', async () => {
  const text = '{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":3}}'

  assert.equal(await written((await read(text)).value), text)
})

test('in an answer the last of repeated keys wins and the path is listed', async () => {
  const aborted: string[] = []
  const intake = (path: readonly (string | number)[], type: string | undefined) =>
    watcher(() => aborted.push(`${path.join('.')} ${type}`))
  const text = `{"data":[{"b64":"data:image/png;base64,${BASE64}","b64":"data:image/webp;base64,${BASE64}"}],"x":{"y":"${BASE64}"},"x":1}`

  const { value, duplicates } = await read(text, { ...ANSWER, intake })

  assert.deepEqual(duplicates, ['data.0.b64', 'x'])
  assert.equal(blobAt(value, 'data', '0', 'b64').mediaType, 'image/webp')
  assert.equal(Object(value).x, 1)
  assert.deepEqual(aborted, ['data.0.b64 image/png', 'x.y undefined'])
})

const INVALID: readonly [name: string, body: string | Buffer][] = [
  ['nothing', ''],
  ['white space alone', ' \n'],
  ['half a document', '{"a":[1,2'],
  ['a string without end', '{"a":"b'],
  ['a long string without end', `{"a":"${BASE64}`],
  ['a long string that ends in half an escape', `{"a":"${BASE64}\\`],
  ['an unknown escape in a short string', '{"a":"\\x"}'],
  ['an unknown escape in a long string', `{"a":"${BASE64}\\x"}`],
  ['half a \\u escape before the quote', `{"a":"${BASE64}\\u00"}`],
  ['a control character in a short string', '{"a":"\n"}'],
  ['a control character in a long text', `{"a":"${'a b '.repeat(2000)}\n"}`],
  ['a control character early in a long string', `{"a":"QUJD\n${BASE64}"}`],
  ['a trailing comma', '[1,]'],
  ['a leading comma', '[,1]'],
  ['a comma before }', '{"a":1,}'],
  ['two values', '1 2'],
  ['two documents', '{}{}'],
  ['a wrong bracket', '[1}'],
  ['a wrong word', '[nul]'],
  ['a number with a leading zero', '[01]'],
  ['a number without digits', '[-]'],
  ['NaN', '[NaN]'],
  ['a number that is infinite', '[1e999]'],
  ['a key without quotes', '{a:1}'],
  ['a value without a key', '{1}'],
  ['a key without a value', '{"a"}'],
  ['a comment', '{} // no'],
  ['bytes that are not UTF-8 in a short string', Buffer.from('{"a":"\xff"}', 'latin1')],
  ['bytes that are not UTF-8 in a key', Buffer.from('{"\xc3":1}', 'latin1')],
  ['bytes that are not UTF-8 in a long string', Buffer.from(`{"a":"${BASE64}\xc3"}`, 'latin1')],
  ['UTF-16', Buffer.from('{"a":1}', 'utf16le')],
  ['a byte order mark', '\uFEFF{"a":1}'],
]

for (const [name, body] of INVALID) {
  test(`a request that is or holds ${name} is refused as invalid_json, however it is cut`, async () => {
    for (const size of [3, 1021, 65_536]) assert.equal((await refusal(body, REQUEST, size)).code, 'invalid_json')
  })
}

test('messages name fields and places, never what stands there', async () => {
  const bodies = [
    '{"prompt":"my secret\\x"}',
    '{"prompt":"my secret',
    '["my secret",]',
    `{"p":"${'my secret '.repeat(20_000)}"}`,
  ]
  for (const body of bodies) assert.doesNotMatch((await refusal(body)).message, /secret/)
  assert.match((await refusal('[1,]')).message, /a value should stand at byte 4/)
  assert.match((await refusal('\uFEFF{}')).message, /byte order mark/)
})

test('an answer is taken with a byte order mark, with bytes that are not UTF-8 and with infinite numbers', async () => {
  const body = Buffer.concat([
    Buffer.from('\uFEFF{"a":"'),
    Buffer.from([0xff]),
    Buffer.from(`","b":"x ${BASE64}`),
    Buffer.from([0xc3]),
    Buffer.from('","c":1e999}'),
  ])
  for (const size of [1, 65_536]) {
    const { value } = await read(body, ANSWER, size)

    assert.deepEqual(JSON.parse(await written(value)), { a: '\uFFFD', b: `x ${BASE64}\uFFFD`, c: null })
  }
})

test('lone surrogates are read as JSON.parse reads them', async () => {
  const { value } = await read(`{"a":"\\ud800","b":"x \\udc00${BASE64}"}`)

  assert.equal(Object(value).a, '\ud800')
  assert.equal(blobText(blobAt(value, 'b')), `x \udc00${BASE64}`)
})

test('P7: every limit is kept to the byte', async () => {
  const limits = { maxBytes: 20_000, maxDepth: 3, maxNodes: 10, maxStringBytes: 5000, maxBlobs: 2 }
  const options: ReadOptions = { mode: 'request', limits }
  const body = (bytes: number) => `"${'A'.repeat(bytes - 2)}"`

  await read(body(20_000), options)
  assert.equal((await refusal(body(20_001), options)).code, 'payload_too_large')
  await read('[[[1]]]', options)
  assert.match((await refusal('[[[[1]]]]', options)).message, /nests deeper than 3/)
  await read(`[${'1,'.repeat(8)}1]`, options)
  assert.match((await refusal(`[${'1,'.repeat(9)}1]`, options)).message, /more than 10 values/)
  await read(`"${' '.repeat(5000)}"`, options)
  assert.match(
    (await refusal(`{"p":"${' '.repeat(5001)}"}`, options)).message,
    /longer than 5000 bytes and not base64: it holds a space/,
  )
  await read(`["${'A'.repeat(4096)}","${'A'.repeat(4096)}"]`, options)
  assert.match(
    (await refusal(`["${'A'.repeat(4096)}","${'A'.repeat(4096)}","${'A'.repeat(4096)}"]`, options)).message,
    /more than 2 pictures/,
  )
  await refusal(`{"${'k'.repeat(5001)}":1}`, options)
  await refusal(`[${'1'.repeat(5001)}]`, options)
})

test('a text is measured by what it denotes: escapes that Python or PHP write do not shorten a prompt', async () => {
  const escaped = '\\u4e2d'.repeat(43_690)
  const { value } = await read(`{"prompt":"${escaped}"}`)

  assert.equal(blobText(blobAt(value, 'prompt')), '中'.repeat(43_690))
  assert.equal((await refusal(`{"prompt":"${escaped}\\u4e2d"}`)).field, 'prompt')
})

test('an endless text is refused as soon as it is over the limit', async () => {
  let sent = 0
  async function* endless(): AsyncGenerator<Buffer> {
    yield Buffer.from('{"messages":[{"content":"')
    for (;;) {
      sent += 1024
      yield Buffer.alloc(1024, 'a b ')
    }
  }

  const result = await readJson(endless(), REQUEST)

  assert.ok(!result.ok)
  assert.equal(result.error.field, 'messages.0.content')
  assert.ok(sent <= 129 * 1024, `${sent} bytes were read`)
})

for (const [name, body] of [
  ['1 MiB of [', '['.repeat(1024 * 1024)],
  ['1 MiB of {"a":', '{"a":'.repeat(200_000)],
  ['1 MiB of [],', `[${'[],'.repeat(350_000)}1]`],
  ['1 MiB of commas', ','.repeat(1024 * 1024)],
  ['50 MB of data URL parameters', `{"a":"data:image/png;${'a=b;'.repeat(300_000)}`],
  ['a key of 1 MiB', `{"${'k'.repeat(1024 * 1024)}":1}`],
  ['a number of 1 MiB', '1'.repeat(1024 * 1024)],
] as const) {
  test(`P7: ${name} is refused in 20 ms`, async () => {
    await refusal(body)
    const bytes = Buffer.from(body)
    const chunks = [bytes.subarray(0, 65_536), bytes.subarray(65_536)]
    const times: number[] = []
    for (let run = 0; run < 5; run++) {
      const start = performance.now()
      const result = await readJson(inChunks(Buffer.concat(chunks)), REQUEST)
      times.push(performance.now() - start)
      assert.ok(!result.ok)
    }

    assert.ok(Math.min(...times) <= 20, `took ${times.map((time) => time.toFixed(1)).join(', ')} ms`)
  })
}

test('32 MiB of short strings are refused before JSON.parse sees them', async () => {
  const body = `[${`"${'x'.repeat(4000)}",`.repeat(8000)}1]`

  assert.match((await refusal(body)).message, /more than 8 MiB outside its long strings/)
})
