import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, connect as connectSocket, isIP, type Socket } from 'node:net'

import type { Connect } from '../../src/outbound/connect.ts'
import type { Resolve } from '../../src/outbound/resolve.ts'
import { certificateFor } from './certificate.ts'

/** What a name resolves to: one list of addresses per query, the last for all that follow; or never an answer. */
export type Answers = readonly (readonly string[])[] | 'never'

export interface Sinkhole extends AsyncDisposable {
  /** A DNS whose answers change. A name it does not know is the worst there is: this machine. */
  readonly resolve: Resolve
  /** A network: public hosts are where they say; everything else ends in the hole. A name is looked up first, as the system would. */
  readonly connect: Connect
  name(name: string, answers: Answers): void
  /** A public host, on port 80, and 443 with a certificate: a listener on loopback. */
  host(name: string, addresses: readonly string[], listener: RequestListener, certificate?: Certificate): Promise<void>
  /** Connections to the hole, `10.0.0.1:80`. */
  caught(): readonly string[]
  /** Every connection that was asked for, in order. */
  asked(): readonly string[]
  /** Connections that are open at this end, all hosts together. */
  open(): number
}

export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** What the hole says to whoever gets there. */
export const SECRET = 'what nobody outside may read'

/** Records whatever a fetch opens. Nothing leaves loopback. */
export async function openSinkhole(): Promise<Sinkhole> {
  const answers = new Map<string, readonly (readonly string[])[] | 'never'>()
  const queries = new Map<string, number>()
  const ports = new Map<string, number>()
  const servers: Server[] = []
  const sockets = new Set<Socket>()
  const caught: string[] = []
  const asked: string[] = []

  async function listen(server: Server): Promise<number> {
    servers.push(server)
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  const hole = await listen(createServer((_, response) => response.end(SECRET)))

  const resolve: Resolve = async (name, signal) => {
    const known = answers.get(name) ?? [['127.0.0.1']]
    if (known === 'never') {
      await once(signal, 'abort')
      throw signal.reason
    }
    const query = queries.get(name) ?? 0
    queries.set(name, query + 1)
    return known[Math.min(query, known.length - 1)] ?? []
  }

  const connect: Connect = async (given, port, signal) => {
    const address = isIP(given) === 0 ? ((await resolve(given, signal))[0] ?? given) : given
    asked.push(`${address}:${port}`)
    const there = ports.get(`${address}:${port}`)
    if (there === undefined) caught.push(`${address}:${port}`)
    const socket = connectSocket({ host: '127.0.0.1', port: there ?? hole })
    await once(socket, 'connect', { signal })
    return { socket, peer: address }
  }

  return {
    resolve,
    connect,
    name: (name, list) => void answers.set(name, list),
    async host(
      name,
      addresses,
      listener,
      certificate = certificateFor(name, ...addresses.filter((it) => isIP(it) === 4)),
    ) {
      answers.set(name, [addresses])
      const plain = await listen(createServer(listener))
      const secure = await listen(createSecureServer(certificate, listener))
      for (const address of addresses) {
        ports.set(`${address}:80`, plain)
        ports.set(`${address}:443`, secure)
      }
    },
    caught: () => caught,
    asked: () => asked,
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
    },
  }
}
