import { JsonBlob } from '../core/json-blob.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Upstream } from './http.ts'
import type { Call, Generated, GeneratedImage, UpstreamFailure } from './provider.ts'

/** What a good answer has to hand over: pictures, or where they are to be had. */
export interface Outcome {
  readonly found: readonly (JsonBlob | string)[]
  readonly facts: Omit<Generated, 'images'>
}

/** Fetches at once what was only told where it is: such addresses do not live long. What cannot be had does not spoil the others. */
export async function fetchPictures(
  upstream: Upstream,
  call: Call,
  { found, facts }: Outcome,
): Promise<Result<Generated, UpstreamFailure>> {
  const fetched = await Promise.all(found.map((each) => imageOf(upstream, call, each)))
  const images = fetched.flatMap((image) => (image.ok ? [image.value] : []))
  const failed = fetched.find((image) => !image.ok)
  if (images.length === 0 && failed !== undefined) return err({ ...facts, ...failed.error })
  return ok({ images, ...facts })
}

async function imageOf(
  upstream: Upstream,
  call: Call,
  found: JsonBlob | string,
): Promise<Result<GeneratedImage, UpstreamFailure>> {
  if (found instanceof JsonBlob) {
    return ok({ blob: found, ...(found.mediaType !== undefined && { mediaType: found.mediaType }) })
  }
  // An address without a host is the server's own.
  const blob = await upstream.download(call, URL.parse(found, call.baseUrl)?.href ?? found)
  return blob.ok ? ok({ blob: blob.value }) : blob
}
