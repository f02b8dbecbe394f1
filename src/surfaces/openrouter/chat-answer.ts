import { unixSeconds } from '../../core/clock.ts'
import type { Failure } from '../../core/errors.ts'
import { dataUrl } from '../../core/json-blobs.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { type Delivery, toldProgress } from '../../core/receipt.ts'
import type { StreamContext, StreamDialect, StreamEvent } from '../../core/surface.ts'
import { secondsOf, warningsOf } from '../warnings.ts'
import { errorObject } from './failure.ts'
import { usageOf } from './usage.ts'

/** `system_fingerprint` must be there, null allowed: the official client refuses an answer without it. */
export function presentChat(delivery: Delivery): JsonValue {
  const { receipt, text } = delivery
  const message = {
    role: 'assistant',
    content: text ?? '',
    refusal: null,
    reasoning: null,
    images: imagesOf(delivery),
  }
  return {
    id: receipt.id,
    object: 'chat.completion',
    created: secondsOf(receipt.created_at),
    model: receipt.model.served,
    provider: delivery.provider,
    system_fingerprint: null,
    choices: [{ index: 0, message, logprobs: null, ...finished(delivery) }],
    usage: usageOf(delivery),
    ...warningsOf(receipt),
  }
}

/**
 * OpenRouter's chat stream: each picture whole in one chunk, usage once in the last chunk with empty choices. A chunk's
 * `system_fingerprint` must be text or absent, and its role `assistant`: the official client throws on anything else.
 */
export const chatStream: StreamDialect = {
  // The dialect has no event for progress, and clients read `choices[0]` of whatever comes: a comment is all that may be said.
  progress: () => [],
  note: (event) => (event.type === 'status' ? `PROGRESS ${JSON.stringify(toldProgress(event))}` : undefined),
  delivered,
  failed,
}

function delivered(delivery: Delivery): readonly StreamEvent[] {
  const { receipt, text } = delivery
  const chunk = {
    id: receipt.id,
    provider: delivery.provider,
    model: receipt.model.served,
    object: 'chat.completion.chunk',
    created: secondsOf(receipt.created_at),
  }
  const part = (delta: JsonValue): StreamEvent => ({
    data: {
      ...chunk,
      choices: [{ index: 0, delta, finish_reason: null, native_finish_reason: null, logprobs: null }],
    },
  })
  return [
    ...(text === undefined || text === '' ? [] : [part({ role: 'assistant', content: text })]),
    ...imagesOf(delivery).map((image) => part({ role: 'assistant', content: '', images: [image] })),
    { data: { ...chunk, choices: [{ index: 0, delta: { content: '' }, ...finished(delivery) }] } },
    { data: { ...chunk, choices: [], usage: usageOf(delivery), ...warningsOf(receipt) } },
    { raw: '[DONE]' },
  ]
}

function failed(failure: Failure, context: StreamContext): readonly StreamEvent[] {
  const chunk = {
    id: context.generationId,
    object: 'chat.completion.chunk',
    created: unixSeconds(context.createdAt),
    model: context.model,
    error: errorObject(failure, context),
    choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
  }
  return [{ data: chunk }, { raw: '[DONE]' }]
}

function finished({ nativeFinishReason }: Delivery) {
  return { finish_reason: 'stop', native_finish_reason: nativeFinishReason ?? null }
}

/** The AI SDK provider drops pictures without `type` and takes anything but a data URL for raw base64. */
function imagesOf({ receipt, pictures }: Delivery) {
  return pictures.map((picture, index) => ({
    type: 'image_url',
    index,
    image_url: { url: dataUrl(picture, receipt.images[index]?.media_type ?? 'image/png') },
  }))
}
