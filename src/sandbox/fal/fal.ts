import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { makeFiles } from '../files.ts'
import { type Job as QueuedJob, makeJobs } from '../jobs.ts'
import { type PaidCall, type PaidCallRules, receiveCall } from '../paid-call.ts'
import {
  baseOf,
  type Handler,
  isRefusal,
  type Refusal,
  sendJson,
  sendRefusal,
  type SimulatorOptions,
} from '../simulator.ts'
import { checkInput, type Job } from './check.ts'
import { findEndpoint } from './endpoints.ts'
import { keyRefusal, plain, refusalFor, startedTooLate } from './errors.ts'
import { type Output, priceOf, run } from './output.ts'

/** What was submitted: the queue takes any input, and a wrong one is told by the run. */
interface Submission {
  readonly job: Job | Refusal
  /** Milliseconds after which the job may no longer begin. */
  readonly startWithinMs: number | undefined
}

type Run = QueuedJob<Output | Refusal>

const BODY_LIMIT = 100 * 1024 * 1024

const JOB_PATH = /^\/([\w.-]+\/[\w.-]+\/requests\/[\w-]+)(\/status|\/cancel)?$/u
const FILE_PATH = /^\/files\/([\w-]+\/[\w.]+)$/u

/**
 * fal's queue as far as pictures need it: submit, status, result, cancel, and the files under `/files`, which are public as fal's own
 * are, and refuse a credential that was sent along. Jobs run whether or not anybody asks for them.
 * Source: https://docs.fal.ai/documentation/model-apis/inference/queue (read 2026-11-22).
 */
export function falSimulator({ retired, latencyMs, now, bill }: SimulatorOptions): Handler {
  // By their paths, as a job is known only under the application that it was submitted to.
  const jobs = makeJobs<Output | Refusal>({ latencyMs, now })
  const files = makeFiles()

  return async (request, response, path) => {
    const { pathname } = new URL(path, 'http://sandbox')
    const base = baseOf(request, path)
    const [, file] = FILE_PATH.exec(pathname) ?? []
    if (file !== undefined) return await files.deliver(request, response, file)
    if (request.method === 'POST') return await submit(request, response, pathname.slice(1), base)
    const refusal = keyRefusal(request.headers.authorization)
    if (refusal) return sendRefusal(response, refusal)
    const [, id = '', what] = JOB_PATH.exec(pathname) ?? []
    const job = jobs.find(id)
    const known = job?.state === 'cancelled' && job.result === undefined ? undefined : job
    if (request.method === 'PUT' && what === '/cancel') return cancel(response, known)
    if (request.method !== 'GET' || what === '/cancel') return sendRefusal(response, plain(405, 'Method Not Allowed'))
    if (known === undefined) return sendRefusal(response, plain(404, 'Request not found'))
    return what === '/status' ? sendJson(response, statusOf(known, base)) : hand(response, known, base)
  }

  async function submit(
    request: IncomingMessage,
    response: ServerResponse,
    endpointId: string,
    base: string,
  ): Promise<void> {
    const call = await receiveCall(request, response, { bill, latencyMs: 0 }, rulesOf(endpointId, retired))
    if (call === undefined) return
    const { startWithinMs } = call.input
    // `fal-ai/flux-2-pro` of `fal-ai/flux-2-pro/edit`: where status and result are asked for.
    const app = endpointId.split('/').slice(0, 2).join('/')
    const job: Run = jobs.submit({
      id: `${app}/requests/${randomUUID()}`,
      text: call.prompt,
      faults: call.faults,
      run: () => end(call, job),
      cancelled() {
        if (job.result === undefined) call.record({ outcome: 'incomplete', status: null })
      },
    })
    if (startWithinMs !== undefined) setTimeout(() => giveUp(call, job), startWithinMs).unref()
    call.accept(statusOf(job, base))
  }

  function giveUp(call: PaidCall<Submission>, job: Run): void {
    if (!jobs.cancel(job)) return
    job.result = startedTooLate()
    call.record({ outcome: 'failed', status: job.result.status })(true)
  }

  /** Runs a job, puts its pictures where they are fetched from, and bills them. */
  async function end({ input, faults, nanos, record }: PaidCall<Submission>, { id }: Run): Promise<Output | Refusal> {
    const result = isRefusal(input.job) ? input.job : await run(input.job, faults).catch(ownFailure)
    const isRefused = isRefusal(result)
    const made = isRefused ? [] : result.files
    const isBlocked = faults.refusal !== undefined || faults['no-image'] !== undefined
    const delivered = record({
      outcome: isBlocked ? 'blocked' : !isRefused ? 'answered' : result.status === 422 ? 'rejected' : 'failed',
      status: isRefused ? result.status : 200,
      nanos: made.length > 0 ? nanos : 0n,
      pictures: made.map(({ bytes }) => bytes),
    })
    for (const file of made) files.put({ ...file, name: `${nameOf(id)}/${file.name}`, faults, delivered })
    if (isRefused) delivered(true)
    return result
  }

  function statusOf(job: Run, base: string): object {
    const url = `${base}/${job.id}`
    return {
      status: STATUS[job.state],
      request_id: nameOf(job.id),
      response_url: url,
      status_url: `${url}/status`,
      cancel_url: `${url}/cancel`,
      ...(job.state === 'queued' ? { queue_position: jobs.position(job) } : { logs: null }),
      ...(job.result !== undefined && { metrics: { inference_time: 1.2 } }),
    }
  }

  function cancel(response: ServerResponse, job: Run | undefined): void {
    if (job === undefined) return sendJson(response, { status: 'NOT_FOUND' }, 404)
    if (job.result !== undefined) return sendJson(response, { status: 'ALREADY_COMPLETED' }, 400)
    jobs.cancel(job)
    sendJson(response, { status: 'CANCELLATION_REQUESTED' }, 202)
  }
}

/** A cancelled job is told of only when it began too late, which ended it. */
const STATUS = { queued: 'IN_QUEUE', running: 'IN_PROGRESS', done: 'COMPLETED', cancelled: 'COMPLETED' } as const

function rulesOf(model: string, retired: SimulatorOptions['retired']): PaidCallRules<Submission> {
  return {
    simulator: 'fal',
    method: 'queue',
    model,
    limitBytes: BODY_LIMIT,
    isQueued: true,
    refusal: refusalFor,
    tooLarge: plain(413, 'Request body too large'),
    misspelt: (says) => plain(400, says),
    async read({ headers, json }) {
      const refusal = keyRefusal(headers.authorization)
      if (refusal) return refusal
      const endpoint = findEndpoint(model)
      if (endpoint === undefined || (endpoint.retired && retired === 'refuse'))
        return plain(404, `Application "${model}" not found`)
      const input = json()
      if (input === undefined) return plain(400, 'The request body is not valid JSON.')
      const job = await checkInput(endpoint, input)
      const startWithin = Number(headers['x-fal-request-timeout'] ?? Number.NaN)
      const startWithinMs = Number.isFinite(startWithin) ? startWithin * 1000 : undefined
      const nanos = isRefusal(job) ? 0n : priceOf(job)
      return { model, prompt: promptOf(input), input: { job, startWithinMs }, nanos }
    },
  }
}

function promptOf(input: unknown): string {
  const prompt = typeof input === 'object' && input !== null && 'prompt' in input ? input.prompt : ''
  return typeof prompt === 'string' ? prompt : ''
}

/** A fault of the simulator's own says so, lest it pass for one of the provider's. */
function ownFailure(error: unknown): Refusal {
  return plain(500, `The sandbox failed: ${error instanceof Error ? error.stack : String(error)}`)
}

/** The result of a run, as often as it is asked for. */
function hand(response: ServerResponse, { id, result }: Run, base: string): void {
  if (result === undefined) return sendRefusal(response, plain(400, 'Request is still in progress'))
  if (isRefusal(result)) return sendRefusal(response, result)
  response.setHeader('x-fal-request-id', nameOf(id))
  sendJson(response, result.body(`${base}/files/${nameOf(id)}`))
}

function nameOf(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1)
}
