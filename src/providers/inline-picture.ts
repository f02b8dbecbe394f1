import type { Picture } from '../core/image-request.ts'
import type { JsonBlob, JsonValue } from '../core/json-blob.ts'
import { dataUrl } from '../core/json-blobs.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { FormPart } from './form.ts'

/** A picture of the caller's as providers are sent it. */
export interface InlinePicture {
  readonly blob: JsonBlob
  /** What the bytes are where somebody has looked, else what they were labelled. */
  readonly mediaType: string
}

/**
 * Always bytes: a provider would fetch an address itself, past the rules that hold for addresses here. The error is a sentence that
 * names the field.
 */
export function inlinePicture({ field, source, facts }: Picture): Result<InlinePicture, string> {
  if (source.type === 'url') return err(`The picture at ${field} is an address, and this provider is only sent bytes.`)
  const mediaType = facts?.mediaType ?? source.blob.mediaType
  if (mediaType === undefined) return err(`The picture at ${field} has no known media type.`)
  return ok({ blob: source.blob, mediaType })
}

/** The picture as a data URI, for bodies of JSON. */
export function toDataUri(picture: Picture): Result<JsonValue, string> {
  const inline = inlinePicture(picture)
  return inline.ok ? ok(dataUrl(inline.value.blob, inline.value.mediaType)) : inline
}

/** All of them as data URIs, or what is wrong with the first that cannot be one. */
export function toDataUris(pictures: readonly Picture[]): Result<readonly JsonValue[], string> {
  const uris: JsonValue[] = []
  for (const picture of pictures) {
    const uri = toDataUri(picture)
    if (!uri.ok) return uri
    uris.push(uri.value)
  }
  return ok(uris)
}

/** The picture as a file of a form; its name ends as its type does. */
export function filePart(name: string, stem: string, { blob, mediaType }: InlinePicture): FormPart {
  return { name, blob, mediaType, fileName: `${stem}.${mediaType.replace(/^image\//, '')}` }
}
