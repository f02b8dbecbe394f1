import type { Clock } from '../core/clock.ts'
import { RAW_BYTES } from './failure.ts'

export interface AnswerBody {
  /** The body's bytes. Ends early, without a throw, when the answer broke or was cut: the parser then finds it incomplete. */
  readonly bytes: AsyncIterable<Buffer>
  /** Why it ended early, as the second half of a sentence. A document that was whole by then is still good. */
  problem(): string | undefined
  /** The beginning as text, a little over 4 KiB, so that a credential at the cut is found whole. */
  raw(): string
}

export interface PaceLimits {
  readonly paceBytesPerSecond: number
  readonly paceMs: number
}

const HEAD_BYTES = RAW_BYTES + 512

/**
 * Watches the speed of an answer and keeps its beginning. Speed counts only the time spent waiting for the network: when we are the
 * slow one (a full disk queue, a busy loop), the bytes are there at once and nothing is held against the provider.
 */
export function watchBody(incoming: AsyncIterable<Buffer>, limits: PaceLimits, clock: Clock): AnswerBody {
  const head: Buffer[] = []
  let headBytes = 0
  let problem: string | undefined

  async function* read(): AsyncGenerator<Buffer> {
    const pace = paceMeter(limits)
    let askedAt = clock.monotonic()
    try {
      for await (const chunk of incoming) {
        if (headBytes < HEAD_BYTES) {
          // A copy: a slice would keep the whole network buffer alive as long as the failure.
          const piece = Buffer.from(chunk.subarray(0, HEAD_BYTES - headBytes))
          head.push(piece)
          headBytes += piece.length
        }
        if (pace(chunk.length, clock.monotonic() - askedAt)) {
          problem = 'its body arrives too slowly'
          return
        }
        yield chunk
        askedAt = clock.monotonic()
      }
    } catch (error) {
      problem = `its body broke off${error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''}`
    }
  }

  return { bytes: read(), problem: () => problem, raw: () => Buffer.concat(head).toString('utf8') }
}

/** Told of each piece and how long it was waited for, says whether the last `paceMs` of waiting brought too little. */
function paceMeter({ paceBytesPerSecond, paceMs }: PaceLimits): (bytes: number, waitedMs: number) => boolean {
  const enough = (paceBytesPerSecond * paceMs) / 1000
  let bytes = 0
  let waited = 0
  return (more, ms) => {
    bytes += more
    waited += ms
    if (waited < paceMs) return false
    const tooSlow = bytes < enough
    bytes = 0
    waited = 0
    return tooSlow
  }
}
