import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'

import { z } from 'zod'

import type { ImageRequest } from '../../core/image-request.ts'
import { readJson, REQUEST_LIMITS } from '../../core/json-blobs.ts'
import { PIXEL } from '../sample.ts'
import { zodProblem } from '../zod-problem.ts'
import { ChatBody, createChatCompletion } from './chat.ts'

const USER = { role: 'user', content: 'A cozy Scandinavian living room.' }
const DATA_URL = `data:image/png;base64,${PIXEL}`

function parsed(body: object) {
  const checked = ChatBody.safeParse(body)
  if (!checked.success) return { ok: false, error: zodProblem(checked.error, body) } as const
  return createChatCompletion.parse(checked.data)
}

function requestOf(body: object): ImageRequest {
  const result = parsed({ model: 'm', messages: [USER], ...body })
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  return result.value.request
}

test("the guide's first call: a prompt, a model and nothing else that was not said", () => {
  const result = parsed({
    model: 'google/gemini-3.1-flash-image-preview',
    messages: [USER],
    modalities: ['image', 'text'],
  })

  assert.deepEqual(result, {
    ok: true,
    value: {
      stream: false,
      request: {
        model: 'google/gemini-3.1-flash-image-preview',
        turns: [{ role: 'user', parts: [{ type: 'text', text: USER.content }] }],
        wantsText: true,
      },
    },
  })
})

test("the guide's edit: text and a data URL in one message", () => {
  const content = [
    { type: 'text', text: 'Replace the sofa.' },
    { type: 'image_url', image_url: { url: DATA_URL } },
  ]

  const [text, image] = requestOf({ messages: [{ role: 'user', content }] }).turns[0]?.parts ?? []

  assert.deepEqual(text, { type: 'text', text: 'Replace the sofa.' })
  assert.ok(image?.type === 'image' && image.picture.source.type === 'inline')
  assert.equal(image.picture.field, 'messages.0.content.1.image_url.url')
  assert.equal(Buffer.concat(image.picture.source.blob.slices).toString(), PIXEL)
  assert.equal(image.picture.source.blob.mediaType, 'image/png')
})

test('a picture by URL is taken as a URL: the engine decides about it', () => {
  const content = [{ type: 'image_url', image_url: { url: 'https://example.test/a.png', detail: 'high' } }]

  const { turns } = requestOf({ messages: [USER, { role: 'user', content }] })

  assert.deepEqual(turns[1]?.parts, [
    {
      type: 'image',
      picture: {
        field: 'messages.1.content.0.image_url.url',
        source: { type: 'url', url: 'https://example.test/a.png' },
      },
    },
  ])
})

test("the guide's provider preference keeps the display name as written", () => {
  const { routing } = requestOf({ provider: { order: ['Google AI Studio'] } })

  assert.deepEqual(routing, { order: ['Google AI Studio'] })
})

test('an assistant turn comes back with its pictures, with and without a type, its words empty or null', () => {
  const answers = [
    { role: 'assistant', content: '', images: [{ image_url: { url: DATA_URL } }] },
    { role: 'assistant', content: null, images: [{ type: 'image_url', index: 0, image_url: { url: DATA_URL } }] },
    { role: 'assistant', images: [{ image_url: { url: DATA_URL } }], refusal: null, reasoning: null },
    { role: 'assistant', content: [{ type: 'image_url', image_url: { url: DATA_URL } }] },
  ]
  for (const answer of answers) {
    const { turns } = requestOf({ messages: [USER, answer, { role: 'user', content: 'Make it night.' }] })

    assert.deepEqual(
      turns.map(({ role, parts }) => [role, parts.map((part) => part.type)]),
      [
        ['user', ['text']],
        ['assistant', ['image']],
        ['user', ['text']],
      ],
    )
  }
})

test('an assistant turn without anything in it is no turn', () => {
  const { turns } = requestOf({ messages: [USER, { role: 'assistant', content: '' }, USER] })

  assert.deepEqual(
    turns.map(({ role }) => role),
    ['user', 'user'],
  )
})

test('every wish about the picture reaches the request under its own name', () => {
  const request = requestOf({
    image_config: {
      aspect_ratio: '21:9',
      image_size: '0.5K',
      quality: 'high',
      background: 'transparent',
      output_format: 'webp',
      output_compression: 0,
      negative_prompt: 'people',
    },
    n: 3,
    seed: 0,
    modalities: ['image'],
    models: ['m', 'second', 'third'],
    user: 'u1',
    session_id: 's1',
    metadata: { job: '7' },
    provider: {
      only: ['fal'],
      ignore: ['openai'],
      allow_fallbacks: false,
      require_parameters: true,
      options: { fal: { guidance: 3 } },
    },
  })

  assert.deepEqual(request, {
    model: 'm',
    turns: [{ role: 'user', parts: [{ type: 'text', text: USER.content }] }],
    fallbackModels: ['second', 'third'],
    resolution: '512',
    aspectRatio: '21:9',
    quality: 'high',
    background: 'transparent',
    format: 'webp',
    compression: 0,
    negativePrompt: 'people',
    wantsText: false,
    n: 3,
    seed: 0,
    user: 'u1',
    sessionId: 's1',
    metadata: { job: '7' },
    routing: { only: ['fal'], ignore: ['openai'], allowFallbacks: false, requireParameters: true },
    providerOptions: { fal: { guidance: 3 } },
  })
})

test('what no picture model honours is named, and what says nothing is not', () => {
  const { ignored } = requestOf({
    temperature: 0.7,
    tools: [{ type: 'function' }],
    tool_choice: null,
    response_format: {},
    stop: [],
    stream_options: { include_usage: true },
    usage: { include: true },
    image_config: { style: 'vivid' },
    provider: { nitro: true, zdr: false, data_collection: 'allow' },
  })

  assert.deepEqual(ignored, ['temperature', 'tools', 'image_config.style', 'provider.nitro'])
})

test('every wish about routes reaches the request, prices as exact decimals', () => {
  const { routing, ignored } = requestOf({
    provider: {
      sort: { by: 'price', partition: 'none' },
      max_price: { prompt: '1.50', completion: 7.5, image: 0.1, request: 0 },
      data_collection: 'deny',
      zdr: true,
      fallback_on_moderation: true,
    },
  })

  assert.deepEqual(routing, {
    sort: { by: 'price', partition: 'none' },
    maxPrice: { prompt: '1.5', completion: '7.5', image: '0.1', request: '0' },
    dataCollection: 'deny',
    zdr: true,
    fallbackOnModeration: true,
  })
  assert.equal(ignored, undefined)
  assert.deepEqual(requestOf({ provider: { sort: 'latency' } }).routing, { sort: { by: 'latency' } })
})

test('preferences that nothing here can act on are taken and named', () => {
  const named = (provider: object) => requestOf({ provider }).routing

  assert.deepEqual(named({ sort: 'exacto' }), { unheeded: ['provider.sort'] })
  assert.deepEqual(named({ sort: { by: 'exacto', partition: 'none' } }), {
    sort: { partition: 'none' },
    unheeded: ['provider.sort'],
  })
  assert.deepEqual(
    named({ preferred_min_throughput: 5, preferred_max_latency: { p90: 3, p99: null }, max_price: { audio: '1' } }),
    { unheeded: ['provider.max_price.audio', 'provider.preferred_min_throughput', 'provider.preferred_max_latency'] },
  )
  const nothing = { sort: null, max_price: {}, preferred_max_latency: null, data_collection: null, zdr: null }
  assert.equal(named(nothing), undefined)
})

test('null is as good as absent everywhere', () => {
  const nothing = {
    stream: null,
    n: null,
    seed: null,
    provider: null,
    image_config: null,
    modalities: null,
    models: null,
  }

  assert.deepEqual(Object.keys(requestOf(nothing)), ['model', 'turns'])
})

test('each bad body names the field and what would be accepted', () => {
  const big = 'x'.repeat(128 * 1024 + 1)
  const cases: readonly (readonly [object, string, string, RegExp])[] = [
    [{ model: undefined }, 'model', 'invalid_request', /model is missing/],
    [{ model: 7 }, 'model', 'invalid_request', /text of 1 to 200/],
    [{ messages: undefined }, 'messages', 'invalid_prompt', /is missing; it must be a list/],
    [{ messages: [] }, 'messages', 'invalid_prompt', /at least one/],
    [{ messages: [{ role: 'user', content: '' }] }, 'messages', 'invalid_prompt', /empty/],
    [{ messages: [{ role: 'user', content: big }] }, 'messages.0.content', 'invalid_prompt', /128 KiB|131072/],
    [
      { messages: [{ role: 'user', content: 7 }] },
      'messages.0.content',
      'invalid_prompt',
      /must be text or a list of parts/,
    ],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 'messages.0.role', 'invalid_request', /one of system, developer/],
    [
      { messages: [USER, { role: 'assistant', content: 'hm' }] },
      'messages',
      'invalid_prompt',
      /end with a user message/,
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] },
      'messages.0.content.0.type',
      'invalid_request',
      /text or image_url/,
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: 'x' }] }] },
      'messages.0.content.0.image_url',
      'invalid_request',
      /object with a url/,
    ],
    [{ modalities: ['text'] }, 'modalities', 'invalid_request', /must include image/],
    [{ modalities: ['image', 'audio'] }, 'modalities.1', 'invalid_request', /one of image, text/],
    [{ models: ['a', 'b', 'c', 'd'] }, 'models', 'invalid_request', /'models' array must have 3 items or fewer/],
    [{ n: 11 }, 'n', 'invalid_request', /whole number from 1 to 10/],
    [{ seed: 1.5 }, 'seed', 'invalid_request', /whole number/],
    [{ stream: 'yes' }, 'stream', 'invalid_request', /true or false/],
    [{ image_config: { aspect_ratio: 'wide' } }, 'image_config.aspect_ratio', 'invalid_request', /16:9/],
    [{ image_config: { image_size: '8K' } }, 'image_config.image_size', 'invalid_request', /512, 1K, 2K, 4K, 0.5K/],
    [
      { image_config: { output_format: 'jpg' } },
      'image_config.output_format',
      'invalid_request',
      /png, jpeg, webp, svg/,
    ],
    [
      { image_config: { size: '1024x1024', aspect_ratio: '16:9' } },
      'image_config.aspect_ratio',
      'invalid_request',
      /contradicts size/,
    ],
    [
      { image_config: { background: 'transparent', output_format: 'jpeg' } },
      'image_config.background',
      'invalid_request',
      /png or webp/,
    ],
    [{ provider: { order: 'fal' } }, 'provider.order', 'invalid_request', /list of at most 50 names/],
    [{ provider: { zdr: 'yes' } }, 'provider.zdr', 'invalid_request', /true or false/],
    [{ provider: { data_collection: 'never' } }, 'provider.data_collection', 'invalid_request', /allow or deny/],
    [{ provider: { sort: 'cheapest' } }, 'provider.sort', 'invalid_request', /one of price, latency, throughput/],
    [{ provider: { sort: { partition: 'all' } } }, 'provider.sort.partition', 'invalid_request', /model or none/],
    [{ provider: { max_price: 1 } }, 'provider.max_price', 'invalid_request', /object of prices/],
    [{ provider: { max_price: { image: -1 } } }, 'provider.max_price.image', 'invalid_request', /0 or more/],
    [{ provider: { max_price: { image: '1e-3' } } }, 'provider.max_price.image', 'invalid_request', /decimal text/],
    [{ provider: { max_price: { image: 'cheap' } } }, 'provider.max_price.image', 'invalid_request', /0 or more/],
    [{ provider: { max_price: { picture: 1 } } }, 'provider.max_price', 'invalid_request', /nothing but prompt/],
    [
      { provider: { preferred_max_latency: 'low' } },
      'provider.preferred_max_latency',
      'invalid_request',
      /percentiles/,
    ],
    [{ provider: { quantizations: ['fp8'] } }, 'provider.quantizations', 'unsupported_parameter', /cannot be promised/],
    [{ session_id: 's'.repeat(257) }, 'session_id', 'invalid_request', /256 characters/],
    [{ metadata: { a: 1 } }, 'metadata.a', 'invalid_request', /16 pairs/],
  ]
  for (const [change, field, code, message] of cases) {
    const result = parsed({ model: 'm', messages: [USER], ...change })

    assert.ok(!result.ok, `${JSON.stringify(change).slice(0, 80)} was accepted`)
    assert.deepEqual([result.error.field, result.error.code], [field, code], result.error.message)
    assert.match(result.error.message, message)
  }
})

test('words of many turns together are held to the same limit as one', () => {
  const half = { role: 'user', content: 'x'.repeat(70 * 1024) }

  const result = parsed({ model: 'm', messages: [half, half] })

  assert.ok(!result.ok)
  assert.equal(result.error.code, 'invalid_prompt')
})

test('the first of `models` is the model where none was named', () => {
  const { model, fallbackModels } = requestOf({ model: undefined, models: ['a', 'b'] })

  assert.deepEqual([model, fallbackModels], ['a', ['b']])
})

test('OpenAPI can be made from the schema, with descriptions', () => {
  const schema = z.toJSONSchema(ChatBody, { io: 'input', unrepresentable: 'any' })

  assert.deepEqual(schema.required, ['messages'])
  assert.match(JSON.stringify(schema.properties?.['n']), /Extension: pictures wanted/)
})

test('a body that came over the network keeps its long prompt as text and its picture as bytes', async () => {
  const prompt = 'Ein Wald – '.repeat(1000)
  const base64 = Buffer.alloc(30_000, 7).toString('base64')
  const content = [
    { type: 'text', text: prompt },
    { type: 'image_url', image_url: { url: `data:image/jpeg;base64,${base64}` } },
  ]
  const sent = Buffer.from(
    JSON.stringify({
      model: 'm',
      messages: [
        { role: 'user', content },
        { role: 'user', content: prompt },
      ],
    }),
  )

  const read = await readJson(Readable.from([sent.subarray(0, 9000), sent.subarray(9000)]), {
    mode: 'request',
    limits: REQUEST_LIMITS,
  })

  assert.ok(read.ok)
  const checked = ChatBody.safeParse(read.value.value)
  assert.ok(checked.success)
  const result = createChatCompletion.parse(checked.data)
  assert.ok(result.ok)
  const [first, second] = result.value.request.turns
  assert.deepEqual(first?.parts[0], { type: 'text', text: prompt })
  assert.deepEqual(second?.parts, [{ type: 'text', text: prompt }])
  const image = first?.parts[1]
  assert.ok(image?.type === 'image' && image.picture.source.type === 'inline')
  assert.equal(image.picture.source.blob.mediaType, 'image/jpeg')
  assert.equal(Buffer.concat(image.picture.source.blob.slices).toString(), base64)
})
