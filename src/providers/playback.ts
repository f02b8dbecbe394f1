import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { systemClock } from '../core/clock.ts'
import type { Intake, OpenIntake } from '../core/json-blob.ts'
import { makeUpstream, UPSTREAM_LIMITS, type Upstream, type UpstreamLimits } from './http.ts'
import type { Call } from './provider.ts'

export const CREDENTIAL = 'AIzaTEST-credential-of-nobody-0123456789'

export interface Played {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A provider made of one listener. It is asked once a request has arrived whole. */
export async function playback(play: RequestListener) {
  const requests: Played[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      requests.push({ method, path, headers, body: Buffer.concat(chunks).toString('utf8') })
      play(request, response)
    })
  })
  return { ...(await listening(server)), requests }
}

/** The fields of a form by name, read by Node's own parser; a file as its name, type and length. For `ContractFixtures.readBody`. */
export async function formFields({ headers, body }: Played): Promise<unknown> {
  const init = { headers: { 'content-type': headers['content-type'] ?? '' } }
  const form = await new Response(body, init).formData()
  return Object.fromEntries(
    [...form].map(([name, value]) => [
      name,
      typeof value === 'string' ? value : { name: value.name, type: value.type, length: value.size },
    ]),
  )
}

/** A server that speaks nothing by itself. */
export async function tcp(connected: (socket: Socket) => void) {
  const server = createTcpServer((socket) => {
    connected(socket)
    // Unread, the other side's end would never be noticed.
    socket.resume()
  })
  return listening(server)
}

async function listening(server: ReturnType<typeof createTcpServer>) {
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    connections: () => connections,
    /** Resolves once no client is connected any more; fails after two seconds. */
    async allClosed() {
      for (let tries = 0; sockets.size > 0; tries += 1) {
        assert.ok(tries < 100, 'a socket was left open')
        await delay(20)
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      if (server.listening) await new Promise((closed) => server.close(closed))
    },
  }
}

/** An ordinary answer. */
export function answer(status: number, body: string, type = 'application/json; charset=UTF-8'): RequestListener {
  return (_, response) =>
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
}

/** An answer that does not announce its length. */
export function chunked(body: string): RequestListener {
  return (_, response) => response.writeHead(200).end(body)
}

/** Ends the connection in the middle of a body that announced its length. */
export function cutOff(body: string): RequestListener {
  return (_, response) => {
    begin(response, body, body.length / 2)
    setTimeout(() => response.destroy(), 50)
  }
}

/** Half a body, and then nothing more. */
export function silence(body: string): RequestListener {
  return (_, response) => begin(response, body, body.length / 2)
}

/** A body of which one byte comes every 20 ms. */
export function drip(body: string): RequestListener {
  return (_, response) => {
    begin(response, body, 10)
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
  }
}

function begin(response: ServerResponse, body: string, characters: number): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.write(body.slice(0, characters))
}

/** A call as the engine makes it, to a server of the test. */
export function callTo(
  baseUrl: string,
  { deadlineMs = 5_000, intake = () => undefined, intakeBytes = () => IDLE, departing = () => {} }: CallOptions = {},
): Call {
  const startedAt = systemClock.monotonic()
  return {
    model: 'any',
    baseUrl,
    credential: CREDENTIAL,
    signal: AbortSignal.timeout(deadlineMs),
    clock: systemClock,
    remainingMs: () => startedAt + deadlineMs - systemClock.monotonic(),
    submitted: async () => {},
    progress: () => {},
    intake,
    intakeBytes,
    departing,
  }
}

interface CallOptions {
  readonly deadlineMs?: number
  readonly intake?: OpenIntake
  readonly intakeBytes?: () => Intake
  readonly departing?: () => void
}

const IDLE: Intake = { write: () => {}, end: () => {}, abort: () => {} }

/** Runs with sockets of its own, which are gone afterwards. */
export async function withUpstream<T>(
  limits: Partial<UpstreamLimits>,
  use: (upstream: Upstream) => Promise<T>,
): Promise<T> {
  const upstream = makeUpstream({ limits: { ...UPSTREAM_LIMITS, ...limits } })
  try {
    return await use(upstream)
  } finally {
    await upstream.close()
  }
}
