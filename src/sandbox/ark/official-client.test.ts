import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import OpenAI, { APIError } from 'openai'
import sharp from 'sharp'

import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

// Ark's own pages have OpenAI's client speak to it, with the fields that OpenAI lacks written beside. It has no /images/edits: an edit
// is a generation with a picture.
let sandbox: Sandbox
let client: OpenAI

before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
  client = clientOf('volcengine', 'ark-good')
})
after(() => sandbox.close())

function clientOf(host: 'seed' | 'volcengine', apiKey: string): OpenAI {
  return new OpenAI({ apiKey, baseURL: sandbox.baseUrlFor(host), maxRetries: 0 })
}

const MODEL = 'doubao-seedream-4-0-250828'
const WIDE = '1280x720' as '1024x1024'
/** The older models make smaller pictures. */
const OLD = 'doubao-seedream-3-0-t2i-250415'
const SMALL = '512x512'
const red = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
const RED = `data:image/png;base64,${red.toString('base64')}`

describe('OpenAI’s own client', () => {
  test('is given a picture of the size that it asked for, in the answer', async () => {
    const { data, usage } = await client.images.generate({
      model: OLD,
      prompt: 'A paper lantern',
      size: SMALL,
      response_format: 'b64_json',
    })

    const { format, width, height } = await sharp(Buffer.from(data?.[0]?.b64_json ?? '', 'base64')).metadata()
    assert.deepEqual([format, width, height], ['jpeg', 512, 512])
    assert.equal(usage?.total_tokens, 1_024)
  })

  test('edits, is given a series at addresses, and finds the watermark gone that it did not want', async () => {
    const asked = { model: MODEL, prompt: 'Make it blue', size: WIDE } as const
    const more = { image: [RED, RED], ...series(2) }
    const unmarked = { image: [RED, RED], watermark: false }

    const marked = await client.images.generate({ ...asked, ...more })
    const plain = await client.images.generate({ ...asked, ...unmarked })

    const [first, second, third] = await Promise.all(
      [...(marked.data ?? []), plain.data?.[0]].map((item) => at(item?.url)),
    )
    assert.equal(marked.data?.length, 2)
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    assert.ok(!first.equals(second) && !first.equals(third))
    assert.equal((await sharp(first).metadata()).width, 1280)
  })

  test('is handed the error of one picture among the others', async () => {
    const { data } = await client.images.generate({
      model: MODEL,
      prompt: 'Two of them [[fault:refusal=one]]',
      size: WIDE,
      ...series(2),
    })

    assert.equal(typeof data?.[0]?.url, 'string')
    assert.match(JSON.stringify(data?.[1]), /"code":"OutputImageSensitiveContentDetected"/)
  })

  for (const [status, code, key, prompt] of [
    [401, 'AuthenticationError', 'ark-invalid', 'a kite'],
    [403, 'AccountOverdueError', 'ark-empty', 'a kite'],
    [400, 'InputTextSensitiveContentDetected', 'ark-good', 'a kite [[fault:refusal=text]]'],
    [429, 'ModelAccountIpmRateLimitExceeded', 'ark-good', 'a kite [[fault:status=429,retry-after=3]]'],
    [500, 'InternalServiceError', 'ark-good', 'a kite [[fault:status=500]]'],
  ] as const) {
    test(`has an APIError of ${status} with ${code}`, async () => {
      const call = clientOf('volcengine', key).images.generate({ model: OLD, prompt, size: SMALL })

      await assert.rejects(call, (error) => {
        assert.ok(error instanceof APIError)
        assert.deepEqual([error.status, error.code], [status, code])
        return true
      })
    })
  }
})

function series(count: number): object {
  return {
    sequential_image_generation: 'auto',
    sequential_image_generation_options: { max_images: count },
  }
}

async function at(url: string | undefined): Promise<Buffer> {
  const response = await fetch(url ?? '')
  assert.equal(response.status, 200)
  return Buffer.from(await response.arrayBuffer())
}
