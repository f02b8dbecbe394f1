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

const V3 = 'seedream-3-0-t2i-250415'
const V4 = 'seedream-4-0-250828'
const V45 = 'seedream-4-5-251128'
const red = await sharp({ create: { width: 32, height: 32, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
const RED = `data:image/png;base64,${red.toString('base64')}`

describe('a request that its model does not take', () => {
  const cases: readonly [what: string, model: string, fields: object, param: string][] = [
    ['a field that it does not know', V4, { n: 2 }, 'n'],
    ['a field by the name of an object’s own', V4, { toString: 1 }, 'toString'],
    ['a negative prompt', V4, { negative_prompt: 'x' }, 'negative_prompt'],
    ['a seed', V4, { seed: 1 }, 'seed'],
    ['a seed with a fraction', V3, { seed: 0.5 }, 'seed'],
    ['a scale beyond its end', V3, { guidance_scale: 11 }, 'guidance_scale'],
    ['a series of an older model', V3, { sequential_image_generation: 'auto' }, 'sequential_image_generation'],
    ['a tier of an older model', V3, { size: '1K' }, 'size'],
    ['a tier in lower case', V4, { size: '1k' }, 'size'],
    ['a tier that it has not', V45, { size: '1K' }, 'size'],
    ['a size with an asterisk', V4, { size: '2048*2048' }, 'size'],
    ['too few pixels', V45, { size: '1024x1024' }, 'size'],
    ['too many pixels', V4, { size: '4096x4112' }, 'size'],
    ['a ratio beyond the last', V4, { size: '8192x256' }, 'size'],
    ['a format', V45, { output_format: 'png' }, 'output_format'],
    ['a format that nobody has', 'seedream-5-0-lite-260128', { output_format: 'webp' }, 'output_format'],
    ['a watermark that is a word', V4, { watermark: 'no' }, 'watermark'],
    ['an answer of another kind', V4, { response_format: 'base64' }, 'response_format'],
    ['a fast mode', V45, { optimize_prompt_options: { mode: 'fast' } }, 'optimize_prompt_options'],
    ['a stream', V4, { stream: true }, 'stream'],
    ['sixteen pictures', V4, series(16), 'sequential_image_generation_options'],
    ['more pictures than fit beside their reference', V4, { ...series(15), image: RED }, 'max_images'],
    ['a reference of a model without', V3, { image: RED }, 'image'],
    ['no references in a list', V4, { image: [] }, 'image'],
    ['fifteen references', V4, { image: Array.from({ length: 15 }, () => RED) }, 'image'],
    ['base64 without its label', V4, { image: RED.slice(RED.indexOf(',') + 1) }, 'image'],
    ['a PNG labelled JPEG', V4, { image: RED.replace('png', 'jpeg') }, 'image'],
    ['a label in capitals', V4, { image: RED.replace('png', 'PNG') }, 'image'],
  ]
  for (const [what, model, fields, param] of cases) {
    test(`${what} ends as Ark’s 400, which names ${param}, and costs nothing`, async () => {
      const response = await post('seed', { model, prompt: 'x', ...fields })

      const { error } = (await response.json()) as { error: Record<string, string> }
      assert.deepEqual([response.status, error['code'], error['param']], [400, 'InvalidParameter', param])
      assert.equal(sandbox.bill().billed_nanos, '0')
    })
  }
})

test('the door is closed to what is no key, no money, no prompt, no model, or one of the other host', async () => {
  for (const [host, headers, body, status, code] of [
    ['seed', { authorization: 'Key a' }, { model: V4, prompt: 'x' }, 401, 'AuthenticationError'],
    ['seed', { authorization: 'Bearer invalid' }, { model: V4, prompt: 'x' }, 401, 'AuthenticationError'],
    ['seed', { authorization: 'Bearer locked' }, { model: V4, prompt: 'x' }, 403, 'AccountOverdueError'],
    ['seed', {}, { model: V4 }, 400, 'MissingParameter'],
    ['seed', {}, { model: 'seededit-3-0-i2i-250628', prompt: 'x' }, 400, 'MissingParameter'],
    ['seed', {}, [], 400, 'InvalidParameter'],
    ['seed', {}, { model: 'seedream-9', prompt: 'x' }, 404, 'InvalidEndpointOrModel.NotFound'],
    ['seed', {}, { model: `doubao-${V4}`, prompt: 'x' }, 404, 'InvalidEndpointOrModel.NotFound'],
    ['volcengine', {}, { model: V4, prompt: 'x' }, 404, 'InvalidEndpointOrModel.NotFound'],
  ] as const) {
    const response = await post(host, body, headers)

    const { error } = (await response.json()) as { error: { code: string } }
    assert.deepEqual([response.status, error.code], [status, code], JSON.stringify(body))
  }
})

function series(count: number): object {
  return {
    sequential_image_generation: 'auto',
    sequential_image_generation_options: { max_images: count },
  }
}

function post(host: string, body: object, headers: Readonly<Record<string, string>> = {}) {
  return fetch(`${sandbox.baseUrlFor(host)}/images/generations`, {
    method: 'POST',
    headers: { authorization: 'Bearer a', ...headers },
    body: JSON.stringify(body),
  })
}
