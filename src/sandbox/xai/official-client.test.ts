import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { createXai } from '@ai-sdk/xai'
import { generateImage } from 'ai'
import OpenAI from 'openai'
import sharp from 'sharp'

import { type Sandbox, startSandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

const MODEL = 'grok-imagine-image-2.0'

const base = () => sandbox.baseUrlFor('xai') ?? ''
const image = (options: Partial<Parameters<typeof generateImage>[0]>, apiKey = 'xai-good') =>
  generateImage({
    model: createXai({ apiKey, baseURL: base() }).image(MODEL),
    prompt: 'a kite',
    maxRetries: 0,
    ...options,
  })

async function look(bytes: Uint8Array) {
  const { format, width, height } = await sharp(bytes).metadata()
  return [format, width, height]
}

describe('@ai-sdk/xai', () => {
  test('makes pictures of the ratio and number it asks for, in one call', async () => {
    const result = await image({ n: 2, aspectRatio: '2:1' })

    assert.deepEqual(await Promise.all(result.images.map(({ uint8Array }) => look(uint8Array))), [
      ['jpeg', 1440, 720],
      ['jpeg', 1440, 720],
    ])
    assert.equal(sandbox.bill().recent.at(-1)?.billed_nanos, '80000000')
  })

  test('reads what a picture cost', async () => {
    const model = createXai({ apiKey: 'xai-good', baseURL: base() }).image(MODEL)
    const wish = { prompt: 'a kite', n: 1, size: undefined, aspectRatio: undefined, seed: undefined }
    const { providerMetadata } = await model.doGenerate({
      ...wish,
      files: undefined,
      mask: undefined,
      providerOptions: {},
    })

    assert.ok(JSON.stringify(providerMetadata).includes('"costInUsdTicks":400000000'))
  })

  test('edits one picture and composes several', async () => {
    const [red, blue] = await Promise.all(['#c03020', '#2030c0'].map(square))
    assert.ok(red && blue)

    const one = await image({ prompt: { text: 'make it night', images: [red] } })
    const two = await image({ prompt: { text: 'put them together', images: [red, blue] }, aspectRatio: '1:1' })

    assert.deepEqual(await look(one.image.uint8Array), ['jpeg', 1248, 832])
    assert.deepEqual(await look(two.image.uint8Array), ['jpeg', 1024, 1024])
    assert.deepEqual(
      sandbox
        .bill()
        .recent.slice(-2)
        .map(({ method, billed_nanos: nanos }) => [method, nanos]),
      [
        ['images/edits', '70000000'],
        ['images/edits', '80000000'],
      ],
    )
  })

  for (const [what, options, key, says] of [
    ['a bad key', {}, 'xai-invalid', /Incorrect API key provided/],
    ['an empty account', {}, 'xai-empty', /used all available credits/],
    ['a ratio that there is none of', { aspectRatio: '5:1' }, 'xai-good', /unknown variant/],
    ['a picture that moderation withheld', { prompt: 'a kite [[fault:refusal=flag]]' }, 'xai-good', /content policy/],
    ['a picture that moderation refused', { prompt: 'a kite [[fault:refusal=output]]' }, 'xai-good', /moderation/],
  ] as const) {
    test(`understands ${what}`, async () => {
      await assert.rejects(image(options, key), says)
    })
  }
})

describe('openai', () => {
  const client = (apiKey = 'xai-good') => new OpenAI({ apiKey, baseURL: base(), maxRetries: 0 })
  const wish = { model: MODEL, prompt: 'a kite', response_format: 'b64_json' } as const

  test('makes a picture in base64', async () => {
    const { data } = await client().images.generate(wish)

    assert.deepEqual(await look(Buffer.from(data?.[0]?.b64_json ?? '', 'base64')), ['jpeg', 1024, 1024])
    assert.equal(data?.[0]?.revised_prompt, 'a kite')
  })

  test('gets an address unless it asks for base64, and the picture is there', async () => {
    const { data } = await client().images.generate({ ...wish, response_format: 'url' })
    const picture = await fetch(data?.[0]?.url ?? '')

    assert.equal(picture.headers.get('content-type'), 'image/jpeg')
    assert.deepEqual(await look(await picture.bytes()), ['jpeg', 1024, 1024])
  })

  test('understands what xAI says of a size, a model and a key', async () => {
    await assert.rejects(client().images.generate({ ...wish, size: '1024x1024' }), {
      status: 400,
      message: /Argument not supported: size/,
    })
    await assert.rejects(client().images.generate({ ...wish, model: 'grok-pix' }), { status: 404, message: /grok-pix/ })
    await assert.rejects(client('xai-invalid').images.generate(wish), { status: 400, message: /Incorrect API key/ })
  })
})

async function square(background: string): Promise<Buffer> {
  return await sharp({ create: { width: 96, height: 64, channels: 3, background } })
    .png()
    .toBuffer()
}
