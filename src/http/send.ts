import type { ServerResponse } from 'node:http'

import type { FastifyReply } from 'fastify'

import { failpoint } from '../core/failpoint.ts'
import { writeJson } from '../core/json-blobs.ts'
import type { JsonValue } from '../core/json-blob.ts'
import type { StreamEvent } from '../core/surface.ts'
import { spendTurn } from '../core/turn.ts'

/** What is handed to the socket before the event loop gets a turn. */
const BATCH_BYTES = 512 * 1024

/** How long a refused upload is still read and thrown away, so that the refusal is not lost to a reset. */
const LINGER_MS = 2_000

export type Send = ReturnType<typeof makeSend>

export interface EventWriter {
  /** A comment, which every client's parser skips. Left out inside an event and while the client is behind in reading. */
  comment(text: string): void
  /** One event on one data line: clients have been seen to break on a JSON split over several. Waits for a slow client. */
  send(event: StreamEvent): Promise<void>
  end(): void
  /** Breaks the connection, so that the client cannot take a part for the whole. */
  destroy(): void
}

interface SendParts {
  /** Whether answers have to close their connection. */
  readonly isStopping: () => boolean
  /** A client that takes nothing for this long is cut off. */
  readonly writeIdleMs: number
  /** Told about an answer that broke off after its first byte; its connection is closed already. */
  readonly onBroken: (error: unknown, reply: FastifyReply) => void
}

/**
 * Every answer that does not go through Fastify's own sending. Only here is a reply hijacked: the headers set so far are merged in
 * (a hijack drops them otherwise), and a throw after the first byte closes the connection.
 */
export function makeSend({ isStopping, writeIdleMs, onBroken }: SendParts) {
  return { json, events, refuse }

  /** A JSON value with blobs in it, with an exact content-length. Throws only while nothing was sent. */
  async function json(reply: FastifyReply, status: number, value: JsonValue): Promise<void> {
    const { byteLength, chunks, release } = writeJson(value)
    const type = 'application/json; charset=utf-8'
    const raw = takeOver(reply, status, { 'content-type': type, 'content-length': byteLength })
    try {
      if (await pour(raw, chunks)) complete(raw)
    } catch (error) {
      raw.destroy()
      onBroken(error, reply)
    } finally {
      release()
    }
  }

  /** Server-sent events. After the client has left, nothing here does or throws anything. */
  function events(reply: FastifyReply): EventWriter {
    const raw = takeOver(reply, 200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
    let isMidEvent = false
    return {
      comment(text) {
        if (!raw.destroyed && !isMidEvent && !raw.writableNeedDrain) raw.write(`: ${text}\n\n`)
      },
      async send(event) {
        if (raw.destroyed) return
        if ('raw' in event) {
          raw.write(`data: ${event.raw}\n\n`)
          return
        }
        const { chunks, release } = writeJson(event.data)
        isMidEvent = true
        raw.write(event.event === undefined ? 'data: ' : `event: ${event.event}\ndata: `)
        try {
          if (await pour(raw, chunks)) raw.write('\n\n')
        } finally {
          release()
        }
        isMidEvent = false
      },
      end() {
        if (!raw.destroyed) complete(raw)
      },
      destroy() {
        raw.destroy()
      },
    }
  }

  /**
   * An answer to a request whose body is still arriving. The whole answer goes out at once, then the rest of the body is read and
   * dropped for a while: closing at once would reset the connection and take the answer with it.
   */
  function refuse(reply: FastifyReply, status: number, text: string): FastifyReply {
    const raw = takeOver(reply, status, { 'content-length': Buffer.byteLength(text), connection: 'close' })
    raw.write(text)
    if (reply.request.raw.destroyed) {
      raw.end()
      return reply
    }
    const hangUp = (): void => {
      clearTimeout(timer)
      raw.end()
    }
    const timer = setTimeout(hangUp, LINGER_MS)
    raw.once('close', hangUp)
    reply.request.raw.once('end', hangUp).once('error', hangUp).resume()
    return reply
  }

  function takeOver(reply: FastifyReply, status: number, headers: Record<string, string | number>): ServerResponse {
    reply.hijack()
    const { raw } = reply
    const merged = { ...reply.getHeaders(), ...headers, ...(isStopping() && { connection: 'close' }) }
    for (const [name, value] of Object.entries(merged)) if (value !== undefined) raw.setHeader(name, value)
    failpoint('before response start')
    raw.writeHead(status)
    failpoint('after response start')
    raw.setTimeout(writeIdleMs, () => raw.destroy())
    return raw
  }
}

/** The last bytes are with the kernel when this returns, as far as it takes them. */
function complete(raw: ServerResponse): void {
  failpoint('before response end')
  raw.end()
  failpoint('after response end')
}

/**
 * Writes in batches: within one, Node corks the socket, so that a header, small JSON and a blob's slices leave in one `writev`;
 * between them the client's speed and the turn budget are waited for. False when the client left.
 */
async function pour(raw: ServerResponse, chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<boolean> {
  let batched = 0
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += BATCH_BYTES) {
      if (raw.destroyed) return false
      const slice = chunk.length <= BATCH_BYTES ? chunk : chunk.subarray(start, start + BATCH_BYTES)
      raw.write(slice)
      batched += slice.length
      if (batched < BATCH_BYTES) continue
      await spendTurn(batched)
      batched = 0
      if (raw.writableNeedDrain) await drained(raw)
    }
  }
  return !raw.destroyed
}

function drained(raw: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      raw.off('drain', done).off('close', done)
      resolve()
    }
    raw.on('drain', done).on('close', done)
  })
}
