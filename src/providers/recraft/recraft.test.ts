import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { usd } from '../../core/money.ts'
import { err } from '../../core/result.ts'
import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { bytesOf, failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { PAINTED, WHITE_ONLY } from '../test-requests.ts'
import { RECRAFT } from './entry.ts'
import { makeRecraft } from './provider.ts'
import { toPost } from './request.ts'

const REPLY = fixture('reply.json')
const PNG = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
const HOLE = await sharp({ create: { width: 8, height: 8, channels: 4, background: '#00000000' } })
  .png()
  .toBuffer()

providerContract(makeRecraft, {
  model: 'recraftv3',
  path: '/images/generations',
  credentialHeader: ['authorization', (credential) => `Bearer ${credential}`],
  smallestBody: { model: 'recraftv3', prompt: 'a red fox', response_format: 'b64_json' },
  answerWith: (base64) => REPLY.replace('{{picture}}', base64),
  failures: JSON.parse(fixture('failures.json')) as RecordedFailure[],
  traits: RECRAFT.traits,
})

describe('what Recraft is sent', () => {
  const picture = pictureOf('input_references.0', PNG)

  const bodies: readonly [what: string, model: string, more: Partial<ImageRequest>, body: object][] = [
    [
      'every wish',
      'recraftv3',
      { n: 2, seed: 0, negativePrompt: 'clouds', size: { width: 1365, height: 1024 }, format: 'webp' },
      { n: 2, random_seed: 0, negative_prompt: 'clouds', size: '1365x1024', image_format: 'webp' },
    ],
    [
      'a ratio under the name of the size',
      'recraftv4_1',
      { aspectRatio: '14:10', resolution: '1K' },
      { size: '14:10' },
    ],
    ['no format that it does not make', 'recraftv4', { format: 'jpeg' }, {}],
    ['no format for vectors', 'recraftv4_vector', { format: 'svg' }, {}],
    ['no format for vectors, whatever is wished', 'recraftv4_vector', { format: 'png' }, {}],
    [
      'what is passed through',
      'recraftv3',
      { providerOptions: { recraft: { style: 'icon', controls: { no_text: true }, strength: 0.2, other: 1 } } },
      { style: 'icon', controls: { no_text: true } },
    ],
  ]
  for (const [what, model, more, body] of bodies) {
    test(`has ${what}`, async () => {
      const post = await sent(asked([], more), model, more.providerOptions?.['recraft'])

      assert.deepEqual(post, {
        path: '/images/generations',
        body: { model, prompt: 'a kite', response_format: 'b64_json', ...body },
      })
    })
  }

  test('is a form where there is a picture, with how far it may go from it', async () => {
    for (const [options, strength] of [
      [{}, '0.5'],
      [{ strength: 0.2, style: 'icon' }, '0.2'],
    ] as const) {
      const post = await sent(asked([picture], { n: 2, seed: 3 }), 'recraftv3', options)

      assert.ok('form' in post)
      const texts = Object.fromEntries(post.form.flatMap((part) => ('value' in part ? [[part.name, part.value]] : [])))
      const { style } = options as { style?: string }
      assert.deepEqual(
        [post.path, texts],
        [
          '/images/imageToImage',
          {
            ...(style !== undefined && { style }),
            model: 'recraftv3',
            prompt: 'a kite',
            n: '2',
            random_seed: '3',
            response_format: 'b64_json',
            strength,
          },
        ],
      )
      const file = post.form.find(({ name }) => name === 'image')
      assert.ok(file !== undefined && 'blob' in file)
      assert.deepEqual(
        [bytesOf(file.blob).equals(PNG), file.mediaType, file.fileName],
        [true, 'image/png', 'image.png'],
      )
    }
  })

  test('has a mask that is white where the caller’s was transparent, and no strength beside it', async () => {
    const post = await sent(asked([picture], { mask: pictureOf('mask', HOLE) }), 'recraftv3')

    assert.ok('form' in post)
    assert.deepEqual(
      [post.path, post.form.map(({ name }) => name)],
      ['/images/inpaint', ['model', 'prompt', 'response_format', 'image', 'mask']],
    )
    const mask = post.form.find(({ name }) => name === 'mask')
    assert.ok(mask !== undefined && 'blob' in mask)
    assert.deepEqual([bytesOf(mask.blob), mask.mediaType], [PAINTED, 'image/png'])
  })

  test('is nothing where the mask cannot be painted', async () => {
    const pixels = { ...WHITE_ONLY, stencil: async () => err('it is torn.') }
    const request = asked([picture], { mask: pictureOf('mask', HOLE) })

    const post = await toPost(request, {}, { model: 'recraftv3', pixels })

    assert.ok(!post.ok && /^The mask at mask .*it is torn\.$/.test(post.error))
  })

  test('is nothing where a wish could not be kept', async () => {
    const two = [picture, pictureOf('input_references.1', PNG)]
    const cases: readonly [request: ImageRequest, says: RegExp, options?: Record<string, JsonValue>][] = [
      [asked(two), /^input_references\.1 cannot be sent/],
      [asked([picture], { size: { width: 1024, height: 1024 } }), /^size cannot be sent with a picture/],
      [asked([picture], { aspectRatio: '1:1' }), /^aspect_ratio cannot be sent with a picture/],
      [asked([picture]), /^provider\.options\.recraft\.controls cannot be sent/, { controls: { no_text: true } }],
      [asked([], { mask: pictureOf('mask', HOLE) }), /^mask cannot be sent without the picture/],
      [asked([{ field: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }]), /image is an address/],
    ]
    for (const [request, says, options = {}] of cases) {
      const post = await toPost(request, options, { model: 'recraftv3' })

      assert.ok(!post.ok)
      assert.match(post.error, says)
    }
  })
})

describe('an answer of Recraft', () => {
  test('has its pictures, short ones and those at an address too, and what they cost', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    await using server = await playback((request, response) => {
      const data = [
        { image_id: 'one', b64_json: Buffer.from(svg).toString('base64') },
        { image_id: 'two', url: `http://${request.headers.host}/files/two.svg` },
        { image_id: 'three' },
      ]
      const text = JSON.stringify({ credits: 160.5, data })
      const listener = request.method === 'POST' ? answer(200, text) : answer(200, svg, 'image/svg+xml')
      listener(request, response)
    })

    const generated = await generate(callTo(server.url))

    assert.ok(generated.ok)
    const { images, cost, upstreamId } = generated.value
    assert.deepEqual(
      images.map(({ blob }) => bytesOf(blob).toString()),
      [svg, svg],
    )
    assert.deepEqual([cost, upstreamId], [usd('0.1605'), 'one'])
  })

  test('that is a sentence instead of JSON is understood', async () => {
    for (const [status, text, type, kind, says] of [
      [401, 'request unauthorized\n', 'text/plain; charset=utf-8', 'unauthorized', 'request unauthorized'],
      [400, 'the image is inappropriate', 'text/plain', 'refused', 'the image is inappropriate'],
      [400, '<html>No</html>', 'text/html', 'rejected', 'it does not accept the request'],
    ] as const) {
      await using server = await playback(answer(status, text, type))

      const failure = failureOf(await generate(callTo(server.url)))

      assert.deepEqual([failure.kind, failure.billed], [kind, 'no'])
      assert.ok(failure.message.includes(says), failure.message)
    }
  })

  test('to the free question says what is left', async () => {
    for (const [body, says] of [
      ['{"id":"u","credits":12340}', 'the key is good, 12.34 USD in API units left'],
      ['{"id":"u"}', 'the key is good'],
      ['{"id":"u","credits":-5}', 'unauthorized: The key is good, and no API units are left.'],
    ] as const) {
      await using server = await playback(answer(200, body))

      const found = await withUpstream({}, async (upstream) => await makeRecraft(upstream).check?.(callTo(server.url)))

      assert.ok(found !== undefined)
      assert.equal(found.ok ? found.value : `${found.error.kind}: ${found.error.message}`, says)
      assert.equal(server.requests[0]?.path, '/users/me')
    }
  })
})

function asked(pictures: readonly Picture[], more: Partial<ImageRequest> = {}): ImageRequest {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }, ...images] }], ...more }
}

function pictureOf(field: string, bytes: Buffer): Picture {
  return { field, source: { type: 'inline', blob: new JsonBlob('binary', [bytes], 'image/png') } }
}

async function sent(request: ImageRequest, model: string, options: Readonly<Record<string, JsonValue>> = {}) {
  const post = await toPost(request, options, { model, pixels: WHITE_ONLY })
  assert.ok(post.ok, post.ok ? '' : post.error)
  return post.value
}

function generate(call: Call) {
  return withUpstream({}, (upstream) =>
    makeRecraft(upstream).generate(asked([]), { ...call, model: 'recraftv4_vector' }),
  )
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
