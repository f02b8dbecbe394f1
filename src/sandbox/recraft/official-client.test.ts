import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import OpenAI, { APIError } from 'openai'
import sharp from 'sharp'

import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

// Recraft has no client of its own on npm; its documents use OpenAI's, for what OpenAI's API has (…/api-reference/endpoints, read 2026-11-22).
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
})
after(() => sandbox.close())

describe('OpenAI’s client, as Recraft’s documents use it', { concurrency: 2 }, () => {
  const client = (apiKey = 'any') => new OpenAI({ apiKey, baseURL: sandbox.baseUrlFor('recraft') ?? '', maxRetries: 0 })

  test('gets two vector graphics in base64, and their price', async () => {
    const reply = await client().images.generate({
      prompt: 'race car on a track',
      model: 'recraftv4_1_vector',
      n: 2,
      size: '1536x768',
      response_format: 'b64_json',
    })

    const texts = (reply.data ?? []).map(({ b64_json: text = '' }) => Buffer.from(text, 'base64').toString())
    assert.equal(texts.length, 2)
    assert.ok(texts.every((text) => text.startsWith('<svg ') && text.includes('width="1536" height="768"')))
    assert.equal((reply as { credits?: number }).credits, 160)
  })

  test('gets an address unless it says otherwise, and a size by its ratio', async () => {
    const reply = await client().images.generate({
      prompt: 'race car on a track',
      model: 'recraftv4_vector',
      // A ratio under the name of a size, which OpenAI does not know.
      size: '9:16',
    })

    const answer = await fetch(reply.data?.[0]?.url ?? '')
    assert.equal(answer.headers.get('content-type'), 'image/svg+xml')
    assert.match(await answer.text(), /width="768" height="1344"/)
  })

  test('posts a picture to be changed, by its general way to post', async () => {
    const red = await sharp({ create: { width: 256, height: 256, channels: 3, background: '#c03020' } })
      .png()
      .toBuffer()
    const body = new FormData()
    body.append('image', new Blob([new Uint8Array(red)], { type: 'image/png' }), 'red.png')
    for (const [name, value] of Object.entries({
      prompt: 'winter',
      strength: '0.3',
      model: 'recraftv3',
      response_format: 'b64_json',
    }))
      body.append(name, value)

    const reply = await client().post<OpenAI.ImagesResponse>('/images/imageToImage', { body })

    const picture = Buffer.from(reply.data?.[0]?.b64_json ?? '', 'base64')
    assert.deepEqual((await sharp(picture).metadata()).width, 256)
  })

  for (const [apiKey, prompt, status, says] of [
    ['invalid', 'x', 401, /request unauthorized/],
    ['empty', 'x', 402, /top up your balance/],
    ['any', 'x [[fault:refusal=moderation]]', 400, /rejected by content moderation/],
  ] as const) {
    test(`has an APIError of ${status} for ${prompt} with the key ${apiKey}`, async () => {
      const call = client(apiKey).images.generate({ prompt, model: 'recraftv4_1_vector' })

      await assert.rejects(call, (error) => {
        assert.ok(error instanceof APIError)
        assert.equal(error.status, status)
        assert.match(`${error.message} ${JSON.stringify(error.error)}`, says)
        return true
      })
    })
  }
})
