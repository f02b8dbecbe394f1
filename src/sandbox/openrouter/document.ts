import type { Faults } from '../faults.ts'
import { jsonSegments, PictureText } from '../picture-json.ts'
import type { Segment } from '../picture-json.ts'
import type { Answer, Made } from './answer.ts'
import type { Job } from './check.ts'
import { usageBody } from './usage.ts'

type Json = Readonly<Record<string, unknown>>

/** What names an answer. */
export interface Ends {
  readonly id: string
  /** Unix seconds. */
  readonly created: number
}

/** The answer of `POST /images`. It has no id: that is in a header. */
export function imagesDocument(answer: Answer, faults: Faults, { created }: Ends): Json {
  const data = answer.pictures.map(({ text, mediaType }) => ({ b64_json: text, media_type: mediaType }))
  const shape = faults['no-image']
  const missing = shape === undefined ? undefined : (WITHOUT_PICTURE[shape] ?? { data: [] })
  return { created, ...(missing ?? { data }), ...usageOf(answer, faults) }
}

/** A success that lacks its picture, in each way that the shape of the document allows. */
const WITHOUT_PICTURE: Readonly<Record<string, Json>> = {
  'candidates-missing': {},
  'parts-missing': {},
  'images-missing': {},
  'parts-null': { data: null },
  'content-empty': { data: [{}] },
  'content-missing': { data: [{ b64_json: '' }] },
}

/** The answer of `POST /chat/completions`. */
export function chatDocument(answer: Answer, job: Job, faults: Faults, { id, created }: Ends): Json {
  return {
    id,
    object: 'chat.completion',
    created,
    model: job.model.id,
    provider: job.host.name,
    system_fingerprint: null,
    ...choicesOf(answer, faults['no-image']),
    ...usageOf(answer, faults),
  }
}

function choicesOf(answer: Answer, shape: Faults['no-image']): Json {
  if (shape === 'candidates-missing') return {}
  if (shape === 'candidates-empty') return { choices: [] }
  const images = answer.pictures.map(imagePart)
  const said = { role: 'assistant', content: answer.words, refusal: null, reasoning: null }
  const message =
    shape === 'content-empty'
      ? { role: 'assistant' }
      : {
          ...said,
          ...(images.length > 0 && { images }),
          ...(shape === 'parts-null' && { images: null }),
          ...((shape === 'parts-empty' || shape === 'images-empty') && { images: [] }),
        }
  const finished = {
    finish_reason: answer.finishReason,
    native_finish_reason: answer.nativeFinishReason,
    logprobs: null,
  }
  return { choices: [{ index: 0, ...finished, ...(shape !== 'content-missing' && { message }) }] }
}

function imagePart({ text, mediaType }: Made, index: number): Json {
  return {
    type: 'image_url',
    index,
    image_url: { url: new PictureText(text.bytes, text.form, `data:${mediaType};base64,`) },
  }
}

function usageOf({ used }: Answer, faults: Faults): Json {
  return 'no-usage' in faults ? {} : { usage: usageBody(used, !('no-details' in faults)) }
}

/**
 * The same answer of chat as a stream: words, each picture whole in one event, the finish reason, usage in the last event with empty
 * choices. A `system_fingerprint` is not sent: null would make the official client throw.
 */
export function chatStream(
  answer: Answer,
  job: Job,
  faults: Faults,
  { id, created }: Ends,
  failure: unknown,
): Segment[] {
  const head = { id, provider: job.host.name, model: job.model.id, object: 'chat.completion.chunk', created }
  const event = (delta: Json, ends: Json = { finish_reason: null, native_finish_reason: null }): Json => ({
    ...head,
    choices: [{ index: 0, delta: { role: 'assistant', content: '', ...delta }, ...ends, logprobs: null }],
  })
  const ends = { finish_reason: answer.finishReason, native_finish_reason: answer.nativeFinishReason }
  const usage = usageOf(answer, faults)
  const whole = [
    event({ content: answer.words }),
    ...answer.pictures.map((made, index) => event({ images: [imagePart(made, index)] })),
    event({}, ends),
    ...('usage' in usage ? [{ ...head, choices: [], ...usage }] : []),
  ]
  const broken = [{ ...event({}, { finish_reason: 'error', native_finish_reason: null }), error: failure }]
  const events = failure === undefined ? whole : [...whole.slice(0, 1), ...broken]
  return [
    ': OPENROUTER PROCESSING\n\n',
    ...events.flatMap((told): Segment[] => ['data: ', ...jsonSegments(told, 'line'), '\n\n']),
    'data: [DONE]\n\n',
  ]
}
