import { z } from 'zod'

import { type PictureSource, pictureOrUrl } from '../../core/blob-fields.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * DashScope's answers, those of one call and those of tasks alike: only the fields that are read, each as forgiving as a paid answer
 * deserves. Sources: the pages named in models.ts, and https://www.alibabacloud.com/help/en/model-studio/manage-asynchronous-tasks
 * (read 2026-11-22).
 */

const Text = lenient(z.string())
const Count = lenient(z.number().int().nonnegative())

/** An address; the picture itself, should one ever come inline. */
const Place = lenient(pictureOrUrl())

/** Several pictures are several items of one choice, or several choices. Items that are words are a rewritten prompt. */
const Choice = z.object({ message: lenient(z.object({ content: list(z.object({ image: Place })) })) })

const Output = z.object({
  task_id: Text,
  task_status: Text,
  choices: list(Choice),
  /** Of tasks that are asked by a prompt: a picture each, or why there is none. */
  results: list(z.object({ url: Place, code: Text, message: Text })),
  /** Of a task that failed. */
  code: Text,
  message: Text,
})

const Reply = z.object({
  request_id: Text,
  output: lenient(Output),
  /** What is charged. */
  usage: lenient(z.object({ image_count: Count })),
  code: Text,
  message: Text,
  /** Of the list of tasks. */
  total: Count,
})
export type Reply = z.infer<typeof Reply>

/** Undefined when the body is not an object at all. */
export function readReply(value: JsonValue | undefined): Reply | undefined {
  return Reply.safeParse(value).data
}

/** Every picture of an answer, whichever way it came. */
export function placesIn({ output }: Reply): readonly PictureSource[] {
  const chosen = (output?.choices ?? []).flatMap(({ message }) => message?.content ?? []).map(({ image }) => image)
  const listed = (output?.results ?? []).map(({ url }) => url)
  return [...chosen, ...listed].filter((place) => place !== undefined)
}
