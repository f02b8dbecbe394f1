import { z } from 'zod'

import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { lenient } from '../lenient.ts'

/**
 * Replicate's answers: only the fields that are read, each as forgiving as a paid answer deserves.
 * Sources: https://replicate.com/docs/reference/http and its OpenAPI schema, the types of replicate 1.4.0 (read 2026-11-22).
 */

const Text = lenient(z.string())
/** Whatever is long comes as a blob: a traceback, the log of many steps. */
const LongText = lenient(z.union([z.string(), z.instanceof(JsonBlob).transform(textOf)]))

const Prediction = z.object({
  id: z.string().min(1),
  /** `starting`, `processing`, `succeeded`, `failed`, `canceled`, `aborted`. */
  status: z.string(),
  /** `hidden` for official models. */
  version: Text,
  error: LongText,
  logs: LongText,
})
export interface Prediction extends z.infer<typeof Prediction> {
  /** An address, a list of them, or an object of the model's own making. */
  readonly output: JsonValue | undefined
}

const Failed = z.object({
  title: Text,
  detail: LongText,
  /** Seconds. */
  retry_after: lenient(z.number().nonnegative().max(86_400)),
})
export type Failed = z.infer<typeof Failed>

const Account = z.object({ type: Text, username: Text, name: Text })
export type Account = z.infer<typeof Account>

/** Undefined when it says nothing of a prediction. */
export function readPrediction(value: JsonValue | undefined): Prediction | undefined {
  const prediction = Prediction.safeParse(value).data
  return prediction && { ...prediction, output: outputOf(value) }
}

/** Undefined when the body is none of the API's own errors. */
export function readFailed(value: JsonValue | undefined): Failed | undefined {
  const failed = Failed.safeParse(value).data
  return (failed?.detail ?? failed?.title) === undefined ? undefined : failed
}

export function readAccount(value: JsonValue | undefined): Account | undefined {
  return Account.safeParse(value).data
}

function outputOf(value: JsonValue | undefined): JsonValue | undefined {
  return typeof value === 'object' && value !== null && 'output' in value ? value['output'] : undefined
}

/** The end of it, which is where a log says how far it is and a traceback what went wrong. */
function textOf({ slices }: JsonBlob): string {
  return Buffer.concat(slices).toString('utf8').slice(-1000)
}
