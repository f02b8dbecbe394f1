import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { createAzure } from '@ai-sdk/azure'
import { generateImage } from 'ai'
import OpenAI, { APIError, AzureOpenAI, toFile } from 'openai'
import sharp from 'sharp'

import { type Sandbox, startSandbox } from '../simulators.ts'

// The official clients drive the simulator by either form of address.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

const SMALL = { model: 'gpt-image-2', prompt: 'a kite', size: '816x816', output_format: 'jpeg' } as const
const RED = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()

/** By the deployment in the path. */
function older(apiKey = 'any', apiVersion = '2025-04-01-preview'): AzureOpenAI {
  return new AzureOpenAI({ apiKey, apiVersion, endpoint: sandbox.baseUrlFor('azure') ?? '', maxRetries: 0 })
}

/** By the v1 API. */
function newer(): OpenAI {
  return new OpenAI({
    apiKey: 'unused',
    baseURL: `${sandbox.baseUrlFor('azure')}/openai/v1`,
    defaultHeaders: { 'api-key': 'any', authorization: null },
    defaultQuery: { 'api-version': 'preview' },
    maxRetries: 0,
  })
}

async function look(base64: string | undefined) {
  const { format, width, height } = await sharp(Buffer.from(base64 ?? '', 'base64')).metadata()
  return [format, width, height]
}

for (const [form, client] of [
  ['the older form of address', older],
  ['the v1 API', newer],
] as const) {
  describe(form, () => {
    test('makes, streams and edits pictures', async () => {
      const made = await client().images.generate(SMALL)
      const types: string[] = []
      for await (const event of await client().images.generate({ ...SMALL, stream: true, partial_images: 1 }))
        types.push(event.type)
      const image = await toFile(RED, 'a.png', { type: 'image/png' })
      const edited = await client().images.edit({ ...SMALL, prompt: 'make it blue', image, user: 'u_1' })

      assert.deepEqual(await look(made.data?.[0]?.b64_json), ['jpeg', 816, 816])
      assert.deepEqual(types, ['image_generation.partial_image', 'image_generation.completed'])
      assert.deepEqual(await look(edited.data?.[0]?.b64_json), ['jpeg', 816, 816])
      assert.equal(sandbox.bill().recent.at(-1)?.simulator, 'azure')
    })

    test('knows no deployment by another name', async () => {
      await assert.rejects(
        client().images.generate({ ...SMALL, model: 'my-deployment' }),
        isApiError(404, 'DeploymentNotFound'),
      )
    })
  })
}

test('every model is deployed, whatever its maker has shut down', async () => {
  const { data } = await newer().models.list()

  assert.ok(data.some(({ id }) => id === 'gpt-image-1'))
})

for (const [what, ask, status, code] of [
  ['a bad key', () => older('invalid').images.generate(SMALL), 401, '401'],
  ['a blocked resource', () => older('locked').images.generate(SMALL), 403, 'Forbidden'],
  ['a version before GPT Image', () => older('any', '2024-02-01').images.generate(SMALL), 404, '404'],
  ['the content filter', () => faulty('refusal=filter'), 400, 'contentFilter'],
  ['OpenAI’s moderation', () => faulty('refusal=moderation:input'), 400, 'moderation_blocked'],
  ['a limit', () => faulty('status=429'), 429, 'RateLimitReached'],
] as const) {
  test(`${what} is an error of ${status}, ${code}`, async () => {
    await assert.rejects(ask(), isApiError(status, code))
  })
}

test('the AI SDK makes a picture by either form', async () => {
  const baseURL = `${sandbox.baseUrlFor('azure')}/openai`
  for (const azure of [
    createAzure({ apiKey: 'any', baseURL: `${baseURL}/v1` }),
    createAzure({ apiKey: 'any', baseURL, useDeploymentBasedUrls: true, apiVersion: '2025-04-01-preview' }),
  ]) {
    const { image } = await generateImage({
      model: azure.image('gpt-image-2'),
      prompt: 'a kite',
      size: '816x816',
      providerOptions: { openai: { outputFormat: 'jpeg' } },
    })

    assert.deepEqual(await look(image.base64), ['jpeg', 816, 816])
  }
})

function faulty(fault: string): Promise<unknown> {
  return older().images.generate({ ...SMALL, prompt: `a kite [[fault:${fault}]]` })
}

function isApiError(status: number, code: string) {
  return (error: unknown) => {
    assert.ok(error instanceof APIError, String(error))
    assert.deepEqual([error.status, error.code], [status, code])
    return true
  }
}
