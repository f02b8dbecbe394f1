import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** One request as it came over the socket. */
export interface Asked {
  /** `POST /v1beta/models/… HTTP/1.1`. */
  readonly line: string
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/** What happens to one call on its way. */
export type Mishap =
  /** One of the simulator's own faults, `status=503`: the answer is the simulator's, in the provider's words. */
  | { readonly fault: string }
  /** What no well-behaved server does, written byte by byte. `billed`: what a provider that behaved so would have charged. */
  | { readonly raw: (socket: Socket, asked: Asked) => void | Promise<void>; readonly billed: bigint }
  /** A reset before the first byte was read. */
  | { readonly reset: 'accept' }
  /** A reset once so many bytes of the body have come; no more of it is read. */
  | { readonly reset: 'body'; readonly bytes: number }

/** One connection that the gateway opened. Times are `performance.now()`. */
export interface Passage {
  readonly asked: Asked[]
  firstByteAt: number | undefined
  closedAt: number | undefined
  closedBy: 'gateway' | 'provider' | undefined
}

/** The way from a gateway to one simulated provider: raw sockets, on which calls meet what was asked for. */
export interface Road {
  /** What the gateway takes for the provider's base URL. */
  readonly url: string
  /** A header name that the simulator's bill shows for the calls of this road alone. */
  readonly mark: string
  /** The next POSTs meet these, in turn; those after them pass, or meet what `always` says. */
  meet(...mishaps: readonly Mishap[]): void
  always(mishap: Mishap | (() => Mishap) | undefined): void
  readonly passages: readonly Passage[]
  /** POSTs that arrived so far, whole or not: each of them may be a paid call. */
  posts(): number
  /** What the raw answers so far would have been billed. */
  rawBilledNanos(): bigint
  /** Connections that the gateway holds open. */
  open(): number
  stop(): Promise<void>
}

let roads = 0

/** `target`: the simulator's base URL for the provider, as it would be given to a gateway. */
export async function openRoad(target: string): Promise<Road> {
  const there = new URL(target)
  const mark = `x-road-${++roads}`
  const waiting: Mishap[] = []
  const passages: Passage[] = []
  const sockets = new Set<Socket>()
  let standing: () => Mishap | undefined = () => undefined
  let posts = 0
  let billed = 0n

  const next = (): Mishap | undefined => waiting.shift() ?? standing()
  const peek = (): Mishap | undefined => waiting[0] ?? standing()

  async function serve(socket: Socket, passage: Passage): Promise<void> {
    const reader = readerOf(socket)
    for (;;) {
      const head = await reader.until('\r\n\r\n')
      if (head === undefined) return
      const { line, headers } = parsedHead(head)
      const isPost = line.startsWith('POST ')
      const mishap = isPost ? next() : undefined
      if (isPost) posts += 1
      const length = Number(headers.get('content-length') ?? 0)
      if (mishap !== undefined && 'reset' in mishap) {
        await reader.take(mishap.reset === 'body' ? Math.min(mishap.bytes, length) : 0)
        hangUp(socket, passage, 'reset')
        return
      }
      const body = await reader.take(length)
      if (body === undefined) return
      const asked = { line, headers, body }
      passage.asked.push(asked)
      if (mishap !== undefined && 'raw' in mishap) {
        billed += mishap.billed
        await mishap.raw(socket, asked)
        continue
      }
      return relay(socket, passage, asked, mishap?.fault)
    }
  }

  /** Hands the request on to the simulator and its answer back, with whatever befalls either connection. */
  function relay(socket: Socket, passage: Passage, { line, headers, body }: Asked, fault: string | undefined): void {
    const onward = connect(Number(there.port), there.hostname)
    const lines = [...headers].filter(([name]) => name !== 'connection').map(([name, value]) => `${name}: ${value}`)
    if (fault !== undefined) lines.push(`x-sandbox-fault: ${fault}`)
    onward.write([line, ...lines, `${mark}: 1`, 'connection: close', '', ''].join('\r\n'))
    onward.write(body)
    onward.on('data', (chunk: Buffer) => {
      passage.firstByteAt ??= performance.now()
      if (!socket.write(chunk)) onward.pause()
    })
    socket.on('drain', () => onward.resume())
    onward.on('end', () => hangUp(socket, passage, 'end'))
    onward.on('error', () => hangUp(socket, passage, 'reset'))
    socket.on('close', () => onward.destroy())
  }

  const server = createServer((socket) => {
    const passage: Passage = { asked: [], firstByteAt: undefined, closedAt: undefined, closedBy: undefined }
    passages.push(passage)
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      passage.closedAt = performance.now()
      passage.closedBy ??= 'gateway'
    })
    const first = peek()
    if (first !== undefined && 'reset' in first && first.reset === 'accept') {
      next()
      hangUp(socket, passage, 'reset')
      return
    }
    void serve(socket, passage)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${there.pathname}`,
    mark,
    meet: (...mishaps) => void waiting.push(...mishaps),
    always: (mishap) => void (standing = typeof mishap === 'function' ? mishap : () => mishap),
    passages,
    posts: () => posts,
    rawBilledNanos: () => billed,
    open: () => sockets.size,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((closed) => server.close(closed))
    },
  }
}

function hangUp(socket: Socket, passage: Passage, how: 'end' | 'reset'): void {
  passage.closedBy ??= 'provider'
  if (how === 'end') socket.end()
  else socket.resetAndDestroy()
}

function parsedHead(head: Buffer): { readonly line: string; readonly headers: ReadonlyMap<string, string> } {
  const [line = '', ...rest] = head.toString('latin1').trimEnd().split('\r\n')
  const headers = rest.map((text) => {
    const colon = text.indexOf(':')
    return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()] as const
  })
  return { line, headers: new Map(headers) }
}

/** Takes bytes off a socket as they are asked for; undefined once it has ended before them. Nothing is read ahead of the asking. */
function readerOf(socket: Socket) {
  let held = Buffer.alloc(0)
  async function more(): Promise<boolean> {
    for (;;) {
      const chunk = socket.read() as Buffer | null
      if (chunk !== null) {
        held = Buffer.concat([held, chunk])
        return true
      }
      if (socket.readableEnded || socket.destroyed) return false
      await new Promise<void>((resolve) => {
        const events = ['readable', 'end', 'close'] as const
        const wake = (): void => {
          for (const name of events) socket.off(name, wake)
          resolve()
        }
        for (const name of events) socket.on(name, wake)
      })
    }
  }
  function cut(bytes: number): Buffer {
    const piece = held.subarray(0, bytes)
    held = held.subarray(bytes)
    return piece
  }
  return {
    async until(mark: string): Promise<Buffer | undefined> {
      while (!held.includes(mark)) if (!(await more())) return undefined
      return cut(held.indexOf(mark) + mark.length)
    },
    async take(bytes: number): Promise<Buffer | undefined> {
      while (held.length < bytes) if (!(await more())) return undefined
      return cut(bytes)
    },
  }
}
