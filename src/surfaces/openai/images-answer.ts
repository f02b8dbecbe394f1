import { unixSeconds } from '../../core/clock.ts'
import type { Failure } from '../../core/errors.ts'
import type { JsonBlob, JsonValue } from '../../core/json-blob.ts'
import { NO_TOKENS, type Delivery, type Progress, type ReceiptImage, type TokenUsage } from '../../core/receipt.ts'
import type { StreamContext, StreamDialect, StreamEvent } from '../../core/surface.ts'
import { PROGRESS_EVENT, progressData } from '../progress.ts'
import { secondsOf, warningsOf } from '../warnings.ts'
import { errorObject } from './failure.ts'

/** OpenAI's answer. `warnings` is ours; the format and size told are those of the first picture, as it really is. */
export function presentImages({ receipt, pictures, usage }: Delivery): JsonValue {
  return {
    created: secondsOf(receipt.created_at),
    data: pictures.map((picture) => ({ b64_json: picture })),
    ...facts(receipt.images[0]),
    usage: presentUsage(usage),
    ...warningsOf(receipt),
  }
}

/** Named events and no `[DONE]`. Source: platform.openai.com/docs/api-reference/images-streaming. */
export const imagesStream: StreamDialect = { progress, delivered, failed }

function progress(event: Progress, { createdAt }: StreamContext): readonly StreamEvent[] {
  if (event.type !== 'preview') return [{ event: PROGRESS_EVENT, data: progressData(event) }]
  return [pictureEvent('partial_image', event.picture, unixSeconds(createdAt), { partial_image_index: event.index })]
}

/** Clients read `usage` from any event and may add them up: the last carries the request's, the others zeros. */
function delivered({ receipt, pictures, usage }: Delivery): readonly StreamEvent[] {
  return pictures.map((blob, index) => {
    const isLast = index === pictures.length - 1
    return pictureEvent('completed', blob, secondsOf(receipt.created_at), {
      ...facts(receipt.images[index]),
      usage: presentUsage(isLast ? usage : NO_TOKENS),
      ...(isLast && warningsOf(receipt)),
    })
  })
}

function failed(failure: Failure, context: StreamContext): readonly StreamEvent[] {
  return [{ event: 'error', data: { type: 'error', error: errorObject(failure, context) } }]
}

/** Quality and background are told as `auto`: the formats demand them, and a receipt keeps no more than what the bytes show. */
function pictureEvent(kind: string, blob: JsonBlob, created: number, more: Record<string, JsonValue>): StreamEvent {
  const type = `image_generation.${kind}`
  return {
    event: type,
    data: { type, b64_json: blob, created_at: created, quality: 'auto', background: 'auto', size: 'auto', ...more },
  }
}

function facts(image: ReceiptImage | undefined) {
  if (image === undefined) return {}
  return { output_format: image.media_type.replace(/^image\/|\+xml$/g, ''), size: `${image.width}x${image.height}` }
}

function presentUsage(usage: TokenUsage) {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { text_tokens: usage.inputTextTokens, image_tokens: usage.inputImageTokens },
    output_tokens: usage.outputTokens,
    output_tokens_details: {
      image_tokens: usage.outputImageTokens,
      text_tokens: usage.outputTokens - usage.outputImageTokens,
    },
    total_tokens: usage.inputTokens + usage.outputTokens,
  }
}
