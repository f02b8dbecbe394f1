import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { createOpenRouter } from '@openrouter/ai-sdk-provider'
import { APICallError, generateImage, generateText, streamText } from 'ai'

import { startGateway, type TestGatewayHere } from '../support/gateway.ts'
import { look, photograph } from '../support/pictures.ts'
import { receiptOf } from '../support/receipts.ts'
import { watchedFetch } from '../support/watched-fetch.ts'

const MODEL = 'google/gemini-nano-banana-2.1'

let gateway: TestGatewayHere
/** What the client or provider made last sends and gets. */
let wire = watchedFetch()

before(async () => {
  gateway = await startGateway()
})

after(() => gateway.stop())

/** OpenRouter's provider for Vercel's AI SDK, with its own defaults. */
function openrouter(apiKey = gateway.keys.test) {
  wire = watchedFetch()
  return createOpenRouter({
    apiKey,
    baseURL: `${gateway.url}/api/v1`,
    fetch: wire.fetch,
  })
}

function costIn(providerMetadata: unknown): unknown {
  return (providerMetadata as { openrouter?: { usage?: { cost?: unknown } } } | undefined)?.openrouter?.usage?.cost
}

test('generateText: the picture is a file of the answer, the cost in the metadata', async () => {
  const { files, text, providerMetadata } = await generateText({
    model: openrouter().chat(MODEL),
    prompt: 'A serene mountain lake at sunrise.',
  })

  const receipt = await receiptOf(gateway, gateway.keys.test, wire.generationId())
  const [file] = files
  assert.ok(file)
  const { format, width, height, sha256 } = await look(file.uint8Array)
  assert.deepEqual([files.length, format, width, height], [1, 'jpeg', 1024, 1024])
  assert.equal(file.mediaType, 'image/jpeg')
  assert.equal(sha256, receipt.images[0]?.sha256)
  assert.ok(text.length > 0)
  assert.equal(costIn(providerMetadata), Number(receipt.charge_usd))
})

test('generateText: a picture of the prompt is edited', async () => {
  const { files } = await generateText({
    model: openrouter().chat(MODEL),
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Make it evening.' },
          { type: 'file', data: await photograph('jpeg', 900, 400), mediaType: 'image/jpeg' },
        ],
      },
    ],
  })

  const receipt = await receiptOf(gateway, gateway.keys.test, wire.generationId())
  const { width, height } = await look(files[0]?.uint8Array ?? Buffer.alloc(0))
  assert.deepEqual([width, height], [1584, 672])
  assert.equal(receipt.lines.find(({ billable }) => billable === 'input_image')?.quantity, '1120')
})

test('streamText: the picture comes in the stream', async () => {
  const result = streamText({ model: openrouter().chat(MODEL), prompt: 'A red kite.' })
  const kinds = new Set<string>()
  for await (const part of result.fullStream) kinds.add(part.type)
  const files = await result.files

  const receipt = await receiptOf(gateway, gateway.keys.test, wire.generationId())
  assert.ok(kinds.has('file') && !kinds.has('error'), [...kinds].join(' '))
  assert.equal((await look(files[0]?.uint8Array ?? Buffer.alloc(0))).sha256, receipt.images[0]?.sha256)
  assert.equal(costIn(await result.providerMetadata), Number(receipt.charge_usd))
})

test('generateImage: two pictures in the ratio asked for', async () => {
  const { images } = await generateImage({
    model: openrouter().imageModel(MODEL),
    prompt: 'A blue kite.',
    n: 2,
    aspectRatio: '16:9',
  })

  const looks = await Promise.all(images.map(({ uint8Array }) => look(uint8Array)))
  assert.deepEqual(
    looks.map(({ format, width, height }) => [format, width, height]),
    [
      ['jpeg', 1376, 768],
      ['jpeg', 1376, 768],
    ],
  )
})

test('generateImage: a picture is edited', async () => {
  const { images } = await generateImage({
    model: openrouter().imageModel(MODEL),
    prompt: { text: 'Make it blue.', images: [await photograph('png')] },
  })

  const receipt = await receiptOf(gateway, gateway.keys.test, wire.generationId())
  assert.equal((await look(images[0]?.uint8Array ?? Buffer.alloc(0))).sha256, receipt.images[0]?.sha256)
  assert.ok(receipt.lines.some(({ billable }) => billable === 'input_image'))
})

for (const { what, ask, status, says } of [
  { what: 'an unknown model', ask: () => words('google/nonesuch'), status: 400, says: /nonesuch/ },
  { what: 'an unknown key', ask: () => words(MODEL, 'sk-or-v1-00'), status: 401, says: /API key/ },
  { what: 'no simulator', ask: () => words('microsoft/mai-image-2.5'), status: 404, says: /sandbox/ },
  {
    what: 'a refusal',
    ask: () => words(MODEL, undefined, '[[fault:refusal=finish:IMAGE_SAFETY]]'),
    status: 400,
    says: /safety|refused|blocked/i,
  },
] as const) {
  test(`${what}: an APICallError ${status} with our words, asked once`, async () => {
    await assert.rejects(ask(), (error) => {
      assert.ok(APICallError.isInstance(error), String(error))
      assert.equal(error.statusCode, status)
      assert.match(error.message, says)
      return true
    })
    assert.equal(wire.sent(), 1)
  })
}

function words(model: string, apiKey?: string, prompt = 'a fox'): Promise<unknown> {
  return generateText({ model: openrouter(apiKey).chat(model), prompt })
}
