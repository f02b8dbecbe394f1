import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Faults } from './faults.ts'

/** What the header asks for; the prompt's directives come with the body. */
export function faultHeader(request: IncomingMessage): string | undefined {
  const value = request.headers['x-sandbox-fault']
  return Array.isArray(value) ? value.join(',') : value
}

/**
 * The body of a request, in memory. `too_large`: over the limit, read to its end and dropped, so that a refusal arrives. `cut`: there
 * is none, because the caller broke off or the faults reset the connection while it was coming; the connection is gone.
 */
export async function receive(
  request: IncomingMessage,
  faults: Faults,
  limitBytes: number,
): Promise<Buffer | 'too_large' | 'cut'> {
  if (faults.reset === 'mid-request') await once(request, 'data')
  const isCut = faults.reset === 'accept' || faults.reset === 'mid-request'
  const body = isCut ? 'cut' : await received(request, limitBytes)
  if (body === 'cut') request.socket.resetAndDestroy()
  return body
}

async function received(request: IncomingMessage, limitBytes: number): Promise<Buffer | 'too_large' | 'cut'> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of request) {
      const bytes: Buffer = chunk
      length += bytes.length
      if (length <= limitBytes) chunks.push(bytes)
    }
  } catch {
    return 'cut'
  }
  return length > limitBytes ? 'too_large' : Buffer.concat(chunks)
}

/** Whether the faults ask for an answer that no provider gave: a redirect, or the page of a hotel's network. */
export function isMisdirected({ redirect, html }: Faults): boolean {
  return redirect !== undefined || html !== undefined
}

/** Gives that answer and returns its status. */
export function misdirect(response: ServerResponse, { redirect }: Faults): number {
  if (redirect !== undefined) {
    response.writeHead(302, { location: redirect }).end()
    return 302
  }
  const page =
    '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Welcome to the network</h1></body></html>\n'
  response.writeHead(200, { 'content-type': 'text/html; charset=UTF-8' }).end(page)
  return 200
}

/** Lower-case hex, as the bill names pictures. */
export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
