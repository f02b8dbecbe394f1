import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { type Sandbox, startSandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

const SMALL = { prompt: 'a fox', width: 64, height: 64 }
const PNG = await sharp({ create: { width: 16, height: 16, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
const PICTURE = PNG.toString('base64')

describe('a request that the web UI does not take', () => {
  const cases: readonly [what: string, method: string, body: unknown, status: number, says: string][] = [
    ['no object', 'txt2img', [1], 422, 'not a valid dict'],
    ['an unknown field', 'txt2img', { ...SMALL, size: '64x64' }, 422, 'extra fields not permitted'],
    ['a field by the name of an object’s own', 'txt2img', { ...SMALL, toString: 1 }, 422, 'extra fields not permitted'],
    ['a field of the other way', 'txt2img', { ...SMALL, mask: PICTURE }, 422, 'extra fields not permitted'],
    ['a width in words', 'txt2img', { ...SMALL, width: '64' }, 422, 'not a valid integer'],
    ['half a step', 'txt2img', { ...SMALL, steps: 1.5 }, 422, 'not a valid integer'],
    ['a seed below minus one', 'txt2img', { ...SMALL, seed: -2 }, 422, 'ensure this value'],
    ['a sampler that does not exist', 'txt2img', { ...SMALL, sampler_name: 'Eular' }, 400, 'Sampler not found'],
    [
      'a setting that is none of ours',
      'txt2img',
      { ...SMALL, override_settings: { sd_vae: 'x' } },
      422,
      'extra fields',
    ],
    [
      'more than fits into memory',
      'txt2img',
      { ...SMALL, width: 4096, height: 4096, batch_size: 2 },
      500,
      'out of memory',
    ],
    ['an edit of nothing', 'img2img', SMALL, 404, 'Init image not found'],
    ['an edit of one picture without a list', 'img2img', { ...SMALL, init_images: PICTURE }, 422, 'not a valid list'],
    ['an edit of no picture', 'img2img', { ...SMALL, init_images: ['QUJD'] }, 500, 'Invalid encoded image'],
    [
      'a mask that is none',
      'img2img',
      { ...SMALL, init_images: [PICTURE], mask: 'QUJD' },
      500,
      'Invalid encoded image',
    ],
  ]
  for (const [what, method, body, status, says] of cases) {
    test(`${what} is ${status}, and says so`, async () => {
      const answered = await post(`/sdapi/v1/${method}`, body)

      assert.equal(answered.status, status)
      assert.ok((await answered.text()).includes(says))
      assert.equal(sandbox.bill().billed_nanos, '0')
    })
  }
})

test('a checkpoint that is not there is passed over without a word, and one by any of its names is used', async () => {
  for (const [wished, used] of [
    ['nobody', 'v1-5-pruned-emaonly'],
    ['sd_xl_base_1.0', 'sd_xl_base_1.0'],
    ['sd_xl_base_1.0.safetensors [31e35c80fc]', 'sd_xl_base_1.0'],
    ['31e35c80fc', 'sd_xl_base_1.0'],
  ]) {
    const made = await post('/sdapi/v1/txt2img', { ...SMALL, override_settings: { sd_model_checkpoint: wished } })
    const { info } = (await made.json()) as { info: string }
    assert.equal((JSON.parse(info) as { sd_model_name: string }).sd_model_name, used)
  }
})

test('a call has batch_size times n_iter pictures, of sides in steps of eight, bare base64 of PNG', async () => {
  const made = await post('/sdapi/v1/txt2img', {
    ...SMALL,
    width: 70,
    batch_size: 2,
    n_iter: 2,
    enable_hr: true,
    hr_scale: 1.5,
  })
  const { images } = (await made.json()) as { images: string[] }

  assert.equal(images.length, 4)
  const { width, height, format } = await sharp(Buffer.from(images[0] ?? '', 'base64')).metadata()
  assert.deepEqual([width, height, format], [104, 96, 'png'])
})

test('one picture is made at a time, each task is known by its name, and interrupting takes none', async () => {
  const first = post('/sdapi/v1/txt2img', { ...SMALL, prompt: 'x [[fault:delay=250]]', force_task_id: 'one' })
  await new Promise((resolve) => setTimeout(resolve, 80))
  const second = post('/sdapi/v1/txt2img', { ...SMALL, force_task_id: 'two' })
  await new Promise((resolve) => setTimeout(resolve, 80))
  const states = await Promise.all(['one', 'two', 'three'].map(stateOf))
  const whole = (await (await fetch(`${base()}/sdapi/v1/progress`)).json()) as {
    progress: number
    current_image: string
  }
  await Promise.all([first, second])

  assert.deepEqual(states, ['active', 'queued', 'unknown'])
  assert.ok(whole.progress > 0 && whole.current_image.startsWith('/9j/'))
  assert.equal(await stateOf('one'), 'completed')
  assert.deepEqual(await (await post('/sdapi/v1/interrupt', {})).json(), {})
})

test('the API’s door is shut to users that it does not know, and the web UI’s own route is not behind it', async () => {
  const headers = { authorization: `Basic ${Buffer.from('invalid:x').toString('base64')}` }
  const statusOf = async (path: string, method: string, body?: string) =>
    (await fetch(`${base()}${path}`, { method, headers, ...(body !== undefined && { body }) })).status

  assert.equal(await statusOf('/sdapi/v1/txt2img', 'POST', JSON.stringify(SMALL)), 401)
  assert.equal(await statusOf('/sdapi/v1/sd-models', 'GET'), 401)
  assert.equal(await statusOf('/internal/progress', 'POST', '{"id_task":"x"}'), 200)
  assert.equal(await statusOf('/nothing', 'GET'), 404)
})

async function stateOf(id: string): Promise<string> {
  const told = (await (await post('/internal/progress', { id_task: id, live_preview: false })).json()) as Record<
    string,
    unknown
  >
  return ['active', 'queued', 'completed'].find((state) => told[state] === true) ?? 'unknown'
}

function base(): string {
  return sandbox.baseUrlFor('automatic1111') ?? ''
}

function post(path: string, body: unknown) {
  return fetch(`${base()}${path}`, { method: 'POST', body: JSON.stringify(body) })
}
