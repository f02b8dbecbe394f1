import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { amount } from './faults.ts'
import type { Faults } from './faults.ts'
import { encoded } from './picture-json.ts'
import type { Segment } from './picture-json.ts'

/**
 * Sends a body as its reader takes it, with the faults that concern transport. Resolves with whether all of it left, once the response
 * is over: a reader that goes away, like a fault that closes the connection, is a normal end.
 */
export async function send(response: ServerResponse, segments: readonly Segment[], faults: Faults): Promise<boolean> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  if (response.closed) return false
  const drip = amount(faults, 'drip')
  const stopAt = stopping(segments, faults)
  if (faults.truncate !== undefined) response.setHeader('content-length', lengthOf(segments))
  try {
    const quiet = amount(faults, 'slow-first-byte')
    if (quiet !== undefined) {
      response.flushHeaders()
      await sleep(quiet, undefined, { signal: gone.signal })
    }
    let sent = 0
    for (const chunk of encoded(segments)) {
      const piece = chunk.subarray(0, Math.max(0, stopAt - sent))
      sent += piece.length
      if (drip === undefined) await write(response, piece, gone.signal)
      else await dripped(response, piece, drip, gone.signal)
      if (sent >= stopAt) return await stop(response, faults)
    }
    response.end()
    await once(response, 'finish', { signal: gone.signal })
    return true
  } catch (error) {
    if (gone.signal.aborted) return response.writableFinished
    throw error
  }
}

async function write(response: ServerResponse, chunk: Buffer, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (!response.write(chunk)) await once(response, 'drain', { signal })
}

/** Twenty pieces a second, or one byte at a time below that. */
async function dripped(response: ServerResponse, chunk: Buffer, perSecond: number, signal: AbortSignal): Promise<void> {
  const step = Math.max(1, Math.floor(perSecond / 20))
  for (let start = 0; start < chunk.length; start += step) {
    await write(response, chunk.subarray(start, start + step), signal)
    await sleep((1000 * step) / perSecond, undefined, { signal })
  }
}

function stopping(segments: readonly Segment[], faults: Faults): number {
  if (faults.reset === 'mid-body') return Math.floor(lengthOf(segments) / 2)
  return amount(faults, 'truncate') ?? amount(faults, 'cut') ?? Number.POSITIVE_INFINITY
}

/** `cut` frames the body properly and ends it; `truncate` closes the connection; `reset` resets it. What was written goes out before. */
async function stop(response: ServerResponse, faults: Faults): Promise<false> {
  if (faults.truncate === undefined && faults.reset === undefined) {
    response.end()
    return false
  }
  const { socket } = response
  while ((response.socket?.writableLength ?? 0) > 0) await sleep(2)
  if (faults.reset === undefined) socket?.destroySoon()
  else socket?.resetAndDestroy()
  return false
}

function lengthOf(segments: readonly Segment[]): number {
  let length = 0
  for (const chunk of encoded(segments)) length += chunk.length
  return length
}
