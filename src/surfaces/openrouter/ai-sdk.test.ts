import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createOpenRouter } from '@openrouter/ai-sdk-provider'

import { fail } from '../../core/errors.ts'
import type { StreamEvent } from '../../core/surface.ts'
import { onWire } from '../on-wire.ts'
import { PIXEL, sampleDelivery } from '../sample.ts'
import { createChatCompletion } from './chat.ts'
import { presentFailure } from './failure.ts'
import { createImages } from './images.ts'

const PROMPT = { prompt: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'a fox' }] }] }

/** Vercel's provider, reading one recorded reply; what it sent is checked against the route's own schema. */
function provider(reply: Response, route = createChatCompletion) {
  return createOpenRouter({
    apiKey: 'k',
    baseURL: 'http://gateway.test/api/v1',
    fetch: async (url, init) => {
      assert.ok(typeof url === 'string' && typeof init?.body === 'string')
      assert.equal(new URL(url).pathname, route.path)
      const checked = route.body.safeParse(JSON.parse(init.body))
      assert.ok(checked.success && route.parse(checked.data).ok)
      return reply
    },
  })
}

function framed(events: readonly StreamEvent[]): Response {
  const lines = events.map((event) => ('raw' in event ? event.raw : JSON.stringify(onWire(event.data))))
  const text = `: OPENROUTER PROCESSING\n\n${lines.map((line) => `data: ${line}\n\n`).join('')}`
  return new Response(text, { headers: { 'content-type': 'text/event-stream' } })
}

test('the AI SDK reads pictures, words and the cost of a chat answer', async () => {
  const reply = Response.json(onWire(createChatCompletion.present(sampleDelivery(2, 'Two foxes.'))))

  const { content, usage, finishReason, providerMetadata } = await provider(reply).chat('m').doGenerate(PROMPT)

  assert.deepEqual(
    content.map((part) => part.type),
    ['text', 'file', 'file'],
  )
  assert.match(JSON.stringify(content), new RegExp(PIXEL.replaceAll('+', '\\+')))
  assert.match(JSON.stringify(usage), /1300/)
  assert.match(JSON.stringify(finishReason), /stop/)
  assert.match(JSON.stringify(providerMetadata), /"cost":0.034146/)
})

test('the AI SDK reads pictures from a chat stream', async () => {
  const events = createChatCompletion.stream?.delivered(sampleDelivery(2, 'Two foxes.')) ?? []

  const { stream } = await provider(framed(events)).chat('m').doStream(PROMPT)
  const parts = await all(stream)

  assert.equal(parts.filter((part) => part.type === 'file').length, 2)
  assert.equal(
    parts.some((part) => part.type === 'error'),
    false,
  )
  assert.equal(parts.at(-1)?.type, 'finish')
})

test('the AI SDK tells a failure inside a chat stream', async () => {
  const context = { generationId: 'gen-1', requestId: 'r', model: 'm', createdAt: 1_790_000_000_000 }
  const events = createChatCompletion.stream?.failed(fail('upstream_failed', 'Google failed.'), context) ?? []

  const { stream } = await provider(framed(events)).chat('m').doStream(PROMPT)
  const parts = await all(stream)

  const failures = parts.filter((part) => part.type === 'error')
  assert.match(JSON.stringify(failures), /Google failed\./)
})

test('the AI SDK makes pictures through /images', async () => {
  const reply = Response.json(onWire(createImages.present(sampleDelivery(2))))

  const { images } = await provider(reply, createImages).imageModel('m').doGenerate({
    prompt: 'a fox',
    n: 2,
    size: '1024x1024',
    aspectRatio: undefined,
    seed: 7,
    files: undefined,
    mask: undefined,
    providerOptions: {},
  })

  assert.deepEqual(images, [PIXEL, PIXEL])
})

test('the AI SDK builds its message from ours', async () => {
  const failure = fail('content_refused', 'Refused: violence.', { field: 'messages' })
  const reply = Response.json(onWire(presentFailure(failure, { requestId: 'r' })), { status: 400 })

  await assert.rejects(async () => await provider(reply).chat('m').doGenerate(PROMPT), /Refused: violence\./)
})

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const parts: T[] = []
  for await (const part of stream) parts.push(part)
  return parts
}
