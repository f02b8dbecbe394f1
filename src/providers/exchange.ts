import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'

import type { Dispatcher } from 'undici'

import { failpoint } from '../core/failpoint.ts'
import { ChunkQueue } from './chunk-queue.ts'

/**
 * How far one request got. It decides what a provider can have charged for:
 * `connecting`: no byte was written. `writing`: part of the body is missing, so a provider that parses it whole has nothing to work
 * on. `sent`: all of it was handed to the socket. `answering`: the status line has arrived.
 */
export type Phase = 'connecting' | 'writing' | 'sent' | 'answering'

export interface Exchange {
  phase(): Phase
  /** Status and headers. Rejects with the transport's error, or with the signal's reason as soon as it aborts. */
  readonly head: Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders }>
  /** The body as it arrives, with backpressure. Leaving it early closes the socket. */
  readonly body: AsyncIterable<Buffer>
}

export interface Outgoing {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: OutgoingBody | undefined
  /** Called once, after connect and TLS, before the first byte is written. */
  readonly departing?: () => void
  readonly signal: AbortSignal
  /** Milliseconds of silence allowed before the status line and between pieces of the body. */
  readonly headersMs: number
  readonly silenceMs: number
}

export interface OutgoingBody {
  readonly byteLength: number
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

const READ_AHEAD_BYTES = 256 * 1024

const ONE_PIECE_BYTES = 64 * 1024

/**
 * One request, written once. undici's dispatch handler is used directly, because only it tells when the request was put on a socket
 * (`onRequestStart`, after connect and TLS) and when its last byte was handed over (`onRequestSent`): with `request()` a reset before
 * and after that moment look alike. "Handed over" errs on the safe side: at most one socket buffer may not have left yet.
 * `request()` would also wait for the connect timeout when the signal aborts early. No interceptor is in the way, so nothing
 * follows redirects or retries.
 */
export function exchange(
  dispatcher: Dispatcher,
  { method, url, headers, body, departing, signal, headersMs, silenceMs }: Outgoing,
): Exchange {
  let phase: Phase = 'connecting'
  let controller: Dispatcher.DispatchController | undefined
  const head = Promise.withResolvers<{ status: number; headers: IncomingHttpHeaders }>()
  const incoming = new ChunkQueue(READ_AHEAD_BYTES, {
    resume: () => controller?.resume(),
    left: () => close(new Error('the rest of the answer is not wanted')),
  })
  // A failure that nobody waits for any more must not end the process.
  head.promise.catch(() => {})

  function stop() {
    end(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
  }

  function end(error: Error) {
    head.reject(error)
    incoming.fail(error)
    close(error)
  }

  function close(error: Error) {
    signal.removeEventListener('abort', stop)
    controller?.abort(error)
  }

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      if (signal.aborted || phase !== 'connecting') return started.abort(new Error('not to be sent'))
      controller = started
      phase = 'writing'
      failpoint('before first byte')
      departing?.()
    },
    onRequestSent() {
      failpoint('after request sent')
      if (phase === 'writing') phase = 'sent'
    },
    onResponseStart(_, status, received) {
      if (status < 200) return
      failpoint('before headers')
      phase = 'answering'
      head.resolve({ status, headers: received })
      failpoint('after headers')
    },
    onResponseData(current, chunk) {
      if (!incoming.push(chunk)) current.pause()
    },
    onResponseEnd() {
      signal.removeEventListener('abort', stop)
      failpoint('before body end')
      incoming.end()
      failpoint('after body end')
    },
    onResponseError(_, error) {
      end(error)
    },
  }

  if (signal.aborted) {
    stop()
  } else {
    signal.addEventListener('abort', stop, { once: true })
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: body === undefined ? headers : { ...headers, 'content-length': String(body.byteLength) },
        body: body === undefined ? null : bodyOf(body),
        headersTimeout: headersMs,
        bodyTimeout: silenceMs,
      },
      handler,
    )
  }
  return { phase: () => phase, head: head.promise, body: incoming }
}

/** A small body goes out in one piece: most requests are a prompt, and a stream costs more than it. */
function bodyOf({ byteLength, chunks }: OutgoingBody): Buffer | Readable {
  if (byteLength > ONE_PIECE_BYTES || !(Symbol.iterator in chunks)) return Readable.from(chunks)
  return Buffer.concat([...chunks], byteLength)
}
