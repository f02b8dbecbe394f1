import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bill, Call } from '../bill.ts'
import { amount, readFaults } from '../faults.ts'
import type { Faults } from '../faults.ts'
import { faultHeader, isMisdirected, misdirect, receive, sha256 } from '../network-faults.ts'
import { hashOf } from '../painting/random.ts'
import { jsonSegments } from '../picture-json.ts'
import type { Segment } from '../picture-json.ts'
import { send } from '../send.ts'
import { answerTo } from './answer.ts'
import type { Answer } from './answer.ts'
import { checkChat, checkImages } from './check.ts'
import type { Job } from './check.ts'
import { chatDocument, chatStream, imagesDocument } from './document.ts'
import type { Ends } from './document.ts'
import { invalidRequest, modelNotFound, refusalBody, refusalFor } from './errors.ts'
import type { Refusal } from './errors.ts'
import type { SimulatedModel } from './model.ts'
import { readChatBody, readImagesBody } from './schema.ts'
import { costOf, countCall } from './usage.ts'

export interface GenerateCall {
  readonly api: 'images' | 'chat'
  readonly models: readonly SimulatedModel[]
  /** Known before the body: a bad key. */
  readonly refusal: Refusal | undefined
  readonly latencyMs: number
  readonly random: () => number
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly bill: Bill
}

/** 30 MB of pictures have been seen to be the limit; base64 makes 40 of them. */
const BODY_LIMIT = 40 * 1024 * 1024

/** One generation: read, check, wait, paint, bill, send; whatever goes wrong on the way, asked for or not, is recorded. */
export async function answerGenerate(
  request: IncomingMessage,
  response: ServerResponse,
  call: GenerateCall,
): Promise<void> {
  const asked = readFaults(faultHeader(request), '')
  const early = typeof asked === 'string' ? {} : asked
  const body = await receive(request, early, BODY_LIMIT)
  const id = generationId(call)
  response.setHeader('x-generation-id', id)
  const facts: Facts = { request, call, id, faults: early }
  if (body === 'cut') {
    record(facts, { outcome: 'incomplete', status: null, complete: false })
    return
  }
  if (body === 'too_large') return reject(facts, response, refusalFor(413, undefined))
  const json = parsed(body)
  const job = await accepted(json, call)
  // A refused request meets no faults, but a misspelt one is told before anything else.
  const faults = readFaults(faultHeader(request), 'code' in job ? body.toString('utf8', 0, 100_000) : job.text)
  if (typeof faults === 'string') return reject({ ...facts, json }, response, invalidRequest(faults))
  if ('code' in job) return reject({ ...facts, json, faults }, response, job)
  const passed = amount(faults, 'times')
  const isOver = passed !== undefined && call.bill.seen(`${job.model.id}\n${job.text}`) >= passed
  await perform({ ...facts, json, job, faults: isOver ? {} : faults }, response, job)
}

interface Facts {
  readonly request: IncomingMessage
  readonly call: GenerateCall
  readonly id: string
  readonly json?: unknown
  /** The job, once the request was accepted. */
  readonly job?: Job
  readonly faults: Faults
}

async function perform(facts: Facts, response: ServerResponse, job: Job): Promise<void> {
  const { call, faults } = facts
  const share = 0.6 + (0.8 * (hashOf(`${job.model.id}${job.text}${job.seed ?? ''}`) % 1000)) / 1000
  await sleep((amount(faults, 'delay') ?? 0) + call.latencyMs * share, undefined, { ref: false })
  if (faults.reset === 'after-request') {
    record(facts, { outcome: 'failed', status: null })
    facts.request.socket.resetAndDestroy()
    return
  }
  const status = amount(faults, 'status')
  if (status !== undefined && status !== 200) {
    return reject(facts, response, refusalFor(status, faults['retry-after']), 'failed')
  }
  if (isMisdirected(faults)) {
    record(facts, { outcome: 'failed', status: misdirect(response, faults) })(true)
    return
  }
  const answer = await answerTo(job, faults, call.api)
  if ('code' in answer) return reject(facts, response, answer, answer.code === 403 ? 'blocked' : 'rejected')
  const isHung = faults.hang !== undefined
  const ended = record(facts, { outcome: isHung ? 'failed' : answer.outcome, status: isHung ? null : 200, answer })
  if (isHung) return
  const isStream = call.api === 'chat' && isStreamed(facts.json)
  response.statusCode = 200
  response.setHeader('content-type', faults['content-type'] ?? (isStream ? 'text/event-stream' : 'application/json'))
  ended(await send(response, dressed(answer, job, facts, isStream), faults))
}

/** The Images API passes `stream` over where the host sends no previews, and none of these hosts does. */
function isStreamed(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'stream' in json && json.stream === true
}

function dressed(answer: Answer, job: Job, { call, faults, id }: Facts, isStream: boolean): Segment[] {
  const ends: Ends = { id, created: Math.floor(call.now() / 1000) }
  const status = amount(faults, 'stream-error')
  if (isStream) return chatStream(answer, job, faults, ends, status === undefined ? undefined : errorIn(status))
  const document =
    call.api === 'images' ? imagesDocument(answer, faults, ends) : chatDocument(answer, job, faults, ends)
  const segments = jsonSegments(document, 'line')
  return faults['invalid-json'] === undefined ? segments : [...segments.slice(0, -1), '"}], oops']
}

/** In a stream the code has to be a number and the metadata to name a type. */
function errorIn(status: number): unknown {
  const { code, message, metadata } = refusalFor(status, undefined)
  return { code, message, metadata }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

async function accepted(json: unknown, { api, models, refusal }: GenerateCall): Promise<Job | Refusal> {
  if (refusal) return refusal
  if (json === undefined) return invalidRequest('Invalid JSON body')
  const body = api === 'images' ? readImagesBody(json) : readChatBody(json)
  if ('code' in body) return body
  const model = models.find(({ id }) => id === body.model)
  if (model === undefined) return modelNotFound(body.model)
  return 'messages' in body ? checkChat(model, body) : checkImages(model, body)
}

function reject(facts: Facts, response: ServerResponse, refusal: Refusal, outcome: Call['outcome'] = 'rejected'): void {
  const ended = record(facts, { outcome, status: refusal.code })
  response.writeHead(refusal.code, {
    'content-type': 'application/json',
    ...(refusal.retryAfter !== undefined && { 'retry-after': refusal.retryAfter }),
  })
  response.once('finish', () => ended(true))
  response.end(JSON.stringify(refusalBody(refusal)))
}

interface Ending {
  readonly outcome: Call['outcome']
  readonly status: number | null
  readonly complete?: boolean
  readonly answer?: Answer
}

/** Adds the call to the bill. `billed=yes` bills a picture that no answer told of, `billed=no` forgives one that was sent. */
function record(
  { request, call, json, job, faults }: Facts,
  { outcome, status, complete = true, answer }: Ending,
): (complete: boolean) => void {
  const isOwed = faults.billed === 'yes' && job !== undefined && !answer?.pictures.length
  const used = isOwed ? countCall(job, 1) : answer?.used
  const { costIn: _in, costOut: _out, ...tokens } = used ?? { costIn: 0n, costOut: 0n }
  return call.bill.record({
    simulator: 'openrouter',
    method: call.api === 'images' ? 'images' : 'chat/completions',
    model: job?.model.id ?? wishedModel(json),
    tier: job?.tier ?? null,
    images: answer?.pictures.length ?? 0,
    ...(answer && { pictures: answer.pictures.map(({ bytes }) => sha256(bytes)) }),
    tokens: used ? tokens : null,
    outcome,
    status,
    billed_nanos: String(used && faults.billed !== 'no' ? costOf(used) : 0n),
    faults,
    header_names: Object.keys(request.headers).toSorted(),
    request_complete: complete,
    request: summarised(json),
  })
}

function wishedModel(json: unknown): string {
  return typeof json === 'object' && json !== null && 'model' in json ? String(json.model).slice(0, 100) : ''
}

/** The request with each picture as its size and SHA-256. */
function summarised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(summarised)
  if (typeof value === 'string') {
    const start = value.startsWith('data:') ? value.indexOf(';base64,') : -1
    if (start === -1) return value
    const bytes = Buffer.from(value.slice(start + ';base64,'.length), 'base64')
    return { bytes: bytes.length, sha256: sha256(bytes) }
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, summarised(inner)]))
}

function generationId({ now, random }: GenerateCall): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  const tail = Array.from({ length: 20 }, () => letters[Math.floor(random() * letters.length)]).join('')
  return `gen-${Math.floor(now() / 1000)}-${tail}`
}
