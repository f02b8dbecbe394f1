import { FAILURES, type Failure } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import type { Delivery, Progress } from '../../core/receipt.ts'
import type { StreamContext, StreamDialect, StreamEvent } from '../../core/surface.ts'
import { progressData } from '../progress.ts'
import { secondsOf, warningsOf } from '../warnings.ts'
import { errorObject } from './failure.ts'
import { usageOf } from './usage.ts'

/** `id` is our extension: OpenRouter's own answer has no handle but the header. */
export function presentImages(delivery: Delivery): JsonValue {
  const { receipt, pictures } = delivery
  return {
    id: receipt.id,
    created: secondsOf(receipt.created_at),
    data: pictures.map((picture, index) => ({ b64_json: picture, ...mediaType(delivery, index) })),
    usage: usageOf(delivery),
    ...warningsOf(receipt),
  }
}

export const imagesStream: StreamDialect = { progress, delivered, failed }

function progress(event: Progress): readonly StreamEvent[] {
  if (event.type !== 'preview') return [{ data: progressData(event) }]
  const { index, picture } = event
  return [{ data: { type: 'image_generation.partial_image', partial_image_index: index, b64_json: picture } }]
}

/** One event per picture; usage and warnings stand in the last, since they are the whole request's. */
function delivered(delivery: Delivery): readonly StreamEvent[] {
  const { receipt, pictures } = delivery
  const events = pictures.map((picture, index) => ({
    data: {
      type: 'image_generation.completed',
      id: receipt.id,
      created: secondsOf(receipt.created_at),
      b64_json: picture,
      ...mediaType(delivery, index),
      ...(index === pictures.length - 1 && { usage: usageOf(delivery), ...warningsOf(receipt) }),
    },
  }))
  return [...events, { raw: '[DONE]' }]
}

/** Here, and here alone in OpenRouter's formats, `error.code` is text: a number makes the official client miss the event. */
function failed(failure: Failure, context: StreamContext): readonly StreamEvent[] {
  const { message, metadata } = errorObject(failure, context)
  const error = {
    message,
    code: failure.code,
    type: FAILURES[failure.code].type,
    param: failure.field ?? null,
    metadata,
  }
  return [{ data: { type: 'error', error } }, { raw: '[DONE]' }]
}

function mediaType({ receipt }: Delivery, index: number) {
  const type = receipt.images[index]?.media_type
  return type === undefined ? {} : { media_type: type }
}
