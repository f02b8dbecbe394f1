import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { type Sandbox, startSandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

const pictures = new Map<string, Buffer<ArrayBuffer>>()
for (const [side, channels] of [
  [16, 4],
  [32, 4],
  [16, 3],
] as const) {
  const made = sharp({ create: { width: side, height: side, channels, background: '#c0302080' } })
  pictures.set(`${side} ${channels}`, Buffer.from(await made.png().toBuffer()))
}

interface Told {
  readonly error: { readonly message: string; readonly param: string | null; readonly code: string | null }
}

const KITE = { model: 'gpt-image-2', prompt: 'a kite' }

describe('a generation that is not OpenAI’s', () => {
  const cases: readonly [what: string, body: object, param: string | null, code: string | null][] = [
    ['a seed', { ...KITE, seed: 1 }, 'seed', 'unknown_parameter'],
    ['a ratio', { ...KITE, aspect_ratio: '16:9' }, 'aspect_ratio', 'unknown_parameter'],
    ['a form of answer', { ...KITE, response_format: 'b64_json' }, 'response_format', 'unknown_parameter'],
    ['a fidelity to nothing', { ...KITE, input_fidelity: 'high' }, 'input_fidelity', 'unknown_parameter'],
    ['planning by a model that does not', { ...KITE, complexity: 'low' }, 'complexity', 'unknown_parameter'],
    ['no prompt', { model: 'gpt-image-2' }, 'prompt', 'missing_required_parameter'],
    ['no model', { prompt: 'a kite' }, 'model', 'missing_required_parameter'],
    ['eleven pictures', { ...KITE, n: 11 }, 'n', 'invalid_value'],
    ['a count in words', { ...KITE, n: '2' }, 'n', 'invalid_value'],
    ['a tier', { ...KITE, size: '2K' }, 'size', 'invalid_value'],
    ['sides that are no multiples of 16', { ...KITE, size: '1000x1000' }, 'size', 'invalid_value'],
    ['a strip', { ...KITE, size: '3200x640' }, 'size', 'invalid_value'],
    ['a thumbnail', { ...KITE, size: '512x512' }, 'size', 'invalid_value'],
    ['a poster', { ...KITE, size: '3840x3840' }, 'size', 'invalid_value'],
    ['a wide picture of a first model', { ...KITE, model: 'gpt-image-1.5', size: '1536x864' }, 'size', 'invalid_value'],
    ['a quality of later models', { ...KITE, quality: 'max' }, 'quality', 'invalid_value'],
    ['no background', { ...KITE, background: 'transparent' }, 'background', 'invalid_value'],
    [
      'a transparent JPEG',
      { ...KITE, model: 'gpt-image-1.5', background: 'transparent', output_format: 'jpeg' },
      'background',
      'invalid_value',
    ],
    ['a compressed PNG', { ...KITE, output_compression: 50 }, 'output_compression', 'invalid_value'],
    ['a film', { ...KITE, output_format: 'gif' }, 'output_format', 'invalid_value'],
    ['previews without a stream', { ...KITE, partial_images: 2 }, 'partial_images', 'invalid_value'],
    ['four previews', { ...KITE, stream: true, partial_images: 4 }, 'partial_images', 'invalid_value'],
    ['no moderation', { ...KITE, moderation: 'off' }, 'moderation', 'invalid_value'],
    ['a model that is gone', { ...KITE, model: 'gpt-image-1' }, null, 'model_not_found'],
    ['no object', [KITE], null, null],
  ]
  for (const [what, body, param, code] of cases) {
    test(`has ${what}: ${code}, and costs nothing`, async () => {
      const { status, told } = await post('generations', JSON.stringify(body))

      assert.equal(status, code === 'model_not_found' ? 404 : 400)
      assert.deepEqual([told.error.param, told.error.code], [param, code], told.error.message)
      assert.equal(sandbox.bill().billed_nanos, '0')
    })
  }
})

describe('an edit that is not OpenAI’s', () => {
  const cases: readonly [what: string, parts: readonly (readonly [string, string | Blob])[], param: string][] = [
    ['no picture', [['prompt', 'x']], 'image'],
    ['a picture in words', [['image', 'iVBORw0KGgo=']], 'image'],
    ['a picture that is none', [['image[]', new Blob(['no'], { type: 'image/png' })]], 'image[]'],
    ['a picture under another type', [['image[]', picture('image/webp')]], 'image[]'],
    ['a picture of a strange type', [['image[]', picture('image/gif')]], 'image[]'],
    [
      'a mask of another size',
      [
        ['image[]', picture()],
        ['mask', picture('image/png', 32)],
      ],
      'mask',
    ],
    [
      'a mask that hides nothing',
      [
        ['image[]', picture()],
        ['mask', picture('image/png', 16, 3)],
      ],
      'mask',
    ],
    [
      'a second copy of everything',
      [
        ['image[]', picture()],
        ['images', 'x'],
      ],
      'images',
    ],
    [
      'a fidelity that the model has not',
      [
        ['image[]', picture()],
        ['input_fidelity', 'high'],
      ],
      'input_fidelity',
    ],
  ]
  for (const [what, parts, param] of cases) {
    test(`has ${what}`, async () => {
      const form = new FormData()
      for (const [name, value] of [['model', 'gpt-image-2'], ['prompt', 'redder'], ...parts] as const)
        form.append(name, value)

      const { status, told } = await post('edits', form)

      assert.deepEqual([status, told.error.param], [400, param], told.error.message)
      assert.equal(sandbox.bill().billed_nanos, '0')
    })
  }

  test('comes as JSON, which the sandbox does not take', async () => {
    const { status, told } = await post('edits', JSON.stringify(KITE))

    assert.deepEqual([status, told.error.param], [400, 'image'])
  })
})

test('moderation is milder where it is asked to be, and blocks before anything is made', async () => {
  const gory = { ...KITE, prompt: 'a scene of gore', size: '816x816', output_format: 'jpeg', quality: 'low' }

  const { status, told } = await post('generations', JSON.stringify(gory))
  const mild = await post('generations', JSON.stringify({ ...gory, moderation: 'low' }))

  assert.deepEqual([status, told.error.code, mild.status], [400, 'moderation_blocked', 200])
})

for (const [what, authorization, status] of [
  ['no key', undefined, 401],
  ['a key without its word', 'sk-any', 401],
  ['a bad key', 'Bearer sk-invalid', 401],
  ['a key without credit', 'Bearer sk-locked', 429],
] as const) {
  test(`${what} is ${status}`, async () => {
    const answer = await fetch(`${base()}/images/generations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      body: JSON.stringify(KITE),
    })

    assert.equal(answer.status, status)
  })
}

function picture(type = 'image/png', side: 16 | 32 = 16, channels: 3 | 4 = 4): Blob {
  return new Blob([pictures.get(`${side} ${channels}`) ?? ''], { type })
}

function base(): string {
  return sandbox.baseUrlFor('openai') ?? ''
}

async function post(operation: string, body: string | FormData): Promise<{ status: number; told: Told }> {
  const type = typeof body === 'string' ? { 'content-type': 'application/json' } : {}
  const headers = { authorization: 'Bearer sk-any', ...type }
  const answer = await fetch(`${base()}/images/${operation}`, { method: 'POST', headers, body })
  return { status: answer.status, told: (await answer.json()) as Told }
}
