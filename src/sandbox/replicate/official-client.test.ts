import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { createReplicate } from '@ai-sdk/replicate'
import { generateImage } from 'ai'
import Replicate from 'replicate'
import sharp from 'sharp'

import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

// Replicate's own client drives the simulator, and Vercel's does once: what they can send, wait for and read is what the API answers.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
})
after(() => sandbox.close())

function client(auth = 'r8_key'): Replicate {
  const baseUrl = sandbox.baseUrlFor('replicate') ?? ''
  return new Replicate({ auth, baseUrl, useFileOutput: false })
}

const SCHNELL = 'black-forest-labs/flux-schnell'
const SMALL = { megapixels: '0.25' } as const
const red = await sharp({ create: { width: 128, height: 64, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()

describe('Replicate’s own client', { concurrency: 4 }, () => {
  test('runs a model and waits for its pictures', async () => {
    const input = { prompt: 'a paper lantern', num_outputs: 2, output_format: 'jpg', ...SMALL }

    const output = await client().run(SCHNELL, { input })

    assert.ok(Array.isArray(output) && output.length === 2)
    const { format, width, height } = await lookAt(String(output[1]))
    assert.deepEqual([format, width, height], ['jpeg', 512, 512])
  })

  test('edits a picture that it was given as a data URI', async () => {
    const input = { prompt: 'make it night', image: `data:image/png;base64,${red.toString('base64')}`, ...SMALL }

    const output = await client().run('black-forest-labs/flux-dev', { input })

    assert.ok(Array.isArray(output))
    const { width, height } = await lookAt(String(output[0]))
    assert.deepEqual([width, height], [128, 64])
  })

  test('runs a version, and follows it by asking', async () => {
    const version = 'c6b5d2b7459910fec94432e9e1203c3cdce92d6db20f714f1355747990b52fa6'
    const input = { prompt: 'a lantern [[fault:queue=100,delay=300]]', width: 64, height: 64 }
    const seen: string[] = []

    const output = await client().run(
      `nvidia/sana:${version}`,
      { input, wait: { mode: 'poll', interval: 30 } },
      ({ status }) => seen.push(status),
    )

    assert.ok(typeof output === 'string')
    assert.equal((await lookAt(output)).width, 64)
    assert.deepEqual([...new Set(seen)], ['starting', 'processing', 'succeeded'])
  })

  test('creates, gets and cancels a prediction, which then costs nothing', async () => {
    const input = { prompt: 'cancelled [[fault:delay=200]]', ...SMALL }

    const { id, status, urls, model } = await client().predictions.create({ model: SCHNELL, input })
    const cancelled = await client().predictions.cancel(id)
    await new Promise((resolve) => setTimeout(resolve, 400))
    const after400 = await client().predictions.get(id)

    assert.deepEqual([status, model], ['starting', SCHNELL])
    assert.equal(urls.get, `${sandbox.baseUrlFor('replicate')}/predictions/${id}`)
    assert.deepEqual([cancelled.status, after400.status, after400.output ?? null], ['canceled', 'canceled', null])
    const [call] = sandbox.bill().recent.filter(({ request }) => JSON.stringify(request ?? '').includes('cancelled'))
    assert.equal(call?.billed_nanos, '0')
  })

  test('has the error of a prediction that fails', async () => {
    const input = { prompt: 'x [[fault:refusal=e005]]', ...SMALL }

    await assert.rejects(client().run(SCHNELL, { input }), /Prediction failed: .*flagged as sensitive.*\(E005\)/)
  })

  for (const [what, auth, input, status, says] of [
    ['a token that is none', 'r8_invalid', { prompt: 'x' }, 401, /valid authentication token/],
    ['no credit', 'r8_empty', { prompt: 'x' }, 402, /insufficient credit/],
    [
      'an input that the model does not take',
      'r8_key',
      { prompt: 'x', num_outputs: 5 },
      422,
      /less than or equal to 4/,
    ],
  ] as const) {
    test(`has an error of ${status} for ${what}`, async () => {
      await assert.rejects(client(auth).run(SCHNELL, { input }), (error: Error & { response?: Response }) => {
        assert.equal(error.response?.status, status)
        assert.match(error.message, says)
        return true
      })
    })
  }

  test('knows whose token it is', async () => {
    assert.equal((await client().accounts.current()).username, 'sandbox')
  })
})

test('the AI SDK’s client makes a picture, and edits it', async () => {
  const baseURL = sandbox.baseUrlFor('replicate') ?? ''
  const provider = createReplicate({ apiToken: 'r8_key', baseURL })
  const options = { providerOptions: { replicate: { ...SMALL, output_format: 'png' } } }

  const { image } = await generateImage({ model: provider.image(SCHNELL), prompt: 'a lantern', seed: 0, ...options })
  const edited = await generateImage({
    model: provider.image('black-forest-labs/flux-dev'),
    prompt: { text: 'make it night', images: [red] },
    ...options,
  })

  assert.equal((await sharp(image.uint8Array).metadata()).format, 'png')
  assert.equal((await sharp(edited.image.uint8Array).metadata()).width, 128)
})

async function lookAt(address: string) {
  const answer = await fetch(address)
  assert.equal(answer.status, 200, address)
  return await sharp(Buffer.from(await answer.arrayBuffer())).metadata()
}
