import { z } from 'zod'

import type { JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * Answers of version 2 of Ideogram's API: only the fields that are read.
 * Source: https://developer.ideogram.ai/api-reference/images, …/generations/get-generation (read 2026-11-22).
 */

const Text = lenient(z.string())

const Picture = z.object({
  /** Absent or empty where the picture was withheld. */
  url: Text,
  is_image_safe: lenient(z.boolean()),
})

const Generation = z.object({
  generation_id: lenient(z.string().min(1)),
  /** Absent where the pictures were waited for. */
  status: Text,
  data: list(Picture),
  failure_reason: Text,
  /** Millionths of a dollar, of prices that depend on what was done. */
  usage_cost_usd_micros: lenient(z.number().int().nonnegative()),
})
export type Generation = z.infer<typeof Generation>

/** Some errors are a text alone, others have an object. */
const Failed = z.object({
  error: lenient(z.union([z.string(), z.object({ message: z.string() }).transform(({ message }) => message)])),
  message: Text,
  reject_reason: Text,
})

/** Undefined when the body is no object at all. */
export function readGeneration(value: JsonValue | undefined): Generation | undefined {
  return Generation.safeParse(value).data
}

export function readFailed(value: JsonValue | undefined): { readonly said?: string; readonly reason?: string } {
  const { error, message, reject_reason: reason } = Failed.safeParse(value).data ?? {}
  const said = error ?? message
  return { ...(said && { said }), ...(reason && { reason }) }
}
