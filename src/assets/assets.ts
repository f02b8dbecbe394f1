import assert from 'node:assert/strict'
import { mkdir, open as openFile, readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import type { Clock } from '../core/clock.ts'
import { randomText } from '../core/ids.ts'
import type { Format, PictureFacts } from '../core/image-request.ts'
import { JsonBlob, type Intake } from '../core/json-blob.ts'
import { err, ok, type Result } from '../core/result.ts'
import { spendTurn } from '../core/turn.ts'
import type { Database } from '../db/database.ts'
import type { AssetRow, GenerationImageRow } from '../db/schema.ts'
import { rawSlices } from './blob-bytes.ts'
import { makeClean } from './clean.ts'
import { makeConvert } from './convert.ts'
import { Decoder } from './decoding/decoder.ts'
import { Disk } from './disk.ts'
import { LINK } from './disk-protocol.ts'
import { fileBytes, PIECE_BYTES } from './file-bytes.ts'
import { Headroom } from './headroom.ts'
import { PictureIntake } from './picture-intake.ts'
import { makePixels } from './pixels.ts'
import { makeCollect, type Collected } from './retention.ts'
import { secondLook } from './second-look.ts'
import { StorageTrouble } from './trouble.ts'
import { ANSWER_LIMITS, REFERENCE_LIMITS, judge, refuse, type PictureLimits, type UnusablePicture } from './usable.ts'

/** Pictures: decoded, checked, stored under their SHA-256, read again, converted, and one day removed. */
export interface Assets {
  /** Watches one picture of an answer while it arrives: decodes (tolerant), probes, hashes, writes the temporary file named by generation and attempt. */
  intake(owner: { readonly generationId: string; readonly attemptId: string }): Intake
  /** The same for a picture whose bytes come as they are. */
  intakeBytes(owner: { readonly generationId: string; readonly attemptId: string }): Intake
  /**
   * What the picture is: decoded, valid, and durable before this resolves (file synced, renamed, directory synced), or with its
   * bytes `inline` for the row when it has at most 16 KiB. Decodes now what no intake has watched. `strict` is for the references
   * of requests, `tolerant` for answers. Rejects with StorageTrouble when the disk fails; nothing is left there then.
   */
  keep(blob: JsonBlob, mode: 'strict' | 'tolerant'): Promise<Result<KeptPicture, UnusablePicture>>
  /** The first half of `keep`: decoded and judged, so that all pictures of a request can be looked at before any is kept. */
  inspect(blob: JsonBlob, mode: 'strict' | 'tolerant'): Promise<Result<InspectedPicture, UnusablePicture>>
  /**
   * The same picture, decoded and encoded again in its own format, in a process of its own: no metadata, no colour profile, nothing
   * but pixels. Takes the place of the one given, which is discarded even when this fails, with reason `not_decodable`.
   */
  clean(picture: InspectedPicture): Promise<Result<Cleaned, UnusablePicture>>
  /**
   * Pictures that a process which died had received whole for this attempt, but not kept; kept now, in the order of their arrival.
   * Only for attempts that no process runs any more. Pictures of at most 16 KiB leave no trace and are not found. What is adopted can
   * be adopted again until the generation is forgotten.
   */
  adopt(owner: { readonly generationId: string; readonly attemptId: string }): Promise<readonly KeptPicture[]>
  /** A generation has ended, its end is durable: how its pictures arrived is of no interest any more. */
  forget(generationId: string): void
  /** Drops what an intake has written for a picture nobody wants, and no longer counts its slices, which stay as they are. */
  discard(blob: JsonBlob): void
  /** A stored picture; one of more than 192 KiB is read from disk while it is written. Undefined when it is no longer kept. */
  read(asset: StoredPicture): Promise<JsonBlob | undefined>
  /** The same as a stream, `start` to `end` inclusive, both within the picture. The stream owns the file and closes it. */
  open(asset: StoredPicture, range?: { readonly start: number; readonly end: number }): Promise<Readable | undefined>
  /** Makes the asked format of a picture and keeps that as well. `compression` is the quality, 0 to 100, for JPEG and WebP. The error is a sentence. */
  convert(
    source: KeptPicture | JsonBlob,
    format: Format,
    compression?: number,
  ): Promise<Result<{ readonly blob: JsonBlob; readonly kept: KeptPicture }, string>>
  /**
   * The first `count` of the equal parts of a picture, row by row, as PNG and to the pixel; none of them is kept, and the picture stays
   * as it is. The error is a sentence.
   */
  tiles(picture: JsonBlob, columns: number, rows: number, count: number): Promise<Result<readonly JsonBlob[], string>>
  /**
   * A mask in black and white, as PNG: `marked` where it is transparent, or where it is white if nothing in it is transparent, and the
   * opposite elsewhere. The error is a sentence.
   */
  stencil(mask: JsonBlob, marked: 'black' | 'white'): Promise<Result<JsonBlob, string>>
  /** Why nothing can be stored now (full, read-only, missing), in a sentence, or undefined. Cheap enough to ask before every call. */
  trouble(): Promise<string | undefined>
  /** Until when a picture that is named now is kept. */
  expiry(role: GenerationImageRow['role'], now: number): number
  /** Removes rows that have expired and files that no row names. */
  collect(now: number): Promise<Collected>
  /** Waits for what is being kept, then ends the worker. */
  close(): Promise<void>
}

export type StoredPicture = Pick<AssetRow, 'sha256' | 'media_type' | 'bytes' | 'inline'>

export interface KeptPicture extends PictureFacts {
  /** The bytes themselves, for the row, when they are at most 16 KiB. */
  readonly inline: Buffer | undefined
  /** False with the store off: nobody can fetch it again. */
  readonly stored: boolean
  /** What was mended in an answer's base64, in words. */
  readonly notices: readonly string[]
}

/** A usable picture that nobody has decided about. One of the two must be called; discarding what was kept does nothing. */
export interface InspectedPicture {
  readonly facts: PictureFacts
  /** Durable before this resolves, as `Assets.keep` promises. */
  keep(): Promise<KeptPicture>
  discard(): void
}

export interface Cleaned {
  /** With the facts of the new bytes. */
  readonly picture: InspectedPicture
  /** The new bytes, to be sent on. */
  readonly blob: JsonBlob
}

/** Whose answer a picture is part of. */
interface Arrival {
  readonly generationId: string
  readonly attemptId: string
}

export interface AssetsParts {
  /** Made when it is missing. Not touched while the store is off. */
  readonly directory: string
  readonly store: 'on' | 'off'
  readonly db: Database
  readonly clock: Clock
  readonly keepImagesDays: number
  /** Bytes of all pictures beyond which the oldest go. Default: half the disk. */
  readonly maxBytes?: number
  /** New work is refused below this much free space, or `minFreeFraction` of the disk, whichever is more. Default 1 GiB and 5 %. */
  readonly minFreeBytes?: number
  readonly minFreeFraction?: number
  /** Default: a worker of its own. */
  readonly disk?: Disk
  /** Default: one with processes of its own. */
  readonly decoder?: Decoder
}

const DAY_MS = 24 * 60 * 60 * 1000
const READ_BYTES = 512 * 1024

/** Opens the store. The worker is started by the first picture. Throws when the directory cannot be made. */
export async function makeAssets(parts: AssetsParts): Promise<Assets> {
  const { directory, clock } = parts
  const stored = parts.store === 'on'
  if (stored) await mkdir(join(directory, 'tmp'), { recursive: true, mode: 0o700 })
  const disk = parts.disk ?? new Disk(directory)
  const headroom = stored ? new Headroom({ disk, ...parts }) : undefined
  const decoder = parts.decoder ?? new Decoder(clock)
  const kept = new WeakMap<Intake, Promise<Result<KeptPicture, UnusablePicture>>>()
  const inspected = new WeakMap<InspectedPicture, JsonBlob>()
  /** Generations of which something may lie among the temporary files: by this process, and by those before it. */
  const arrivedFor = new Set<string>()
  const adoptable = new Map<string, readonly string[]>()
  const run = randomText(8)
  let arrivals = 0

  const openSink = (owner: string) => () =>
    stored ? disk.open(`${owner}.${run}${String(arrivals++).padStart(9, '0')}`) : disk.openBlind()

  async function keep(blob: JsonBlob, mode: 'strict' | 'tolerant'): Promise<Result<KeptPicture, UnusablePicture>> {
    const intake = blob.intake
    if (!(intake instanceof PictureIntake) || intake.isGone) return keepArrived(await decodeNow(blob, mode), blob, mode)
    const earlier = kept.get(intake)
    if (earlier !== undefined) return earlier
    const now = keepArrived(intake, blob, mode).catch(async (error: unknown) => {
      // The worker broke while the picture arrived. Its characters are still here, and it was paid for.
      if (error instanceof StorageTrouble && error.code === 'EWORKER')
        return keepArrived(await decodeNow(blob, mode), blob, mode)
      throw error
    })
    kept.set(intake, now)
    return now
  }

  async function adopt(generationId: string, prefix: string): Promise<readonly KeptPicture[]> {
    const names = stored ? await readdir(join(directory, 'tmp')) : []
    const own = names.filter((name) => name.startsWith(`${arrivalName(generationId)}.`))
    if (own.length > 0)
      adoptable.set(
        generationId,
        own.map((name) => join(directory, 'tmp', name)),
      )
    const adopted: KeptPicture[] = []
    for (const name of names.filter((text) => text.startsWith(prefix) && !text.endsWith(LINK)).sort()) {
      const bytes = await readFile(join(directory, 'tmp', name)).catch(noneIfGone)
      if (bytes === undefined) continue
      const result = await keep(new JsonBlob('binary', [bytes]), 'tolerant')
      if (result.ok) adopted.push(result.value)
    }
    return adopted
  }

  function openIntake(owner: Arrival, encoding: 'tolerant' | 'binary'): Intake {
    const open = openSink(arrivalName(owner.generationId, owner.attemptId))
    const { maxBytes } = ANSWER_LIMITS
    return new PictureIntake({
      encoding,
      maxBytes,
      open() {
        arrivedFor.add(owner.generationId)
        return open()
      },
    })
  }

  async function decodeNow(blob: JsonBlob, mode: 'strict' | 'tolerant'): Promise<PictureIntake> {
    const encoding = blob.form === 'binary' ? 'binary' : mode
    const intake = new PictureIntake({ encoding, maxBytes: limitsOf(mode).maxBytes, open: openSink('keep') })
    for await (const slice of rawSlices(blob)) {
      await intake.write(slice)
      await spendTurn(slice.length)
    }
    intake.end()
    return intake
  }

  async function keepArrived(
    intake: PictureIntake,
    blob: JsonBlob,
    mode: 'strict' | 'tolerant',
  ): Promise<Result<KeptPicture, UnusablePicture>> {
    const found = await inspectArrived(intake, blob, mode)
    return found.ok ? ok(await found.value.keep()) : found
  }

  async function inspectArrived(
    intake: PictureIntake,
    blob: JsonBlob,
    mode: 'strict' | 'tolerant',
    limits: PictureLimits = limitsOf(mode),
  ): Promise<Result<InspectedPicture, UnusablePicture>> {
    const arrived = await intake.arrived()
    if ('reason' in arrived) {
      blob.release()
      return err(arrived)
    }
    const { sha256, bytes, inline, notices } = arrived
    const probed = await secondLook(arrived.probed, blob)
    const judged = judge(probed, bytes, limits)
    const repaired = mode === 'strict' && notices.length > 0
    if (!judged.ok || repaired) {
      blob.release()
      intake.abort()
      return judged.ok ? refuse('bad_base64', `The base64 is not valid: ${notices.join(', ')}.`) : judged
    }
    const { mediaType, width, height } = judged.value
    const facts: PictureFacts = { sha256, mediaType, width, height, bytes }
    const picture: InspectedPicture = {
      facts,
      async keep() {
        await store(intake, facts)
        return { ...facts, inline: stored ? inline : undefined, stored, notices }
      },
      discard: () => intake.abort(),
    }
    inspected.set(picture, blob)
    return ok(picture)
  }

  async function store(intake: PictureIntake, facts: PictureFacts): Promise<void> {
    try {
      await intake.sink?.commit(clock.now())
    } catch (error) {
      if (!(error instanceof StorageTrouble)) throw error
      headroom?.noticed()
      throw new StorageTrouble(error.code, error.message, facts)
    }
  }

  async function read(asset: StoredPicture): Promise<JsonBlob | undefined> {
    if (asset.inline !== null) return new JsonBlob('binary', [asBuffer(asset.inline)], asset.media_type)
    const file = await openStored(asset)
    if (file === undefined) return undefined
    try {
      if (asset.bytes > PIECE_BYTES) return storedBlob(asset)
      return new JsonBlob('binary', [await file.readFile()], asset.media_type)
    } finally {
      await file.close()
    }
  }

  /** A picture whose file is opened only when it is written. */
  function storedBlob({ sha256, bytes, media_type }: StoredPicture): JsonBlob {
    const spilled = fileBytes(
      () => pathOf(sha256),
      () => bytes,
    )
    return new JsonBlob('binary', [], media_type, undefined, { spilled })
  }

  function pathOf(sha256: string): string {
    return join(directory, sha256.slice(0, 2), sha256)
  }

  async function openStored({ sha256, bytes }: StoredPicture) {
    if (!stored) return undefined
    try {
      const file = await openFile(pathOf(sha256), 'r')
      if ((await file.stat()).size === bytes) return file
      await file.close()
      return undefined
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }

  const clean = makeClean({
    decoder,
    inspect: async (blob, limits) => inspectArrived(await decodeNow(blob, 'tolerant'), blob, 'tolerant', limits),
  })

  return {
    intake: (owner) => openIntake(owner, 'tolerant'),
    intakeBytes: (owner) => openIntake(owner, 'binary'),
    keep,
    inspect: async (blob, mode) => inspectArrived(await decodeNow(blob, mode), blob, mode),
    async clean(picture) {
      const blob = inspected.get(picture)
      assert(blob !== undefined, 'only what this store has inspected can be cleaned')
      return clean(picture, blob)
    },
    adopt: ({ generationId, attemptId }) => adopt(generationId, `${arrivalName(generationId, attemptId)}.`),
    forget(generationId) {
      if (arrivedFor.delete(generationId)) disk.forget(generationId)
      // Left by processes before this one.
      for (const path of adoptable.get(generationId) ?? []) void rm(path, { force: true }).catch(() => {})
      adoptable.delete(generationId)
    },
    discard(blob) {
      blob.release()
      if (blob.intake instanceof PictureIntake && !kept.has(blob.intake)) blob.intake.abort()
    },
    read,
    async open(asset, range) {
      if (asset.inline !== null) {
        const bytes = asBuffer(asset.inline)
        return Readable.from([range ? bytes.subarray(range.start, range.end + 1) : bytes], { objectMode: false })
      }
      const file = await openStored(asset)
      return file?.createReadStream({ highWaterMark: READ_BYTES, ...range })
    },
    convert: makeConvert({ decoder, keep, read }),
    ...makePixels(decoder),
    trouble: async () => headroom?.trouble(),
    expiry: (role, now) => now + (role === 'reference' ? 1 : parts.keepImagesDays) * DAY_MS,
    collect: makeCollect({ ...parts, disk: stored ? disk : undefined }),
    async close() {
      await decoder.close()
      await disk.close()
    },
  }
}

function limitsOf(mode: 'strict' | 'tolerant') {
  return mode === 'strict' ? REFERENCE_LIMITS : ANSWER_LIMITS
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** What this process asked for again and found to be no picture is being removed while we look. */
function noneIfGone(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}

/** Ids are ours and plain; what is not could leave the directory. */
function arrivalName(...ids: string[]): string {
  return ids.map((id) => id.replace(/[^A-Za-z0-9-]/g, '_')).join('.')
}
