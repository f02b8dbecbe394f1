import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

const PNG = await sharp({ create: { width: 32, height: 32, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
const URI = `data:image/png;base64,${PNG.toString('base64')}`
const SCHNELL = { model: 'black-forest-labs/FLUX.1-schnell', prompt: 'x' }
const WORDS = '/images/generations'

describe('a document that a server does not take', () => {
  const cases: readonly [what: string, slug: string, path: string, body: unknown, status: number, says: RegExp][] = [
    ['no JSON', 'together', WORDS, 'nonsense', 400, /"error":\{"message":"The request body is not valid JSON/],
    ['no prompt', 'together', WORDS, { model: SCHNELL.model }, 400, /"param":"prompt"/],
    [
      'a size in one text',
      'together',
      WORDS,
      { ...SCHNELL, size: '1024x1024' },
      400,
      /"param":"size","code":"unknown_parameter"/,
    ],
    [
      'OpenAI’s name for base64',
      'together',
      WORDS,
      { ...SCHNELL, response_format: 'b64_json' },
      400,
      /"param":"response_format"/,
    ],
    ['more than four', 'together', WORDS, { ...SCHNELL, n: 5 }, 400, /less than or equal to 4/],
    [
      'a format that it lacks',
      'together',
      WORDS,
      { ...SCHNELL, output_format: 'webp' },
      400,
      /"param":"output_format"/,
    ],
    [
      'a picture for a model of words',
      'together',
      WORDS,
      { ...SCHNELL, image_url: URI },
      400,
      /image_url is not supported/,
    ],
    [
      'a list where one is taken',
      'together',
      WORDS,
      { ...SCHNELL, model: 'black-forest-labs/FLUX.1-kontext-pro', image_url: [URI] },
      400,
      /not how the field is written/,
    ],
    [
      'bare base64',
      'together',
      WORDS,
      { ...SCHNELL, model: 'black-forest-labs/FLUX.2-dev', reference_images: ['iVBOR'] },
      400,
      /could not be read/,
    ],
    ['an unknown model', 'together', WORDS, { ...SCHNELL, model: 'a/b' }, 404, /model_not_available/],
    [
      'a size in one text',
      'deepinfra',
      '/inference/black-forest-labs/FLUX-1-schnell',
      { prompt: 'x', size: '64x64' },
      422,
      /"detail":\{"error":"size/,
    ],
    [
      'n instead of num_images',
      'deepinfra',
      '/inference/black-forest-labs/FLUX-1-schnell',
      { prompt: 'x', n: 1 },
      422,
      /"error":"n:/,
    ],
    ['a model that only edits', 'deepinfra', '/inference/Qwen/Qwen-Image-Edit', { prompt: 'x' }, 404, /not available/],
    ['a size without a cross', 'vllm', WORDS, { prompt: 'x', size: '1024' }, 400, /"detail":"Invalid size format/],
    ['addresses', 'vllm', WORDS, { prompt: 'x', response_format: 'url' }, 422, /"loc":\["body","response_format"\]/],
    ['more than ten', 'vllm', WORDS, { prompt: 'x', n: 11 }, 422, /less than or equal to 10/],
    ['another model', 'vllm', WORDS, { prompt: 'x', model: 'a/b' }, 400, /Model mismatch/],
    ['a field of nobody', 'sglang', WORDS, { prompt: 'x', steps: 4 }, 422, /"type":"extra_forbidden"/],
    ['no model', 'localai', WORDS, { prompt: 'x' }, 400, /"error":\{"code":400/],
    ['a seed', 'localai', WORDS, { prompt: 'x', model: 'm', seed: 1 }, 400, /seed/],
    ['half a size', 'localai', WORDS, { prompt: 'x', model: 'm', size: '12x' }, 400, /invalid value for 'size'/],
    ['a name of a model', 'sd-cpp', WORDS, { prompt: 'x', model: 'm' }, 400, /"error":"invalid params: model"/],
    ['a seed outside the tag', 'sd-cpp', WORDS, { prompt: 'x', seed: 1 }, 400, /invalid params: seed/],
    [
      'a tag without JSON',
      'sd-cpp',
      WORDS,
      { prompt: 'x <sd_cpp_extra_args>{</sd_cpp_extra_args>' },
      400,
      /invalid sd_cpp_extra_args/,
    ],
    [
      'a tag with strangers',
      'sd-cpp',
      WORDS,
      { prompt: 'x <sd_cpp_extra_args>{"sede":1}</sd_cpp_extra_args>' },
      400,
      /invalid sd_cpp_extra_args/,
    ],
    ['a seed', 'openai-compatible', WORDS, { model: 'm', prompt: 'x', seed: 1 }, 400, /"code":"unknown_parameter"/],
    [
      'a misspelt fault',
      'openai-compatible',
      WORDS,
      { model: 'm', prompt: 'x [[fault:nonsense]]' },
      400,
      /There is no fault/,
    ],
  ]
  for (const [what, slug, path, body, status, says] of cases) {
    test(`${what} is ${status} at ${slug}, and costs nothing`, async () => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)

      await refused(
        slug,
        path,
        { method: 'POST', body: text, headers: { 'content-type': 'application/json' } },
        status,
        says,
      )
    })
  }
})

describe('a form that a server does not take', () => {
  const cases: readonly [
    what: string,
    slug: string,
    path: string,
    fields: Readonly<Record<string, string | Buffer>>,
    status: number,
    says: RegExp,
  ][] = [
    ['no picture', 'vllm', '/images/edits', { prompt: 'x' }, 422, /Field 'image' or 'url' is required/],
    ['a mask', 'vllm', '/images/edits', { prompt: 'x', image: PNG, mask: PNG }, 422, /"loc":\["body","mask"\]/],
    ['no picture', 'sd-cpp', '/images/edits', { prompt: 'x' }, 400, /at least one image\[\] required/],
    [
      'WebP for an edit',
      'sd-cpp',
      '/images/edits',
      { prompt: 'x', image: PNG, output_format: 'webp' },
      400,
      /output_format/,
    ],
    ['no mask', 'localai', '/images/inpainting', { model: 'm', prompt: 'x', image: PNG }, 400, /missing mask file/],
    [
      'a count',
      'localai',
      '/images/inpainting',
      { model: 'm', prompt: 'x', image: PNG, mask: PNG, n: '2' },
      400,
      /n: Extra/,
    ],
    [
      'a mask without holes',
      'openai-compatible',
      '/images/edits',
      { model: 'm', prompt: 'x', image: PNG, mask: PNG },
      400,
      /must have an alpha channel/,
    ],
    [
      'a mask without holes',
      'deepinfra',
      '/openai/images/edits',
      { model: 'Qwen/Qwen-Image-Edit', prompt: 'x', image: PNG, mask: PNG },
      400,
      /no transparent part/,
    ],
    [
      'a seed',
      'deepinfra',
      '/openai/images/edits',
      { model: 'Qwen/Qwen-Image-Edit', prompt: 'x', image: PNG, seed: '1' },
      422,
      /seed/,
    ],
    ['a path that it lacks', 'localai', '/images/edits', { prompt: 'x', image: PNG }, 404, /"error"/],
    ['a path that it lacks', 'together', '/images/edits', { prompt: 'x', image: PNG }, 404, /"error"/],
  ]
  for (const [what, slug, path, fields, status, says] of cases) {
    test(`${what} is ${status} at ${slug}${path}`, async () => {
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) {
        if (typeof value === 'string') form.append(name, value)
        else form.append(name, new Blob([new Uint8Array(value)], { type: 'image/png' }), `${name}.png`)
      }

      await refused(slug, path, { method: 'POST', body: form }, status, says)
    })
  }
})

test('a hosted server lets nobody in without a key, an own one does', async () => {
  for (const [slug, status] of [
    ['together', 401],
    ['deepinfra', 401],
    ['openai-compatible', 400],
    ['vllm', 422],
    ['sd-cpp', 400],
  ] as const) {
    const path = slug === 'deepinfra' ? '/inference/black-forest-labs/FLUX-1-schnell' : WORDS
    const response = await fetch(`${sandbox.baseUrlFor(slug)}${path}`, { method: 'POST', body: '{}' })

    assert.equal(response.status, status, slug)
  }
})

test('SGLang clamps a count instead of refusing it, and keeps no picture under another variant', async () => {
  const body = { prompt: 'x', n: 0, size: '64x64', response_format: 'url' }
  const response = await fetch(`${sandbox.baseUrlFor('sglang')}${WORDS}`, {
    method: 'POST',
    body: JSON.stringify(body),
  })
  const { data } = (await response.json()) as { data: readonly { url: string }[] }
  const [first] = data

  const found = await Promise.all(
    [first?.url, first?.url.replace('variant=0', 'variant=1')].map(
      async (url) => (await fetch(new URL(url ?? '', sandbox.url))).status,
    ),
  )
  assert.deepEqual([data.length, found], [1, [200, 404]])
})

async function refused(slug: string, path: string, init: RequestInit, status: number, says: RegExp): Promise<void> {
  const headers = new Headers(init.headers)
  headers.set('authorization', 'Bearer any')
  const response = await fetch(`${sandbox.baseUrlFor(slug)}${path}`, { ...init, headers })

  assert.equal(response.status, status)
  assert.match(await response.text(), says)
  assert.equal(sandbox.bill().billed_nanos, '0')
}
