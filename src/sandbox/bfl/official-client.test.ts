import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { createBlackForestLabs } from '@ai-sdk/black-forest-labs'
import { APICallError, generateImage } from 'ai'
import sharp from 'sharp'

import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

// Vercel's client drives the simulator, since the vendor has none of its own: what it can submit, ask after and read is what the API answers.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
})
after(() => sandbox.close())

function provider(apiKey = 'bfl_key') {
  return createBlackForestLabs({
    apiKey,
    baseURL: `${sandbox.baseUrlFor('black-forest-labs')}/v1`,
    pollIntervalMillis: 20,
    // It sends its key to files on the API's own origin, where they never are at the vendor's.
    fetch: (input, init) => {
      const isFile = addressOf(input).includes('/files/')
      return fetch(input, isFile ? { ...init, headers: {} } : init)
    },
  })
}

const red = await sharp({ create: { width: 128, height: 64, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
const left = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#fff' } })
  .extend({ right: 64, background: '#000' })
  .toColourspace('b-w')
  .png()
  .toBuffer()

describe('the AI SDK’s client of Black Forest Labs', () => {
  test('generates, and reads what it cost', async () => {
    const { image, providerMetadata } = await generateImage({
      model: provider().image('flux-2-pro'),
      prompt: 'a paper lantern',
      seed: 0,
      providerOptions: { blackForestLabs: { width: 256, height: 256, outputFormat: 'png', safetyTolerance: 0 } },
    })

    const { format, width, height } = await sharp(image.uint8Array).metadata()
    assert.deepEqual([format, width, height], ['png', 256, 256])
    const [facts] = providerMetadata['blackForestLabs']?.images ?? []
    assert.deepEqual(facts, { seed: 42, duration: 1.2, cost: 3, outputMegapixels: 0.07 })
  })

  test('edits by one picture, by two, and with a mask in black and white', async () => {
    for (const [model, prompt] of [
      ['flux-kontext-pro', { text: 'make it night', images: [red] }],
      ['flux-2-klein-9b', { text: 'both of them', images: [red, red] }],
      ['flux-pro-1.0-fill', { text: 'a window', images: [red], mask: left }],
    ] as const) {
      const { image } = await generateImage({
        model: provider().image(model),
        prompt: { ...prompt, images: [...prompt.images] },
      })

      const { width, height } = await sharp(image.uint8Array).metadata()
      assert.ok(Math.abs(width / height - 2) < 0.05, `${model}: ${width}x${height}`)
    }
  })

  for (const [what, key, prompt, status, says] of [
    ['a key that is none', 'bfl_invalid', 'x', 403, /Invalid Authentication/],
    ['no credit', 'bfl_empty', 'x', 402, /Insufficient credits/],
    ['too many tasks', 'bfl_key', 'x [[fault:status=429]]', 429, /24 active tasks/],
  ] as const) {
    test(`has an error of ${status} for ${what}`, async () => {
      const call = generateImage({ model: provider(key).image('flux-2-pro'), prompt, maxRetries: 0 })

      await assert.rejects(call, (error) => {
        assert.ok(APICallError.isInstance(error))
        assert.equal(error.statusCode, status)
        assert.match(error.message, says)
        return true
      })
    })
  }

  test('fails where the task does', async () => {
    const call = generateImage({
      model: provider().image('flux-2-pro'),
      prompt: 'x [[fault:run-status=500]]',
      providerOptions: { blackForestLabs: { width: 256, height: 256 } },
    })

    await assert.rejects(call, /generation failed/)
  })
})

function addressOf(input: string | URL | Request): string {
  return input instanceof Request ? input.url : input.toString()
}
