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

const PIXEL = await picture(64, 64, '#c03020')
const CLEAR = await picture(64, 64, '#00000000')
const WIDE = await picture(96, 64, '#ffffff')

const FLUX_2 = 'black-forest-labs/flux-2-pro'
const SCHNELL = 'black-forest-labs/flux-schnell'
const DEV = 'black-forest-labs/flux-dev'
const FILL = 'black-forest-labs/flux-fill-pro'
const IDEOGRAM = 'ideogram-ai/ideogram-v3-turbo'
const KEY = { authorization: 'Bearer key' }
const VERSION = 'c6b5d2b7459910fec94432e9e1203c3cdce92d6db20f714f1355747990b52fa6'

describe('what Replicate does not take', { concurrency: 4 }, () => {
  const inputs: readonly [what: string, model: string, input: object, field: string, says: RegExp][] = [
    ['no prompt', FLUX_2, {}, 'input', /prompt is required/],
    ['a prompt that is no text', FLUX_2, { prompt: 1 }, 'input.prompt', /Expected: string/],
    ['an unknown field', FLUX_2, { prompt: 'x', n: 1 }, 'input.n', /not allowed/],
    ['a field by an object’s own name', FLUX_2, { prompt: 'x', toString: 1 }, 'input.toString', /not allowed/],
    ['a ratio without a name', FLUX_2, { prompt: 'x', aspect_ratio: '7:5' }, 'input.aspect_ratio', /one of/],
    ['custom without pixels', FLUX_2, { prompt: 'x', aspect_ratio: 'custom', width: 256 }, 'input', /height are/],
    ['pixels without custom', FLUX_2, { prompt: 'x', width: 256, height: 256 }, 'input.width', /custom/],
    [
      'a side that is no multiple of 32',
      FLUX_2,
      { prompt: 'x', aspect_ratio: 'custom', width: 270, height: 256 },
      'input.width',
      /multiple of 32/,
    ],
    ['one picture for a list', FLUX_2, { prompt: 'x', input_images: PIXEL }, 'input.input_images', /array/],
    ['nine pictures', FLUX_2, { prompt: 'x', input_images: Array(9).fill(PIXEL) }, 'input.input_images', /at most 8/],
    ['bare base64', DEV, { prompt: 'x', image: PIXEL.split(',')[1] }, 'input.image', /uri/],
    ['a wrong label', DEV, { prompt: 'x', image: PIXEL.replace('png', 'jpeg') }, 'input.image', /uri/],
    ['a ratio beside a picture', DEV, { prompt: 'x', image: PIXEL, aspect_ratio: '1:1' }, 'input.aspect_ratio', /Not/],
    ['a fifth picture', SCHNELL, { prompt: 'x', num_outputs: 5 }, 'input.num_outputs', /less than or equal to 4/],
    ['a seed with a fraction', SCHNELL, { prompt: 'x', seed: 1.5 }, 'input.seed', /integer/],
    ['our name of a format', SCHNELL, { prompt: 'x', output_format: 'jpeg' }, 'input.output_format', /one of/],
    ['a mask of another size', FILL, { prompt: 'x', image: PIXEL, mask: WIDE }, 'input.mask', /dimensions/],
    ['a mask that is see-through', FILL, { prompt: 'x', image: PIXEL, mask: CLEAR }, 'input.mask', /black and white/],
    ['a picture without a mask', IDEOGRAM, { prompt: 'x', image: PIXEL }, 'input.image', /with a mask/],
    ['a size in other words', 'wan-video/wan-2.7-image', { prompt: 'x', size: '64x64' }, 'input.size', /Invalid size/],
  ]
  for (const [what, model, input, field, says] of inputs) {
    test(`${what} is the API’s 422, which names ${field}`, async () => {
      const response = await predict(model, { input })

      assert.equal(response.status, 422)
      const { title, invalid_fields: fields } = (await response.json()) as Complained
      assert.equal(title, 'Input validation failed')
      assert.deepEqual(
        fields.map((each) => each.field),
        [field],
      )
      assert.match(fields[0]?.description ?? '', says)
    })
  }

  const input = { prompt: 'x', megapixels: '0.25' }
  const others: readonly [what: string, path: string, headers: Record<string, string>, body: string, status: number][] =
    [
      ['no token', `/models/${SCHNELL}/predictions`, { authorization: '' }, JSON.stringify({ input }), 401],
      [
        'no credit',
        `/models/${SCHNELL}/predictions`,
        { authorization: 'Bearer locked' },
        JSON.stringify({ input }),
        402,
      ],
      ['no such model', '/models/nobody/nothing/predictions', {}, JSON.stringify({ input }), 404],
      ['a community’s model by its name', '/models/nvidia/sana/predictions', {}, JSON.stringify({ input }), 404],
      ['no JSON', `/models/${SCHNELL}/predictions`, {}, '{"input":', 400],
      ['no input', `/models/${SCHNELL}/predictions`, {}, '{}', 422],
      ['a version that is none', '/predictions', {}, JSON.stringify({ version: 'c0ffee', input }), 422],
      ['no version', '/predictions', {}, JSON.stringify({ input }), 422],
      ['a field beside the input', `/models/${SCHNELL}/predictions`, {}, JSON.stringify({ input, seed: 1 }), 422],
      ['a hook without encryption', `/models/${SCHNELL}/predictions`, {}, hooked('http://example.com/'), 422],
      [
        'a wait that is too long',
        `/models/${SCHNELL}/predictions`,
        { prefer: 'wait=61' },
        JSON.stringify({ input }),
        422,
      ],
      [
        'an end that is too near',
        `/models/${SCHNELL}/predictions`,
        { 'cancel-after': '4s' },
        JSON.stringify({ input }),
        422,
      ],
      [
        'an end that is none',
        `/models/${SCHNELL}/predictions`,
        { 'cancel-after': 'soon' },
        JSON.stringify({ input }),
        422,
      ],
    ]
  for (const [what, path, headers, body, status] of others) {
    test(`${what} is ${status}`, async () => {
      const response = await post(path, body, headers)

      assert.equal(response.status, status)
      const { status: said } = (await response.json()) as { status: number }
      assert.equal(said, status)
    })
  }

  function hooked(webhook: string): string {
    return JSON.stringify({ input, webhook, webhook_events_filter: ['completed'] })
  }
})

test('none of it has cost anything, and nobody is told of a prediction without a token', async () => {
  assert.equal(sandbox.bill().billed_nanos, '0')
  assert.equal((await fetch(`${base()}/predictions/1`)).status, 401)
  assert.equal((await fetch(`${base()}/predictions/1`, { headers: KEY })).status, 404)
})

describe('what Replicate takes', { concurrency: 4 }, () => {
  test('an official model may be named where versions are, too', async () => {
    const input = { prompt: 'x', megapixels: '0.25' }

    const response = await post('/predictions', JSON.stringify({ version: SCHNELL, input }), { prefer: 'wait=20' })

    const { status, version, output } = (await response.json()) as Prediction
    assert.deepEqual([response.status, status, version, output.length], [201, 'succeeded', 'hidden', 1])
  })

  test('a hook is told of the end, if that is what it asked for', async () => {
    const told: Prediction[] = []
    const listener = createServer((request, response) => {
      const pieces: string[] = []
      request.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece))
      request.on('end', () => {
        told.push(JSON.parse(pieces.join('')) as Prediction)
        response.end()
      })
    })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const webhook = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/hooks/1`
    const input = { prompt: 'x', width: 64, height: 64 }

    const asked = { version: VERSION, input, webhook, webhook_events_filter: ['completed'] }
    const { id } = (await (await post('/predictions', JSON.stringify(asked))).json()) as Prediction

    while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.deepEqual([told[0]?.id, told[0]?.status, told.length], [id, 'succeeded', 1])
    listener.close()
  })
})

describe('what is not done when its caller wants it no more', () => {
  for (const [fault, was, is] of [
    ['queue', 'starting', 'aborted'],
    ['delay', 'processing', 'canceled'],
  ] as const) {
    test(`is ${is} if it was ${was}, and costs nothing`, async ({ mock }) => {
      const input = { prompt: `late by ${fault} [[fault:${fault}=400]]`, width: 64, height: 64 }
      const asked = JSON.stringify({ version: VERSION, input })
      // The least that Replicate takes is five seconds, which nobody waits for here.
      mock.timers.enable({ apis: ['setTimeout'] })

      const { urls } = (await (await post('/predictions', asked, { 'cancel-after': '5s' })).json()) as Prediction
      const state = async () => (await (await fetch(urls.get, { headers: KEY })).json()) as Prediction
      while ((await state()).status !== was);
      mock.timers.tick(5_000)
      mock.timers.reset()
      assert.equal((await state()).status, is)

      const billed = () =>
        sandbox.bill().recent.filter(({ request }) => JSON.stringify(request ?? '').includes(`late by ${fault}`))
      // It goes on to what would have been its end, and is on the bill then.
      while (billed().length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
      const ended = await state()
      assert.deepEqual([ended.status, ended.output], [is, null])
      assert.deepEqual(
        billed().map(({ billed_nanos: nanos }) => nanos),
        ['0'],
      )
    })
  }
})

interface Complained {
  readonly title: string
  readonly invalid_fields: readonly { readonly field: string; readonly description: string }[]
}

interface Prediction {
  readonly id: string
  readonly status: string
  readonly version: string
  readonly output: readonly string[]
  readonly urls: { readonly get: string }
}

async function picture(width: number, height: number, background: string): Promise<string> {
  const bytes = await sharp({ create: { width, height, channels: background.length > 7 ? 4 : 3, background } })
    .png()
    .toBuffer()
  return `data:image/png;base64,${bytes.toString('base64')}`
}

function base(): string {
  return sandbox.baseUrlFor('replicate') ?? ''
}

function predict(model: string, body: object) {
  return post(`/models/${model}/predictions`, JSON.stringify(body))
}

function post(path: string, body: string, headers: Record<string, string> = {}) {
  return fetch(`${base()}${path}`, { method: 'POST', headers: { ...KEY, ...headers }, body })
}
