import { Agent, request } from 'undici'
import { z } from 'zod'

import type { JsonValue } from '../core/json-blob.ts'
import { ANSWER_LIMITS, readJson, writeJson } from '../core/json-blobs.ts'
import { CommandFailure, messageOf } from './failure.ts'

/** A gateway over HTTP with one key. Everything that is not a success is thrown as a `CommandFailure`. */
export interface Client {
  readonly url: string
  /** What the key's text says about itself; undefined for keys of foreign gateways. */
  readonly mode: 'live' | 'test' | 'admin' | undefined
  get<T>(path: string, schema: z.ZodType<T>): Promise<Answer<T>>
  send<T>(
    method: 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body: JsonValue | undefined,
    schema: z.ZodType<T>,
  ): Promise<Answer<T>>
  /** A picture's own bytes. */
  download(path: string): Promise<{ readonly bytes: Buffer; readonly mediaType: string }>
}

export interface Answer<T> {
  /** What the command reads. */
  readonly value: T
  /** All of it, as it came. */
  readonly raw: JsonValue
  readonly generationId: string | undefined
}

interface ClientParts {
  /** Without a trailing slash. */
  readonly url: string
  readonly key: string
  readonly agent: Agent
}

/** Ten of the largest pictures, in base64. */
const LIMITS = { ...ANSWER_LIMITS, maxBytes: 512 * 1024 * 1024 }

/** Connections of one command. Generations take minutes, and the gateway ends them itself. */
export function makeAgent(): Agent {
  return new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 } })
}

export function makeClient({ url, key, agent }: ClientParts): Client {
  async function call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: JsonValue) {
    const headers = { authorization: `Bearer ${key}`, 'user-agent': 'plantain-cli' }
    const document = body === undefined ? undefined : writeJson(body)
    try {
      return await request(url + path, {
        method,
        dispatcher: agent,
        headers: document
          ? { ...headers, 'content-type': 'application/json', 'content-length': String(document.byteLength) }
          : headers,
        ...(document && { body: await collect(document.chunks) }),
      })
    } catch (error) {
      throw new CommandFailure(3, `${url} cannot be reached: ${messageOf(error)}`)
    }
  }

  async function read(response: Awaited<ReturnType<typeof call>>): Promise<JsonValue> {
    const document = await readJson(response.body, { mode: 'answer', limits: LIMITS }).catch((error: unknown) => {
      throw new CommandFailure(3, `The connection to ${url} broke off: ${messageOf(error)}`)
    })
    if (document.ok) return document.value.value
    throw new CommandFailure(3, `${url} does not answer as a gateway does (status ${response.statusCode}).`)
  }

  async function answer<T>(response: Awaited<ReturnType<typeof call>>, schema: z.ZodType<T>): Promise<Answer<T>> {
    const raw = await read(response)
    const generationId = headerOf(response, 'x-generation-id')
    if (response.statusCode >= 400) throw refusalOf(response.statusCode, raw, headerOf(response, 'x-request-id'))
    const parsed = schema.safeParse(raw)
    if (parsed.success) return { value: parsed.data, raw, generationId }
    throw new CommandFailure(3, `${url} answers in a way that this version does not know. Is it a Plantain gateway?`)
  }

  return {
    url,
    mode: modeOf(key),
    get: async (path, schema) => await answer(await call('GET', path), schema),
    send: async (method, path, body, schema) => await answer(await call(method, path, body), schema),
    async download(path) {
      const response = await call('GET', path)
      if (response.statusCode >= 400) await answer(response, z.unknown())
      const bytes = Buffer.from(await response.body.arrayBuffer())
      return { bytes, mediaType: headerOf(response, 'content-type') ?? 'application/octet-stream' }
    },
  }
}

const Envelope = z.object({
  error: z.object({
    message: z.string(),
    metadata: z
      .object({
        code: z.string(),
        field: z.string(),
        request_id: z.string(),
        generation_id: z.string(),
      })
      .partial()
      .optional(),
  }),
})

/** OpenRouter's error envelope as one line: what is wrong, and in brackets what helps to find out why. A wrong key is a wrong setting. */
function refusalOf(status: number, raw: JsonValue, requestId: string | undefined): CommandFailure {
  const parsed = Envelope.safeParse(raw)
  const exitCode = status === 401 ? 3 : 1
  if (!parsed.success) return new CommandFailure(exitCode, `The gateway answered with status ${status}.`, { status })
  const { message, metadata = {} } = parsed.data.error
  const askedAs = metadata.request_id ?? requestId
  const facts = [
    metadata.code,
    metadata.field === undefined ? undefined : `field ${metadata.field}`,
    metadata.generation_id,
    askedAs === undefined ? undefined : `request ${askedAs}`,
  ].filter((fact) => fact !== undefined)
  return new CommandFailure(exitCode, `${message} [${facts.join(', ')}]`, {
    status,
    code: metadata.code,
    field: metadata.field,
    generation_id: metadata.generation_id,
    request_id: askedAs,
  })
}

function modeOf(key: string): Client['mode'] {
  const [, mode] = /^(?:sk-pl-(live|test|admin)-)/.exec(key) ?? /^local-.*\.(live|test|admin)$/.exec(key) ?? []
  return mode as Client['mode']
}

function headerOf({ headers }: { headers: Record<string, string | string[] | undefined> }, name: string) {
  return [headers[name]].flat()[0]
}

async function collect(chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}
