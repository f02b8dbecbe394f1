import type { Assets, InspectedPicture, KeptPicture } from '../assets/assets.ts'
import { StorageTrouble } from '../assets/trouble.ts'
import type { UnusablePicture } from '../assets/usable.ts'
import type { Clock } from '../core/clock.ts'
import { fail, type Failure, type FailureCode } from '../core/errors.ts'
import { type ImageRequest, type Picture, references, type Turn } from '../core/image-request.ts'
import type { JsonBlob } from '../core/json-blob.ts'
import type { Warning } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import type { GuardedFetch } from '../outbound/guarded-fetch.ts'
import type { FetchQuota } from '../outbound/quota.ts'
import { fetchReference } from '../outbound/reference.ts'
import { findContinuations, knownContinuations } from './continuations.ts'
import type { Sight } from './store.ts'

export interface ReferenceParts {
  readonly assets: Assets
  readonly outbound: GuardedFetch
  readonly fetches: FetchQuota
  readonly database: Database
  readonly clock: Clock
  /** Whether references are decoded and encoded anew before anybody else gets them. */
  readonly settings: { readonly reencode: boolean }
}

export interface ReadReferences {
  /** Every picture of the request with its facts, as it is sent on. */
  readonly filled: ReadonlyMap<Picture, Picture>
  /** SHA-256 of each as it came, whatever was made of it since. */
  readonly hashes: ReadonlyMap<Picture, string>
  /** None of them is kept yet. */
  readonly pictures: readonly InspectedPicture[]
  readonly warnings: readonly Warning[]
}

/**
 * Fetches, decodes, probes and encodes anew every picture of a request. One that this gateway made and that comes back as an assistant's
 * turn stays as it is: its maker wants to see its own bytes. A failure names the field of the first picture that cannot be used, and
 * leaves nothing of the others behind.
 */
export async function readReferences(
  request: ImageRequest,
  sight: Sight,
  parts: ReferenceParts,
): Promise<Result<ReadReferences, Failure>> {
  const all = [...references(request), ...(request.mask ? [request.mask] : [])]
  if (all.length === 0) return ok({ filled: new Map(), hashes: new Map(), pictures: [], warnings: [] })
  const blobs = await fetchLinks(all, sight, parts)
  if (!blobs.ok) return blobs

  const inspected = new Map<Picture, InspectedPicture>()
  const refuse = (field: string, problem: UnusablePicture): Result<never, Failure> => {
    for (const picture of inspected.values()) picture.discard()
    return err(unusable(field, problem))
  }
  const warnings: Warning[] = []
  for (const picture of all) {
    const blob = blobOf(picture, blobs.value)
    const result = await parts.assets.inspect(blob, 'strict')
    if (!result.ok) return refuse(picture.field, result.error)
    inspected.set(picture, result.value)
    warnings.push(...mislabelled(picture.field, blob.mediaType, result.value.facts.mediaType))
  }

  const hashes = new Map([...inspected].map(([picture, { facts }]) => [picture, facts.sha256]))
  const ours = await madeHere(request, hashes, sight, parts)
  const filled = new Map<Picture, Picture>()
  for (const [picture, before] of inspected) {
    const sent = await asSent(before, blobOf(picture, blobs.value), ours.has(picture), parts)
    if (!sent.ok) return refuse(picture.field, sent.error)
    inspected.set(picture, sent.value.picture)
    filled.set(picture, {
      ...picture,
      source: { type: 'inline', blob: sent.value.blob },
      facts: sent.value.picture.facts,
    })
  }
  return ok({ filled, hashes, pictures: [...inspected.values()], warnings })
}

function blobOf(picture: Picture, blobs: ReadonlyMap<Picture, JsonBlob>): JsonBlob {
  const blob = blobs.get(picture)
  if (blob === undefined) throw new Error(`${picture.field} has no bytes`)
  return blob
}

/** Pictures among the assistant's turns that a model of this gateway really made: anything can be called the assistant's. */
async function madeHere(
  request: ImageRequest,
  hashes: ReadonlyMap<Picture, string>,
  sight: Sight,
  { database, clock }: ReferenceParts,
): Promise<ReadonlySet<Picture>> {
  const claimed = assistantPictures(request)
  const hashOf = (picture: Picture): string => hashes.get(picture) ?? ''
  const known = await knownContinuations(database.db, sight, claimed.map(hashOf), clock.now())
  return new Set(claimed.filter((picture) => known.has(hashOf(picture))))
}

/** A picture as it is sent on, and its bytes. */
async function asSent(
  picture: InspectedPicture,
  blob: JsonBlob,
  isOurs: boolean,
  { assets, settings }: ReferenceParts,
): Promise<Result<{ readonly picture: InspectedPicture; readonly blob: JsonBlob }, UnusablePicture>> {
  return isOurs || !settings.reencode ? ok({ picture, blob }) : await assets.clean(picture)
}

/**
 * A request with its pictures as they were read, and with what the model wants to see again beside those that it made, whoever brings
 * them: a picture that comes back as a reference is known by the bytes that it came with.
 */
export async function withReferences(
  request: ImageRequest,
  { filled, hashes }: ReadReferences,
  model: string,
  sight: Sight,
  { database, clock }: Pick<ReferenceParts, 'database' | 'clock'>,
): Promise<ImageRequest> {
  if (filled.size === 0) return request
  const continuations = await findContinuations(database.db, sight, model, [...hashes.values()], clock.now())
  const fill = (picture: Picture): Picture => {
    const known = filled.get(picture) ?? picture
    const continuation = continuations.get(hashes.get(picture) ?? '')
    return continuation === undefined ? known : { ...known, continuation }
  }
  const turns = request.turns.map((turn): Turn => ({
    ...turn,
    parts: turn.parts.map((part) => (part.type === 'image' ? { ...part, picture: fill(part.picture) } : part)),
  }))
  return { ...request, turns, ...(request.mask && { mask: fill(request.mask) }) }
}

function assistantPictures({ turns }: ImageRequest): readonly Picture[] {
  return turns
    .filter(({ role }) => role === 'assistant')
    .flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'image' ? [part.picture] : [])))
}

/** The bytes of every picture; links are fetched, all at once. */
async function fetchLinks(
  pictures: readonly Picture[],
  { workspaceId }: Sight,
  { outbound, fetches }: ReferenceParts,
): Promise<Result<ReadonlyMap<Picture, JsonBlob>, Failure>> {
  const blobs = new Map<Picture, JsonBlob>()
  const links: Link[] = []
  for (const picture of pictures) {
    if (picture.source.type === 'inline') blobs.set(picture, picture.source.blob)
    else links.push({ picture, url: picture.source.url })
  }
  if (links.length === 0) return ok(blobs)
  const places = fetches.take(workspaceId, links.length)
  if (!places.ok) return err({ ...places.error, field: links.at(-1)?.picture.field ?? '' })
  try {
    return await fetchAll(links, outbound, blobs)
  } finally {
    places.value.release()
  }
}

interface Link {
  readonly picture: Picture
  readonly url: string
}

async function fetchAll(
  links: readonly Link[],
  outbound: GuardedFetch,
  blobs: ReadonlyMap<Picture, JsonBlob>,
): Promise<Result<ReadonlyMap<Picture, JsonBlob>, Failure>> {
  const stop = new AbortController()
  const fetched = await Promise.all(
    links.map(async ({ picture, url }) => {
      const result = await fetchReference(outbound, url, { field: picture.field, signal: stop.signal })
      // The others would be fetched for nothing.
      if (!result.ok) stop.abort()
      return { picture, result }
    }),
  )
  // Those that were stopped fail too, but not first.
  const [failed] = fetched
    .flatMap(({ result }) => (result.ok ? [] : [result.error]))
    .toSorted((a, b) => Number(isStopped(a)) - Number(isStopped(b)))
  if (failed) return err(failed)
  const fresh = fetched.flatMap(({ picture, result }) => (result.ok ? [[picture, result.value] as const] : []))
  return ok(new Map([...blobs, ...fresh]))
}

function isStopped({ details }: Failure): boolean {
  return details?.['reason'] === 'timeout'
}

function mislabelled(field: string, label: string | undefined, mediaType: string): readonly Warning[] {
  if (label === undefined || label === mediaType || label === 'image/jpg') return []
  const message = `The picture is labelled ${label}, but its bytes are ${mediaType}; the bytes were believed.`
  return [{ code: 'media_type_mismatch', field, message }]
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

const UNUSABLE_CODES = {
  bad_base64: 'invalid_image',
  not_a_picture: 'invalid_image',
  unsupported_format: 'unsupported_image_format',
  too_large: 'image_too_large',
  truncated: 'invalid_image',
  empty: 'invalid_image',
  not_decodable: 'image_not_decodable',
} as const satisfies Record<UnusablePicture['reason'], FailureCode>

function unusable(field: string, { reason, message }: UnusablePicture): Failure {
  return fail(
    UNUSABLE_CODES[reason],
    `${field}: ${message} Accepted are PNG, JPEG and WebP pictures of at most 25 MB and 50 megapixels, as base64 or by URL.`,
    { field },
  )
}
