import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { createDeepInfra } from '@ai-sdk/deepinfra'
import { createTogetherAI } from '@ai-sdk/togetherai'
import OpenAI, { APIError, toFile } from 'openai'
import sharp from 'sharp'

import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

// Clients that were written for these servers drive the simulators: what they can send and read is what the servers speak.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
})
after(() => sandbox.close())

const RED = await sharp({ create: { width: 96, height: 64, channels: 4, background: '#c0302080' } })
  .png()
  .toBuffer()

describe('OpenAI’s own client', { concurrency: 2 }, () => {
  const client = (slug: string, apiKey = 'sk-any') =>
    new OpenAI({ apiKey, baseURL: sandbox.baseUrlFor(slug) ?? '', maxRetries: 0 })

  for (const [slug, model, extra] of [
    ['openai-compatible', 'any', {}],
    ['vllm', 'Qwen/Qwen-Image', {}],
    ['sglang', 'Qwen/Qwen-Image', { response_format: 'b64_json' }],
    ['localai', 'mine', { response_format: 'b64_json' }],
    ['sd-cpp', undefined, {}],
  ] as const) {
    test(`gets two pictures of ${slug}`, async () => {
      const reply = await client(slug).images.generate({
        prompt: 'a paper lantern',
        n: 2,
        // A size that OpenAI itself does not make.
        size: '128x192',
        ...(model !== undefined && { model }),
        ...extra,
      })

      const pictures = (reply.data ?? []).map(({ b64_json: text = '' }) => Buffer.from(text, 'base64'))
      assert.equal(pictures.length, 2)
      assert.ok(!pictures[0]?.equals(pictures[1] ?? Buffer.of()))
      for (const picture of pictures) {
        const { width, height, format } = await sharp(picture).metadata()
        assert.deepEqual([width, height, format], [128, 192, 'png'])
      }
    })
  }

  for (const [slug, model] of [
    ['openai-compatible', 'any'],
    ['vllm', 'Qwen/Qwen-Image-Edit-2511'],
    ['sglang', 'Qwen/Qwen-Image-Edit-2511'],
    ['sd-cpp', undefined],
  ] as const) {
    test(`edits one picture with ${slug}`, async () => {
      const image = await toFile(RED, 'red.png', { type: 'image/png' })

      const reply = await client(slug).images.edit({
        image,
        prompt: 'make it night',
        ...(model !== undefined && { model }),
        ...(slug === 'openai-compatible' && { mask: await toFile(RED, 'mask.png', { type: 'image/png' }) }),
      })

      const picture = Buffer.from(reply.data?.[0]?.b64_json ?? '', 'base64')
      const { width, height } = await sharp(picture).metadata()
      assert.deepEqual([width, height], [96, 64])
    })
  }

  test('edits several, which it sends under a name with brackets', async () => {
    const files = await Promise.all(['a.png', 'b.png'].map((name) => toFile(RED, name, { type: 'image/png' })))
    for (const slug of ['openai-compatible', 'sglang', 'sd-cpp']) {
      const own = slug === 'openai-compatible' ? { model: 'any' } : {}
      const reply = await client(slug).images.edit({ image: files, prompt: 'side by side', ...own })

      assert.ok((reply.data?.[0]?.b64_json ?? '').length > 100, slug)
    }
  })

  test('fetches what SGLang and LocalAI keep for it', async () => {
    for (const [slug, model] of [
      ['sglang', 'Qwen/Qwen-Image'],
      ['localai', 'mine'],
    ] as const) {
      const reply = await client(slug).images.generate({
        model,
        prompt: 'a paper lantern',
        size: '64x64',
        response_format: 'url',
      })
      const answer = await fetch(new URL(reply.data?.[0]?.url ?? '', sandbox.url))

      assert.equal((await sharp(Buffer.from(await answer.arrayBuffer())).metadata()).width, 64)
    }
  })

  test('lists the models that a server has', async () => {
    const found = await Promise.all(
      ['vllm', 'sd-cpp', 'localai'].map(async (slug) => (await client(slug).models.list()).data[0]?.id),
    )

    assert.deepEqual(found, ['Qwen/Qwen-Image', 'sd-cpp-local', 'my-model'])
  })

  for (const [slug, apiKey, prompt, status, says] of [
    ['openai-compatible', 'sk-invalid', 'x', 401, /Incorrect API key/],
    ['openai-compatible', 'sk-empty', 'x', 429, /exceeded your current quota/],
    ['openai-compatible', 'sk-any', 'x [[fault:refusal=violence]]', 400, /safety system/],
    ['vllm', 'sk-invalid', 'x', 401, /401/],
    ['vllm', 'sk-any', 'x [[fault:status=503]]', 503, /503/],
    ['localai', 'sk-any', 'x [[fault:status=500]]', 500, /rpc error/],
  ] as const) {
    test(`has an APIError of ${status} for ${prompt} at ${slug} with ${apiKey}`, async () => {
      const model = slug === 'vllm' ? 'Qwen/Qwen-Image' : 'any'
      const call = client(slug, apiKey).images.generate({ model, prompt })

      await assert.rejects(call, (error) => {
        assert.ok(error instanceof APIError)
        assert.equal(error.status, status)
        assert.match(error.message, says)
        return true
      })
    })
  }
})

describe('the AI SDK’s clients', { concurrency: 2 }, () => {
  const wishes = {
    n: 1,
    size: '128x192',
    aspectRatio: undefined,
    seed: 7,
    files: undefined,
    mask: undefined,
    providerOptions: {},
  } as const

  test('get a picture of Together, and edit one', async () => {
    const together = createTogetherAI({ apiKey: 'any', baseURL: sandbox.baseUrlFor('together') ?? '' })
    const file = { type: 'file', mediaType: 'image/png', data: new Uint8Array(RED) } as const

    const words = await together
      .image('black-forest-labs/FLUX.1-schnell')
      .doGenerate({ ...wishes, prompt: 'a lantern' })
    const edit = await together
      .image('black-forest-labs/FLUX.1-kontext-pro')
      .doGenerate({ ...wishes, prompt: 'make it night', files: [file] })

    for (const { images } of [words, edit]) {
      const { width, height, format } = await sharp(bytesOf(images[0])).metadata()
      assert.deepEqual([width, height, format], [128, 192, 'jpeg'])
    }
  })

  test('get a picture of DeepInfra, and edit one inside a mask', async () => {
    const deepinfra = createDeepInfra({ apiKey: 'any', baseURL: sandbox.baseUrlFor('deepinfra') ?? '' })
    const file = { type: 'file', mediaType: 'image/png', data: new Uint8Array(RED) } as const

    const words = await deepinfra
      .image('black-forest-labs/FLUX-1-schnell')
      .doGenerate({ ...wishes, prompt: 'a lantern' })
    const edit = await deepinfra
      .image('Qwen/Qwen-Image-Edit')
      .doGenerate({ ...wishes, prompt: 'make it night', files: [file], mask: file })

    for (const { images } of [words, edit]) {
      const { width, height } = await sharp(bytesOf(images[0])).metadata()
      assert.deepEqual([width, height], [128, 192])
    }
  })

  test('read their errors', async () => {
    const together = createTogetherAI({ apiKey: 'invalid', baseURL: sandbox.baseUrlFor('together') ?? '' })
    const deepinfra = createDeepInfra({ apiKey: 'empty', baseURL: sandbox.baseUrlFor('deepinfra') ?? '' })

    await assert.rejects(
      async () => await together.image('black-forest-labs/FLUX.1-schnell').doGenerate({ ...wishes, prompt: 'x' }),
      /Invalid API key provided/,
    )
    await assert.rejects(
      async () => await deepinfra.image('black-forest-labs/FLUX-1-schnell').doGenerate({ ...wishes, prompt: 'x' }),
      /please enter a Payment Method/,
    )
  })
})

function bytesOf(image: string | Uint8Array | undefined): Buffer {
  return typeof image === 'string' ? Buffer.from(image, 'base64') : Buffer.from(image ?? [])
}
