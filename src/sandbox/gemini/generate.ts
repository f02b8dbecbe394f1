import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bill, Call } from '../bill.ts'
import { amount, readFaults } from '../faults.ts'
import type { Faults } from '../faults.ts'
import { faultHeader, isMisdirected, misdirect, receive, sha256 } from '../network-faults.ts'
import { hashOf } from '../painting/random.ts'
import type { Segment } from '../picture-json.ts'
import { send } from '../send.ts'
import { answerTo } from './answer.ts'
import type { Answer } from './answer.ts'
import { checkRequest } from './check.ts'
import type { Job } from './check.ts'
import { badRequest, invalidArgument, modelNotFound, refusalBody } from './errors.ts'
import type { Refusal } from './errors.ts'
import type { Method } from './gemini.ts'
import type { SimulatedModel } from './models.ts'
import { readBody } from './schema.ts'
import { documentSegments, streamSegments } from './document.ts'
import type { Surface } from './surface.ts'
import { countUsage, priceOf, textTokens } from './usage.ts'

export interface GenerateCall {
  readonly surface: Surface
  readonly method: Method
  readonly modelId: string
  readonly model: SimulatedModel | undefined
  readonly sse: boolean
  /** Known before the body: a bad key, a missing model. */
  readonly refusal: Refusal | undefined
  readonly latencyMs: number
  readonly random: () => number
  readonly bill: Bill
}

/** Inline requests of 100 MB, base64 included. Source: https://ai.google.dev/gemini-api/docs/file-input-methods (read 2026-11-22). */
const BODY_LIMIT = 100 * 1024 * 1024

/** One generation: read, check, wait, paint, bill, send; whatever goes wrong on the way, asked for or not, is recorded. */
export async function answerGenerate(
  request: IncomingMessage,
  response: ServerResponse,
  call: GenerateCall,
): Promise<void> {
  const asked = readFaults(faultHeader(request), '')
  const early = typeof asked === 'string' ? {} : asked
  const body = await receive(request, early, BODY_LIMIT)
  const facts = { request, call, faults: early }
  if (body === 'cut') {
    record(facts, { outcome: 'incomplete', status: null, complete: false })
    return
  }
  if (body === 'too_large') {
    const message = `Request payload size exceeds the limit: ${BODY_LIMIT} bytes. Please use the File API to upload your files instead of passing directly as inline data.`
    return reject(facts, response, invalidArgument(message))
  }
  const json = parsed(body)
  const job = await accepted(json, call)
  // A refused request meets no faults, but a misspelt one is told before anything else.
  const faults = readFaults(faultHeader(request), 'code' in job ? allText(json) : job.text)
  if (typeof faults === 'string') return reject({ ...facts, json }, response, invalidArgument(faults))
  if ('code' in job) return reject({ ...facts, json, faults }, response, job)
  if (call.method === 'countTokens') return countTokens(response, job)
  const passed = amount(faults, 'times')
  const isOver = passed !== undefined && call.bill.seen(`${call.modelId}\n${job.text}`) >= passed
  await perform({ ...facts, json, job, faults: isOver ? {} : faults }, response, job)
}

interface Facts {
  readonly request: IncomingMessage
  readonly call: GenerateCall
  readonly json?: unknown
  /** The job, once the request was accepted. */
  readonly job?: Job
  readonly faults: Faults
}

async function perform(facts: Facts, response: ServerResponse, job: Job): Promise<void> {
  const { call, faults } = facts
  const share = 0.6 + (0.8 * (hashOf(`${call.modelId}${job.text}${job.seed ?? ''}`) % 1000)) / 1000
  await sleep((amount(faults, 'delay') ?? 0) + call.latencyMs * share, undefined, { ref: false })
  if (faults.reset === 'after-request') {
    record(facts, { outcome: 'failed', status: null })
    facts.request.socket.resetAndDestroy()
    return
  }
  const status = amount(faults, 'status')
  if (status !== undefined && status !== 200) {
    return reject(facts, response, call.surface.refusalFor(status, call.modelId, faults['retry-after']), 'failed')
  }
  if (isMisdirected(faults)) {
    record(facts, { outcome: 'failed', status: misdirect(response, faults) })(true)
    return
  }

  const answer = await answerTo(job, faults, responseId(call.random))
  if ('code' in answer) return reject(facts, response, answer)
  const outcome = faults.hang === undefined ? answer.outcome : 'failed'
  const ended = record(facts, { outcome, status: faults.hang === undefined ? 200 : null, answer })
  if (faults.hang !== undefined) return
  const isStream = call.method === 'streamGenerateContent'
  const usual = isStream && call.sse ? 'text/event-stream' : 'application/json; charset=UTF-8'
  response.statusCode = 200
  response.setHeader('content-type', faults['content-type'] ?? usual)
  ended(
    await send(response, dressed(answer, faults, isStream ? (call.sse ? 'sse' : 'array') : 'document', call), faults),
  )
}

function dressed(answer: Answer, faults: Faults, as: 'document' | 'sse' | 'array', call: GenerateCall): Segment[] {
  if (faults['invalid-json'] !== undefined) return [...documentSegments(answer).slice(0, -1), '"\n  }, oops']
  if (as === 'document') return documentSegments(answer)
  const status = amount(faults, 'stream-error')
  const failure =
    status === undefined ? undefined : refusalBody(call.surface.refusalFor(status, call.modelId, undefined))
  return streamSegments(answer, as, failure)
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

async function accepted(json: unknown, call: GenerateCall): Promise<Job | Refusal> {
  if (call.refusal) return call.refusal
  if (!call.model) return modelNotFound(call.modelId, 'v1beta', call.method)
  if (json === undefined) {
    return badRequest([{ field: '', description: 'Invalid JSON payload received. Unexpected token.' }])
  }
  const read = readBody(json, call.method === 'countTokens' ? 'count' : 'generate', call.surface.request)
  return 'code' in read ? read : checkRequest(call.model, read, call.surface)
}

function reject(facts: Facts, response: ServerResponse, refusal: Refusal, outcome: Call['outcome'] = 'rejected'): void {
  const ended = record(facts, { outcome, status: refusal.code })
  const { method, sse } = facts.call
  const isArray = method === 'streamGenerateContent' && !sse
  const text = JSON.stringify(isArray ? [refusalBody(refusal)] : refusalBody(refusal), undefined, 2)
  response.writeHead(refusal.code, {
    'content-type': 'application/json; charset=UTF-8',
    ...(refusal.retryAfter !== undefined && { 'retry-after': refusal.retryAfter }),
  })
  response.once('finish', () => ended(true))
  response.end(`${text}\n`)
}

function countTokens(response: ServerResponse, job: Job): void {
  const text = textTokens(job.text)
  const image = job.pictures.length * job.model.tokensPerInput
  const details = [
    { modality: 'TEXT', tokenCount: text },
    ...(image > 0 ? [{ modality: 'IMAGE', tokenCount: image }] : []),
  ]
  response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' })
  response.end(`${JSON.stringify({ totalTokens: text + image, promptTokensDetails: details }, undefined, 2)}\n`)
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
  const used = faults.billed === 'yes' && job && !answer?.images ? countUsage(job, 1) : answer?.used
  const price = used && job && faults.billed !== 'no' ? priceOf(job.model, used) : 0n
  return call.bill.record({
    simulator: call.surface.simulator,
    method: call.method,
    model: call.modelId,
    tier: job?.size ?? null,
    images: answer?.images ?? 0,
    ...(answer?.pictures && { pictures: answer.pictures.map((bytes) => sha256(bytes)) }),
    tokens: used ? { ...used } : null,
    outcome,
    status,
    billed_nanos: String(price),
    faults,
    header_names: Object.keys(request.headers).toSorted(),
    request_complete: complete,
    request: summarised(json),
  })
}

/** The request with each picture as its size and SHA-256. */
function summarised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(summarised)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      if (name !== 'data' || typeof inner !== 'string') return [name, summarised(inner)]
      const bytes = Buffer.from(inner, 'base64')
      return [name, { bytes: bytes.length, sha256: sha256(bytes) }]
    }),
  )
}

/** Every string under a `text` key, for directives in requests that did not pass. */
function allText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return ''
  return Object.entries(value)
    .map(([name, inner]) => (name === 'text' && typeof inner === 'string' ? inner : allText(inner)))
    .join('\n')
}

function responseId(random: () => number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-'
  return Array.from({ length: 22 }, () => letters[Math.floor(random() * letters.length)]).join('')
}
