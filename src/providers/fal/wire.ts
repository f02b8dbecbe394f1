import { z } from 'zod'

import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * fal's queue and its models' outputs: only the fields that are read, each as forgiving as a paid answer deserves. Sources:
 * https://docs.fal.ai/model-apis/model-endpoints/queue, the types of @fal-ai/client 1.10.1 (read 2026-11-22).
 */

const Text = lenient(z.string())
const Count = lenient(z.number().int().nonnegative())

const Submitted = z.object({
  /** All that is needed to ask again, together with the model. */
  request_id: z.string().min(1),
})

const Status = z.object({
  status: z.string(),
  queue_position: Count,
})
export type Status = z.infer<typeof Status>

const File = z.object({
  /** An address; a data URI, long or short, where the model was told to be synchronous. */
  url: lenient(z.union([z.string(), z.instanceof(JsonBlob)])),
  content_type: Text,
})
export type File = z.infer<typeof File>

const Output = z.object({
  images: list(File),
  /** Models that make one picture. */
  image: lenient(File),
  /** One for each picture; true: it was blacked out. */
  has_nsfw_concepts: list(z.boolean()),
  /** What Nano Banana said. */
  description: Text,
})
export type Output = z.infer<typeof Output>

/**
 * `detail` is a sentence from the platform and a list from the model.
 * Sources: https://docs.fal.ai/documentation/model-apis/errors and …/request-errors (read 2026-11-22).
 */
const Failed = z.object({
  detail: z.union([
    z.string(),
    z.array(z.object({ loc: list(z.union([z.string(), z.number()])), msg: Text, type: Text })),
  ]),
  /** `runner_disconnected`; from the platform alone. */
  error_type: Text,
})
export type Failed = z.infer<typeof Failed>

export function readSubmitted(value: JsonValue | undefined): string | undefined {
  return Submitted.safeParse(value).data?.request_id
}

export function readStatus(value: JsonValue | undefined): Status | undefined {
  return Status.safeParse(value).data
}

export function readOutput(value: JsonValue | undefined): Output | undefined {
  return Output.safeParse(value).data
}

/** Undefined when the body is not one of fal's own errors. */
export function readFailed(value: JsonValue | undefined): Failed | undefined {
  return Failed.safeParse(value).data
}
