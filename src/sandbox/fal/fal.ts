import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Bill } from '../bill.ts'
import { amount, type Faults, readFaults } from '../faults.ts'
import { faultHeader, isMisdirected, misdirect, receive, sha256 } from '../network-faults.ts'
import { send } from '../send.ts'
import { findEndpoint } from './endpoints.ts'
import { keyRefusal, plain, type Refusal, refusalFor, sendRefusal } from './errors.ts'
import type { File } from './output.ts'
import { makeQueue, type Ticket } from './queue.ts'

export interface FalOptions {
  /** Whether models that their makers have shut down are served as they were, or are the 404 they are now. */
  readonly retired: 'serve' | 'refuse'
  /** A typical wait from submission to result in milliseconds, a third of it in the queue; each job takes 60 to 140 % of it. */
  readonly latencyMs: number
  readonly bill: Bill
}

type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>

const BODY_LIMIT = 100 * 1024 * 1024

const JOB_PATH = /^\/([\w.-]+\/[\w.-]+)\/requests\/([\w-]+)(\/status|\/cancel)?$/u
const FILE_PATH = /^\/files\/([\w-]+)\/([\w.]+)$/u
const ENDPOINT_PATH = /^\/([\w.-]+\/[\w.-]+)((?:\/[\w.-]+)*)$/u

/**
 * fal's queue as far as pictures need it: submit, status, result, cancel, and the files under `/files`, which are public as fal's own
 * are, and refuse a credential that was sent along. Jobs run whether or not anybody asks for them.
 * Source: https://docs.fal.ai/documentation/model-apis/inference/queue (read 2026-11-22).
 */
export function falSimulator({ retired, latencyMs, bill }: FalOptions): Handler {
  const queue = makeQueue({ latencyMs, bill })

  return async (request, response, path) => {
    const { pathname } = new URL(path, 'http://sandbox')
    const base = `http://${request.headers.host}${(request.url ?? '').slice(0, -path.length)}`
    const [, fileOf, fileName = ''] = FILE_PATH.exec(pathname) ?? []
    if (fileOf !== undefined) return deliver(request, response, queue.ofFile(fileOf), fileName)

    const refusal = keyRefusal(request.headers.authorization)
    const [, app = '', id = '', what] = JOB_PATH.exec(pathname) ?? []
    if (request.method === 'POST') return submit(request, response, pathname, base, refusal)
    if (refusal) return sendRefusal(response, refusal)
    const ticket = queue.find(app, id)
    if (request.method === 'PUT' && what === '/cancel') return cancel(response, ticket)
    if (request.method !== 'GET' || what === '/cancel') return sendRefusal(response, plain(405, 'Method Not Allowed'))
    if (ticket === undefined) return sendRefusal(response, plain(404, 'Request not found'))
    return what === '/status' ? tell(response, ticket, base) : hand(response, ticket, base)
  }

  /** Whatever goes wrong on the way to the queue, asked for or not, is recorded. */
  async function submit(
    request: IncomingMessage,
    response: ServerResponse,
    pathname: string,
    base: string,
    refusal: Refusal | undefined,
  ): Promise<void> {
    const asked = readFaults(faultHeader(request), '')
    const body = await receive(request, typeof asked === 'string' ? {} : asked, BODY_LIMIT)
    const endpointId = pathname.slice(1)
    const [, app = ''] = ENDPOINT_PATH.exec(pathname) ?? []
    const failed = (faults: Faults, status: number | null, complete = true) =>
      bill.record({
        simulator: 'fal',
        method: 'queue',
        model: endpointId,
        tier: null,
        images: 0,
        tokens: null,
        outcome: status === null ? 'incomplete' : 'failed',
        status,
        billed_nanos: '0',
        faults,
        header_names: Object.keys(request.headers).toSorted(),
        request_complete: complete,
      })
    const refuse = (reason: Refusal, faults: Faults = {}) => {
      failed(faults, reason.status)(true)
      sendRefusal(response, reason)
    }
    if (body === 'cut') return void failed(typeof asked === 'string' ? {} : asked, null, false)
    if (refusal) return refuse(refusal)
    const endpoint = findEndpoint(endpointId)
    if (endpoint === undefined || (endpoint.retired && retired === 'refuse'))
      return refuse(plain(404, `Application "${endpointId}" not found`))
    if (body === 'too_large') return refuse(plain(413, 'Request body too large'))
    const input = parsed(body)
    if (input === undefined) return refuse(plain(400, 'The request body is not valid JSON.'))
    const read = readFaults(faultHeader(request), promptOf(input))
    if (typeof read === 'string') return refuse(plain(400, read))
    const passed = amount(read, 'times')
    const isOver = passed !== undefined && bill.seen(`${endpointId}\n${promptOf(input)}`) >= passed
    const faults = isOver ? {} : read

    if (faults.reset === 'after-request') {
      failed(faults, null)
      request.socket.resetAndDestroy()
      return
    }
    const status = amount(faults, 'status')
    if (status !== undefined && status !== 200) return refuse(refusalFor(status, faults['retry-after']), faults)
    if (isMisdirected(faults)) return failed(faults, misdirect(response, faults))(true)

    const startWithin = Number(request.headers['x-fal-request-timeout'] ?? Number.NaN)
    const ticket = queue.submit({
      app,
      endpointId,
      endpoint,
      input,
      faults,
      startWithinMs: Number.isFinite(startWithin) ? startWithin * 1000 : undefined,
      headerNames: Object.keys(request.headers).toSorted(),
      summary: summarised(input),
    })
    const text = JSON.stringify(statusOf(ticket, base))
    response.writeHead(200, { 'content-type': faults['content-type'] ?? 'application/json' })
    response.end(faults['invalid-json'] === undefined ? text : `${text.slice(0, -1)}, oops`)
  }

  function statusOf(ticket: Ticket, base: string): object {
    const url = `${base}/${ticket.app}/requests/${ticket.id}`
    return {
      status: ticket.state,
      request_id: ticket.id,
      response_url: url,
      status_url: `${url}/status`,
      cancel_url: `${url}/cancel`,
      ...(ticket.state === 'IN_QUEUE' && { queue_position: queue.position(ticket) }),
      ...(ticket.state !== 'IN_QUEUE' && { logs: null }),
      ...(ticket.state === 'COMPLETED' && { metrics: { inference_time: 1.2 } }),
    }
  }

  function tell(response: ServerResponse, ticket: Ticket, base: string): void {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(statusOf(ticket, base)))
  }

  function cancel(response: ServerResponse, ticket: Ticket | undefined): void {
    const [status, word] =
      ticket === undefined
        ? [404, 'NOT_FOUND']
        : ticket.state === 'COMPLETED'
          ? [400, 'ALREADY_COMPLETED']
          : [202, 'CANCELLATION_REQUESTED']
    if (ticket) queue.cancel(ticket)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ status: word }))
  }
}

/** The result of a run, as often as it is asked for. */
function hand(response: ServerResponse, { id, result, delivered }: Ticket, base: string): void {
  if (result === undefined) return sendRefusal(response, plain(400, 'Request is still in progress'))
  if ('status' in result) {
    delivered(true)
    return sendRefusal(response, result)
  }
  const urlOf = ({ name }: File) => `${base}/files/${id}/${name}`
  response.writeHead(200, { 'content-type': 'application/json', 'x-fal-request-id': id })
  response.end(JSON.stringify(result.body(urlOf)))
}

async function deliver(
  request: IncomingMessage,
  response: ServerResponse,
  ticket: Ticket | undefined,
  name: string,
): Promise<void> {
  if (request.headers.authorization !== undefined) {
    return sendRefusal(response, plain(400, 'This host takes no credentials, and has now seen one.'))
  }
  const result = ticket?.result
  const file = result !== undefined && 'files' in result ? result.files.find((each) => each.name === name) : undefined
  if (ticket === undefined || file === undefined) return sendRefusal(response, plain(404, 'File not found'))
  const before = ticket.downloads.get(name) ?? 0
  ticket.downloads.set(name, before + 1)
  if (before < (amount(ticket.faults, 'delivery-gone') ?? 0)) return sendRefusal(response, plain(404, 'File not found'))
  response.statusCode = 200
  response.setHeader('content-type', file.type)
  if (ticket.faults.cut === undefined) response.setHeader('content-length', file.byteLength)
  ticket.delivered(await send(response, [await file.bytes()], ticket.faults))
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function promptOf(input: unknown): string {
  const prompt = typeof input === 'object' && input !== null && 'prompt' in input ? input.prompt : ''
  return typeof prompt === 'string' ? prompt : ''
}

/** The input with each data URI as its size and SHA-256. */
function summarised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(summarised)
  if (typeof value === 'string' && value.startsWith('data:')) {
    const bytes = Buffer.from(value.slice(value.indexOf(',') + 1), 'base64')
    return { bytes: bytes.length, sha256: sha256(bytes) }
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, summarised(inner)]))
}
