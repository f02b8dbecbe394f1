import { err, ok, type Result } from '../core/result.ts'
import { tooSlow, type Found } from './follow.ts'
import type { Lifetime } from './lifetime.ts'
import { FetchBroken, type FetchRefusal, refusal } from './refusal.ts'

export interface Fetched {
  /** Where it was found in the end. */
  readonly url: string
  /** Lower case, without parameters, as the answer says. */
  readonly mediaType: string | undefined
  /** As the answer says; the body is held to it. */
  readonly byteLength: number | undefined
  /**
   * To be read once. Throws FetchBroken when it breaks off or grows beyond `maxBytes`; leaving it early closes the socket, and unread it
   * is closed when the time is over.
   */
  readonly body: AsyncIterable<Buffer>
}

export interface Accepted {
  readonly maxBytes: number
  /** Lower case; an answer without a type counts as `application/octet-stream`. Absent: any. */
  readonly accept?: readonly string[]
}

/** Judges an answer by its head, before any of its body is read. Its caller ends what is refused. */
export function accepted(
  { url, answer: { status, headers, body } }: Found,
  { maxBytes, accept }: Accepted,
  life: Lifetime,
): Result<Fetched, FetchRefusal> {
  if (status !== 200) return err(refusal('bad_status', `The URL answers with status ${status}.`, status))
  if (!isPlain(headers['content-encoding'], 'identity') || !isPlain(headers['transfer-encoding'], 'chunked')) {
    return err(
      refusal('encoded', 'The URL answers with compressed content, although it was asked for plain bytes.', status),
    )
  }
  const mediaType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() || undefined
  if (accept !== undefined && !accept.includes(mediaType ?? 'application/octet-stream')) {
    return err(refusal('wrong_type', `The URL gives a media type other than ${accept.join(', ')}.`, status))
  }
  const length = headers['content-length']
  const byteLength = length === undefined ? undefined : Number(length)
  if (byteLength !== undefined && byteLength > maxBytes) return err(tooLarge(maxBytes))
  return ok({ url: url.href, mediaType, byteLength, body: counted(body, maxBytes, life) })
}

/** All bytes of a body in the pieces in which they came. */
export async function readAll({ body }: Fetched): Promise<Result<Buffer[], FetchRefusal>> {
  const pieces: Buffer[] = []
  try {
    for await (const piece of body) pieces.push(piece)
  } catch (error) {
    if (error instanceof FetchBroken) return err(error.refusal)
    throw error
  }
  return ok(pieces)
}

async function* counted(body: AsyncIterable<Buffer>, maxBytes: number, life: Lifetime): AsyncGenerator<Buffer> {
  let bytes = 0
  try {
    for await (const chunk of body) {
      bytes += chunk.length
      if (bytes > maxBytes) throw new FetchBroken(tooLarge(maxBytes))
      yield chunk
    }
  } catch (error) {
    if (error instanceof FetchBroken) throw error
    if (life.signal.aborted) throw new FetchBroken(tooSlow(), { cause: error })
    throw new FetchBroken(refusal('unreachable', 'The URL broke off before its end.'), { cause: error })
  } finally {
    life.end()
  }
}

function isPlain(header: string | undefined, plain: string): boolean {
  return header === undefined || header === '' || header.trim().toLowerCase() === plain
}

function tooLarge(maxBytes: number): FetchRefusal {
  return refusal('too_large', `The URL gives more than the ${maxBytes} bytes that are accepted.`)
}
