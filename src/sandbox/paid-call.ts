import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Bill, Call } from './bill.ts'
import { amount, type Faults, readFaults } from './faults.ts'
import { faultHeader, isMisdirected, misdirect, receive, sha256 } from './network-faults.ts'
import { hashOf } from './painting/random.ts'
import { jsonSegments, type Segment } from './picture-json.ts'
import { send } from './send.ts'
import { isRefusal, type Refusal, sendRefusal } from './simulator.ts'

/** What a provider makes of the one request that may cost something. */
export interface PaidCallRules<Input> {
  /** The simulator's slug and the name of the call, for the bill. */
  readonly simulator: string
  readonly method: string
  /** The model that the path names, for the bill of a call that was refused; absent: what the body says. */
  readonly model?: string
  readonly limitBytes: number
  /** The call only puts a job into a queue: waits belong to the job. */
  readonly isQueued?: boolean
  /** Checks everything about a request, the key first: what it would be worth, or how the provider refuses it. */
  read(received: Received): Promise<Understood<Input> | Refusal> | Understood<Input> | Refusal
  /** The provider's own error of this status, for faults asked for by number; some tell the seconds of `retry-after` in the body too. */
  refusal(status: number, retryAfter?: string): Refusal
  /** For a body over the limit; absent: the provider's 413. */
  readonly tooLarge?: Refusal
  /** Tells of a misspelt fault in the provider's words; absent: in plain ones. */
  misspelt?(says: string): Refusal
}

export interface Received {
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** The body as JSON; undefined when it is none. */
  json(): unknown
  /** The body as a form; undefined when it is none. */
  form(): Promise<FormData | undefined>
}

export interface Understood<Input> {
  readonly model: string
  /** Where faults are asked for. */
  readonly prompt: string
  readonly input: Input
  /** Nano-dollars of a complete answer. */
  readonly nanos: bigint
  readonly tier?: string
  readonly tokens?: Readonly<Record<string, number>>
  /** The request as the bill keeps it, without picture data. Absent: the JSON, pictures and long strings as size and SHA-256. */
  readonly summary?: unknown
}

export interface PaidCall<Input> extends Understood<Input> {
  readonly faults: Faults
  /** Adds the call to the bill; the function returned tells whether the answer arrived whole. */
  record(ending: Ending): (complete: boolean) => void
  reject(refusal: Refusal, outcome?: Call['outcome']): void
  /** Sends a document (pictures in it as `PictureText`), or ready segments, with the faults of transport; or never, when it is to hang. */
  answer(document: unknown, ending: Ending, options?: AnswerOptions): Promise<void>
  /** Sends the small document of a call that was put into a queue: what it costs is recorded when its job ends. */
  accept(document: object, status?: number): void
}

export interface Ending {
  readonly outcome: Call['outcome']
  /** 200 when absent; null: no status line. */
  readonly status?: number | null
  /** Absent: what a complete answer costs where the outcome is `answered`, and nothing otherwise. */
  readonly nanos?: bigint
  /** Absent: those of a complete answer. */
  readonly tokens?: Readonly<Record<string, number>>
  /** Bytes of the pictures that were made, in the order of the answer. */
  readonly pictures?: readonly Buffer[]
}

interface AnswerOptions {
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly segments?: readonly Segment[]
}

/**
 * The way of every paid request until somebody has to paint: read, check, bill what goes wrong on the way, wait, break off as the
 * faults ask for. Undefined when it has been answered already.
 */
export async function receiveCall<Input>(
  request: IncomingMessage,
  response: ServerResponse,
  { bill, latencyMs }: { readonly bill: Bill; readonly latencyMs: number },
  rules: PaidCallRules<Input>,
): Promise<PaidCall<Input> | undefined> {
  const asked = readFaults(faultHeader(request), '')
  const early = typeof asked === 'string' ? {} : asked
  const body = await receive(request, early, rules.limitBytes)
  const whole = body === 'cut' || body === 'too_large' ? Buffer.of() : body
  const read =
    body === 'too_large' ? (rules.tooLarge ?? rules.refusal(413)) : await rules.read(receivedOf(request, whole))
  const understood = isRefusal(read) ? undefined : read
  const base = {
    simulator: rules.simulator,
    method: rules.method,
    model: understood?.model ?? rules.model ?? wished(whole, 'model'),
    tier: understood?.tier ?? null,
    header_names: Object.keys(request.headers).toSorted(),
    request: understood?.summary ?? summarised(parsed(whole)),
  }

  function record(faults: Faults, { outcome, status = 200, nanos, tokens, pictures = [] }: Ending, isWhole = true) {
    const usual = nanos ?? (outcome === 'answered' ? (understood?.nanos ?? 0n) : 0n)
    const owed = faults.billed === 'yes' && usual === 0n ? (understood?.nanos ?? 0n) : usual
    return bill.record({
      ...base,
      images: pictures.length,
      ...(pictures.length > 0 && { pictures: pictures.map(sha256) }),
      tokens: tokens ?? understood?.tokens ?? null,
      outcome,
      status,
      billed_nanos: String(faults.billed === 'no' ? 0n : owed),
      faults,
      request_complete: isWhole,
    })
  }

  function reject(faults: Faults, refusal: Refusal, outcome: Call['outcome']): undefined {
    const ended = record(faults, { outcome, status: refusal.status })
    response.once('finish', () => ended(true))
    sendRefusal(response, refusal)
  }

  if (body === 'cut') return void record(early, { outcome: 'incomplete', status: null }, false)
  // A misspelt fault is told before anything else.
  const wishedFaults = readFaults(faultHeader(request), understood?.prompt ?? whole.toString('utf8', 0, 100_000))
  if (typeof wishedFaults === 'string') {
    const told = rules.misspelt?.(wishedFaults) ?? { ...rules.refusal(400), body: { error: wishedFaults } }
    return reject({}, told, 'rejected')
  }
  if (isRefusal(read)) return reject(wishedFaults, read, 'rejected')
  const passed = amount(wishedFaults, 'times')
  const isOver = passed !== undefined && bill.seen(`${read.model}\n${read.prompt}`) >= passed
  const faults = isOver ? {} : wishedFaults

  const share = 0.6 + (0.8 * (hashOf(`${read.model}${read.prompt}`) % 1000)) / 1000
  if (!rules.isQueued) await sleep((amount(faults, 'delay') ?? 0) + latencyMs * share, undefined, { ref: false })
  if (faults.reset === 'after-request') {
    record(faults, { outcome: 'failed', status: null })
    request.socket.resetAndDestroy()
    return undefined
  }
  const status = amount(faults, 'status')
  if (status !== undefined && status !== 200) {
    const after = faults['retry-after']
    const refusal = rules.refusal(status, after)
    return reject(
      faults,
      after === undefined ? refusal : { ...refusal, headers: { ...refusal.headers, 'retry-after': after } },
      'failed',
    )
  }
  if (isMisdirected(faults)) {
    record(faults, { outcome: 'failed', status: misdirect(response, faults) })(true)
    return undefined
  }

  return {
    ...read,
    faults,
    record: (ending) => record(faults, ending),
    reject: (refusal, outcome = 'rejected') => reject(faults, refusal, outcome),
    async answer(document, ending, { contentType = 'application/json', headers = {}, segments } = {}) {
      const isHung = faults.hang !== undefined
      const ended = record(
        faults,
        isHung ? { ...ending, outcome: 'failed', status: null, nanos: ending.nanos ?? read.nanos } : ending,
      )
      if (isHung) return
      response.statusCode = ending.status ?? 200
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      response.setHeader('content-type', faults['content-type'] ?? contentType)
      const plainSegments = segments ?? jsonSegments(document, 'line')
      const sent = faults['invalid-json'] === undefined ? plainSegments : [...plainSegments.slice(0, -1), '"}], oops']
      ended(await send(response, sent, faults))
    },
    accept(document, accepted = 200) {
      const text = JSON.stringify(document)
      response.writeHead(accepted, { 'content-type': faults['content-type'] ?? 'application/json' })
      response.end(faults['invalid-json'] === undefined ? text : `${text.slice(0, -1)}, oops`)
    },
  }
}

function receivedOf(request: IncomingMessage, body: Buffer): Received {
  const { headers } = request
  return {
    headers,
    body,
    json: () => parsed(body),
    async form() {
      // Node's own parser, which has never seen our writer.
      const init = { headers: { 'content-type': headers['content-type'] ?? '' } }
      return await new Response(new Uint8Array(body), init).formData().catch(() => undefined)
    },
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function wished(body: Buffer, field: string): string {
  const json = parsed(body)
  return typeof json === 'object' && json !== null && field in json
    ? String((json as Record<string, unknown>)[field]).slice(0, 100)
    : ''
}

/** Characters from which on a string is taken for picture data. */
const LONG = 4_096

/** How PNG, JPEG and WebP begin in base64. */
const PICTURE = /^(?:iVBORw0KGgo|\/9j\/|UklGR)/

/** A request with each picture as its size and SHA-256. */
export function summarised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(summarised)
  if (typeof value === 'string') {
    const isUri = /^data:[^,]*;base64,/.test(value)
    if (!isUri && value.length < LONG && !PICTURE.test(value)) return value
    const bytes = Buffer.from(isUri ? value.slice(value.indexOf(',') + 1) : value, 'base64')
    return { bytes: bytes.length, sha256: sha256(bytes) }
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, summarised(inner)]))
}
