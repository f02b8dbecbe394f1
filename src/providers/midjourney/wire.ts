import { z } from 'zod'

import type { JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * midjourney-proxy's answers: only the fields that are read. Sources: docs/api.md of novicezk/midjourney-proxy; SubmitController,
 * TaskController and TaskInfo of trueai-org/midjourney-proxy, which adds buttons and single pictures (read 2026-11-22).
 */

const Text = lenient(z.string())
const Count = lenient(z.number().int().nonnegative())

const Submitted = z.object({
  code: z.number(),
  description: Text,
  /** Id of the task; older proxies write it as a number. */
  result: lenient(z.union([z.string().min(1), z.number().transform(String)])),
  properties: lenient(z.object({ numberOfQueues: Count, bannedWord: Text })),
})
export type Submitted = z.infer<typeof Submitted>

const Task = z.object({
  /** Empty for a moment after the task was taken, behind some relays. */
  status: z.string(),
  /** `IMAGINE`, `UPSCALE` … */
  action: Text,
  /** `37%`, or words. */
  progress: Text,
  /** A preview until the task has succeeded. */
  imageUrl: Text,
  /** The pictures one by one, where the account gives them so. */
  imageUrls: list(z.object({ url: z.string().min(1) })),
  failReason: Text,
  buttons: list(z.object({ customId: z.string().min(1) })),
  /** Of the model: `v 7`. */
  version: Text,
})
export type Task = z.infer<typeof Task>

/** Relays have their own words for what goes wrong, in the manner of OpenAI. */
const Trouble = z.object({
  description: Text,
  error: lenient(z.object({ message: Text })),
})

export function readSubmitted(value: JsonValue | undefined): Submitted | undefined {
  return Submitted.safeParse(value).data
}

export function readTask(value: JsonValue | undefined): Task | undefined {
  return Task.safeParse(value).data
}

export function readTrouble(value: JsonValue | undefined): string | undefined {
  const trouble = Trouble.safeParse(value).data
  return trouble?.description ?? trouble?.error?.message
}
