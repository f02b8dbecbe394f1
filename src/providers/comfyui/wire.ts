import { z } from 'zod'

import type { JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * ComfyUI's server: only the fields that are read, each as forgiving as an answer deserves that somebody waited minutes for.
 * Source: server.py and execution.py of https://github.com/Comfy-Org/ComfyUI (read 2026-11-22).
 */

const Text = lenient(z.string())
const Count = lenient(z.number())

const Submitted = z.object({ prompt_id: Text })

/** POST /upload/image: the name may be another than the one that was sent. */
const Uploaded = z.object({ name: z.string().min(1), subfolder: Text, type: Text })
export type Uploaded = z.infer<typeof Uploaded>

/** `[number, id, graph, …]`; the graphs are not looked at. */
const QueueItem = z.tuple([z.number(), z.string()], z.unknown())
const Queue = z.object({ queue_running: list(QueueItem), queue_pending: list(QueueItem) })

const File = z.object({ filename: z.string().min(1), subfolder: Text, type: Text })
export type File = z.infer<typeof File>

/** `["execution_error", {…}]` */
const Message = z.tuple([
  z.string(),
  z.object({ node_type: Text, exception_type: Text, exception_message: Text }).catch({
    node_type: undefined,
    exception_type: undefined,
    exception_message: undefined,
  }),
])

const Ended = z.object({
  /** By node. */
  outputs: z.record(z.string(), z.object({ images: list(File) }).catch({ images: [] })).catch({}),
  status: lenient(z.object({ status_str: Text, messages: list(Message) })),
})
export type Ended = z.infer<typeof Ended>

/** A refused graph: what is wrong on the whole, and with each node. */
const Refused = z.object({
  error: z.union([z.string(), z.object({ type: Text, message: Text, details: Text })]),
  node_errors: z
    .record(
      z.string(),
      z
        .object({
          class_type: Text,
          errors: list(
            z.object({ type: Text, message: Text, details: Text, extra_info: lenient(z.object({ input_name: Text })) }),
          ),
        })
        .catch({ class_type: undefined, errors: [] }),
    )
    .catch({}),
})
export type Refused = z.infer<typeof Refused>

const SystemStats = z.object({
  system: z.object({ comfyui_version: Text }),
  devices: list(z.object({ name: Text, vram_total: Count, vram_free: Count })),
})
export type SystemStats = z.infer<typeof SystemStats>

/** A text frame of the socket. */
const Event = z.object({
  type: z.string(),
  data: z
    .object({ prompt_id: Text, node: z.unknown(), value: Count, max: Count })
    .catch({ prompt_id: undefined, node: undefined, value: undefined, max: undefined }),
})
export type Event = z.infer<typeof Event>

export function readSubmitted(value: JsonValue | undefined): string | undefined {
  return Submitted.safeParse(value).data?.prompt_id
}

export function readUploaded(value: JsonValue | undefined): Uploaded | undefined {
  return Uploaded.safeParse(value).data
}

export interface Place {
  readonly is: 'running' | 'pending' | 'absent'
  /** Jobs before it. */
  readonly before: number
}

/** Where a job is in the queue; undefined when the answer is no queue at all. */
export function placeIn(value: JsonValue | undefined, promptId: string): Place | undefined {
  const queue = Queue.safeParse(value).data
  if (queue === undefined) return undefined
  const { queue_running: running, queue_pending: pending } = queue
  if (running.some(([, id]) => id === promptId)) return { is: 'running', before: 0 }
  const own = pending.find(([, id]) => id === promptId)
  if (own === undefined) return { is: 'absent', before: 0 }
  // The pending ones are a heap, not a list in order: the lowest number goes first.
  const ahead = pending.filter(([number]) => number < own[0])
  return { is: 'pending', before: running.length + ahead.length }
}

/** How a job ended; undefined as long as the history does not have it. */
export function endOf(value: JsonValue | undefined, promptId: string): Ended | undefined {
  const history = z.record(z.string(), z.unknown()).safeParse(value).data ?? {}
  return Object.hasOwn(history, promptId) ? Ended.safeParse(history[promptId]).data : undefined
}

/** Undefined when the body is not one of ComfyUI's own errors. */
export function readRefused(value: JsonValue | undefined): Refused | undefined {
  return Refused.safeParse(value).data
}

export function readSystemStats(value: JsonValue | undefined): SystemStats | undefined {
  return SystemStats.safeParse(value).data
}

/** Undefined for what is no event; frames are small, and their pictures come as binary ones. */
export function readEvent(text: string): Event | undefined {
  try {
    return Event.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
