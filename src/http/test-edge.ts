import { createHash } from 'node:crypto'
import { on } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { after } from 'node:test'

import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { z } from 'zod'

import type { Principal } from '../accounts/principal.ts'
import { systemClock } from '../core/clock.ts'
import { fail, FAILURES, type Failure } from '../core/errors.ts'
import { newGenerationId, type GenerationId } from '../core/ids.ts'
import type { ImageRequest } from '../core/image-request.ts'
import { JsonBlob } from '../core/json-blob.ts'
import { NO_TOKENS, type Delivery, type Progress, type Receipt } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { GenerateRoute, Surface } from '../core/surface.ts'
import type { Engine, Owner } from '../generations/engine-port.ts'
import { makeMetrics } from './metrics.ts'
import { makeServer, type HttpParts } from './server.ts'

/** The edge's side of its contracts, for the tests of this folder: small surfaces, an engine played by hand, raw connections. */

export const LIVE_KEY = 'sk-pl-live-0123456789abcdef'
export const ADMIN_KEY = 'sk-pl-admin-0123456789abcdef'

const LIVE: Principal = { keyHash: 'a'.repeat(64), workspaceId: 'ws-1', mode: 'live', label: 'sk-pl-live-0123…cdef' }
const ADMIN: Principal = { keyHash: 'b'.repeat(64), workspaceId: 'ws-1', mode: 'admin', label: 'sk-pl-admin-0123…cdef' }

/** A body that says what the played engine shall do; everything a real body would say is `prompt`. */
const Body = z.strictObject({
  prompt: z.string().min(1),
  stream: z.boolean().optional(),
  user: z.string().optional(),
})

const generate: GenerateRoute = {
  kind: 'generate',
  id: 'createPicture',
  method: 'POST',
  path: '/api/v1/pictures',
  summary: 'Makes a picture',
  access: 'key',
  body: Body,
  parse(body) {
    const { prompt, stream = false, user } = Body.parse(body)
    const turns = [{ role: 'user' as const, parts: [{ type: 'text' as const, text: prompt }] }]
    return ok({ request: { model: 'acme/pix-1', turns, ...(user !== undefined && { user }) }, stream })
  },
  present({ receipt, pictures, text }) {
    if (text === 'throw') throw new Error('a defect in the presenter, with the prompt in it: CANARY-PRESENTER')
    return { id: receipt.id, data: pictures.map((picture) => ({ b64_json: picture })), text }
  },
  stream: {
    progress: (progress, { generationId }) => [
      {
        data: {
          id: generationId,
          type: progress.type,
          ...(progress.type === 'status' ? { fraction: progress.fraction } : { b64_json: progress.picture }),
        },
      },
    ],
    delivered: ({ receipt, pictures, text }) => {
      if (text === 'throw') throw new Error('a defect in the presenter')
      return [{ event: 'completed', data: { id: receipt.id, b64_json: pictures[0] } }, { raw: '[DONE]' }]
    },
    failed: (failure, { requestId }) => [{ data: { error: { code: failure.code, requestId } } }, { raw: '[DONE]' }],
  },
}

export const fakeSurface: Surface = {
  name: 'openrouter',
  prefix: '/api/v1',
  presentFailure: (failure, context) => ({
    error: {
      code: FAILURES[failure.code].status,
      message: failure.message,
      metadata: { ...context, kind: failure.code },
    },
  }),
  routes: [
    generate,
    {
      kind: 'ask',
      id: 'getKey',
      method: 'GET',
      path: '/api/v1/key',
      summary: 'The calling key',
      access: 'any',
      parse: () => ok({ ask: 'key' }),
      present: (answer) => ({ label: 'label' in answer ? answer.label : null }),
    },
    {
      kind: 'ask',
      id: 'createKey',
      method: 'POST',
      path: '/api/v1/keys',
      summary: 'A new key',
      access: 'admin',
      status: 201,
      body: z.object({ name: z.string() }),
      parse: ({ body }) => ok({ ask: 'keys.create', key: z.object({ name: z.string() }).parse(body) }),
      present: () => ({ created: true }),
    },
    {
      kind: 'catalog',
      id: 'listModels',
      method: 'GET',
      path: '/api/v1/models',
      summary: 'Models',
      access: 'none',
      query: z.object({ limit: z.coerce.number().int().max(100).optional() }),
      answer: ({ query }) => ok({ data: [], query: z.object({ limit: z.number().optional() }).parse(query) }),
    },
  ],
}

/** A second dialect, so that envelopes are told apart by path. */
export const otherSurface: Surface = {
  name: 'openai',
  prefix: '/v1',
  presentFailure: (failure) => ({ error: { message: failure.message, code: failure.code, dialect: 'openai' } }),
  routes: [{ ...generate, id: 'createImage', path: '/v1/images/generations' }],
}

/** An engine that does what the test says. `finish` ends a generation, waited for or not. */
export function playedEngine(more: { delivery?: () => Delivery; startFailure?: Failure } = {}) {
  const ends = new Map<string, (result: Result<Delivery, Failure>) => void>()
  const results = new Map<string, Promise<Result<Delivery, Failure>>>()
  const listeners = new Map<string, (event: Progress) => void>()
  const started: { id: GenerationId; request: ImageRequest; owner: Owner }[] = []
  const engine: Engine = {
    async start(request, owner) {
      if (more.startFailure) return err(more.startFailure)
      const id = newGenerationId(systemClock)
      started.push({ id, request, owner })
      const { promise, resolve } = Promise.withResolvers<Result<Delivery, Failure>>()
      results.set(id, promise)
      ends.set(id, (result) => {
        ends.delete(id)
        resolve(result)
      })
      if (more.delivery) ends.get(id)?.(ok(more.delivery()))
      return ok({ id, createdAt: 1_790_000_000_000, deadlineAt: systemClock.now() + 300_000, model: 'acme/pix-1' })
    },
    async wait(id, signal) {
      const result = results.get(id)
      if (!result) throw new Error('no such generation')
      if (signal.aborted) throw signal.reason
      const gone = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      })
      return Promise.race([result, gone])
    },
    watch(id, listener) {
      listeners.set(id, listener)
      return () => listeners.delete(id)
    },
    cancel: async () => 'too_late',
    inFlight: () => [...ends.keys()] as GenerationId[],
  }
  return {
    engine,
    started,
    finish: (result: Result<Delivery, Failure>, id = started.at(-1)?.id ?? '') => ends.get(id)?.(result),
    emit: (event: Progress) => listeners.get(started.at(-1)?.id ?? '')?.(event),
    /** Resolves when `count` generations were started. */
    async until(count: number): Promise<void> {
      while (started.length < count) await systemClock.sleep(2)
    },
  }
}

/** A delivery of one picture whose base64 has `characters` characters, in slices as they come from a socket. */
export function delivery(characters: number, text?: string): Delivery {
  const slices: Buffer[] = []
  for (let left = characters; left > 0; left -= 65_536) slices.push(Buffer.alloc(Math.min(left, 65_536), 'A'))
  return {
    receipt: { id: 'gen-1790000000-abcdefghijklmnopqrst' } as Receipt,
    pictures: [new JsonBlob('base64', slices)],
    text,
    usage: NO_TOKENS,
    provider: 'Acme',
    nativeFinishReason: undefined,
  }
}

export interface TestEdge {
  readonly app: FastifyInstance
  /** Lines that were logged. */
  readonly lines: string[]
  /** Keys that were looked up. */
  readonly looked: string[]
}

export function testEdge(parts: Partial<HttpParts> = {}): TestEdge {
  const lines: string[] = []
  const looked: string[] = []
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString())
      done()
    },
  })
  const engine = parts.engine ?? playedEngine({ delivery: () => delivery(1_000) }).engine
  const app = makeServer({
    surfaces: [fakeSurface, otherSurface],
    engine,
    async authenticate(keyText) {
      looked.push(keyText)
      if (keyText === LIVE_KEY) return ok(LIVE)
      return keyText === ADMIN_KEY ? ok(ADMIN) : err(fail('invalid_api_key', 'No such API key.'))
    },
    answer: async () => ok({ deleted: true }),
    picture: async () => err(fail('image_not_found', 'There is no such picture.')),
    describe: (error) => fail('invalid_request', error.issues[0]?.path.join('.') ?? '', { field: 'prompt' }),
    clock: systemClock,
    logger: pino({ base: null }, sink),
    metrics: makeMetrics(() => engine.inFlight().length),
    ready: async () => ok(undefined),
    version: '0.0.0',
    ...parts,
  })
  return { app, lines, looked }
}

/** A stored picture with these bytes. */
export function stored(bytes: Buffer) {
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    mediaType: 'image/png',
    bytes: bytes.length,
    expiresAt: undefined,
    open: async (range?: { start: number; end: number }) =>
      Readable.from([range ? bytes.subarray(range.start, range.end + 1) : bytes]),
  }
}

const open: FastifyInstance[] = []

// A test that fails leaves its server behind, which would keep the process alive.
after(async () => {
  for (const app of open) {
    app.server.closeAllConnections()
    await app.close()
  }
})

/** Starts listening on a free port and tells it. Whatever is still open after the file's last test is closed. */
export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  open.push(app)
  return (app.server.address() as AddressInfo).port
}

/** A raw connection: what it received, whether it was closed or reset. */
export function rawConnection(port: number) {
  const socket: Socket = connect({ port, host: '127.0.0.1' })
  const state = { received: '', closed: false, reset: false }
  socket.on('data', (chunk) => (state.received += chunk.toString('latin1')))
  socket.on('error', () => (state.reset = true))
  const closed = new Promise<void>((resolve) =>
    socket.on('close', () => {
      state.closed = true
      resolve()
    }),
  )
  return {
    socket,
    state,
    closed,
    async until(condition: (received: string) => boolean, timeoutMs = 3_000): Promise<string> {
      const late = AbortSignal.timeout(timeoutMs)
      const news = on(socket, 'data', { close: ['close'], signal: late })
      if (condition(state.received) || state.closed) return state.received
      for await (const _ of news) if (condition(state.received)) break
      return state.received
    },
  }
}

/** The text of a request with a JSON body. */
export function post(path: string, body: unknown, headers: Record<string, string> = {}): string {
  const text = JSON.stringify(body)
  const all = {
    host: 'gateway.test',
    authorization: `Bearer ${LIVE_KEY}`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return [`POST ${path} HTTP/1.1`, ...lines, '', text].join('\r\n')
}
