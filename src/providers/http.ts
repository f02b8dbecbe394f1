import type { IncomingHttpHeaders } from 'node:http'

import { Agent } from 'undici'

import type { JsonBlob, JsonValue } from '../core/json-blob.ts'
import { ANSWER_LIMITS, readJson, writeJson } from '../core/json-blobs.ts'
import type { PictureMemory } from '../core/picture-memory.ts'
import { err, ok, type Result } from '../core/result.ts'
import { watchBody } from './answer-body.ts'
import { type DownloadHints, type ForeignFetch, makeDownload } from './download.ts'
import { type EventReader, readStream } from './events.ts'
import { exchange } from './exchange.ts'
import { type Answer, brokenCall, deadlinePassed, scrubbed, statusFailure, unusableAnswer } from './failure.ts'
import { type FormBody, type FormPart, writeForm } from './form.ts'
import type { Call, UpstreamFailure } from './provider.ts'

/** The way to every provider: one pool of sockets for the whole process, and the rules that no adapter should repeat. */
export interface Upstream {
  /**
   * One request that is answered with JSON. Never retried, never redirected. Every failure of the way is told here, with `billed` by
   * how far the request got; what the provider itself said is told by `read`. No failure that comes back contains the credential.
   */
  requestJson<T>(call: Call, request: JsonRequest<T>): Promise<Result<T, UpstreamFailure>>
  /** The one POST of a provider that answers with the picture itself. */
  postJson<T>(call: Call, post: JsonPost<T>): Promise<Result<T, UpstreamFailure>>
  /** The same of one that shows the picture while it is being made, as server-sent events. An answer that is no stream goes to `read`. */
  requestEvents<T>(call: Call, request: EventRequest<T>): Promise<Result<T, UpstreamFailure>>
  /** A picture that a provider handed over by its address. No credential goes there. Its failures are `billed: 'yes'`. */
  download(call: Call, address: string, hints?: DownloadHints): Promise<Result<JsonBlob, UpstreamFailure>>
  /** Ends idle sockets and waits for calls under way. */
  close(): Promise<void>
}

export interface JsonRequest<T> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the call's base URL, with a leading slash; data in it already percent-encoded. */
  readonly path: string
  /** Behind the path; encoded here. */
  readonly query?: Readonly<Record<string, string>>
  /** The credential in the provider's own header, and nothing the shared headers already say. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: JsonValue
  /** Instead of `body`: fields and files, as `multipart/form-data`. */
  readonly form?: readonly FormPart[]
  /** Instead of `body`: a few words, as `application/x-www-form-urlencoded`. */
  readonly fields?: Readonly<Record<string, string>>
  /** Whether a long string at this place of the answer is a picture that the asset store may watch while it arrives. Absent: none is. */
  pictures?(path: readonly (string | number)[]): boolean
  /** Makes a result of an answer. Any status but a redirect; a 2xx always has JSON. */
  read(answer: Answer): Result<T, UpstreamFailure>
  /** Whether this is the request of the call that may cost something. It alone says `departing`, and may take until the deadline. */
  readonly paid?: boolean
}

export type JsonPost<T> = Omit<JsonRequest<T>, 'method' | 'paid'> &
  ({ readonly body: JsonValue } | { readonly form: readonly FormPart[] })

export type EventRequest<T> = JsonPost<T> & EventReader<T>

/** Milliseconds and bytes that bound every upstream call. The whole of a call is bounded by its own deadline. */
export interface UpstreamLimits {
  /** DNS, TCP and TLS together. */
  readonly connectMs: number
  /** Silence within a body. Before the status line only the deadline counts: pictures arrive after minutes of nothing. */
  readonly silenceMs: number
  /** Until the status line of a request that costs nothing: a question after a job, a download. It is asked again. */
  readonly askMs: number
  /** After the first byte: at least this much per second, measured over `paceMs` of waiting for the network. */
  readonly paceBytesPerSecond: number
  readonly paceMs: number
  /** Idle sockets are closed after this, or a second before the server's own hint if that is sooner. */
  readonly keepAliveMs: number
  readonly connectionAgeMs: number
  readonly answerBytes: number
  /** Bodies of answers that are not 2xx; what exceeds it is read as no body at all. */
  readonly errorBytes: number
}

export const UPSTREAM_LIMITS: UpstreamLimits = {
  connectMs: 5_000,
  silenceMs: 30_000,
  askMs: 15_000,
  paceBytesPerSecond: 32 * 1024,
  paceMs: 20_000,
  keepAliveMs: 4_000,
  connectionAgeMs: 300_000,
  answerBytes: 64 * 1024 * 1024,
  errorBytes: 1024 * 1024,
}

/** How much longer undici's own header timer waits than the call's signal: it only matters if the signal never comes. */
const HEADERS_GRACE_MS = 2_000

/** What says that an answer comes as events. */
const EVENT_STREAM = 'text/event-stream'

/** An answer of which the status line has come. */
interface Opened {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: AsyncIterable<Buffer>
  readonly startedAt: number
}

interface UpstreamParts {
  readonly limits?: UpstreamLimits
  readonly memory?: PictureMemory
  /** The guarded connector, for addresses that providers chose. Without it only the operator's own origins are downloaded from. */
  readonly foreign?: ForeignFetch
}

export function makeUpstream({ limits = UPSTREAM_LIMITS, memory, foreign }: UpstreamParts = {}): Upstream {
  const agent = new Agent({
    // One call per socket: no pipelining, and no HTTP/2, where one reset would end many paid calls at once.
    allowH2: false,
    pipelining: 1,
    connect: { timeout: limits.connectMs },
    keepAliveTimeout: limits.keepAliveMs,
    keepAliveMaxTimeout: limits.keepAliveMs,
    clientTtl: limits.connectionAgeMs,
    // Counted here, where an answer that is too large can be told from one that broke.
    maxResponseSize: -1,
  })

  const download = makeDownload({ agent, limits, foreign, memory })

  /** Writes a request, and waits for the status line of its answer. */
  async function open(
    call: Call,
    request: Omit<JsonRequest<unknown>, 'read'>,
    { accept = 'application/json', silenceMs = limits.silenceMs } = {},
  ): Promise<Result<Opened, UpstreamFailure>> {
    const { method, path, query, headers: own, paid = false } = request
    const address = addressOf(call, path, query)
    if (!address.ok) return address
    const sent = await bodyOf(request)
    if (call.signal.aborted || call.remainingMs() <= 0) return err(deadlinePassed('connecting'))

    const startedAt = call.clock.monotonic()
    const untilDeadlineMs = call.remainingMs() + HEADERS_GRACE_MS
    const under = exchange(agent, {
      method,
      url: address.value,
      headers: {
        accept,
        'accept-encoding': 'identity',
        ...(sent && { 'content-type': sent.contentType }),
        ...own,
      },
      body: sent,
      ...(paid && { departing: () => call.departing() }),
      signal: call.signal,
      headersMs: Math.min(paid ? (call.headersMs ?? Infinity) : limits.askMs, untilDeadlineMs),
      silenceMs,
    })
    const head = await under.head.then(ok, (error: unknown) => err(error))
    if (!head.ok) {
      return err(call.signal.aborted ? deadlinePassed(under.phase()) : brokenCall(head.error, under.phase()))
    }
    return ok({ ...head.value, body: under.body, startedAt })
  }

  async function requestJson<T>(call: Call, request: JsonRequest<T>): Promise<Result<T, UpstreamFailure>> {
    const opened = await open(call, request)
    return opened.ok ? await readWhole(call, request, opened.value) : opened
  }

  async function requestEvents<T>(call: Call, request: EventRequest<T>): Promise<Result<T, UpstreamFailure>> {
    const post = { ...request, method: 'POST', paid: true } as const
    // A stream is silent for as long as the picture takes, as other answers are before their status line.
    const silenceMs = Math.min(call.headersMs ?? Infinity, Math.max(1, call.remainingMs()) + HEADERS_GRACE_MS)
    const opened = await open(call, post, { accept: `${EVENT_STREAM}, application/json`, silenceMs })
    if (!opened.ok) return opened
    const isStream = isSuccessful(opened.value) && opened.value.headers['content-type']?.startsWith(EVENT_STREAM)
    if (!isStream) return await readWhole(call, post, opened.value)
    return await readStream(call, request, opened.value, { limits, memory })
  }

  async function readWhole<T>(
    call: Call,
    request: Pick<JsonRequest<T>, 'pictures' | 'read'>,
    { status, headers, body: arriving, startedAt }: Opened,
  ): Promise<Result<T, UpstreamFailure>> {
    const isSuccess = isSuccessful({ status })
    const body = watchBody(arriving, limits, call.clock)
    const read = await readJson(body.bytes, {
      limits: { ...ANSWER_LIMITS, maxBytes: isSuccess ? limits.answerBytes : limits.errorBytes },
      mode: 'answer',
      intake: (place, mediaType) =>
        isSuccess && request.pictures?.(place) ? call.intake(place, mediaType) : undefined,
      ...(memory && { memory }),
    })

    const value = read.ok ? read.value.value : undefined
    const answer = { status, headers, value, raw: body.raw(), ms: call.clock.monotonic() - startedAt }
    if (value === undefined && call.signal.aborted) return err({ ...deadlinePassed('answering'), status })
    if (status >= 300 && status < 400) return err(statusFailure(answer, call.clock))
    if (isSuccess && !read.ok) {
      const reason = body.problem() ?? `it cannot be read: ${read.error.message.replace(/\.$/, '')}`
      return err(unusableAnswer(status, reason, answer.raw))
    }
    return request.read(answer)
  }

  return {
    requestJson: (call, request) => discreet(call, requestJson(call, request)),
    postJson: (call, post) => discreet(call, requestJson(call, { ...post, method: 'POST', paid: true })),
    requestEvents: (call, request) => discreet(call, requestEvents(call, request)),
    download,
    close: () => agent.close(),
  }
}

function isSuccessful({ status }: Pick<Opened, 'status'>): boolean {
  return status >= 200 && status < 300
}

/** Of what comes back of a failed call, nothing is the credential. */
async function discreet<T>(
  { credential }: Call,
  under: Promise<Result<T, UpstreamFailure>>,
): Promise<Result<T, UpstreamFailure>> {
  const result = await under
  return result.ok ? result : err(scrubbed(result.error, credential))
}

type Sent = Pick<JsonRequest<unknown>, 'body' | 'form' | 'fields'>

async function bodyOf({ body, form, fields }: Sent): Promise<FormBody | undefined> {
  if (form !== undefined) return await writeForm(form)
  if (fields !== undefined) {
    const bytes = Buffer.from(new URLSearchParams(fields).toString())
    return { contentType: 'application/x-www-form-urlencoded', byteLength: bytes.length, chunks: [bytes] }
  }
  return body === undefined ? undefined : { ...writeJson(body), contentType: 'application/json' }
}

/** Nothing that would lead anywhere but below the base URL, and nothing a server might decode into such a thing. */
const PATH = /^(\/(?!\.{1,2}(\/|$))([\w\-.~!$&'()*+,;=:]|%(?!2[eEfF]|5[cC]|[01][\dA-Fa-f]|7[fF])[\dA-Fa-f]{2})+)+$/

/** Where the call goes, always below the origin its credential belongs to; a setting that would lead elsewhere is refused unsent. */
function addressOf(
  { baseUrl, credential }: Call,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Result<URL, UpstreamFailure> {
  const base = URL.parse(baseUrl)
  // Whatever else an address can have (user, query, fragment) would swallow or outlive the path.
  if (base === null || !/^https?:$/.test(base.protocol) || base.href !== base.origin + base.pathname) {
    return refused('rejected', 'The base URL of the provider is not a plain http or https address.')
  }
  if (!PATH.test(path)) return refused('rejected', 'The model has an id that cannot be part of an address.')
  // Header values are visible ASCII: a line break in a setting must not become a header of its own.
  if (!/^[\x21-\x7e]+$/.test(credential)) {
    return refused(
      'unauthorized',
      'The credential of the provider is empty or has characters that no header can carry.',
    )
  }
  const url = new URL(base.href.replace(/\/$/, '') + path)
  url.search = new URLSearchParams(query).toString()
  return url.origin === base.origin ? ok(url) : refused('rejected', 'The model has an id that leads to another host.')
}

function refused(kind: 'rejected' | 'unauthorized', message: string): Result<never, UpstreamFailure> {
  return err({ kind, billed: 'no', message, raw: '' })
}
