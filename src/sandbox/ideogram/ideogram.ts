import type { IncomingMessage, ServerResponse } from 'node:http'

import { amount, type Faults, withoutFaults } from '../faults.ts'
import { makeFiles } from '../files.ts'
import { type Job, makeJobs } from '../jobs.ts'
import { type PaidCall, type PaidCallRules, receiveCall, summarised } from '../paid-call.ts'
import { damaged } from '../picture-faults.ts'
import { baseOf, type Handler, isRefusal, sendJson, sendRefusal, type SimulatorOptions } from '../simulator.ts'
import { type Order, readFields, readOrder } from './check.ts'
import { type Endpoint, endpointAt } from './endpoints.ts'
import { keyRefusal, refusalFor, refused, UNSAFE } from './errors.ts'
import { picturesOf } from './pictures.ts'

const BODY_LIMIT = 100 * 1024 * 1024

/** What has become of a generation. */
type Ending = { readonly failureReason: string } | { readonly data: readonly object[] }

/**
 * Version 2 of Ideogram's API, as far as pictures are made. Pictures are fetched from `/api/images`, which is public. What its checks
 * withhold was made, and is billed. Source: https://developer.ideogram.ai/api-reference (read 2026-11-22).
 */
export function ideogramSimulator({ bill, latencyMs, random, now }: SimulatorOptions): Handler {
  const jobs = makeJobs<Ending>({ latencyMs, now })
  const files = makeFiles()
  const created = new Map<string, string>()

  return async (request, response, path) => {
    const { pathname } = new URL(path, 'http://sandbox')
    const [, file] = /^\/api\/images\/([\w.-]+)$/.exec(pathname) ?? []
    if (file !== undefined) return await files.deliver(request, response, file)
    const [, at = ''] = /^\/v2\/image\/([\w-]+\/[\w-]+)$/.exec(pathname) ?? []
    const endpoint = endpointAt(at)
    if (request.method === 'POST' && endpoint !== undefined)
      return await make(request, response, endpoint, at, baseOf(request, path))
    const refusal = keyRefusal(request.headers['api-key'])
    // Asking costs nothing, so an empty balance does not matter.
    if (refusal?.status === 401) return sendRefusal(response, refusal)
    const [, id = ''] = /^\/v2\/generations\/([\w-]+)$/.exec(pathname) ?? []
    if (request.method === 'GET' && id !== '') return tell(response, id)
    const isAdmin = String(request.headers['api-key']).includes('admin')
    if (request.method === 'GET' && pathname === '/v2/account/api-keys' && isAdmin)
      return sendJson(response, { api_keys: [{ api_key_id: 'key-1', name: 'Sandbox' }] })
    return sendRefusal(response, refusalFor(404))
  }

  async function make(
    request: IncomingMessage,
    response: ServerResponse,
    endpoint: Endpoint,
    at: string,
    base: string,
  ): Promise<void> {
    const rules = rulesOf(endpoint, at)
    const call = await receiveCall(request, response, { bill, latencyMs: 0 }, { ...rules, isQueued: true })
    if (call === undefined) return
    const { faults, prompt, input } = call
    if (faults.refusal === 'prompt') return call.reject(refusalFor(422), 'blocked')
    const id = idOf()
    created.set(id, new Date(now()).toISOString())
    const { promise: ended, resolve } = Promise.withResolvers<Ending>()
    const run = async () => {
      const ending = await end(id, call, base)
      resolve(ending)
      return ending
    }
    jobs.submit({ id, text: prompt, faults, run })
    if (input.isAsync) return call.accept({ generation_id: id, generation_kind: 'image' })
    const ending = await ended
    if (faults.hang !== undefined) return
    if ('failureReason' in ending) return sendRefusal(response, refused(500, ending.failureReason))
    call.accept({ generation_id: id, generation_kind: 'image', data: ending.data })
  }

  /** Paints, puts the pictures where they are fetched from, and bills them. */
  async function end(id: string, call: PaidCall<Order>, base: string): Promise<Ending> {
    const { faults, input } = call
    const failureReason = failureOf(faults)
    if (failureReason !== undefined) {
      call.record({ outcome: faults.refusal === undefined ? 'failed' : 'blocked' })(true)
      return { failureReason }
    }
    const pictures = await picturesOf(input, faults)
    const isWithheld = faults.refusal === 'pictures'
    const delivered = call.record({
      outcome: isWithheld ? 'blocked' : 'answered',
      nanos: call.nanos,
      pictures,
    })
    if (faults['no-image'] !== undefined) return { data: [] }
    const data = pictures.map((bytes, index) => {
      const name = `${id}-${index}.png`
      if (!isWithheld) files.put({ name, type: 'image/png', bytes: damaged(bytes, faults), faults, delivered })
      return {
        object_type: 'image.generation',
        url: isWithheld ? null : `${base}/api/images/${name}?exp=soon&sig=sandbox`,
        prompt: withoutFaults(input.prompt),
        resolution: `${input.width}x${input.height}`,
        seed: Number(input.look['seed'] ?? 12_345) + index,
        is_image_safe: !isWithheld,
      }
    })
    return { data }
  }

  function tell(response: ServerResponse, id: string): void {
    const job = jobs.find(id)
    if (job === undefined) return sendRefusal(response, refusalFor(404))
    sendJson(response, { generation_id: id, created: created.get(id), ...stateOf(job) })
  }

  function idOf(): string {
    const digits = Array.from({ length: 3 }, () => Math.floor(random() * 2 ** 32).toString(36))
    return digits.join('').slice(0, 22)
  }
}

function stateOf({ result }: Job<Ending>): object {
  if (result === undefined) return { status: 'pending' }
  if ('failureReason' in result) return { status: 'failed', failure_reason: result.failureReason }
  return { status: 'completed', response_type: 'url', data: result.data }
}

function rulesOf(endpoint: Endpoint, at: string): PaidCallRules<Order> {
  return {
    simulator: 'ideogram',
    method: at,
    limitBytes: BODY_LIMIT,
    refusal: refusalFor,
    async read(received) {
      const refusal = keyRefusal(received.headers['api-key'])
      if (refusal !== undefined) return refusal
      const fields = await readFields(endpoint, received)
      if (isRefusal(fields)) return fields
      const order = await readOrder(endpoint, fields)
      if (isRefusal(order)) return order
      return {
        model: endpoint.model,
        prompt: order.prompt,
        input: order,
        nanos: endpoint.price(fields) * BigInt(order.count),
        summary: summarised(textsOf(fields)),
      }
    },
  }
}

/** What the bill keeps of a form: everything but its files. */
function textsOf(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isFile(value)))
}

function isFile(value: unknown): boolean {
  return value instanceof File || (Array.isArray(value) && value.some(isFile))
}

/** Why a generation ends without pictures. */
function failureOf(faults: Faults): string | undefined {
  if (faults.refusal === 'failed') return UNSAFE
  const status = amount(faults, 'run-status')
  return status === undefined ? undefined : `The model answered ${status}`
}
