import { z } from 'zod'

import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * Gemini's GenerateContentResponse and its errors: only the fields that are read, each as forgiving as a paid answer deserves.
 * A field of an unexpected form counts as absent; nothing here can make a picture unreadable. Names as in camelCase, after
 * `camelKeys`. Sources: https://ai.google.dev/api/generate-content, js-genai 3.1.0 `src/types.ts` (read 2026-11-22).
 */

/** Short values come as strings, long ones as blobs; which of the two says nothing about the field. */
const LongText = lenient(z.union([z.string(), z.instanceof(JsonBlob)]))
const Text = lenient(z.string())
const Count = lenient(z.number().int().nonnegative())

const Part = z.object({
  text: LongText,
  /** True on the model's own thinking, pictures included. */
  thought: lenient(z.boolean()),
  /** Opaque; has to come back on the same part. */
  thoughtSignature: LongText,
  inlineData: lenient(z.object({ mimeType: Text, data: LongText })),
})
export type Part = z.infer<typeof Part>

const Candidate = z.object({
  content: lenient(z.object({ parts: list(Part) })),
  finishReason: Text,
  /** The only explanation of a block; may be absent. */
  finishMessage: Text,
})

/** `[{"modality":"IMAGE","tokenCount":1120}]`; upper case on the wire. */
const ModalityCounts = list(z.object({ modality: Text, tokenCount: Count }))

const UsageMetadata = z.object({
  promptTokenCount: Count,
  candidatesTokenCount: Count,
  thoughtsTokenCount: Count,
  toolUsePromptTokenCount: Count,
  totalTokenCount: Count,
  promptTokensDetails: ModalityCounts,
  candidatesTokensDetails: ModalityCounts,
})
export type UsageMetadata = z.infer<typeof UsageMetadata>

const GenerateContentResponse = z.object({
  candidates: list(Candidate),
  promptFeedback: lenient(z.object({ blockReason: Text, blockReasonMessage: Text })),
  usageMetadata: lenient(UsageMetadata),
  modelVersion: Text,
  responseId: Text,
})
export type GenerateContentResponse = z.infer<typeof GenerateContentResponse>

/** `google.rpc.Status`. Source: https://cloud.google.com/apis/design/errors, https://ai.google.dev/gemini-api/docs/troubleshooting (read 2026-11-22). */
const Status = z.object({
  code: lenient(z.number().int()),
  message: Text,
  status: Text,
  details: list(
    z.object({
      /** ErrorInfo: `API_KEY_INVALID`. */
      reason: Text,
      /** RetryInfo: `34.4s`. */
      retryDelay: Text,
      /** QuotaFailure. */
      violations: list(z.object({ quotaId: Text, quotaValue: Text })),
    }),
  ),
})
export type Status = z.infer<typeof Status>

const Failed = z.object({ error: Status })

/** Undefined when the body is not an object at all. */
export function readResponse(value: JsonValue | undefined): GenerateContentResponse | undefined {
  return GenerateContentResponse.safeParse(camelKeys(unwrapped(value))).data
}

/** The `error` of a body, whatever its HTTP status; undefined where there is none. */
export function readStatus(value: JsonValue | undefined): Status | undefined {
  return Failed.safeParse(camelKeys(unwrapped(value))).data?.error
}

/** Some error bodies, and streams without SSE, are an array around the one object. */
function unwrapped(value: JsonValue | undefined): JsonValue | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** Relays answer in protobuf's own snake_case (`inline_data`); Google always in camelCase. Blobs are left alone. */
function camelKeys(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return value.map((item: JsonValue) => camelKeys(item) ?? null)
  if (value === null || typeof value !== 'object' || value instanceof JsonBlob) return value
  const entries = Object.entries(value).map(([key, inner]: [string, JsonValue | undefined]) => [
    camelCase(key),
    camelKeys(inner),
  ])
  return Object.fromEntries(entries)
}

function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
