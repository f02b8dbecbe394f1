import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Readable } from 'node:stream'

import type { Principal } from '../accounts/principal.ts'
import type { Clock } from '../core/clock.ts'
import { fail, type Failure } from '../core/errors.ts'
import { isGenerationId, type GenerationId } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import type { Failures } from './failures.ts'

/** A picture that is still kept, as the asset store knows it. */
export interface StoredPicture {
  /** Lower-case hex over the bytes. */
  readonly sha256: string
  readonly mediaType: string
  readonly bytes: number
  /** Epoch milliseconds; undefined where pictures are kept for ever. */
  readonly expiresAt: number | undefined
  /** The bytes, or those from `start` to `end`, both included. */
  open(range?: ByteRange): Promise<Readable>
}

export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Foreign and absent ids give the same failure. */
export type FindPicture = (
  id: GenerationId,
  index: number,
  principal: Principal,
) => Promise<Result<StoredPicture, Failure>>

/** A day: a picture never changes, but it goes when its time is over. */
const LONGEST_CACHE_S = 86_400

interface PictureParts {
  readonly picture: FindPicture
  readonly failures: Failures
  readonly clock: Clock
}

/**
 * `GET /api/v1/generations/:id/images/:index`: the picture's own bytes. Someone else's picture is hostile content: it is never
 * sniffed, never runs anything, and never enters a shared cache.
 */
export function makePictures({ picture, failures, clock }: PictureParts) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id = '', index = '' } = request.params as { id?: string; index?: string }
    const { principal } = request.facts
    if (!principal || !isGenerationId(id) || !/^\d{1,3}$/.test(index))
      return failures.answer(request, reply, fail('not_found', 'There is no such picture.'))

    const found = await picture(id, Number(index), principal)
    // Neither the answer nor the log names a generation that the caller may not see.
    if (found.ok || found.error.code === 'image_not_found') request.facts.generationId = id
    if (!found.ok) return failures.answer(request, reply, found.error)

    const { sha256, mediaType, bytes, expiresAt } = found.value
    const etag = `"${sha256}"`
    const lifeS = expiresAt === undefined ? LONGEST_CACHE_S : Math.floor((expiresAt - clock.now()) / 1000)
    reply.headers({
      etag,
      'accept-ranges': 'bytes',
      'cache-control': `private, max-age=${Math.max(0, Math.min(lifeS, LONGEST_CACHE_S))}, immutable`,
      'x-generation-id': id,
    })
    if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send()

    const range = rangeOf(request, bytes, etag)
    if (range === 'beyond') {
      reply.header('content-range', `bytes */${bytes}`)
      return failures.answer(request, reply, fail('range_not_satisfiable', `The picture has ${bytes} bytes.`))
    }
    reply.headers({
      'content-type': mediaType,
      'content-length': range ? range.end - range.start + 1 : bytes,
      'content-disposition': `inline; filename="${id}-${index}.${extensionOf(mediaType)}"`,
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'cross-origin',
    })
    if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${bytes}`)
    if (request.method === 'HEAD') return reply.send()
    return reply.send(await found.value.open(range))
  }
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}

/** One range as RFC 9110, 14.2 has it. Anything else, several ranges included, is answered with the whole picture, as it allows. */
function rangeOf({ headers }: FastifyRequest, bytes: number, etag: string): ByteRange | 'beyond' | undefined {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range ?? '')
  const ifRange = headers['if-range']
  if (!found || (ifRange !== undefined && ifRange !== etag)) return undefined
  const [, first = '', last = ''] = found
  if (first === '' && last === '') return undefined
  if (first === '') return Number(last) === 0 ? 'beyond' : { start: Math.max(0, bytes - Number(last)), end: bytes - 1 }
  const start = Number(first)
  if (start >= bytes) return 'beyond'
  const end = last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1)
  return end < start ? undefined : { start, end }
}

function extensionOf(mediaType: string): string {
  const subtype = mediaType.split('/')[1]?.split('+')[0] ?? 'bin'
  return subtype === 'jpeg' ? 'jpg' : subtype.replaceAll(/[^a-z0-9]/g, '')
}
