import assert from 'node:assert/strict'
import { test } from 'node:test'

import { z } from 'zod'

import { PIXEL } from '../sample.ts'
import { zodProblem } from '../zod-problem.ts'
import { createImages, ImagesBody } from './images.ts'

const REFERENCE = { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } }

function parsed(change: object) {
  const body = { model: 'm', prompt: 'a red fox', ...change }
  const checked = ImagesBody.safeParse(body)
  if (!checked.success) return { ok: false, error: zodProblem(checked.error, body) } as const
  return createImages.parse(checked.data)
}

test('every field of the endpoint reaches the request', () => {
  const result = parsed({
    n: 10,
    resolution: '4K',
    size: '4K',
    aspect_ratio: '2.35:1',
    quality: 'xhigh',
    output_format: 'svg',
    background: 'opaque',
    seed: -1,
    stream: true,
    user: 'u',
    session_id: 's',
    provider: { options: { recraft: { style: 'vector' } } },
    trace: { trace_id: 't' },
  })

  assert.deepEqual(result, {
    ok: true,
    value: {
      stream: true,
      request: {
        model: 'm',
        turns: [{ role: 'user', parts: [{ type: 'text', text: 'a red fox' }] }],
        n: 10,
        resolution: '4K',
        aspectRatio: '2.35:1',
        quality: 'xhigh',
        format: 'svg',
        background: 'opaque',
        seed: -1,
        user: 'u',
        sessionId: 's',
        providerOptions: { recraft: { style: 'vector' } },
        ignored: ['trace'],
      },
    },
  })
})

test('models to fall back to are taken here too, the first of them being the model where none is named', () => {
  const named = (change: object) => {
    const result = parsed(change)
    assert.ok(result.ok)
    const { model, fallbackModels } = result.value.request
    return [model, fallbackModels]
  }

  assert.deepEqual(named({ models: ['m', 'second'] }), ['m', ['second']])
  assert.deepEqual(named({ model: null, models: ['first', 'second'] }), ['first', ['second']])
})

test('references and mask are named by where they stood, and excuse an empty prompt', () => {
  const result = parsed({ prompt: '', input_references: [REFERENCE, REFERENCE], mask: REFERENCE })

  assert.ok(result.ok)
  const { turns, mask } = result.value.request
  const fields = turns[0]?.parts.map((part) => (part.type === 'image' ? part.picture.field : part.type))
  assert.deepEqual(fields, ['input_references.0.image_url.url', 'input_references.1.image_url.url'])
  assert.equal(mask?.field, 'mask.image_url.url')
})

test('each bad body names the field and what would be accepted', () => {
  const cases: readonly (readonly [object, string, string, RegExp])[] = [
    [{ model: undefined }, 'model', 'invalid_request', /missing/],
    [{ model: undefined, models: [] }, 'model', 'invalid_request', /missing/],
    [{ models: ['a', 'b', 'c', 'd'] }, 'models', 'invalid_request', /3 items or fewer/],
    [{ prompt: undefined }, 'prompt', 'invalid_prompt', /missing/],
    [{ prompt: '  ' }, 'prompt', 'invalid_prompt', /empty/],
    [{ prompt: 'é'.repeat(70_000) }, 'prompt', 'invalid_prompt', /128 KiB|131072/],
    [{ n: 0 }, 'n', 'invalid_request', /whole number from 1 to 10/],
    [{ n: 2.5 }, 'n', 'invalid_request', /whole number from 1 to 10/],
    [{ size: 'large' }, 'size', 'invalid_request', /pixels such as 1536x1024/],
    [{ size: '1024x1024', resolution: '2K' }, 'resolution', 'invalid_request', /contradicts size 1024x1024/],
    [{ size: '1024x1024', aspect_ratio: '16:9' }, 'aspect_ratio', 'invalid_request', /contradicts/],
    [{ size: '2K', resolution: '1K' }, 'resolution', 'invalid_request', /contradicts size 2K/],
    [{ resolution: '3K' }, 'resolution', 'invalid_request', /512, 1K, 2K, 4K/],
    [{ aspect_ratio: 1 }, 'aspect_ratio', 'invalid_request', /ratio/],
    [{ quality: 'ultra' }, 'quality', 'invalid_request', /auto, low, medium, high, xhigh, max/],
    [{ output_format: 'gif' }, 'output_format', 'invalid_request', /png, jpeg, webp, svg/],
    [{ background: 'white' }, 'background', 'invalid_request', /auto, transparent, opaque/],
    [{ output_compression: 101 }, 'output_compression', 'invalid_request', /0 to 100/],
    [{ output_compression: 5, output_format: 'png' }, 'output_compression', 'invalid_request', /jpeg or webp/],
    [{ background: 'transparent', output_format: 'jpeg' }, 'background', 'invalid_request', /png or webp/],
    [
      { input_references: Array.from({ length: 17 }, () => REFERENCE) },
      'input_references',
      'invalid_request',
      /at most 16/,
    ],
    [
      { input_references: [{ type: 'image', url: 'x' }] },
      'input_references.0.type',
      'invalid_request',
      /must be image_url/,
    ],
    [{ input_references: 'x' }, 'input_references', 'invalid_request', /list/],
    [{ seed: 'x' }, 'seed', 'invalid_request', /whole number/],
  ]
  for (const [change, field, code, message] of cases) {
    const result = parsed(change)

    assert.ok(!result.ok, `${JSON.stringify(change).slice(0, 80)} was accepted`)
    assert.deepEqual([result.error.field, result.error.code], [field, code], result.error.message)
    assert.match(result.error.message, message)
  }
})

test('OpenAPI can be made from the schema', () => {
  const schema = z.toJSONSchema(ImagesBody, { io: 'input', unrepresentable: 'any' })

  assert.deepEqual(schema.required, ['prompt'])
})
