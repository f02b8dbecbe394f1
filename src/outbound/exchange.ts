import type { Socket } from 'node:net'

import { Client } from 'undici'

import { FETCH_HEADER } from './loop-header.ts'

export interface Answer {
  readonly status: number
  /** By lower-case name; what came several times is one text with commas. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: AsyncIterable<Buffer>
  /** Closes the socket, whatever is still on its way. Harmless when repeated. */
  end(): void
}

const MAX_HEADER_BYTES = 16 * 1024

/**
 * One GET over one socket that is closed afterwards: nothing is pooled, so a socket never serves a fetch under other rules than those it
 * was opened by. undici neither follows redirects nor decodes here, and has no timers of its own: the signal ends everything, also
 * a body that nobody reads. Rejects when no answer comes; the socket is closed then.
 */
export async function exchange(
  socket: Socket,
  url: URL,
  accept: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const client = clientOver(socket, url)
  const end = (): void => {
    signal.removeEventListener('abort', end)
    client.destroy(new Error('not wanted any more')).catch(() => {})
    socket.destroy()
  }
  signal.addEventListener('abort', end, { once: true })
  try {
    signal.throwIfAborted()
    const { statusCode, headers, body } = await client.request({
      path: url.pathname + url.search,
      method: 'GET',
      reset: true,
      headers: {
        accept: accept?.join(', ') ?? '*/*',
        'accept-encoding': 'identity',
        'user-agent': 'plantain',
        [FETCH_HEADER]: '1',
      },
    })
    const joined = Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ])
    return { status: statusCode, headers: Object.fromEntries(joined), body, end }
  } catch (error) {
    end()
    throw error
  }
}

function clientOver(socket: Socket, { origin }: URL): Client {
  let isGiven = false
  return new Client(origin, {
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect(_, callback) {
      // Only ever the socket whose other end was checked.
      if (isGiven) return callback(new Error('the connection is gone'), null)
      isGiven = true
      // Not at once: undici does not notice a connection that is there before it has begun to wait for it.
      queueMicrotask(() => callback(null, socket))
    },
  })
}
