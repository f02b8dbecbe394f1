import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

interface Answered {
  readonly status: number
  readonly message: string
  readonly error: { readonly code?: number; readonly message?: string; readonly metadata?: object }
}

async function ask(path: string, body: unknown, headers: Record<string, string> = { authorization: 'Bearer k' }) {
  const response = await fetch(`${sandbox.baseUrlFor('openrouter')}${path}`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = await response.text()
  const error: Answered['error'] = response.ok ? {} : (JSON.parse(text) as { error: Answered['error'] }).error
  return { status: response.status, message: error.message ?? '', error } satisfies Answered
}

const BANANA = 'google/gemini-nano-banana-2.1'
const FLUX = 'black-forest-labs/flux.2-pro'
const GPT = 'openai/gpt-image-2'
const RECRAFT = 'recraft/recraft-v4'
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const reference = (url: string) => ({ input_references: [{ type: 'image_url', image_url: { url } }] })

describe('the Images API refuses', () => {
  const cases: readonly [name: string, body: Record<string, unknown>, says: RegExp, status?: number][] = [
    ['a field it does not know', { model: BANANA, prompt: 'x', negative_prompt: 'y' }, /negative_prompt/],
    ['a body without a prompt', { model: BANANA }, /prompt/],
    ['a tier in lower case', { model: BANANA, prompt: 'x', resolution: '1k' }, /resolution/],
    ['a tier that the model has not', { model: BANANA, prompt: 'x', resolution: '512' }, /resolution 512/],
    ['a tier where there are none', { model: FLUX, prompt: 'x', resolution: '1K' }, /'resolution' is not supported/],
    ['a ratio that nobody has', { model: BANANA, prompt: 'x', aspect_ratio: '7:5' }, /aspect_ratio/],
    ['a ratio that the model has not', { model: BANANA, prompt: 'x', aspect_ratio: '1:2' }, /aspect_ratio 1:2/],
    ['pixels off the model’s grid', { model: GPT, prompt: 'x', size: '1000x1000' }, /multiples of 16/],
    ['too many pixels', { model: GPT, prompt: 'x', size: '4096x4096' }, /pixels/],
    ['a side too long', { model: GPT, prompt: 'x', size: '3200x640' }, /3 times/],
    ['pixels that are none of its sizes', { model: BANANA, prompt: 'x', size: '1000x1000' }, /1024x1024/],
    ['pixels and another tier', { model: GPT, prompt: 'x', size: '1024x1024', resolution: '4K' }, /contradicts/],
    ['pixels and another ratio', { model: GPT, prompt: 'x', size: '1024x1024', aspect_ratio: '16:9' }, /contradicts/],
    ['two tiers', { model: BANANA, prompt: 'x', size: '2K', resolution: '1K' }, /contradicts/],
    ['more than ten', { model: GPT, prompt: 'x', n: 11 }, /n:/],
    ['more than one of a model that makes one', { model: BANANA, prompt: 'x', n: 2 }, /at most n=1/],
    ['a quality that nobody has', { model: GPT, prompt: 'x', quality: 'hd' }, /quality/],
    ['a quality that the model has not', { model: GPT, prompt: 'x', quality: 'max' }, /quality max/],
    ['a format of a model without a choice', { model: BANANA, prompt: 'x', output_format: 'jpeg' }, /'output_format'/],
    ['a format that the model has not', { model: FLUX, prompt: 'x', output_format: 'webp' }, /webp is not one of/],
    ['a background of a model without alpha', { model: GPT, prompt: 'x', background: 'opaque' }, /'background'/],
    ['a seed of a model without one', { model: GPT, prompt: 'x', seed: 0 }, /'seed'/],
    ['compression over a hundred', { model: GPT, prompt: 'x', output_compression: 101 }, /output_compression/],
    [
      'a reference of a model that takes none',
      { model: RECRAFT, prompt: 'x', ...reference('data:') },
      /image input/,
      404,
    ],
    ['a reference by address', { model: BANANA, prompt: 'x', ...reference('https://a.example/b.png') }, /download/],
    [
      'a reference that is not base64',
      { model: BANANA, prompt: 'x', ...reference('data:image/png;base64,!') },
      /base64/,
    ],
    ['a reference without its prefix', { model: BANANA, prompt: 'x', ...reference(PIXEL) }, /data URL/],
    [
      'a reference under a wrong label',
      { model: BANANA, prompt: 'x', ...reference(`data:image/jpeg;base64,${PIXEL}`) },
      /process/,
    ],
    ['an unknown model', { model: 'acme/pix', prompt: 'x' }, /not a valid model ID/],
    ['a model that is gone', { model: 'google/gemini-2.5-flash-image', prompt: 'x' }, /not a valid model ID/],
    ['a model of the other path', { model: 'openai/gpt-5-image', prompt: 'x' }, /\/chat\/completions/],
    ['routing it does not know', { model: BANANA, prompt: 'x', provider: { zdr: true } }, /zdr/],
    ['a bad sort', { model: BANANA, prompt: 'x', provider: { sort: 'cheap' } }, /sort/],
    [
      'hosts that do not have it',
      { model: BANANA, prompt: 'x', provider: { only: ['openai'] } },
      /No allowed providers/,
      404,
    ],
    ['a fault that is spelled wrong', { model: BANANA, prompt: 'x [[fault:hangs]]' }, /no fault "hangs"/],
    ['a fault that cannot happen here', { model: BANANA, prompt: 'x [[fault:queue=5]]' }, /queue/],
    ['a refusal of no known shape', { model: BANANA, prompt: 'x [[fault:refusal=rudeness]]' }, /no refusal "rudeness"/],
  ]
  for (const [name, body, says, status = 400] of cases) {
    test(name, async () => {
      const answered = await ask('/images', body)

      assert.deepEqual([answered.status, answered.error.code], [status, status])
      assert.match(answered.message, says)
    })
  }
})

describe('chat refuses', () => {
  const messages = [{ role: 'user', content: 'x' }]
  const cases: readonly [name: string, body: Record<string, unknown>, says: RegExp, status?: number][] = [
    ['a field it does not know', { model: BANANA, messages, n: 2 }, /"n"/],
    ['no messages', { model: BANANA, messages: [] }, /messages/],
    ['a role it does not know', { model: BANANA, messages: [{ role: 'model', content: 'x' }] }, /role/],
    [
      'words of a model that has none',
      { model: GPT, messages, modalities: ['image', 'text'] },
      /output modalities: image, text/,
      404,
    ],
    [
      'the other API’s name of the smallest tier',
      { model: BANANA, messages, image_config: { image_size: '512' } },
      /image_size/,
    ],
    ['a picture setting it does not know', { model: BANANA, messages, image_config: { imageSize: '1K' } }, /imageSize/],
    [
      'a part of a wrong shape',
      { model: BANANA, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: PIXEL }] }] },
      /messages\.0\.content/,
    ],
  ]
  for (const [name, body, says, status = 400] of cases) {
    test(name, async () => {
      const answered = await ask('/chat/completions', { modalities: ['image'], ...body })

      assert.equal(answered.status, status)
      assert.match(answered.message, says)
    })
  }
})

test('who shows no key, or another scheme, is nobody', async () => {
  for (const headers of [{}, { authorization: 'Basic abc' }]) {
    const { status, message, error } = await ask('/images', { model: BANANA, prompt: 'x' }, headers)

    assert.deepEqual([status, message], [401, 'Missing Authentication header'])
    assert.deepEqual(error.metadata, { error_type: 'authentication' })
  }
})

test('what is not JSON, not an object, or nowhere is refused in OpenRouter’s shape', async () => {
  for (const [path, body, status] of [
    ['/images', '{', 400],
    ['/images', '[]', 400],
    ['/images', 'null', 400],
    ['/images/generations', '{}', 404],
  ] as const) {
    assert.equal((await ask(path, body)).status, status)
  }
})

test('a reference of several megabytes is read', async () => {
  const bytes = Buffer.concat([Buffer.from(PIXEL, 'base64'), Buffer.alloc(9_000_000)])
  const url = `data:image/png;base64,${bytes.toString('base64')}`

  const { status } = await ask('/images', { model: FLUX, prompt: 'x', size: '256x256', ...reference(url) })

  assert.equal(status, 200)
})
