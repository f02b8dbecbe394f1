import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ChatResult$inboundSchema } from '@openrouter/sdk/models/chatresult.js'
import { ChatStreamChunk$inboundSchema } from '@openrouter/sdk/models/chatstreamchunk.js'
import { ImageGenCompletedEvent$inboundSchema } from '@openrouter/sdk/models/imagegencompletedevent.js'
import { ImageGenerationResponse$inboundSchema } from '@openrouter/sdk/models/imagegenerationresponse.js'
import { ImageGenPartialImageEvent$inboundSchema } from '@openrouter/sdk/models/imagegenpartialimageevent.js'
import { ImageStreamingResponseData$inboundSchema } from '@openrouter/sdk/models/imagestreamingresponse.js'
import { ImageGenStreamErrorEvent$inboundSchema } from '@openrouter/sdk/models/imagegenstreamerrorevent.js'
import { BadRequestResponseErrorData$inboundSchema } from '@openrouter/sdk/models/badrequestresponseerrordata.js'

import { FAILURES, fail, type FailureCode } from '../../core/errors.ts'
import type { StreamContext, StreamEvent } from '../../core/surface.ts'
import { onWire } from '../on-wire.ts'
import { PIXEL, pixelBlob, sampleDelivery } from '../sample.ts'
import { createChatCompletion } from './chat.ts'
import { presentFailure } from './failure.ts'
import { createImages } from './images.ts'

const CONTEXT: StreamContext = {
  generationId: 'gen-1790000000-AbCdEfGhIjKlMnOpQrSt',
  requestId: 'req-1',
  model: 'google/gemini-nano-banana-2.1',
  createdAt: 1_790_000_000_500,
}
const DATA_URL = `data:image/png;base64,${PIXEL}`
const USAGE = {
  prompt_tokens: 12,
  completion_tokens: 1300,
  total_tokens: 1312,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 150, image_tokens: 1120 },
  cost: 0.034146,
  is_byok: false,
  cost_details: {
    upstream_inference_cost: 0.034146,
    upstream_inference_prompt_cost: 0.000006,
    upstream_inference_completions_cost: 0.03414,
  },
}

function wireEvents(events: readonly StreamEvent[]): unknown[] {
  return events.map((event) => ('raw' in event ? event.raw : onWire(event.data)))
}

test('a chat answer is what the official client accepts, with the picture, the words, the cost and our warnings', () => {
  const answer = onWire(createChatCompletion.present(sampleDelivery(1, 'Here you go.')))

  assert.deepEqual(answer, {
    id: 'gen-1790000000-AbCdEfGhIjKlMnOpQrSt',
    object: 'chat.completion',
    created: 1789997600,
    model: 'google/gemini-nano-banana-2.1',
    provider: 'Google AI Studio',
    system_fingerprint: null,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'Here you go.',
          refusal: null,
          reasoning: null,
          images: [{ type: 'image_url', index: 0, image_url: { url: DATA_URL } }],
        },
        logprobs: null,
        finish_reason: 'stop',
        native_finish_reason: 'STOP',
      },
    ],
    usage: USAGE,
    warnings: [{ code: 'model_retired', field: 'model', message: 'Served by its successor.' }],
  })
  const read = ChatResult$inboundSchema.parse(answer)
  assert.equal(read.choices[0]?.message.images?.[0]?.imageUrl.url, DATA_URL)
  assert.equal(read.usage?.cost, 0.034146)
})

test('a chat stream is whole pictures in chunks, then the end, then usage once, then [DONE]', () => {
  const events = wireEvents(createChatCompletion.stream?.delivered(sampleDelivery(2, 'Two.')) ?? [])

  const chunks = events.slice(0, -1).map((event) => ChatStreamChunk$inboundSchema.parse(event))
  assert.equal(events.at(-1), '[DONE]')
  assert.deepEqual(
    chunks.map(({ choices, usage }) => [choices[0]?.delta.content, choices[0]?.finishReason, usage?.totalTokens]),
    [
      ['Two.', null, undefined],
      ['', null, undefined],
      ['', null, undefined],
      ['', 'stop', undefined],
      [undefined, undefined, 1312],
    ],
  )
  assert.deepEqual(
    events
      .slice(1, 3)
      .map((event) =>
        JSON.stringify(event).includes(`"delta":{"role":"assistant","content":"","images":[{"type":"image_url"`),
      ),
    [true, true],
  )
  assert.doesNotMatch(JSON.stringify(events), /system_fingerprint/)
})

test('a chat stream that fails says so in one chunk that the official client reads', () => {
  const failure = fail('upstream_failed', 'Google failed.', {
    upstream: { provider: 'Google AI Studio', code: 'INTERNAL' },
  })

  const [chunk, end] = wireEvents(createChatCompletion.stream?.failed(failure, CONTEXT) ?? [])

  const read = ChatStreamChunk$inboundSchema.parse(chunk)
  assert.equal(read.error?.code, 502)
  assert.equal(read.error?.metadata?.errorType, 'provider_unavailable')
  assert.equal(read.error?.metadata?.providerCode, 'INTERNAL')
  assert.equal(read.choices[0]?.finishReason, 'error')
  assert.equal(read.created, 1_790_000_000)
  assert.equal(end, '[DONE]')
})

test('an images answer is what the official client accepts', () => {
  const answer = onWire(createImages.present(sampleDelivery(2)))

  const read = ImageGenerationResponse$inboundSchema.parse(answer)
  assert.deepEqual(
    read.data.map(({ b64Json, mediaType }) => [b64Json, mediaType]),
    [
      [PIXEL, 'image/png'],
      [PIXEL, 'image/png'],
    ],
  )
  assert.equal(read.created, 1789997600)
  assert.equal(read.usage?.cost, 0.034146)
})

test('an images stream is previews as they come and one completed event per picture, usage in the last', () => {
  const preview = { type: 'preview', index: 1, picture: pixelBlob() } as const
  const status = { type: 'status', fraction: 0.5 } as const
  const { stream } = createImages

  const [told] = wireEvents(stream?.progress(status, CONTEXT) ?? [])
  assert.deepEqual(told, {
    type: 'image_generation.progress',
    progress: { fraction: 0.5, message: null, queue_position: null },
  })
  assert.equal(ImageStreamingResponseData$inboundSchema.parse(told).type, 'UNKNOWN')
  const [partial] = wireEvents(stream?.progress(preview, CONTEXT) ?? [])
  assert.equal(ImageGenPartialImageEvent$inboundSchema.parse(partial).partialImageIndex, 1)

  const events = wireEvents(stream?.delivered(sampleDelivery(2)) ?? [])
  const completed = events.slice(0, -1).map((event) => ImageGenCompletedEvent$inboundSchema.parse(event))
  assert.deepEqual(
    completed.map(({ b64Json, mediaType, usage }) => [b64Json, mediaType, usage?.totalTokens]),
    [
      [PIXEL, 'image/png', undefined],
      [PIXEL, 'image/png', 1312],
    ],
  )
  assert.equal(events.at(-1), '[DONE]')
})

test('an images stream that fails carries its code as text', () => {
  const failure = fail('content_refused', 'Refused: violence.', { field: 'prompt' })

  const [event, end] = wireEvents(createImages.stream?.failed(failure, CONTEXT) ?? [])

  const { error } = ImageGenStreamErrorEvent$inboundSchema.parse(event)
  assert.deepEqual(error, {
    code: 'content_refused',
    message: 'Refused: violence.',
    param: 'prompt',
    type: 'content_policy_violation',
  })
  assert.equal(end, '[DONE]')
})

test('every failure there is gets an envelope with its status as a whole number', () => {
  for (const code of Object.keys(FAILURES) as FailureCode[]) {
    const body = onWire(presentFailure(fail(code, 'Something.', { field: 'n' }), CONTEXT))

    const { error } = body as { error: { metadata: Record<string, unknown> } }
    assert.equal(BadRequestResponseErrorData$inboundSchema.parse(error).code, FAILURES[code].status)
    assert.equal(error.metadata['error_type'], FAILURES[code].type)
    assert.equal(error.metadata['code'], code)
    assert.equal(error.metadata['request_id'], 'req-1')
    assert.equal(error.metadata['generation_id'], CONTEXT.generationId)
  }
})

test('a failure tells field, provider and extras; an internal one tells nothing', () => {
  const upstream = { provider: 'fal', status: 422, code: 'bad', raw: '{"detail":"no"}' }
  const details = { previous_errors: [{ provider: 'x', at: 3n }], requested_models: ['a'] }
  const failure = fail('no_endpoints', 'No endpoints found.', { field: 'model', upstream, details, retryAfterMs: 1500 })

  assert.deepEqual(onWire(presentFailure(failure, { requestId: 'r' })), {
    error: {
      code: 404,
      message: 'No endpoints found.',
      metadata: {
        previous_errors: [{ provider: 'x', at: '3' }],
        requested_models: ['a'],
        error_type: 'not_found',
        code: 'no_endpoints',
        by: 'caller',
        retryable: false,
        request_id: 'r',
        field: 'model',
        provider_name: 'fal',
        provider_status: 422,
        provider_code: 'bad',
        raw: '{"detail":"no"}',
      },
      availability: {
        code: 'no_endpoints',
        retryable: false,
        requested_models: ['a'],
        docs_url: 'docs/errors.md#no_endpoints',
        retry_after: 2,
      },
    },
  })
  assert.doesNotMatch(JSON.stringify(onWire(presentFailure(fail('internal', 'secret'), CONTEXT))), /secret/)
})
