import type { Assets, KeptPicture } from '../assets/assets.ts'
import type { UnusablePicture } from '../assets/usable.ts'
import { fail, type Failure, type FailureCode } from '../core/errors.ts'
import type { Clock } from '../core/clock.ts'
import type { ImageRequest, Picture, Turn } from '../core/image-request.ts'
import type { Warning } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import { findContinuations, type Sight } from './store.ts'

interface Read {
  /** The request with facts on every picture, and continuations on those that this gateway made. */
  readonly request: ImageRequest
  readonly pictures: readonly KeptPicture[]
  readonly warnings: readonly Warning[]
}

interface Parts {
  readonly assets: Assets
  readonly database: Database
  readonly clock: Clock
}

/**
 * Decodes and probes every picture of a request, and finds what their makers want to see again with the ones that come back as an
 * assistant's turn. A failure names the field of the first picture that cannot be used.
 */
export async function readReferences(
  request: ImageRequest,
  model: string,
  sight: Sight,
  { assets, database, clock }: Parts,
): Promise<Result<Read, Failure>> {
  const kept = new Map<Picture, KeptPicture>()
  const warnings: Warning[] = []
  const pictures = [
    ...request.turns.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'image' ? [part.picture] : []))),
    ...(request.mask ? [request.mask] : []),
  ]
  for (const picture of pictures) {
    if (picture.source.type === 'url') {
      return err(
        fail(
          'invalid_image',
          `${picture.field} is a link. Pictures by http(s) URL are not fetched yet: send the bytes as a data URL, data:image/png;base64,…`,
          { field: picture.field },
        ),
      )
    }
    const result = await assets.keep(picture.source.blob, 'strict')
    if (!result.ok) return err(unusable(picture.field, result.error))
    kept.set(picture, result.value)
    const label = picture.source.blob.mediaType
    if (label !== undefined && label !== result.value.mediaType && label !== 'image/jpg') {
      warnings.push({
        code: 'media_type_mismatch',
        field: picture.field,
        message: `The picture is labelled ${label}, but its bytes are ${result.value.mediaType}; the bytes were believed.`,
      })
    }
  }
  if (kept.size === 0) return ok({ request, pictures: [], warnings })

  const made = request.turns
    .filter(({ role }) => role === 'assistant')
    .flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'image' ? [part.picture] : [])))
  const hashes = made.flatMap((picture) => kept.get(picture)?.sha256 ?? [])
  const continuations = await findContinuations(database.db, sight, model, hashes, clock.now())
  const filled = (picture: Picture): Picture =>
    withFacts(picture, kept.get(picture), made.includes(picture) ? continuations : new Map())
  const turns = request.turns.map((turn): Turn => ({
    ...turn,
    parts: turn.parts.map((part) => (part.type === 'image' ? { ...part, picture: filled(part.picture) } : part)),
  }))
  return ok({
    request: { ...request, turns, ...(request.mask && { mask: filled(request.mask) }) },
    pictures: [...kept.values()],
    warnings,
  })
}

function withFacts(
  picture: Picture,
  kept: KeptPicture | undefined,
  continuations: ReadonlyMap<string, string>,
): Picture {
  if (kept === undefined) return picture
  const { sha256, mediaType, width, height, bytes } = kept
  const continuation = continuations.get(sha256)
  return {
    ...picture,
    facts: { sha256, mediaType, width, height, bytes },
    ...(continuation !== undefined && { continuation }),
  }
}

const UNUSABLE_CODES = {
  bad_base64: 'invalid_image',
  not_a_picture: 'invalid_image',
  unsupported_format: 'unsupported_image_format',
  too_large: 'image_too_large',
  truncated: 'invalid_image',
  empty: 'invalid_image',
} as const satisfies Record<UnusablePicture['reason'], FailureCode>

function unusable(field: string, { reason, message }: UnusablePicture): Failure {
  return fail(
    UNUSABLE_CODES[reason],
    `${field}: ${message} Accepted are PNG, JPEG and WebP pictures of at most 25 MB and 50 megapixels, as base64.`,
    { field },
  )
}
