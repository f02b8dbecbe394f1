import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { HTTPClient, OpenRouter } from '@openrouter/sdk'
import type { ChatResult } from '@openrouter/sdk/models'
import {
  BadGatewayResponseError,
  BadRequestResponseError,
  ForbiddenResponseError,
  NotFoundResponseError,
  PayloadTooLargeResponseError,
  PaymentRequiredResponseError,
  UnauthorizedResponseError,
} from '@openrouter/sdk/models/errors'

import { startGateway, type TestGatewayHere } from '../support/gateway.ts'
import { poorKey } from '../support/keys.ts'
import { dataUrl, fromDataUrl, look, photograph } from '../support/pictures.ts'
import { receiptOf } from '../support/receipts.ts'
import { watchedFetch } from '../support/watched-fetch.ts'

const MODEL = 'google/gemini-nano-banana-2.1'
const USER = { role: 'user', content: 'A serene mountain lake at sunrise.' } as const

let gateway: TestGatewayHere
/** What the client or provider made last sends and gets. */
let wire = watchedFetch()

before(async () => {
  gateway = await startGateway()
})

after(() => gateway.stop())

/** The official client with its own defaults, retries included; only the base URL and the key are ours. */
function client(apiKey = gateway.keys.test): OpenRouter {
  wire = watchedFetch()
  const httpClient = new HTTPClient({ fetcher: wire.fetch })
  return new OpenRouter({
    apiKey,
    serverURL: `${gateway.url}/api/v1`,
    httpClient,
    httpReferer: 'https://app.test',
    appTitle: 'App',
  })
}

async function chat(prompt: string, apiKey?: string): Promise<ChatResult> {
  const result = await client(apiKey).chat.send({
    chatRequest: { model: MODEL, messages: [{ role: 'user', content: prompt }], modalities: ['image', 'text'] },
  })
  assert.ok('choices' in result)
  return result
}

function pictureOf(result: ChatResult): Buffer {
  return fromDataUrl(result.choices[0]?.message.images?.[0]?.imageUrl.url ?? '')
}

test('chat: a picture, its cost and its receipt', async () => {
  const result = await chat('A serene mountain lake at sunrise.')

  const { format, width, height, sha256 } = await look(pictureOf(result))
  const receipt = await receiptOf(gateway, gateway.keys.test, result.id)
  assert.deepEqual([format, width, height], ['jpeg', 1024, 1024])
  assert.equal(receipt.images[0]?.sha256, sha256)
  assert.equal(result.model, MODEL)
  assert.equal(result.choices[0]?.finishReason, 'stop')
  assert.ok(result.usage?.cost)
  assert.equal(result.usage.cost, Number(receipt.charge_usd))
  assert.equal(result.usage.totalTokens, result.usage.promptTokens + result.usage.completionTokens)
})

test('chat: ratio and tier by image_config, then an edit of the answer', async () => {
  const openRouter = client()
  const wide = await openRouter.chat.send({
    chatRequest: { model: MODEL, messages: [USER], imageConfig: { aspect_ratio: '16:9', image_size: '2K' } },
  })
  assert.ok('choices' in wide)
  const [choice] = wide.choices
  assert.ok(choice)

  const edited = await openRouter.chat.send({
    chatRequest: { model: MODEL, messages: [USER, choice.message, { role: 'user', content: 'Add a red boat.' }] },
  })

  assert.ok('choices' in edited)
  const [first, second] = [await look(pictureOf(wide)), await look(pictureOf(edited))]
  assert.deepEqual([first.width, first.height], [2752, 1536])
  assert.deepEqual([second.width, second.height], [1376, 768])
  assert.notEqual(first.sha256, second.sha256)
  const receipt = await receiptOf(gateway, gateway.keys.test, edited.id)
  assert.ok(receipt.lines.some(({ billable, quantity }) => billable === 'input_image' && quantity === '1120'))
})

test('chat: a stream is read to its end, the cost in it; the picture is in the wire, where this client drops it', async () => {
  const stream = await client().chat.send({ chatRequest: { model: MODEL, messages: [USER], stream: true } })
  assert.ok(!('choices' in stream))
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)

  const [url] = /data:image\/jpeg;base64,[^"]+/.exec(await wire.events()) ?? []
  const { width, sha256 } = await look(fromDataUrl(url ?? ''))
  const receipt = await receiptOf(gateway, gateway.keys.test, chunks[0]?.id ?? '')
  assert.deepEqual([width, sha256], [1024, receipt.images[0]?.sha256])
  assert.deepEqual(
    chunks.flatMap(({ usage }) => usage?.cost ?? []),
    [Number(receipt.charge_usd)],
  )
  assert.equal(chunks.findLast(({ choices }) => choices.length > 0)?.choices[0]?.finishReason, 'stop')
})

test('images: two pictures of a reference, each its own call, with their cost', async () => {
  const reference = dataUrl(await photograph('png'), 'image/png')

  const result = await client().images.generate({
    imageGenerationRequest: {
      model: MODEL,
      prompt: 'Make it evening.',
      n: 2,
      aspectRatio: '3:2',
      inputReferences: [{ type: 'image_url', imageUrl: { url: reference } }],
    },
  })

  assert.ok('data' in result)
  const looks = await Promise.all(result.data.map(({ b64Json }) => look(Buffer.from(b64Json, 'base64'))))
  assert.deepEqual(
    looks.map(({ format, width, height }) => [format, width, height]),
    [
      ['jpeg', 1264, 848],
      ['jpeg', 1264, 848],
    ],
  )
  assert.equal(result.data[0]?.mediaType, 'image/jpeg')
  const receipt = await receiptOf(gateway, gateway.keys.test, wire.generationId())
  assert.equal(result.usage?.cost, Number(receipt.charge_usd))
  assert.equal(receipt.attempts.length, 2)
  assert.deepEqual(
    receipt.images.map(({ sha256 }) => sha256),
    looks.map(({ sha256 }) => sha256),
  )
})

test('images: a stream ends in the picture and its cost', async () => {
  const stream = await client().images.generate({
    imageGenerationRequest: { model: MODEL, prompt: 'A kite.', outputFormat: 'png', stream: true },
  })
  assert.ok(!('data' in stream))
  const events = []
  for await (const event of stream) events.push(event)

  const [event] = events
  assert.ok(event?.type === 'image_generation.completed')
  const { format, width } = await look(Buffer.from(event.b64Json, 'base64'))
  assert.deepEqual([events.length, format, width], [1, 'png', 1024])
  assert.equal(event.usage?.cost, Number((await receiptOf(gateway, gateway.keys.test, wire.generationId())).charge_usd))
})

test('the catalogue: models, their count, endpoints and providers', async () => {
  const openRouter = client()

  const listed = []
  for await (const page of await openRouter.models.list()) listed.push(...page.result.data)
  const counted = await openRouter.models.count()
  const { data: model } = await openRouter.models.get({ author: 'google', slug: 'gemini-nano-banana-2.1' })
  const { data: endpoints } = await openRouter.endpoints.list({ author: 'google', slug: 'gemini-nano-banana-2.1' })
  const pictures = await openRouter.images.listModels()
  const roads = await openRouter.images.listModelEndpoints({ author: 'google', slug: 'gemini-nano-banana-2.1' })
  const providers = await openRouter.providers.list()

  assert.ok(listed.length > 20)
  assert.equal(counted.data.count, listed.length)
  assert.ok(listed.some(({ id }) => id === MODEL))
  assert.equal(model.id, MODEL)
  assert.deepEqual(model.architecture.outputModalities.toSorted(), ['image', 'text'])
  assert.ok(endpoints.endpoints.some(({ providerName }) => providerName === 'Google AI Studio'))
  assert.ok(pictures.data.some(({ id }) => id === MODEL))
  assert.ok(roads.endpoints.length > 0)
  assert.ok(providers.data.some(({ slug, name }) => slug === 'google-ai-studio' && name === 'Google AI Studio'))
})

test('a generation is looked up by its id, with what was said in it', async () => {
  const made = await chat('A lighthouse in the fog.')

  const { data: facts } = await client().generations.getGeneration({ id: made.id })
  const { data: content } = await client().generations.listGenerationContent({ id: made.id })

  const receipt = await receiptOf(gateway, gateway.keys.test, made.id)
  assert.equal(facts.id, made.id)
  assert.equal(facts.totalCost, Number(receipt.charge_usd))
  assert.equal(facts.httpReferer, 'https://app.test')
  assert.equal(facts.numMediaCompletion, 1)
  assert.match(JSON.stringify(content.input), /A lighthouse in the fog\./)
})

test('API keys are made, listed, changed and deleted with an admin key', async () => {
  const admin = client(gateway.keys.admin)

  const made = await admin.apiKeys.create({ requestBody: { name: 'ci', limit: 2.5, limitReset: 'monthly' } })
  const { data: found } = await admin.apiKeys.get({ hash: made.data.hash })
  const { data: changed } = await admin.apiKeys.update({
    hash: made.data.hash,
    requestBody: { name: 'nightly', disabled: true },
  })
  const { data: listed } = await admin.apiKeys.list({ includeDisabled: true })
  const deleted = await admin.apiKeys.delete({ hash: made.data.hash })

  assert.match(made.key, /^sk-pl-live-/)
  assert.deepEqual([found.name, found.limit, found.limitRemaining, found.limitReset], ['ci', 2.5, 2.5, 'monthly'])
  assert.deepEqual([changed.name, changed.disabled], ['nightly', true])
  assert.ok(listed.some(({ hash }) => hash === made.data.hash))
  assert.equal(deleted.deleted, true)
  await assert.rejects(admin.apiKeys.get({ hash: made.data.hash }), NotFoundResponseError)
})

test('credits, and what a key knows about itself', async () => {
  const { data: credits } = await client(gateway.keys.admin).credits.getCredits()
  const { data: earlier } = await client().apiKeys.getCurrentKeyMetadata()
  const { usage } = await chat('A snail.')
  const { data: own } = await client().apiKeys.getCurrentKeyMetadata()

  assert.deepEqual([credits.totalCredits, credits.totalUsage], [0, 0])
  assert.equal(own.isManagementKey, false)
  assert.ok(usage?.cost)
  assert.equal(Math.round((own.usage - earlier.usage) * 1e9), Math.round(usage.cost * 1e9))
})

interface Refused {
  readonly what: string
  readonly ask: () => Promise<unknown>
  readonly type: new (
    ...args: never[]
  ) => Error & { readonly error: { readonly code: number; readonly message: string } }
  readonly code: number
  readonly says: RegExp
}

function image(fields: { model?: string; n?: number; prompt?: string }, apiKey?: string): Promise<unknown> {
  const imageGenerationRequest = { model: MODEL, prompt: 'a fox', ...fields }
  return client(apiKey).images.generate({ imageGenerationRequest })
}

const REFUSALS: readonly Refused[] = [
  {
    what: 'chat, an unknown model',
    ask: () => client().chat.send({ chatRequest: { model: 'google/nonesuch', messages: [USER] } }),
    type: BadRequestResponseError,
    code: 400,
    says: /nonesuch/,
  },
  {
    what: 'chat, words alone',
    ask: () => client().chat.send({ chatRequest: { model: MODEL, messages: [USER], modalities: ['text'] } }),
    type: BadRequestResponseError,
    code: 400,
    says: /modalities/,
  },
  { what: 'images, n = 11', ask: () => image({ n: 11 }), type: BadRequestResponseError, code: 400, says: /n must be/ },
  {
    what: 'chat, a refusal by the provider',
    ask: () => chat('[[fault:refusal=finish:IMAGE_SAFETY]] a fox'),
    type: BadRequestResponseError,
    code: 400,
    says: /safety|refused|blocked/i,
  },
  {
    what: 'chat, an unknown key',
    ask: () => chat('a fox', 'sk-or-v1-00'),
    type: UnauthorizedResponseError,
    code: 401,
    says: /API key/,
  },
  {
    what: 'images, an unknown key',
    ask: () => image({}, 'sk-or-v1-00'),
    type: UnauthorizedResponseError,
    code: 401,
    says: /API key/,
  },
  {
    what: 'chat, too little credit',
    ask: async () => chat('a fox', await poorKey(gateway)),
    type: PaymentRequiredResponseError,
    code: 402,
    says: /limit/,
  },
  {
    what: 'images, too little credit',
    ask: async () => image({}, await poorKey(gateway)),
    type: PaymentRequiredResponseError,
    code: 402,
    says: /limit/,
  },
  {
    what: 'images, an admin key',
    ask: () => image({}, gateway.keys.admin),
    type: ForbiddenResponseError,
    code: 403,
    says: /ordinary/,
  },
  {
    what: 'images, no simulator',
    ask: () => image({ model: 'microsoft/mai-image-2.5' }),
    type: NotFoundResponseError,
    code: 404,
    says: /sandbox/,
  },
  {
    what: 'images, a body of 33 MiB',
    ask: () => image({ prompt: 'a'.repeat(33 * 1024 * 1024) }),
    type: PayloadTooLargeResponseError,
    code: 413,
    says: /32 MiB/,
  },
  {
    what: 'a generation that is not there',
    ask: () => client().generations.getGeneration({ id: 'gen-1790000000-AAAAAAAAAAAAAAAAAAAA' }),
    type: NotFoundResponseError,
    code: 404,
    says: /./,
  },
]

for (const { what, ask, type, code, says } of REFUSALS) {
  test(`${what}: ${type.name} ${code}, asked once`, async () => {
    const error = await ask().then(
      () => assert.fail('it was not refused'),
      (reason: unknown) => reason,
    )

    assert.ok(error instanceof type, String(error))
    assert.equal(error.error.code, code)
    assert.match(error.error.message, says)
    assert.equal(wire.sent(), 1)
  })
}

test('a provider that fails is a BadGatewayResponseError, and nothing is charged', async () => {
  const earlier = await client().apiKeys.getCurrentKeyMetadata()

  const failing = client().chat.send(
    { chatRequest: { model: MODEL, messages: [{ role: 'user', content: '[[fault:status=500]] a fox' }] } },
    { retries: { strategy: 'none' } },
  )

  await assert.rejects(failing, (error) => error instanceof BadGatewayResponseError && error.error.code === 502)
  assert.equal((await client().apiKeys.getCurrentKeyMetadata()).data.usage, earlier.data.usage)
})
