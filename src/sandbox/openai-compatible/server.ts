import type { IncomingMessage, ServerResponse } from 'node:http'

import { makeFiles } from '../files.ts'
import { type PaidCall, receiveCall, type Received, type Understood } from '../paid-call.ts'
import { base64Form } from '../picture-faults.ts'
import { PictureText } from '../picture-json.ts'
import { baseOf, isRefusal, sendJson, sendRefusal } from '../simulator.ts'
import type { Handler, Refusal, SimulatorOptions } from '../simulator.ts'
import { sha256 } from '../network-faults.ts'
import { type Job, painted } from './job.ts'

/** How one server differs from the others, as its own documents tell it. */
export interface Dialect {
  readonly slug: string
  /** Why this credential is not let in; undefined: it is. */
  refuseKey(authorization: string | undefined): Refusal | undefined
  /** Reads the request that makes pictures, at this path below `/v1`; undefined: there is no such path. */
  reader(path: string): ((received: Received) => Promise<Understood<Job> | Refusal>) | undefined
  /** The server's own error of this status, with these words or its usual ones. */
  refusal(status: number, says?: string): Refusal
  /** What its rules do: an error, or black pictures that are flagged. Absent: it has none. */
  readonly rules?: Refusal | 'flags'
  answer(job: Job, pictures: readonly Picture[], facts: Facts): object
  /** The document of a free question; a refusal where it fails; undefined: there is no such path. */
  free(path: string, authorization: string | undefined): object | undefined
  /** Whether a key without credit is let in there. */
  readonly isOpenWhenEmpty?: boolean
  /** Where a picture is handed over, as it stands in answers; absent: always in the answer itself. */
  address?(base: string, name: string): string
}

export interface Picture {
  /** Its place in JSON, with or without a data URL's prefix. */
  inText(prefix?: string): PictureText
  /** Undefined where the answer has the picture itself. */
  readonly url: string | undefined
}

export interface Facts {
  readonly id: string
  readonly created: number
  readonly nanos: bigint
  readonly areFlagged: boolean
}

const BODY_LIMIT = 64 * 1024 * 1024

/** One server that speaks OpenAI's Images API more or less: pictures by POST, what it has by GET, and files where it hands addresses over. */
export function serverOf(dialect: Dialect, { bill, latencyMs, random, now }: SimulatorOptions): Handler {
  const files = makeFiles()

  async function make(request: IncomingMessage, response: ServerResponse, path: string, base: string): Promise<void> {
    const read = dialect.reader(path)
    if (read === undefined) return sendRefusal(response, dialect.refusal(404))
    const call = await receiveCall<Job>(
      request,
      response,
      { bill, latencyMs },
      {
        simulator: dialect.slug,
        method: path.slice(1),
        limitBytes: BODY_LIMIT,
        refusal: (status) => dialect.refusal(status),
        read: (received) => dialect.refuseKey(received.headers.authorization) ?? read(received),
      },
    )
    if (call === undefined) return
    const { faults } = call
    if (faults['no-image'] !== undefined) {
      const document = faults['no-image'].endsWith('missing')
        ? {}
        : emptied(dialect.answer(call.input, [], factsOf(call, 0n, false)))
      return await call.answer(document, { outcome: 'blocked' })
    }
    const areFlagged = faults.refusal !== undefined && dialect.rules === 'flags'
    if (faults.refusal !== undefined && !areFlagged) {
      const { rules } = dialect
      const none = dialect.refusal(400, 'The sandbox knows no rules of this server that could refuse anything.')
      return call.reject(typeof rules === 'object' ? rules : none, 'blocked')
    }
    const made = await painted(call.input, faults, areFlagged)
    const facts = factsOf(call, call.nanos, areFlagged)
    const pictures = made.map((bytes, index) => pictureOf(call, bytes, `${facts.id}-${index}`, base))
    await call.answer(dialect.answer(call.input, pictures, facts), { outcome: 'answered', pictures: made })
  }

  function factsOf({ model, prompt }: PaidCall<Job>, nanos: bigint, areFlagged: boolean): Facts {
    const id = sha256(Buffer.from(`${model}${prompt}${random()}`)).slice(0, 24)
    return { id, created: Math.floor(now() / 1000), nanos, areFlagged }
  }

  function pictureOf({ input, faults }: PaidCall<Job>, bytes: Buffer, name: string, base: string): Picture {
    const isSent = input.byAddress !== true || dialect.address === undefined
    if (!isSent) files.put({ name, type: `image/${input.format.replace('svg', 'svg+xml')}`, bytes, faults })
    return {
      inText: (prefix = '') => new PictureText(bytes, base64Form(faults), prefix),
      url: isSent ? undefined : dialect.address?.(base, name),
    }
  }

  return async (request, response, path) => {
    const { pathname, searchParams } = new URL(path, 'http://sandbox')
    const base = baseOf(request, path)
    const file = fileName(pathname, searchParams)
    if (request.method === 'GET' && file !== undefined) return await files.deliver(request, response, file)
    const below = /^\/v1(\/.+)$/u.exec(pathname)?.[1]
    if (below === undefined) return sendRefusal(response, dialect.refusal(404))
    if (request.method === 'POST') return await make(request, response, below, base)
    const { authorization } = request.headers
    const answer = request.method === 'GET' ? dialect.free(below, authorization) : undefined
    const refusal = dialect.refuseKey(authorization)
    const isLetIn = refusal === undefined || (dialect.isOpenWhenEmpty === true && refusal.status !== 401)
    const found = answer === undefined ? dialect.refusal(404) : isLetIn ? answer : refusal
    if (isRefusal(found)) return sendRefusal(response, found)
    sendJson(response, found)
  }
}

/** The ways in which LocalAI, Together and SGLang name a file. */
function fileName(pathname: string, query: URLSearchParams): string | undefined {
  const [, plain] = /^\/(?:generated-images|imgproxy)\/([\w-]+)\.\w+$/u.exec(pathname) ?? []
  if (plain !== undefined) return plain
  const [, id] = /^\/v1\/images\/([\w-]+)\/content$/u.exec(pathname) ?? []
  return id === undefined ? undefined : `${id}-${query.get('variant') ?? '0'}`
}

function emptied(document: object): object {
  return Object.fromEntries(Object.entries(document).map(([name, value]) => [name, Array.isArray(value) ? [] : value]))
}
