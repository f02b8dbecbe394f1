import type { Faults } from '../faults.ts'
import { base64Form } from '../picture-faults.ts'
import { jsonSegments, PictureText, type Segment } from '../picture-json.ts'
import type { Job } from './job.ts'
import { countTokens, usageBody } from './usage.ts'

/** The answer of either operation. */
export function imagesDocument(job: Job, pictures: readonly Buffer[], faults: Faults, created: number): object {
  const data = pictures.map((bytes) => ({ b64_json: new PictureText(bytes, base64Form(faults)) }))
  const missing = WITHOUT_PICTURE[faults['no-image'] ?? '']
  return {
    created,
    ...factsOf(job, faults),
    ...(faults['no-image'] === undefined ? { data } : (missing ?? { data: [] })),
    ...usageOf(job, faults, !('no-details' in faults)),
    ...(job.identifier !== undefined && { safety_identifier: job.identifier }),
  }
}

/** A success that lacks its picture, in each way that the shape of the document allows. */
const WITHOUT_PICTURE: Readonly<Record<string, object>> = {
  'images-missing': {},
  'candidates-missing': {},
  'parts-null': { data: null },
  'content-empty': { data: [{}] },
  'content-missing': { data: [{ b64_json: '' }] },
}

/** The same as a stream: the previews, then each picture, or an error where it should be. */
export function imagesStream(
  job: Job,
  pictures: readonly Buffer[],
  previews: readonly Buffer[],
  faults: Faults,
  { created, error }: { readonly created: number; readonly error: unknown },
): readonly Segment[] {
  const family = job.operation === 'edits' ? 'image_edit' : 'image_generation'
  const shared = { created_at: created, ...factsOf(job, faults) }
  const shown = previews.map((bytes, index) =>
    event(`${family}.partial_image`, {
      b64_json: new PictureText(bytes),
      partial_image_index: index,
      ...shared,
    }),
  )
  if (error !== undefined) return [...shown.slice(0, 1), event('error', { error })].flat()
  const ended = pictures.map((bytes, index) =>
    event(`${family}.completed`, {
      b64_json: new PictureText(bytes, base64Form(faults)),
      ...shared,
      // Of several pictures the last event has what all of them took.
      ...(index === pictures.length - 1 && usageOf(job, faults, false)),
      safety_identifier: job.identifier ?? null,
    }),
  )
  return [...shown, ...ended].flat()
}

function event(type: string, data: object): readonly Segment[] {
  return [`event: ${type}\ndata: `, ...jsonSegments({ type, ...data }, 'line'), '\n\n']
}

function factsOf({ background, format, quality, width, height }: Job, faults: Faults): object {
  const label = 'wrong-mime' in faults ? (format === 'png' ? 'jpeg' : 'png') : format
  return { background, output_format: label, quality, size: `${width}x${height}` }
}

function usageOf(job: Job, faults: Faults, details: boolean): object {
  return 'no-usage' in faults ? {} : { usage: usageBody(countTokens(job), details) }
}
