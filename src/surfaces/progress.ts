import type { JsonValue } from '../core/json-blob.ts'
import { type Progress, toldProgress } from '../core/receipt.ts'

/** An event of both images streams beside the pictures', with what a poll of the generation would show. Official clients pass it on. */
export const PROGRESS_EVENT = 'image_generation.progress'

export function progressData(progress: Extract<Progress, { type: 'status' }>): JsonValue {
  return { type: PROGRESS_EVENT, progress: { ...toldProgress(progress) } }
}
