import type { Assets, KeptPicture } from '../assets/assets.ts'
import { StorageTrouble } from '../assets/trouble.ts'
import { Base64Decoder } from '../core/base64.ts'
import type { ImageRequest } from '../core/image-request.ts'
import { JsonBlob } from '../core/json-blob.ts'
import type { Warning } from '../core/receipt.ts'
import type { Result } from '../core/result.ts'
import type { GeneratedImage, UpstreamFailure } from '../providers/provider.ts'
import type { Served } from '../router/failover.ts'

/** A usable picture, stored, as the caller gets it. */
export interface KeptOutput {
  /** What the caller gets. */
  readonly picture: KeptPicture
  /** The bytes of it, ready to be written into an answer. */
  readonly blob: JsonBlob
  /** The provider's own bytes, where the caller's differ from them. */
  readonly original: KeptPicture | undefined
  readonly continuation: string | undefined
}

export interface Kept {
  readonly outputs: readonly KeptOutput[]
  readonly warnings: readonly Warning[]
  /** Why the last picture looked at was of no use. */
  readonly problem: string | undefined
  /** Why the disk did not take a picture that was good. */
  readonly trouble: string | undefined
}

/**
 * Keeps the pictures of one answer that were asked for: the last `wanted` usable ones (drafts come first), in their order. The rest
 * is dropped. Without an explicit format the provider's bytes stay as they are.
 */
export async function keepOutputs(
  served: Result<Served, UpstreamFailure>,
  wanted: number,
  request: ImageRequest,
  assets: Assets,
): Promise<Kept> {
  const candidates = served.ok ? served.value.generated.images : []
  const outputs: KeptOutput[] = []
  const warnings: Warning[] = []
  let problem: string | undefined
  let trouble: string | undefined
  for (const image of candidates.toReversed()) {
    if (outputs.length === wanted) {
      assets.discard(image.blob)
      continue
    }
    try {
      const kept = await assets.keep(image.blob, 'tolerant')
      if (!kept.ok) {
        problem = kept.error.message
        continue
      }
      warnings.push(...kept.value.notices.map((message) => ({ code: 'repaired_base64', field: null, message })))
      outputs.unshift(await asAsked(image, kept.value, request, assets, warnings))
    } catch (error) {
      if (!(error instanceof StorageTrouble)) throw error
      trouble = error.message
    }
  }
  return { outputs, warnings, problem, trouble }
}

async function asAsked(
  image: GeneratedImage,
  kept: KeptPicture,
  request: ImageRequest,
  assets: Assets,
  warnings: Warning[],
): Promise<KeptOutput> {
  const asIs: KeptOutput = {
    picture: kept,
    blob: kept.notices.length === 0 ? image.blob : decoded(image.blob),
    original: undefined,
    continuation: image.continuation,
  }
  const { format } = request
  if (format === undefined || format === 'svg' || kept.mediaType === `image/${format}`) return asIs
  const converted = await assets.convert(asIs.blob, format, request.compression)
  if (!converted.ok) {
    warnings.push({
      code: 'not_converted',
      field: 'output_format',
      message: `The picture stays ${kept.mediaType}: ${converted.error}`,
    })
    return asIs
  }
  return { picture: converted.value.kept, blob: converted.value.blob, original: kept, continuation: image.continuation }
}

/** The bytes of a picture whose base64 needed mending: what reaches the caller is canonical. */
function decoded(blob: JsonBlob): JsonBlob {
  const decoder = new Base64Decoder('tolerant')
  const slices: Buffer[] = []
  for (const part of [...blob.slices.map((slice) => decoder.write(slice)), decoder.end()]) {
    if (part.ok) slices.push(...part.value)
  }
  return new JsonBlob('binary', slices, blob.mediaType)
}
