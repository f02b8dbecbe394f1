import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

const SQUARE = await picture(64, 64, '#c03020')
const CLEAR = await picture(64, 64, '#00000000')
const WIDE = await picture(96, 64, '#ffffff')

describe('a body that its endpoint does not take', () => {
  const cases: readonly [what: string, model: string, body: object, loc: string, type: string][] = [
    ['no prompt', 'flux-2-pro', {}, 'prompt', 'missing'],
    ['a prompt that is no text', 'flux-2-pro', { prompt: 1 }, 'prompt', 'string_type'],
    ['an unknown field', 'flux-2-pro', { prompt: 'x', aspect_ratio: '1:1' }, 'aspect_ratio', 'extra_forbidden'],
    ['a field by an object’s own name', 'flux-2-pro', { prompt: 'x', toString: 1 }, 'toString', 'extra_forbidden'],
    ['a side that is no multiple of 16', 'flux-2-pro', { prompt: 'x', width: 1000 }, 'width', 'multiple_of'],
    ['a side that is no multiple of 32', 'flux-dev', { prompt: 'x', height: 272 }, 'height', 'multiple_of'],
    ['a side that is too small', 'flux-2-max', { prompt: 'x', width: 48 }, 'width', 'greater_than_equal'],
    ['too many megapixels', 'flux-2-pro', { prompt: 'x', width: 4096, height: 1040 }, 'width', 'value_error'],
    [
      'a tolerance beyond its own',
      'flux-2-pro',
      { prompt: 'x', safety_tolerance: 6 },
      'safety_tolerance',
      'less_than_equal',
    ],
    ['a seed with a fraction', 'flux-2-pro', { prompt: 'x', seed: 1.5 }, 'seed', 'int_type'],
    ['a ratio beyond 21:9', 'flux-kontext-pro', { prompt: 'x', aspect_ratio: '3:1' }, 'aspect_ratio', 'value_error'],
    ['a format that nobody makes', 'flux-2-pro', { prompt: 'x', output_format: 'jpg' }, 'output_format', 'enum'],
    ['a tier in capitals', 'flux-3-image', { prompt: 'x', resolution: '1K' }, 'resolution', 'enum'],
    ['a seed for FLUX 3', 'flux-3-image', { prompt: 'x', seed: 1 }, 'seed', 'extra_forbidden'],
    [
      'a fifth reference',
      'flux-2-klein-4b',
      { prompt: 'x', input_image_5: SQUARE },
      'input_image_5',
      'extra_forbidden',
    ],
    [
      'a data URI',
      'flux-2-pro',
      { prompt: 'x', input_image: `data:image/png;base64,${SQUARE}` },
      'input_image',
      'value_error',
    ],
    ['a picture that is none', 'flux-2-pro', { prompt: 'x', input_image: 'QUJD' }, 'input_image', 'value_error'],
    ['no picture to fill', 'flux-pro-1.0-fill', { prompt: 'x' }, 'image', 'missing'],
    ['a mask of another size', 'flux-pro-1.0-fill', { image: SQUARE, mask: WIDE }, 'mask', 'value_error'],
    ['a mask that is see-through', 'flux-pro-1.0-fill', { image: SQUARE, mask: CLEAR }, 'mask', 'value_error'],
  ]
  for (const [what, model, body, loc, type] of cases) {
    test(`${what} is the API’s 422, which names ${loc}, and costs nothing`, async () => {
      const response = await post(model, JSON.stringify(body))

      assert.equal(response.status, 422)
      const { detail } = (await response.json()) as { detail: readonly { loc: readonly string[]; type: string }[] }
      assert.deepEqual(
        detail.map((each) => [each.loc.join('.'), each.type]),
        [[`body.${loc}`, type]],
      )
      assert.equal(sandbox.bill().billed_nanos, '0')
    })
  }
})

test('what is no endpoint, no key, no credit, no JSON or no task is refused in the API’s own way', async () => {
  const good = '{"prompt":"x","width":64,"height":64}'
  for (const [model, key, body, status] of [
    ['flux-2-nothing', 'key', good, 404],
    ['flux-2-pro', 'key-invalid', good, 403],
    ['flux-2-pro', 'key-empty', good, 402],
    ['flux-2-pro', 'key', '{"prompt":', 422],
    ['flux-2-pro', 'key', '{"prompt":"[[fault:misspelt]]"}', 400],
  ] as const) {
    assert.equal((await post(model, body, key)).status, status, `${model} ${key}`)
  }
  const asked = await fetch(`${base()}/v1/get_result?id=nobody`, { headers: { 'x-key': 'key' } })
  assert.deepEqual([asked.status, await asked.json()], [404, { id: 'nobody', status: 'Task not found', result: null }])
  assert.equal((await fetch(`${base()}/v1/get_result?id=nobody`)).status, 403)
})

test('a submission with a hook is answered without a place to ask, and its end is told to the hook', async () => {
  const told: string[] = []
  const listener = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (chunk: string) => told.push(chunk))
    request.on('end', () => response.end())
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const hook = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/hooks/1`

  const response = await post('flux-2-pro', JSON.stringify({ prompt: 'x', width: 64, height: 64, webhook_url: hook }))

  const accepted = (await response.json()) as Record<string, unknown>
  assert.deepEqual([accepted['webhook_url'], accepted['status'], accepted['polling_url']], [hook, 'Pending', undefined])
  await once(listener, 'request')
  while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  const document = JSON.parse(told.join('')) as { task_id: string; status: string; result: { sample: string } }
  assert.deepEqual([document.task_id, document.status], [accepted['id'], 'Ready'])
  assert.equal((await fetch(document.result.sample)).status, 200)
  listener.close()
})

async function picture(width: number, height: number, background: string): Promise<string> {
  const bytes = await sharp({ create: { width, height, channels: background.length > 7 ? 4 : 3, background } })
    .png()
    .toBuffer()
  return bytes.toString('base64')
}

function base(): string {
  return sandbox.baseUrlFor('black-forest-labs') ?? ''
}

function post(model: string, body: string, key = 'key') {
  return fetch(`${base()}/v1/${model}`, { method: 'POST', headers: { 'x-key': key }, body })
}
