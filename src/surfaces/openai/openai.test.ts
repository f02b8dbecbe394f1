import assert from 'node:assert/strict'
import { test } from 'node:test'

import OpenAI, { APIError } from 'openai'
import { z } from 'zod'

import { makeCatalog } from '../../catalog/catalog.ts'
import { FAILURES, fail, type FailureCode } from '../../core/errors.ts'
import type { GenerateRoute, StreamContext, StreamEvent } from '../../core/surface.ts'
import { onWire } from '../on-wire.ts'
import { PIXEL, pixelBlob, sampleDelivery } from '../sample.ts'
import { zodProblem } from '../zod-problem.ts'
import { createImage, ImagesBody } from './images.ts'
import { openaiSurface } from './surface.ts'

const made = makeCatalog()
assert.ok(made.ok)
const surface = openaiSurface({ catalog: made.value, today: () => '2026-11-22' })
const CONTEXT: StreamContext = { generationId: 'gen-1', requestId: 'req-1', model: 'm', createdAt: 1_790_000_000_500 }

function parsed(change: object) {
  const body = { model: 'm', prompt: 'a tin robot', ...change }
  const checked = ImagesBody.safeParse(body)
  if (!checked.success) return { ok: false, error: zodProblem(checked.error, body) } as const
  return createImage.parse(checked.data)
}

/** The official client, reading one recorded reply. */
function client(reply: Response): OpenAI {
  return new OpenAI({ apiKey: 'k', baseURL: 'http://gateway.test/v1', maxRetries: 0, fetch: async () => reply })
}

function framed(events: readonly StreamEvent[]): Response {
  const text = events
    .map((event) =>
      'raw' in event
        ? `data: ${event.raw}\n\n`
        : `event: ${event.event}\ndata: ${JSON.stringify(onWire(event.data))}\n\n`,
    )
    .join('')
  return new Response(text, { headers: { 'content-type': 'text/event-stream' } })
}

test("OpenAI's fields reach the request, those it cannot honour are named", () => {
  const result = parsed({
    n: 2,
    size: '1536x864',
    quality: 'hd',
    background: 'opaque',
    output_format: 'webp',
    output_compression: 85,
    moderation: 'low',
    response_format: 'b64_json',
    user: 'old',
    safety_identifier: 'new',
    stream: true,
    partial_images: 2,
    seed: 3,
    provider: { only: ['openai'] },
  })

  assert.deepEqual(result, {
    ok: true,
    value: {
      stream: true,
      request: {
        model: 'm',
        turns: [{ role: 'user', parts: [{ type: 'text', text: 'a tin robot' }] }],
        n: 2,
        size: { width: 1536, height: 864 },
        quality: 'high',
        background: 'opaque',
        format: 'webp',
        compression: 85,
        seed: 3,
        user: 'new',
        routing: { only: ['openai'] },
        ignored: ['moderation'],
        previews: 2,
      },
    },
  })
})

test('what means nothing in particular says nothing', () => {
  const result = parsed({ size: 'auto', quality: 'standard', partial_images: 0, n: null, response_format: null })

  assert.ok(result.ok)
  assert.deepEqual(Object.keys(result.value.request), ['model', 'turns'])
})

test('each bad body names the field and what would be accepted', () => {
  const cases: readonly (readonly [object, string, string, RegExp])[] = [
    [{ model: undefined }, 'model', 'invalid_request', /missing/],
    [{ prompt: undefined }, 'prompt', 'invalid_prompt', /missing/],
    [{ prompt: '' }, 'prompt', 'invalid_prompt', /empty/],
    [{ n: 0 }, 'n', 'invalid_request', /1 to 10/],
    [{ size: '1024' }, 'size', 'invalid_request', /1536x1024/],
    [{ quality: 'best' }, 'quality', 'invalid_request', /standard, hd/],
    [{ response_format: 'url' }, 'response_format', 'invalid_request', /must be b64_json/],
    [{ response_format: 'png' }, 'response_format', 'invalid_request', /b64_json, url/],
    [{ partial_images: 4 }, 'partial_images', 'invalid_request', /0 to 3/],
    [{ output_format: 'gif' }, 'output_format', 'invalid_request', /png, jpeg, webp/],
  ]
  for (const [change, field, code, message] of cases) {
    const result = parsed(change)

    assert.ok(!result.ok, JSON.stringify(change))
    assert.deepEqual([result.error.field, result.error.code], [field, code], result.error.message)
    assert.match(result.error.message, message)
  }
})

test("the official client reads pictures and OpenAI's own usage", async () => {
  const answer = Response.json(onWire(createImage.present(sampleDelivery(2))))

  const images = await client(answer).images.generate({ model: 'm', prompt: 'a' })

  assert.deepEqual(images.data, [{ b64_json: PIXEL }, { b64_json: PIXEL }])
  assert.equal(images.created, 1789997600)
  assert.equal(images.output_format, 'png')
  assert.equal(images.size, '1024x768')
  assert.deepEqual(images.usage, {
    input_tokens: 12,
    input_tokens_details: { text_tokens: 12, image_tokens: 0 },
    output_tokens: 1300,
    output_tokens_details: { image_tokens: 1120, text_tokens: 180 },
    total_tokens: 1312,
  })
})

test('the official client reads the stream: previews, then every picture, usage adding up to once', async () => {
  const stream = streamOf(createImage)
  const preview = { type: 'preview', index: 0, picture: pixelBlob() } as const
  const status = { type: 'status', queuePosition: 3 } as const
  const news = [status, preview].flatMap((event) => stream.progress(event, CONTEXT))
  const reply = framed([...news, ...stream.delivered(sampleDelivery(2))])

  const events = []
  for await (const event of await client(reply).images.generate({ model: 'm', prompt: 'a', stream: true }))
    events.push(event)

  assert.deepEqual(
    events.map(({ type, b64_json, created_at }) => [type, b64_json, created_at]),
    [
      ['image_generation.progress', undefined, undefined],
      ['image_generation.partial_image', PIXEL, 1790000000],
      ['image_generation.completed', PIXEL, 1789997600],
      ['image_generation.completed', PIXEL, 1789997600],
    ],
  )
  const tokens = events.flatMap((event) =>
    event.type === 'image_generation.completed' ? [event.usage.total_tokens] : [],
  )
  assert.deepEqual(tokens, [0, 1312])
})

test('the official client throws on a stream that fails, with code and message', async () => {
  const reply = framed(streamOf(createImage).failed(fail('content_refused', 'Refused: violence.'), CONTEXT))

  const reading = async () => {
    const stream = await client(reply).images.generate({ model: 'm', prompt: 'a', stream: true })
    for await (const event of stream) assert.fail(event.type)
  }

  await assert.rejects(reading, (error) => error instanceof APIError && error.code === 'moderation_blocked')
})

test("every failure there is has OpenAI's four fields, and the official client knows it by its status", async () => {
  for (const code of Object.keys(FAILURES) as FailureCode[]) {
    const body = onWire(surface.presentFailure(fail(code, 'Something.', { field: 'n' }), CONTEXT))
    const { error } = body as { error: Record<string, unknown> }
    assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code'])
    assert.equal(typeof error['code'], 'string')

    const { status } = FAILURES[code]
    await assert.rejects(
      client(Response.json(body, { status })).images.generate({ model: 'm', prompt: 'a' }),
      (thrown) => thrown instanceof APIError && thrown.status === status && thrown.param === 'n',
    )
  }
})

function ask(id: string, params: Record<string, string>) {
  const route = surface.routes.find((candidate) => candidate.id === id)
  assert.ok(route?.kind === 'catalog')
  return route.answer({ params, query: undefined, body: undefined })
}

test('models are listed, and found by id, by alias and with the slash encoded', async () => {
  const listed = ask('listOpenaiModels', {})
  assert.ok(listed.ok)
  const page = await client(Response.json(onWire(listed.value))).models.list()
  const [first] = page.data
  assert.ok(first)
  assert.equal(first.object, 'model')
  const [author = '', slug = ''] = first.id.split('/')

  assert.deepEqual(ask('retrieveOpenaiModel', { id: first.id }), ask('retrieveOpenaiModelBySlug', { author, slug }))
  const missing = ask('retrieveOpenaiModel', { id: 'nothing' })
  assert.equal(missing.ok ? '' : missing.error.code, 'not_found')
})

test('OpenAPI can be made from the schema', () => {
  assert.deepEqual(z.toJSONSchema(ImagesBody, { io: 'input', unrepresentable: 'any' }).required, ['model', 'prompt'])
})

function streamOf({ stream }: GenerateRoute) {
  assert.ok(stream)
  return stream
}
