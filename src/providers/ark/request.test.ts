import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { failureOf } from '../provider-contract.ts'
import { makeArk } from './provider.ts'

const ALWAYS = { response_format: 'b64_json', watermark: false }
const A = 'data:image/png;base64,QUFB'
const B = 'data:image/webp;base64,QkJC'

describe('what is sent to Ark', () => {
  const cases: readonly [what: string, model: string, wish: Partial<ImageRequest>, sent: object][] = [
    ['nothing more', 'seedream-4-5-251128', {}, {}],
    ['pixels', 'seedream-4-5-251128', { size: { width: 2304, height: 1728 } }, { size: '2304x1728' }],
    ['a tier alone', 'seedream-4-0-250828', { resolution: '1K' }, { size: '1K' }],
    ['a tier of an older model', 'seedream-3-0-t2i-250415', { resolution: '1K' }, { size: '1024x1024' }],
    ['a ratio alone', 'doubao-seedream-4-5-251128', { aspectRatio: '16:9' }, { size: '2720x1536' }],
    ['a ratio of an older model', 'seedream-3-0-t2i-250415', { aspectRatio: '1:1' }, { size: '1024x1024' }],
    ['a ratio and a tier', 'seedream-4-5-251128', { aspectRatio: '2:3', resolution: '4K' }, { size: '3344x5008' }],
    ['a seed', 'seedream-3-0-t2i-250415', { seed: 0 }, { seed: 0 }],
    ['a format', 'dola-seedream-5-0-pro-260628', { format: 'png' }, { output_format: 'png' }],
    ['a format that is made here', 'seedream-5-0-lite-260128', { format: 'webp' }, {}],
    ['a format that only one is made of', 'seedream-4-5-251128', { format: 'png' }, {}],
    ['one picture', 'seedream-4-5-251128', { n: 1 }, {}],
    [
      'a series',
      'seedream-4-5-251128',
      { n: 3 },
      { sequential_image_generation: 'auto', sequential_image_generation_options: { max_images: 3 } },
    ],
    [
      'options',
      'seedream-4-5-251128',
      { providerOptions: { seed: { watermark: true, stream: true, sequential_image_generation: 'auto' } } },
      { watermark: true },
    ],
  ]
  for (const [what, model, wish, more] of cases) {
    test(`for ${what} to ${model}`, async () => {
      const body = await sent(model, { ...asked('x'), ...wish })

      assert.deepEqual(body, { model, prompt: 'x', ...ALWAYS, ...more })
    })
  }

  test('has one reference by itself, and several as a list, labelled by what they are', async () => {
    const facts = { sha256: '', mediaType: 'image/webp', width: 1, height: 1, bytes: 3 }
    const both = [picture('AAA'), { ...picture('BBB', 'image/gif'), facts }]

    const one = (await sent('seedream-4-5-251128', asked('x', both.slice(0, 1)))) as { image: unknown }
    const two = (await sent('seedream-4-5-251128', asked('x', both))) as { image: unknown }

    assert.deepEqual([one.image, two.image], [A, [A, B]])
  })

  const many = Array.from({ length: 13 }, () => picture('A'))
  const address: Picture = { field: 'input_references[0]', source: { type: 'url', url: 'https://example.com/a.png' } }
  const unsendable: readonly [what: string, model: string, request: ImageRequest, says: RegExp][] = [
    ['a mask', 'seedream-4-5', { ...asked('x', [picture('A')]), mask: picture('B') }, /input_references\[0\].*mask/],
    ['a seed', 'seedream-4-5', { ...asked('x'), seed: 1 }, /seed/],
    ['a negative prompt', 'seedream-4-5', { ...asked('x'), negativePrompt: 'y' }, /negative_prompt/],
    ['a transparent background', 'seedream-4-5', { ...asked('x'), background: 'transparent' }, /transparent/],
    ['a quality', 'seedream-4-5', { ...asked('x'), quality: 'high' }, /quality/],
    ['half a kilopixel', 'seedream-4-5', { ...asked('x'), resolution: '512' }, /resolution 512/],
    ['a ratio that is none', 'seedream-4-5', { ...asked('x'), aspectRatio: 'wide' }, /aspect_ratio wide/],
    ['two pictures', 'seedream-3-0-t2i', { ...asked('x'), n: 2 }, /n 2/],
    ['more than fit together', 'seedream-4-5', { ...asked('x', many), n: 3 }, /with 13 of those n 3/],
    ['a picture of unknown type', 'seedream-4-5', asked('x', [picture('A', '')]), /media type/],
    ['an address', 'seedream-4-5', asked('x', [address]), /only sent bytes/],
  ]
  for (const [what, model, request, says] of unsendable) {
    test(`${what} to ${model} is refused unsent`, async () => {
      await using server = await playback(answer(500, '{}'))

      const failure = failureOf(
        await withUpstream({}, (upstream) =>
          makeArk('seed', upstream).generate(request, { ...callTo(server.url), model }),
        ),
      )

      assert.deepEqual([failure.kind, failure.billed, server.requests.length], ['rejected', 'no', 0])
      assert.match(failure.message, says)
    })
  }
})

function asked(prompt: string, pictures: readonly Picture[] = []): ImageRequest {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }] }
}

function picture(bytes: string, mediaType = 'image/png'): Picture {
  const blob = new JsonBlob('binary', [Buffer.from(bytes)], mediaType === '' ? undefined : mediaType)
  return { field: 'input_references[0]', source: { type: 'inline', blob } }
}

async function sent(model: string, request: ImageRequest): Promise<unknown> {
  await using server = await playback(answer(503, '{"error":{"code":"InternalServiceError","message":"not today"}}'))
  await withUpstream({}, (upstream) => makeArk('seed', upstream).generate(request, { ...callTo(server.url), model }))
  assert.deepEqual(
    server.requests.map(({ path }) => path),
    ['/images/generations'],
  )
  return JSON.parse(server.requests[0]?.body ?? '')
}
