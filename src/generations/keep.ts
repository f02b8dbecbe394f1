import type { Assets, KeptPicture } from '../assets/assets.ts'
import { mended } from '../assets/blob-bytes.ts'
import { StorageTrouble } from '../assets/trouble.ts'
import { differences } from '../catalog/differences.ts'
import type { ImageRequest } from '../core/image-request.ts'
import { JsonBlob } from '../core/json-blob.ts'
import type { Difference, Warning } from '../core/receipt.ts'
import type { GeneratedImage } from '../providers/provider.ts'

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
  /** Where they are not what was asked; `image` counts within this answer. */
  readonly differences: readonly Difference[]
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
  candidates: readonly GeneratedImage[],
  wanted: number,
  request: ImageRequest,
  assets: Assets,
): Promise<Kept> {
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
  return { outputs, differences: differencesOf(outputs, request), warnings, problem, trouble }
}

async function asAsked(
  image: Pick<GeneratedImage, 'blob' | 'continuation'>,
  kept: KeptPicture,
  request: ImageRequest,
  assets: Assets,
  warnings: Warning[],
): Promise<KeptOutput> {
  const asIs: KeptOutput = {
    picture: kept,
    blob: kept.notices.length === 0 ? image.blob : mended(image.blob, kept.bytes),
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

/** The same for pictures that an earlier process had received whole; their bytes are in the store, where whoever delivers them looks. */
export async function keepAdopted(
  adopted: readonly KeptPicture[],
  wanted: number,
  request: ImageRequest,
  assets: Assets,
): Promise<Kept> {
  const warnings: Warning[] = []
  const outputs: KeptOutput[] = []
  for (const picture of adopted.slice(-wanted)) {
    const blob =
      (await assets.read({ ...picture, media_type: picture.mediaType, inline: picture.inline ?? null })) ?? GONE
    outputs.push(await asAsked({ blob }, picture, request, assets, warnings))
  }
  return { outputs, differences: differencesOf(outputs, request), warnings, problem: undefined, trouble: undefined }
}

function differencesOf(outputs: readonly KeptOutput[], request: ImageRequest): readonly Difference[] {
  return outputs.flatMap(({ original, picture }, index) => differences(request, original ?? picture, index))
}

const GONE = new JsonBlob('binary', [])
