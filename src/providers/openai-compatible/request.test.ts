import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { writeJson } from '../../core/json-blobs.ts'
import { err } from '../../core/result.ts'
import type { FormPart } from '../form.ts'
import { bytesOf } from '../test-fixtures.ts'
import { PAINTED, WHITE_ONLY } from '../test-requests.ts'
import { DEEPINFRA, TOGETHER } from './hosted.ts'
import { toPost } from './request.ts'
import { LOCALAI, PLAIN, SD_CPP, SGLANG, VLLM } from './self-hosted.ts'

const PRESETS = {
  together: TOGETHER,
  deepinfra: DEEPINFRA,
  vllm: VLLM,
  sglang: SGLANG,
  localai: LOCALAI,
  sd: SD_CPP,
  plain: PLAIN,
}
type Server = keyof typeof PRESETS

const FULL: Partial<ImageRequest> = {
  n: 2,
  seed: 0,
  negativePrompt: 'clouds',
  size: { width: 768, height: 512 },
  format: 'jpeg',
  compression: 80,
}
const { seed: _seed, negativePrompt: _negative, ...PLAIN_WISHES } = FULL
const PNG = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
const HOLE = await sharp({ create: { width: 8, height: 8, channels: 4, background: '#00000000' } })
  .png()
  .toBuffer()

describe('what is sent for words', () => {
  const cases: readonly [server: Server, more: Partial<ImageRequest>, path: string, body: object][] = [
    [
      'together',
      FULL,
      '/images/generations',
      {
        model: 'a/b',
        prompt: 'a kite',
        n: 2,
        seed: 0,
        negative_prompt: 'clouds',
        width: 768,
        height: 512,
        output_format: 'jpeg',
        response_format: 'base64',
      },
    ],
    [
      'deepinfra',
      { n: 1, seed: 0, size: { width: 768, height: 512 } },
      '/inference/a/b',
      { prompt: 'a kite', num_images: 1, seed: 0, width: 768, height: 512 },
    ],
    [
      'vllm',
      FULL,
      '/images/generations',
      {
        model: 'a/b',
        prompt: 'a kite',
        n: 2,
        seed: 0,
        negative_prompt: 'clouds',
        size: '768x512',
        output_format: 'jpeg',
      },
    ],
    [
      'sglang',
      FULL,
      '/images/generations',
      {
        model: 'a/b',
        prompt: 'a kite',
        n: 2,
        seed: 0,
        negative_prompt: 'clouds',
        size: '768x512',
        output_format: 'jpeg',
        output_compression: 80,
        response_format: 'b64_json',
      },
    ],
    [
      'localai',
      { negativePrompt: 'clouds|rain', n: 2, size: { width: 768, height: 512 } },
      '/images/generations',
      { model: 'a/b', prompt: 'a kite|clouds¦rain', n: 2, size: '768x512', response_format: 'b64_json' },
    ],
    [
      'sd',
      FULL,
      '/images/generations',
      {
        prompt: 'a kite <sd_cpp_extra_args>{"seed":0,"negative_prompt":"clouds"}</sd_cpp_extra_args>',
        n: 2,
        size: '768x512',
        output_format: 'jpeg',
        output_compression: 80,
      },
    ],
    ['plain', PLAIN_WISHES, '/images/generations', { model: 'a/b', prompt: 'a kite', n: 2, size: '768x512' }],
  ]
  for (const [server, more, path, body] of cases) {
    test(`to ${server}`, async () => {
      const post = await sent(server, asked([], more))

      assert.deepEqual(post, { path, body })
    })
  }

  test('a ratio and a tier become pixels: no more of them than the tier has', async () => {
    for (const [more, width, height] of [
      [{ aspectRatio: '16:9' }, 1360, 768],
      [{ aspectRatio: '1:1', resolution: '512' }, 512, 512],
      [{ resolution: '2K' }, 2048, 2048],
      [{ aspectRatio: '9:16', resolution: '2K' }, 1536, 2720],
    ] as const) {
      const together = await sent('together', asked([], more))
      const vllm = await sent('vllm', asked([], more))

      assert.ok('body' in together && 'body' in vllm)
      assert.deepEqual([together.body['width'], together.body['height']], [width, height])
      assert.equal(vllm.body['size'], `${width}x${height}`)
      assert.ok(width * height <= 2048 * 2048 && width % 16 === 0 && height % 16 === 0)
    }
    const auto = await sent('vllm', asked([], { aspectRatio: 'auto' }))
    assert.ok('body' in auto && auto.body['size'] === undefined)
  })

  test('what is passed through goes where the server looks for it, and nothing else does', async () => {
    const options = {
      guidance_scale: 4,
      steps: 50,
      num_inference_steps: 20,
      sample_params: { sample_steps: 9 },
      other: 1,
    }
    const bodies = await Promise.all(
      (['together', 'vllm', 'sd', 'plain'] as const).map(async (server) => {
        const post = await sent(server, asked([]), options)
        return 'body' in post ? post.body : {}
      }),
    )

    assert.deepEqual(bodies, [
      { model: 'a/b', prompt: 'a kite', guidance_scale: 4, response_format: 'base64' },
      { model: 'a/b', prompt: 'a kite', guidance_scale: 4, num_inference_steps: 20 },
      { prompt: 'a kite <sd_cpp_extra_args>{"sample_params":{"sample_steps":9}}</sd_cpp_extra_args>' },
      { model: 'a/b', prompt: 'a kite', guidance_scale: 4, num_inference_steps: 20, steps: 50 },
    ])
  })

  test('nobody’s words become orders', async () => {
    const order = 'x <sd_cpp_extra_args>{"batch_count":64}</sd_cpp_extra_args>'
    const negative = 'y</sd_cpp_extra_args><sd_cpp_extra_args>{"batch_count":64}</sd_cpp_extra_args>'

    const refused = await toPost(asked([], {}, order), {}, { model: 'm' }, SD_CPP.quirks)
    const escaped = await sent('sd', asked([], { negativePrompt: negative }))
    const barred = await sent('localai', asked([], {}, 'a cat|a dog'))

    assert.ok(!refused.ok && /The prompt holds the tag sd_cpp_extra_args/.test(refused.error))
    const prompt = 'body' in escaped ? escaped.body['prompt'] : undefined
    assert.ok(typeof prompt === 'string')
    assert.equal(prompt.match(/<\/?sd_cpp_extra_args>/g)?.length, 2)
    const inside = /<sd_cpp_extra_args>(.*)<\/sd_cpp_extra_args>/.exec(prompt)?.[1] ?? ''
    assert.deepEqual(JSON.parse(inside), { negative_prompt: negative })
    assert.ok('body' in barred && barred.body['prompt'] === 'a cat¦a dog')
  })
})

describe('what is sent for pictures', () => {
  const one = [picture('input_references.0', PNG)]
  const two = [...one, picture('input_references.1', PNG)]
  const url = `data:image/png;base64,${PNG.toString('base64')}`

  test('Together gets data URLs, under a name that its models go by', async () => {
    const kontext = await sent('together', asked(one), {}, 'black-forest-labs/FLUX.1-kontext-pro')
    const flux2 = await sent('together', asked(two), {}, 'black-forest-labs/FLUX.2-dev')

    assert.ok('body' in kontext && 'body' in flux2)
    assert.equal(textOf(kontext.body['image_url']), url)
    assert.deepEqual([textOf(flux2.body['reference_images']), 'image_url' in flux2.body], [[url, url], false])
  })

  test('LocalAI gets bare base64', async () => {
    const post = await sent('localai', asked(two))

    assert.ok('body' in post)
    assert.deepEqual(textOf(post.body['ref_images']), [PNG.toString('base64'), PNG.toString('base64')])
  })

  const forms: readonly [server: Server, pictures: readonly Picture[], path: string, names: readonly string[]][] = [
    ['deepinfra', two, '/openai/images/edits', ['model', 'prompt', 'image', 'image']],
    ['vllm', one, '/images/edits', ['model', 'prompt', 'image']],
    ['sglang', two, '/images/edits', ['model', 'prompt', 'response_format', 'image', 'image']],
    ['sd', one, '/images/edits', ['prompt', 'image']],
    ['sd', two, '/images/edits', ['prompt', 'image[]', 'image[]']],
    ['plain', two, '/images/edits', ['model', 'prompt', 'image[]', 'image[]']],
  ]
  for (const [server, pictures, path, names] of forms) {
    test(`${server} gets ${pictures.length} in a form`, async () => {
      const post = await sent(server, asked(pictures))

      assert.ok('form' in post)
      assert.deepEqual([post.path, post.form.map(({ name }) => name)], [path, names])
      const files = post.form.flatMap((part) => ('blob' in part ? [part] : []))
      assert.ok(files.every(({ blob, mediaType }) => bytesOf(blob).equals(PNG) && mediaType === 'image/png'))
      assert.deepEqual(
        files.map(({ fileName }) => fileName),
        pictures.map((_, index) => `${index}.png`),
      )
    })
  }

  test('a mask goes as it came, or painted white, as the server reads it', async () => {
    const mask = picture('mask', HOLE)
    for (const [server, path, isWhite] of [
      ['deepinfra', '/openai/images/edits', false],
      ['plain', '/images/edits', false],
      ['sd', '/images/edits', true],
      ['localai', '/images/inpainting', true],
    ] as const) {
      const post = await sent(server, asked(one, { mask }))

      assert.ok('form' in post && post.path === path, server)
      const file = fileNamed(post.form, 'mask')
      assert.deepEqual([bytesOf(file.blob), file.mediaType], [isWhite ? PAINTED : HOLE, 'image/png'], server)
    }
  })
})

test('a mask that cannot be painted is refused', async () => {
  const request = asked([picture('input_references.0', PNG)], { mask: picture('mask', HOLE) })
  const pixels = { ...WHITE_ONLY, stencil: async () => err('it is torn.') }

  const post = await toPost(request, {}, { model: 'm', pixels }, SD_CPP.quirks)

  assert.ok(!post.ok && /^The mask at mask .*it is torn\.$/.test(post.error))
})

describe('what a server cannot be told is refused by its name', () => {
  const one = [picture('input_references.0', PNG)]
  const two = [...one, picture('input_references.1', PNG)]
  const mask = picture('mask', HOLE)
  const cases: readonly [
    server: Server,
    request: ImageRequest,
    says: RegExp,
    model?: string,
    options?: Record<string, JsonValue>,
  ][] = [
    ['together', asked(one, { mask }), /^mask cannot be sent/],
    ['together', asked(two), /^input_references\.1 cannot be sent/, 'black-forest-labs/FLUX.1-kontext-max'],
    ['together', asked([], { quality: 'high' }), /^quality cannot be sent/],
    ['together', asked([], { background: 'transparent' }), /^background cannot be sent/],
    ['deepinfra', asked(one, { seed: 1 }), /^seed cannot be sent/],
    ['deepinfra', asked([]), /has an id that is none/, 'one-name'],
    [
      'deepinfra',
      asked(one),
      /^provider\.options\.deepinfra\.guidance_scale cannot be sent/,
      'a/b',
      { guidance_scale: 3 },
    ],
    ['vllm', asked(one, { mask }), /^mask cannot be sent/],
    ['vllm', asked([]), /has an id that is none/, '../b'],
    ['localai', asked(one, { mask, n: 2 }), /^n cannot be sent/],
    ['localai', asked(one, { mask, size: { width: 8, height: 8 } }), /^size cannot be sent/],
    ['localai', asked(one, { mask, aspectRatio: '1:1' }), /^aspect_ratio cannot be sent/],
    ['localai', asked(one, { mask, negativePrompt: 'x' }), /^negative_prompt cannot be sent/],
    [
      'localai',
      asked([...one, ...two], { mask }),
      /^input_references\.0 cannot be sent|^input_references\.1 cannot be sent/,
    ],
    ['vllm', asked(one), /^lora is more than one value/, 'a/b', { lora: { name: 'x' } }],
    [
      'plain',
      asked([{ field: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }]),
      /image is an address/,
    ],
  ]
  for (const [server, request, says, model = 'a/b', options = {}] of cases) {
    test(`${server}: ${says.source}`, async () => {
      const post = await toPost(request, options, { model }, PRESETS[server].quirks)

      assert.ok(!post.ok)
      assert.match(post.error, says)
    })
  }
})

function asked(pictures: readonly Picture[], more: Partial<ImageRequest> = {}, text = 'a kite'): ImageRequest {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text }, ...images] }], ...more }
}

function picture(field: string, bytes: Buffer): Picture {
  return { field, source: { type: 'inline', blob: new JsonBlob('binary', [bytes], 'image/png') } }
}

async function sent(server: Server, request: ImageRequest, options: Record<string, JsonValue> = {}, model = 'a/b') {
  const post = await toPost(request, options, { model, pixels: WHITE_ONLY }, PRESETS[server].quirks)
  assert.ok(post.ok, post.ok ? '' : post.error)
  return post.value
}

/** A value with blobs in it as a server would read it. */
function textOf(value: JsonValue | undefined): unknown {
  const { chunks } = writeJson(value ?? null)
  assert.ok(Symbol.iterator in chunks)
  return JSON.parse(Buffer.concat([...chunks]).toString())
}

function fileNamed(form: readonly FormPart[], wanted: string) {
  const part = form.find(({ name }) => name === wanted)
  assert.ok(part !== undefined && 'blob' in part)
  return part
}
