import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import type { Upstream } from '../http.ts'
import { asked } from '../test-requests.ts'
import { ADDRESS, reference, refusesUnsent, submission, type Unsendable } from '../test-submissions.ts'
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
    const both = [reference('AAA'), { ...reference('BBB', 'image/gif'), facts }]

    const one = (await sent('seedream-4-5-251128', asked('x', both.slice(0, 1)))) as { image: unknown }
    const two = (await sent('seedream-4-5-251128', asked('x', both))) as { image: unknown }

    assert.deepEqual([one.image, two.image], [A, [A, B]])
  })

  const many = Array.from({ length: 13 }, () => reference('A'))
  const unsendable: readonly Unsendable[] = [
    [
      'a mask',
      'seedream-4-5',
      { ...asked('x', [reference('A')]), mask: reference('B') },
      /input_references\[0\].*mask/,
    ],
    ['a seed', 'seedream-4-5', { ...asked('x'), seed: 1 }, /seed/],
    ['a negative prompt', 'seedream-4-5', { ...asked('x'), negativePrompt: 'y' }, /negative_prompt/],
    ['a transparent background', 'seedream-4-5', { ...asked('x'), background: 'transparent' }, /transparent/],
    ['a quality', 'seedream-4-5', { ...asked('x'), quality: 'high' }, /quality/],
    ['half a kilopixel', 'seedream-4-5', { ...asked('x'), resolution: '512' }, /resolution 512/],
    ['a ratio that is none', 'seedream-4-5', { ...asked('x'), aspectRatio: 'wide' }, /aspect_ratio wide/],
    ['two pictures', 'seedream-3-0-t2i', { ...asked('x'), n: 2 }, /n 2/],
    ['more than fit together', 'seedream-4-5', { ...asked('x', many), n: 3 }, /with 13 of those n 3/],
    ['a picture of unknown type', 'seedream-4-5', asked('x', [reference('A', '')]), /media type/],
    ['an address', 'seedream-4-5', asked('x', [ADDRESS]), /only sent bytes/],
  ]
  refusesUnsent(seed, unsendable)
})

function seed(upstream: Upstream) {
  return makeArk('seed', upstream)
}

async function sent(model: string, request: ImageRequest): Promise<unknown> {
  const [path, body] = await submission(seed, model, request)
  assert.equal(path, '/images/generations')
  return body
}
