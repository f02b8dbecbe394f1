import { jsonSegments } from '../picture-json.ts'
import type { Segment } from '../picture-json.ts'
import type { Answer } from './answer.ts'

type Json = Readonly<Record<string, unknown>>

/** The whole answer as one pretty-printed document: pictures before usage, usage before version and id. */
export function documentSegments({
  candidates,
  promptFeedback,
  usageMetadata,
  modelVersion,
  responseId,
}: Answer): Segment[] {
  const document = {
    ...(candidates && { candidates }),
    ...(promptFeedback && { promptFeedback }),
    ...(usageMetadata && { usageMetadata }),
    modelVersion,
    responseId,
  }
  return [...jsonSegments(document, 'pretty'), '\n']
}

/**
 * The same answer as a stream: words in pieces, each picture whole in one event, finish reason and full usage in the last event alone.
 * `sse` has one line of JSON per event and no closing word; `array` is one JSON array that arrives element by element.
 */
export function streamSegments(answer: Answer, as: 'sse' | 'array', failure: unknown): Segment[] {
  const events = failure === undefined ? chunks(answer) : [...chunks(answer).slice(0, 1), failure]
  return events.flatMap((event, index): Segment[] =>
    as === 'sse'
      ? ['data: ', ...jsonSegments(event, 'line'), '\r\n\r\n']
      : [
          index === 0 ? '[' : ',\r\n',
          ...jsonSegments(event, 'pretty'),
          ...(index === events.length - 1 ? ['\n]'] : []),
        ],
  )
}

function chunks({ candidates, promptFeedback, usageMetadata, modelVersion, responseId }: Answer): Json[] {
  const ends = { modelVersion, responseId }
  const [first] = candidates ?? []
  const content = isJson(first?.['content']) ? first['content'] : {}
  const parts = Array.isArray(content['parts']) ? content['parts'].filter(isJson) : []
  if (parts.length === 0) {
    return [
      {
        ...(candidates && { candidates }),
        ...(promptFeedback && { promptFeedback }),
        ...(usageMetadata && { usageMetadata }),
        ...ends,
      },
    ]
  }
  const early = usageMetadata && {
    usageMetadata: {
      promptTokenCount: usageMetadata['promptTokenCount'],
      totalTokenCount: usageMetadata['promptTokenCount'],
      ...(usageMetadata['promptTokensDetails'] !== undefined && {
        promptTokensDetails: usageMetadata['promptTokensDetails'],
      }),
    },
  }
  return [
    ...parts
      .flatMap(inPieces)
      .map((part) => ({ candidates: [{ content: { parts: [part], role: 'model' }, index: 0 }], ...early, ...ends })),
    {
      candidates: [
        { content: { parts: [{ text: '' }], role: 'model' }, finishReason: first?.['finishReason'], index: 0 },
      ],
      ...(usageMetadata && { usageMetadata }),
      ...ends,
    },
  ]
}

/** Words come a few at a time, the signature with the last of them. */
function inPieces(part: Json): Json[] {
  const { text } = part
  if (typeof text !== 'string') return [part]
  const pieces = text.match(/(?:\S+\s*){1,4}/gu) ?? [text]
  return pieces.map((piece, index) => {
    const { thoughtSignature, ...rest } = part
    return {
      ...rest,
      text: piece,
      ...(index === pieces.length - 1 && thoughtSignature !== undefined && { thoughtSignature }),
    }
  })
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
