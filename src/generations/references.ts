import type { Assets, InspectedPicture, KeptPicture } from '../assets/assets.ts'
import { StorageTrouble } from '../assets/trouble.ts'
import type { UnusablePicture } from '../assets/usable.ts'
import { fail, type Failure, type FailureCode } from '../core/errors.ts'
import type { Clock } from '../core/clock.ts'
import type { ImageRequest, Picture, PictureFacts, Turn } from '../core/image-request.ts'
import type { Warning } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import { findContinuations, type Sight } from './store.ts'

interface Read {
  /** The request with facts on every picture, and continuations on those that this gateway made. */
  readonly request: ImageRequest
  /** None of them is kept yet. */
  readonly pictures: readonly InspectedPicture[]
  readonly warnings: readonly Warning[]
}

interface Parts {
  readonly assets: Assets
  readonly database: Database
  readonly clock: Clock
}

/**
 * Decodes and probes every picture of a request, and finds what their makers want to see again with the ones that come back as an
 * assistant's turn. A failure names the field of the first picture that cannot be used, and leaves nothing of the others behind.
 */
export async function readReferences(
  request: ImageRequest,
  model: string,
  sight: Sight,
  { assets, database, clock }: Parts,
): Promise<Result<Read, Failure>> {
  const inspected = new Map<Picture, InspectedPicture>()
  const warnings: Warning[] = []
  const refuse = (failure: Failure): Result<never, Failure> => {
    for (const picture of inspected.values()) picture.discard()
    return err(failure)
  }
  const pictures = [
    ...request.turns.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'image' ? [part.picture] : []))),
    ...(request.mask ? [request.mask] : []),
  ]
  for (const picture of pictures) {
    if (picture.source.type === 'url') {
      return refuse(
        fail(
          'invalid_image',
          `${picture.field} is a link. Pictures by http(s) URL are not fetched yet: send the bytes as a data URL, data:image/png;base64,…`,
          { field: picture.field },
        ),
      )
    }
    const result = await assets.inspect(picture.source.blob, 'strict')
    if (!result.ok) return refuse(unusable(picture.field, result.error))
    inspected.set(picture, result.value)
    const label = picture.source.blob.mediaType
    const { mediaType } = result.value.facts
    if (label !== undefined && label !== mediaType && label !== 'image/jpg') {
      warnings.push({
        code: 'media_type_mismatch',
        field: picture.field,
        message: `The picture is labelled ${label}, but its bytes are ${mediaType}; the bytes were believed.`,
      })
    }
  }
  if (inspected.size === 0) return ok({ request, pictures: [], warnings })

  const made = request.turns
    .filter(({ role }) => role === 'assistant')
    .flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'image' ? [part.picture] : [])))
  const hashes = made.flatMap((picture) => inspected.get(picture)?.facts.sha256 ?? [])
  const continuations = await findContinuations(database.db, sight, model, hashes, clock.now())
  const filled = (picture: Picture): Picture =>
    withFacts(picture, inspected.get(picture)?.facts, made.includes(picture) ? continuations : new Map())
  const turns = request.turns.map((turn): Turn => ({
    ...turn,
    parts: turn.parts.map((part) => (part.type === 'image' ? { ...part, picture: filled(part.picture) } : part)),
  }))
  return ok({
    request: { ...request, turns, ...(request.mask && { mask: filled(request.mask) }) },
    pictures: [...inspected.values()],
    warnings,
  })
}

/** Keeps the references of a request that will be held, and asks whether there is room for what it is to make. All of them or a failure. */
export async function keepReferences(
  pictures: readonly InspectedPicture[],
  assets: Assets,
): Promise<Result<readonly KeptPicture[], Failure>> {
  const trouble = await assets.trouble()
  if (trouble !== undefined) {
    for (const picture of pictures) picture.discard()
    return err(storageFull(trouble))
  }
  try {
    return ok(await Promise.all(pictures.map((picture) => picture.keep())))
  } catch (error) {
    if (!(error instanceof StorageTrouble)) throw error
    return err(storageFull(error.message))
  }
}

function storageFull(trouble: string): Failure {
  const message = `Pictures cannot be stored right now: ${trouble}. Nothing was sent to a provider.`
  return fail('storage_full', message, { retryAfterMs: 30_000 })
}

function withFacts(
  picture: Picture,
  facts: PictureFacts | undefined,
  continuations: ReadonlyMap<string, string>,
): Picture {
  if (facts === undefined) return picture
  const continuation = continuations.get(facts.sha256)
  return {
    ...picture,
    facts,
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
