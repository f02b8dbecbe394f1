import { z } from 'zod'

import type { JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * Black Forest Labs' answers: only the fields that are read, each as forgiving as a paid answer deserves.
 * Sources: https://docs.bfl.ai/api-reference (submission, get_result, credits), https://docs.bfl.ai/api_integration/errors, and the
 * schemas of @ai-sdk/black-forest-labs 2.0.41 (read 2026-11-22).
 */

const Text = lenient(z.string())
const Amount = lenient(z.number().nonnegative().max(1_000_000))

const Submitted = z.object({
  id: z.string().min(1),
  /** Where the task is asked after: often on another host than the one that took it. */
  polling_url: Text,
  /** In credits, which are cents. */
  cost: Amount,
})
export type Submitted = z.infer<typeof Submitted>

const Result = z.object({
  /** Older answers call it `state`. */
  status: Text,
  state: Text,
  progress: lenient(z.number().min(0).max(1)),
  /** What was charged in the end, in credits; the submission's is what is expected. */
  cost: Amount,
  result: lenient(z.object({ sample: Text, cost: Amount })),
  details: lenient(z.object({ error: Text, 'Moderation Reasons': list(z.string()) })),
})
export type Result = z.infer<typeof Result>

/** `detail` is a sentence or a list of complaints; a limit says `error`, `message` and `retry_after`. */
const Failed = z.object({
  detail: lenient(
    z.union([
      z.string(),
      z.array(z.object({ loc: list(z.union([z.string(), z.number()])), msg: Text, type: Text })),
      z.object({ error: Text, message: Text }),
    ]),
  ),
  error: Text,
  message: Text,
  /** Seconds. */
  retry_after: Amount,
})
export type Failed = z.infer<typeof Failed>

const Credits = z.object({ credits: z.number() })

export function readSubmitted(value: JsonValue | undefined): Submitted | undefined {
  return Submitted.safeParse(value).data
}

/** Undefined when it says nothing of a task. */
export function readResult(value: JsonValue | undefined): Result | undefined {
  const result = Result.safeParse(value).data
  return (result?.status ?? result?.state) === undefined ? undefined : result
}

/** Undefined when the body is none of the API's own errors. */
export function readFailed(value: JsonValue | undefined): Failed | undefined {
  const failed = Failed.safeParse(value).data
  return (failed?.detail ?? failed?.error ?? failed?.message) === undefined ? undefined : failed
}

export function readCredits(value: JsonValue | undefined): number | undefined {
  return Credits.safeParse(value).data?.credits
}
