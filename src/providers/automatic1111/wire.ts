import { z } from 'zod'

import { blobText } from '../../core/blob-fields.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * The API of AUTOMATIC1111's stable-diffusion-webui and of those that keep it (Forge, SD.Next): only the fields that are read. Sources:
 * modules/api/api.py, modules/api/models.py and modules/progress.py of https://github.com/AUTOMATIC1111/stable-diffusion-webui and of
 * https://github.com/vladmandic/sdnext (read 2026-11-22).
 */

const Text = lenient(z.string())
const Count = lenient(z.number())
const LongText = z.union([z.string(), z.instanceof(JsonBlob)])

const Answered = z.object({ images: list(LongText), info: lenient(LongText) })

/** The text in `info` is JSON of its own. */
const Info = z.object({ sd_model_name: Text, sd_model_hash: Text })
export type Info = z.infer<typeof Info>

export interface Answered {
  readonly images: readonly (string | JsonBlob)[]
  readonly info: Info | undefined
}

/** POST /internal/progress, about one task. */
const TaskProgress = z.object({
  active: z.boolean(),
  queued: z.boolean(),
  progress: Count,
  /** A data URI. */
  live_preview: lenient(LongText),
  id_live_preview: Count,
})
export type TaskProgress = z.infer<typeof TaskProgress>

/** GET /sdapi/v1/progress, about whatever the machine does. */
const Progress = z.object({ progress: z.number() })

const Checkpoints = z.array(z.object({ title: Text, model_name: Text }))

/** `{"error","detail","body","errors"}`; pydantic's own have a list in `detail`, and SD.Next's sometimes `error` alone. */
const Failed = z.object({
  error: Text,
  detail: lenient(
    z.union([z.string(), z.array(z.object({ loc: list(z.union([z.string(), z.number()])), msg: Text, type: Text }))]),
  ),
  errors: Text,
})
export type Failed = z.infer<typeof Failed>

export function readAnswered(value: JsonValue | undefined): Answered | undefined {
  const answered = Answered.safeParse(value).data
  return answered && { images: answered.images, info: answered.info === undefined ? undefined : infoOf(answered.info) }
}

function infoOf(text: string | JsonBlob): Info | undefined {
  try {
    return Info.safeParse(JSON.parse(text instanceof JsonBlob ? blobText(text) : text)).data
  } catch {
    return undefined
  }
}

export function readTaskProgress(value: JsonValue | undefined): TaskProgress | undefined {
  return TaskProgress.safeParse(value).data
}

export function readProgress(value: JsonValue | undefined): number | undefined {
  return Progress.safeParse(value).data?.progress
}

export function readCheckpoints(value: JsonValue | undefined): readonly unknown[] | undefined {
  return Checkpoints.safeParse(value).data
}

/** Undefined when the body is not one of the program's own errors. */
export function readFailed(value: JsonValue | undefined): Failed | undefined {
  const failed = Failed.safeParse(value).data
  const { error, detail, errors } = failed ?? {}
  return error === undefined && detail === undefined && errors === undefined ? undefined : failed
}
