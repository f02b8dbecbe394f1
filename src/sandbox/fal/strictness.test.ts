import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

describe('an input that its endpoint does not take', () => {
  const cases: readonly [what: string, endpoint: string, input: object, loc: string, type: string][] = [
    ['no prompt', 'fal-ai/flux/dev', {}, 'prompt', 'missing'],
    ['a prompt that is no text', 'fal-ai/flux/dev', { prompt: 1 }, 'prompt', 'string_type'],
    [
      'a field that it does not have',
      'fal-ai/flux-2-pro',
      { prompt: 'x', num_images: 1 },
      'num_images',
      'extra_forbidden',
    ],
    ['an unknown field', 'fal-ai/flux/dev', { prompt: 'x', imageSize: 'square' }, 'imageSize', 'extra_forbidden'],
    [
      'a field by the name of an object’s own',
      'fal-ai/flux/dev',
      { prompt: 'x', toString: 1 },
      'toString',
      'extra_forbidden',
    ],
    [
      'a ratio out of the list',
      'fal-ai/flux-pro/kontext/text-to-image',
      { prompt: 'x', aspect_ratio: '5:4' },
      'aspect_ratio',
      'literal_error',
    ],
    [
      'a format that it cannot make',
      'fal-ai/flux/dev',
      { prompt: 'x', output_format: 'webp' },
      'output_format',
      'literal_error',
    ],
    [
      'a side that is no multiple of 16',
      'fal-ai/flux-2-pro',
      { prompt: 'x', image_size: { width: 1000, height: 1000 } },
      'image_size',
      'value_error',
    ],
    [
      'a picture that is too small for it',
      'fal-ai/bytedance/seedream/v4.5/text-to-image',
      { prompt: 'x', image_size: { width: 512, height: 512 } },
      'image_size',
      'value_error',
    ],
    ['half a size', 'fal-ai/flux/dev', { prompt: 'x', image_size: { width: 512 } }, 'image_size', 'value_error'],
    ['a seed with a fraction', 'fal-ai/flux/dev', { prompt: 'x', seed: 1.5 }, 'seed', 'int_type'],
    ['a seed below zero', 'fal-ai/flux/dev', { prompt: 'x', seed: -1 }, 'seed', 'greater_than_equal'],
    [
      'a tolerance that is a number',
      'fal-ai/flux-2-pro',
      { prompt: 'x', safety_tolerance: 2 },
      'safety_tolerance',
      'literal_error',
    ],
    ['no picture to edit', 'fal-ai/flux-2-pro/edit', { prompt: 'x' }, 'image_urls', 'missing'],
    ['an empty list of pictures', 'fal-ai/flux-2-pro/edit', { prompt: 'x', image_urls: [] }, 'image_urls', 'too_short'],
    [
      'base64 without its label',
      'fal-ai/flux-pro/kontext',
      { prompt: 'x', image_url: 'iVBORw0KGgo=' },
      'image_url',
      'image_load_error',
    ],
    [
      'a picture that is none',
      'fal-ai/flux-pro/kontext',
      { prompt: 'x', image_url: 'data:image/png;base64,QUJD' },
      'image_url',
      'image_load_error',
    ],
    [
      'a tier in the wrong case',
      'fal-ai/flux-2-flex',
      { prompt: 'x', resolution: '1k' },
      'resolution',
      'extra_forbidden',
    ],
  ]
  for (const [what, endpoint, input, loc, type] of cases) {
    test(`${what} ends as fal’s 422, which names ${loc}, and costs nothing`, async () => {
      const { status, body } = await resultOf(endpoint, input)

      assert.equal(status, 422)
      const { detail } = body as { detail: readonly { loc: readonly string[]; type: string }[] }
      assert.deepEqual(
        detail.map((each) => [each.loc.join('.'), each.type]),
        [[`body.${loc}`, type]],
      )
      assert.equal(sandbox.bill().billed_nanos, '0')
    })
  }
})

describe('the queue', () => {
  test('refuses at its door what is no endpoint, no key, no JSON, or a model that was shut down', async () => {
    for (const [endpoint, headers, body, status] of [
      ['fal-ai/nothing', {}, '{}', 404],
      ['fal-ai/nano-banana-2', {}, '{"prompt":"x"}', 404],
      ['fal-ai/flux/dev', { authorization: 'Bearer id:key' }, '{"prompt":"x"}', 401],
      ['fal-ai/flux/dev', {}, '{"prompt":', 400],
      ['fal-ai/flux/dev', { 'x-sandbox-fault': 'misspelt' }, '{"prompt":"x"}', 400],
    ] as const) {
      const response = await post(endpoint, body, headers)

      assert.equal(response.status, status, endpoint)
      assert.ok('detail' in ((await response.json()) as object))
    }
  })

  test('knows a job only under the application that it was submitted to, and no result before it is done', async () => {
    const submitted = await post('fal-ai/flux/dev', '{"prompt":"x [[fault:queue=300]]"}')
    const { request_id: id, status_url: url } = (await submitted.json()) as Record<string, string>

    assert.equal(url, `${base()}/fal-ai/flux/requests/${id}/status`)
    assert.equal((await get(`fal-ai/flux/requests/${id}`)).status, 400)
    assert.equal((await get(`fal-ai/flux-2-pro/requests/${id}/status`)).status, 404)
    assert.equal((await get(`fal-ai/flux/requests/${id}x/status`)).status, 404)
  })
})

async function resultOf(endpoint: string, input: object): Promise<{ status: number; body: unknown }> {
  const submitted = await post(endpoint, JSON.stringify(input))
  const { request_id: id } = (await submitted.json()) as { request_id: string }
  const job = `${endpoint.split('/').slice(0, 2).join('/')}/requests/${id}`
  for (;;) {
    const { status } = (await (await get(`${job}/status`)).json()) as { status: string }
    if (status === 'COMPLETED') break
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const result = await get(job)
  return { status: result.status, body: await result.json() }
}

function base(): string {
  return sandbox.baseUrlFor('fal') ?? ''
}

function post(endpoint: string, body: string, headers: Readonly<Record<string, string>> = {}) {
  return fetch(`${base()}/${endpoint}`, { method: 'POST', headers: { authorization: 'Key id:key', ...headers }, body })
}

function get(path: string) {
  return fetch(`${base()}/${path}`, { headers: { authorization: 'Key id:key' } })
}
