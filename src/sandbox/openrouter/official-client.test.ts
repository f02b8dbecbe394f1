import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { OpenRouter } from '@openrouter/sdk'
import type { ImageGenerationRequest, ImageGenerationResponse } from '@openrouter/sdk/models'
import {
  BadGatewayResponseError,
  BadRequestResponseError,
  ForbiddenResponseError,
  InternalServerResponseError,
  NotFoundResponseError,
  PaymentRequiredResponseError,
  TooManyRequestsResponseError,
  UnauthorizedResponseError,
} from '@openrouter/sdk/models/errors'
import sharp from 'sharp'
import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

// OpenRouter's own client drives the simulator: what it validates and maps is what OpenRouter sends.
let sandbox: Sandbox

before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
})
after(() => sandbox.close())

const BANANA = 'google/gemini-nano-banana-2.1'
/** Makes 512, which is quick to paint. */
const SMALL = 'google/gemini-3.1-flash-image'

function client(apiKey = 'sk-or-v1-any'): OpenRouter {
  return new OpenRouter({
    apiKey,
    serverURL: sandbox.baseUrlFor('openrouter') ?? '',
    retryConfig: { strategy: 'none' },
  })
}

async function image(request: ImageGenerationRequest, apiKey?: string): Promise<ImageGenerationResponse> {
  const result = await client(apiKey).images.generate({ imageGenerationRequest: request })
  assert.ok('data' in result)
  return result
}

async function look(base64: string | undefined) {
  const { format, width, height, hasAlpha } = await sharp(Buffer.from(base64 ?? '', 'base64')).metadata()
  return [format, width, height, hasAlpha]
}

test('a picture sold by tokens has its ratio and tier, its tokens, and a cost that is the bill to the nano', async () => {
  const earlier = BigInt(sandbox.bill().billed_nanos)
  const result = await image({ model: SMALL, prompt: 'a kite', aspectRatio: '16:9', resolution: '512', seed: 0 })

  assert.deepEqual(await look(result.data[0]?.b64Json), ['jpeg', 688, 384, false])
  assert.equal(result.data[0]?.mediaType, 'image/jpeg')
  assert.equal(result.usage?.completionTokensDetails?.imageTokens, 747)
  assert.equal(
    BigInt(sandbox.bill().billed_nanos) - earlier,
    BigInt((result.usage?.cost ?? 0).toFixed(9).replace('.', '')),
  )
})

test('pictures sold by the piece: n of them, exact pixels, format and transparency', async () => {
  const result = await image({ model: 'qwen/qwen-image-3', prompt: 'a kite', n: 2, size: '512x640' })
  const cut = await image({ model: 'recraft/recraft-v3', prompt: 'a kite', size: '1024x1280', outputFormat: 'webp' })
  const clear = await image({ model: 'sourceful/riverflow-v2-fast', prompt: 'a kite', background: 'transparent' })

  assert.deepEqual(await Promise.all(result.data.map(({ b64Json }) => look(b64Json))), [
    ['png', 512, 640, false],
    ['png', 512, 640, false],
  ])
  assert.notEqual(result.data[0]?.b64Json, result.data[1]?.b64Json)
  assert.equal(result.usage?.cost, 0.06)
  assert.deepEqual(await look(cut.data[0]?.b64Json), ['webp', 1024, 1280, false])
  assert.deepEqual(await look(clear.data[0]?.b64Json), ['png', 1024, 1024, true])
})

test('megapixels are counted per picture, rounded up', async () => {
  const one = await image({ model: 'black-forest-labs/flux.2-klein-4b', prompt: 'a kite', size: '512x512' })
  const two = await image({ model: 'black-forest-labs/flux.2-klein-4b', prompt: 'a kite', size: '1040x1024' })

  assert.deepEqual([one.usage?.cost, two.usage?.cost], [0.014, 0.015])
})

test('a reference is edited and gives its ratio', async () => {
  const reference = await sharp({ create: { width: 640, height: 420, channels: 3, background: '#c03020' } })
    .png()
    .toBuffer()
  const url = `data:image/png;base64,${reference.toString('base64')}`

  const result = await image({
    model: SMALL,
    prompt: 'make it blue',
    resolution: '512',
    inputReferences: [{ type: 'image_url', imageUrl: { url } }],
  })

  assert.deepEqual(await look(result.data[0]?.b64Json), ['jpeg', 632, 424, false])
  assert.equal(result.usage?.promptTokens, 3 + 1120)
})

test('chat answers in words and pictures, and edits the picture that comes back as the assistant’s own', async () => {
  const ask = { role: 'user', content: 'a red kite' } as const
  const wish = { model: SMALL, modalities: ['image', 'text'], imageConfig: { image_size: '0.5K' } } as const
  const first = await client().chat.send({
    chatRequest: { ...wish, modalities: [...wish.modalities], messages: [ask] },
  })
  assert.ok('choices' in first)
  const [choice] = first.choices
  assert.ok(choice)
  const second = await client().chat.send({
    chatRequest: {
      ...wish,
      modalities: [...wish.modalities],
      messages: [ask, choice.message, { role: 'user', content: 'now blue' }],
    },
  })

  assert.ok('choices' in second)
  assert.equal(choice.message.content, 'Here is the picture you asked for.')
  assert.match(choice.message.images?.[0]?.imageUrl.url ?? '', /^data:image\/jpeg;base64,\/9j\//)
  assert.notEqual(second.choices[0]?.message.images?.[0]?.imageUrl.url, choice.message.images?.[0]?.imageUrl.url)
  assert.equal(first.usage?.totalTokens, (first.usage?.promptTokens ?? 0) + (first.usage?.completionTokens ?? 0))
  assert.ok((second.usage?.promptTokens ?? 0) > 1120)
})

test('chat without modalities has words alone', async () => {
  const result = await client().chat.send({
    chatRequest: { model: BANANA, messages: [{ role: 'user', content: 'a kite' }] },
  })

  assert.ok('choices' in result)
  assert.equal(result.choices[0]?.message.images, undefined)
  const content: unknown = result.choices[0]?.message.content
  assert.ok(typeof content === 'string' && content.includes('modalities'))
})

test('a stream of chat is one its reader accepts: words, the picture whole, then usage', async () => {
  const stream = await client().chat.send({
    chatRequest: {
      model: SMALL,
      stream: true,
      modalities: ['image', 'text'],
      imageConfig: { image_size: '0.5K' },
      messages: [{ role: 'user', content: 'a kite' }],
    },
  })
  assert.ok(!('choices' in stream))
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)

  assert.equal(chunks[0]?.choices[0]?.delta.content, 'Here is the picture you asked for.')
  assert.equal(chunks.at(-2)?.choices[0]?.finishReason, 'stop')
  assert.deepEqual(chunks.at(-1)?.choices, [])
  assert.ok((chunks.at(-1)?.usage?.cost ?? 0) > 0)
})

test('lists models by what they answer with, and tells what a key has spent', async () => {
  const all = []
  for await (const page of await client().models.list({ outputModalities: 'image' })) all.push(...page.result.data)
  const talking = []
  for await (const page of await client().models.list()) talking.push(...page.result.data)
  const { data: key } = await client().apiKeys.getCurrentKeyMetadata()

  assert.ok(all.some(({ id }) => id === 'recraft/recraft-v3'))
  assert.ok(talking.some(({ id }) => id === BANANA))
  assert.ok(!talking.some(({ id }) => id === 'recraft/recraft-v3'))
  assert.equal(key.usage, Number(BigInt(sandbox.bill().billed_nanos)) / 1e9)
})

const KITE = { model: BANANA, prompt: 'a kite' } as const
const refusals = [
  ['a missing picture model', () => image({ ...KITE, model: 'acme/pix-1' }), BadRequestResponseError, 400],
  ['a bad key', () => image(KITE, 'sk-invalid'), UnauthorizedResponseError, 401],
  ['an empty account', () => image(KITE, 'sk-nocredit'), PaymentRequiredResponseError, 402],
  ['a restricted key', () => image(KITE, 'sk-forbidden'), ForbiddenResponseError, 403],
  ['moderation', () => fault('refusal=moderation:violence'), ForbiddenResponseError, 403],
  ['a refusal of the host', () => fault('refusal=finish:IMAGE_SAFETY'), BadRequestResponseError, 400],
  ['no such host', () => image({ ...KITE, provider: { only: ['xai'] } }), NotFoundResponseError, 404],
  ['a limit', () => fault('status=429,retry-after=1'), TooManyRequestsResponseError, 429],
  ['a failure of its own', () => fault('status=500'), InternalServerResponseError, 500],
  ['a failure of the host', () => fault('status=502'), BadGatewayResponseError, 502],
] as const
for (const [name, ask, type, code] of refusals) {
  test(`${name} is the client’s own class of error, ${code}`, async () => {
    await assert.rejects(ask(), (error) => {
      assert.ok(error instanceof type, String(error))
      assert.equal(error.error.code, code)
      assert.equal(error.statusCode, code)
      return true
    })
  })
}

function fault(directive: string): Promise<ImageGenerationResponse> {
  return image({ ...KITE, prompt: `a kite [[fault:${directive}]]` })
}
