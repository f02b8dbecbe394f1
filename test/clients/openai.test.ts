import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import OpenAI, {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
} from 'openai'

import { startGateway, type TestGatewayHere } from '../support/gateway.ts'
import { poorKey } from '../support/keys.ts'
import { fromDataUrl, look } from '../support/pictures.ts'
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

/** The official client with its own defaults, retries included. */
function client(path: '/v1' | '/api/v1' = '/v1', apiKey = gateway.keys.test): OpenAI {
  wire = watchedFetch()
  return new OpenAI({
    apiKey,
    baseURL: `${gateway.url}${path}`,
    fetch: wire.fetch,
  })
}

for (const path of ['/v1', '/api/v1'] as const) {
  test(`images.generate under ${path}: two pictures in base64, with their tokens`, async () => {
    const result = await client(path).images.generate({ model: MODEL, prompt: 'A red kite.', n: 2, size: '1024x1024' })

    const pictures = await Promise.all(
      (result.data ?? []).map(({ b64_json }) => look(Buffer.from(b64_json ?? '', 'base64'))),
    )
    const receipt = await receiptOf(gateway, gateway.keys.test, wire.generationId())
    assert.deepEqual(
      pictures.map(({ format, width, height }) => [format, width, height]),
      [
        ['jpeg', 1024, 1024],
        ['jpeg', 1024, 1024],
      ],
    )
    assert.deepEqual([result.output_format, result.size], ['jpeg', '1024x1024'])
    assert.deepEqual(
      receipt.images.map(({ sha256 }) => sha256),
      pictures.map(({ sha256 }) => sha256),
    )
    const tokens = (billable: string) => Number(receipt.lines.find((line) => line.billable === billable)?.quantity)
    assert.equal(result.usage?.output_tokens_details?.image_tokens, tokens('output_image'))
    assert.equal(result.usage?.output_tokens_details?.text_tokens, tokens('output_text'))
    assert.equal(result.usage?.input_tokens, tokens('input_text'))
  })
}

test('images.generate in a stream ends in the picture, converted as asked', async () => {
  const stream = await client().images.generate({
    model: MODEL,
    prompt: 'A blue kite.',
    output_format: 'webp',
    stream: true,
  })
  const events = []
  for await (const event of stream) events.push(event)

  const [event] = events
  assert.ok(event?.type === 'image_generation.completed')
  const { format, width, height } = await look(Buffer.from(event.b64_json, 'base64'))
  assert.deepEqual([events.length, format, width, height], [1, 'webp', 1024, 1024])
  assert.deepEqual([event.output_format, event.size], ['webp', '1024x1024'])
  const receipt = await receiptOf(gateway, gateway.keys.test, wire.generationId())
  assert.equal(receipt.images[0]?.converted_from, 'image/jpeg')
  assert.ok(event.usage.output_tokens > 1120)
})

test('chat.completions.create at /api/v1, as the guide says: the picture is in message.images, the cost in usage', async () => {
  const answer = await client('/api/v1').chat.completions.create({
    model: 'google/gemini-3.1-flash-image-preview',
    messages: [{ role: 'user', content: 'A serene mountain lake at sunrise, photorealistic.' }],
  })

  const message = answer.choices[0]?.message as unknown as { images: { image_url: { url: string } }[] }
  const { format, width } = await look(fromDataUrl(message.images[0]?.image_url.url ?? ''))
  const receipt = await receiptOf(gateway, gateway.keys.test, answer.id)
  assert.deepEqual([format, width], ['jpeg', 1024])
  assert.equal((answer.usage as unknown as { cost: number }).cost, Number(receipt.charge_usd))
  assert.equal(answer.usage?.completion_tokens_details?.reasoning_tokens, 111)
})

test('chat.completions.create in a stream', async () => {
  const stream = await client('/api/v1').chat.completions.create({
    model: MODEL,
    messages: [{ role: 'user', content: 'A snail.' }],
    stream: true,
    stream_options: { include_usage: true },
  })
  const deltas: { images?: { image_url: { url: string } }[] }[] = []
  let tokens = 0
  for await (const chunk of stream) {
    deltas.push(...chunk.choices.map(({ delta }) => delta as (typeof deltas)[number]))
    tokens += chunk.usage?.total_tokens ?? 0
  }

  const [picture] = deltas.flatMap(({ images }) => images ?? [])
  assert.equal((await look(fromDataUrl(picture?.image_url.url ?? ''))).width, 1024)
  assert.ok(tokens > 1120)
})

test('models.list and models.retrieve', async () => {
  const listed = []
  for await (const model of client().models.list()) listed.push(model)
  const one = await client().models.retrieve(MODEL)

  assert.ok(listed.some(({ id }) => id === MODEL))
  assert.deepEqual([one.id, one.object, one.owned_by], [MODEL, 'model', 'google'])
})

interface Refused {
  readonly what: string
  readonly ask: () => Promise<unknown>
  readonly type: new (...args: never[]) => APIError
  readonly status: number
  readonly code: string
  readonly param: string | null
}

function image(fields: Partial<OpenAI.ImageGenerateParamsNonStreaming>, apiKey?: string): Promise<unknown> {
  return client('/v1', apiKey).images.generate({ model: MODEL, prompt: 'a fox', ...fields })
}

const REFUSALS: readonly Refused[] = [
  {
    what: 'an unknown key',
    ask: () => image({}, 'sk-proj-0'),
    type: AuthenticationError,
    status: 401,
    code: 'invalid_api_key',
    param: null,
  },
  {
    what: 'an unknown model',
    ask: () => image({ model: 'gpt-image-99' }),
    type: BadRequestError,
    status: 400,
    code: 'model_not_found',
    param: 'model',
  },
  {
    what: 'n = 11',
    ask: () => image({ n: 11 }),
    type: BadRequestError,
    status: 400,
    code: 'invalid_value',
    param: 'n',
  },
  {
    what: 'an answer by URL',
    ask: () => image({ response_format: 'url' }),
    type: BadRequestError,
    status: 400,
    code: 'invalid_value',
    param: 'response_format',
  },
  {
    what: 'a refusal by the provider',
    ask: () => image({ prompt: '[[fault:refusal=promptFeedback:SAFETY]] a fox' }),
    type: BadRequestError,
    status: 400,
    code: 'moderation_blocked',
    param: null,
  },
  {
    what: 'too little credit',
    ask: async () => image({}, await poorKey(gateway)),
    type: APIError,
    status: 402,
    code: 'insufficient_quota',
    param: null,
  },
  {
    what: 'an admin key',
    ask: () => image({}, gateway.keys.admin),
    type: PermissionDeniedError,
    status: 403,
    code: 'forbidden',
    param: null,
  },
  {
    what: 'no simulator',
    ask: () => image({ model: 'microsoft/mai-image-2.5' }),
    type: NotFoundError,
    status: 404,
    code: 'no_simulator',
    param: 'model',
  },
  // The call was paid for, as far as anybody knows: a client that repeats it by itself would buy it again.
  {
    what: 'a failure after the call was sent',
    ask: () => image({ prompt: '[[fault:not-an-image]] a fox' }),
    type: InternalServerError,
    status: 502,
    code: 'upstream_failed',
    param: null,
  },
]

for (const { what, ask, type, status, code, param } of REFUSALS) {
  test(`${what}: ${type.name} ${status} ${code}, asked once`, async () => {
    const error = await ask().then(
      () => assert.fail('it was not refused'),
      (reason: unknown) => reason,
    )

    assert.ok(error instanceof type, String(error))
    assert.deepEqual([error.status, error.code, error.param], [status, code, param])
    assert.equal(wire.sent(), 1)
  })
}

test('under /api/v1 the same client reads OpenRouter’s envelope', async () => {
  const refused = client('/api/v1').chat.completions.create({ model: MODEL, messages: [] })

  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof BadRequestError)
    assert.match(error.message, /messages/)
    assert.equal(Number(error.code), 400)
    return true
  })
  assert.equal(wire.sent(), 1)
})
