import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import type { Clock } from '../core/clock.ts'
import { isSameAddress } from './address-rules.ts'
import { literalAddress, portOf } from './url-rules.ts'

/** Opens TCP to an address, never to a name. Rejects when that fails or the signal aborts, and leaves no socket behind then. */
export type Connect = (address: string, port: number, signal: AbortSignal) => Promise<Connection>

export interface Connection {
  readonly socket: Socket
  /** The address at the other end, as the system has it. */
  readonly peer: string | undefined
}

/** A host with more addresses than these is tried no further. */
const MOST_ATTEMPTS = 4

const ATTEMPT_MS = 4_000

export const connectTcp: Connect = async (address, port, signal) => {
  signal.throwIfAborted()
  const socket = connectSocket({ host: address, port, noDelay: true })
  try {
    await once(socket, 'connect', { signal })
  } catch (error) {
    socket.destroy()
    throw error
  }
  return { socket, peer: socket.remoteAddress }
}

/**
 * A socket to one of the checked addresses, tried in order, encrypted where the URL says so: for the name of the URL, which the
 * certificate has to prove. The name itself is never looked up again. Rejects with the last address's error.
 */
export async function openSocket(
  url: URL,
  addresses: readonly string[],
  signal: AbortSignal,
  { connect, clock }: { readonly connect: Connect; readonly clock: Clock },
): Promise<Socket> {
  let trouble: unknown
  for (const address of addresses.slice(0, MOST_ATTEMPTS)) {
    signal.throwIfAborted()
    try {
      const { socket, peer } = await inTime(clock, signal, (limit) => connect(address, portOf(url), limit))
      // A socket that fails while nobody has taken it over yet must not end the process.
      socket.on('error', () => {})
      if (peer !== undefined && isSameAddress(peer, address)) return await secured(socket, url, signal)
      socket.destroy()
      throw new Error('the other end is not the address that was checked')
    } catch (error) {
      signal.throwIfAborted()
      trouble = error
    }
  }
  throw trouble
}

async function inTime<T>(clock: Clock, signal: AbortSignal, attempt: (limit: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController()
  const done = new AbortController()
  const stop = () => limit.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  clock.sleep(ATTEMPT_MS, done.signal).then(
    () => limit.abort(new Error('no answer')),
    () => {},
  )
  try {
    return await attempt(limit.signal)
  } finally {
    signal.removeEventListener('abort', stop)
    done.abort()
  }
}

async function secured(socket: Socket, url: URL, signal: AbortSignal): Promise<Socket> {
  if (url.protocol === 'http:') return socket
  const address = literalAddress(url)
  const tls = connectTls({
    socket,
    // SNI holds names only; what the certificate has to be for is taken from `host` where there is none.
    ...(address === undefined ? { servername: url.hostname } : { host: address }),
    ALPNProtocols: ['http/1.1'],
  })
  tls.on('error', () => {})
  try {
    await once(tls, 'secureConnect', { signal })
    return tls
  } catch (error) {
    tls.destroy()
    socket.destroy()
    throw error
  }
}
