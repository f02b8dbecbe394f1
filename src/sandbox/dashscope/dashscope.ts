import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { makeFiles } from '../files.ts'
import { type Job as QueuedJob, makeJobs } from '../jobs.ts'
import { type PaidCall, receiveCall } from '../paid-call.ts'
import { baseOf, type Handler, sendJson, sendRefusal, type SimulatorOptions } from '../simulator.ts'
import { type Job, understand } from './check.ts'
import { atOnceBody, taskBody, type Task } from './document.ts'
import { keyRefusal, refusalFor, refusalOf } from './errors.ts'
import type { Way } from './models.ts'
import { make } from './pictures.ts'

const BODY_LIMIT = 64 * 1024 * 1024
const SERVICES = /^\/api\/v1\/services\/aigc\/(multimodal|image)-generation\/generation$/u
const SYNTHESES = /^\/api\/v1\/services\/aigc\/(text2image|image2image)\/image-synthesis$/u
const TASK_PATH = /^\/api\/v1\/tasks\/([\w-]+)(\/cancel)?$/u

/**
 * DashScope as far as pictures need it: the services that make them, tasks, and the files under `/files`, which are public as the real
 * ones are, and refuse a credential that was sent along. Tasks run whether or not anybody asks after them.
 * Source: https://www.alibabacloud.com/help/en/model-studio, the pages of its image APIs and of asynchronous tasks (read 2026-11-22).
 */
export function dashScopeSimulator({ latencyMs, bill, now }: SimulatorOptions): Handler {
  const jobs = makeJobs<Task>({ latencyMs, now })
  const files = makeFiles()
  let begun = 0

  return async (request, response, path) => {
    const { pathname } = new URL(path, 'http://sandbox')
    const [, fileName] = /^\/files\/([\w.-]+)$/u.exec(pathname) ?? []
    if (fileName !== undefined) return await files.deliver(request, response, fileName)
    const way = wayOf(pathname)
    if (request.method === 'POST' && way !== undefined)
      return await asked(request, response, way, baseOf(request, path))
    const refusal = keyRefusal(request.headers.authorization, false)
    if (refusal) return sendRefusal(response, refusal)
    if (request.method === 'GET' && pathname.replace(/\/$/u, '') === '/api/v1/tasks') {
      return sendJson(response, {
        request_id: randomUUID(),
        data: [],
        total: begun,
        total_page: begun,
        page_no: 1,
        page_size: 1,
      })
    }
    const [, id, cancels] = TASK_PATH.exec(pathname) ?? []
    if (id === undefined || request.method !== (cancels ? 'POST' : 'GET')) return sendRefusal(response, refusalFor(404))
    const job = jobs.find(id)
    if (cancels) return cancel(response, job)
    sendJson(
      response,
      taskBody(id, job, (name) => `${baseOf(request, path)}/files/${name}?Expires=1790000000`),
    )
  }

  async function asked(request: IncomingMessage, response: ServerResponse, way: Way, base: string): Promise<void> {
    const isTask = way !== 'multimodal-generation'
    const call = await receiveCall<Job>(
      request,
      response,
      { bill, latencyMs },
      {
        simulator: 'alibaba',
        method: way,
        limitBytes: BODY_LIMIT,
        isQueued: isTask,
        read: (received) => understand(received, way),
        refusal: refusalFor,
      },
    )
    if (call === undefined) return
    if (isTask) submit(call)
    else await answerAtOnce(call, base)
  }

  async function answerAtOnce(call: PaidCall<Job>, base: string): Promise<void> {
    const made = await make(call.input, call.faults, call.nanos)
    if ('code' in made) return call.reject(refusalOf(made.status, made), 'blocked')
    const names = keep(made.pictures, call, () => {})
    const places = names.map((name) => `${base}/files/${name}?Expires=1790000000`)
    const outcome = made.pictures.length > 0 ? 'answered' : 'blocked'
    await call.answer(atOnceBody(call.input, call.faults, places), { outcome, ...made })
  }

  function submit(call: PaidCall<Job>): void {
    begun += 1
    const job = jobs.submit({
      id: randomUUID(),
      text: call.prompt,
      faults: call.faults,
      run: () => run(call),
      cancelled: () => void call.record({ outcome: 'incomplete', status: null }),
    })
    call.accept({ output: { task_status: 'PENDING', task_id: job.id }, request_id: randomUUID() })
  }

  async function run(call: PaidCall<Job>): Promise<Task> {
    const made = await make(call.input, call.faults, call.nanos)
    if ('code' in made) {
      const isRefused = call.faults.refusal !== undefined
      call.record({ outcome: isRefused ? 'blocked' : 'failed', status: made.status })
      return { names: [], refused: 0, way: call.input.model.way, faults: call.faults, trouble: made }
    }
    const outcome = made.pictures.length > 0 ? 'answered' : 'blocked'
    const ended = call.record({ outcome, ...made })
    const names = keep(made.pictures, call, ended)
    return { names, refused: made.refused, way: call.input.model.way, faults: call.faults }
  }

  function keep(
    pictures: readonly Buffer[],
    { faults }: PaidCall<Job>,
    delivered: (complete: boolean) => void,
  ): readonly string[] {
    return pictures.map((bytes) =>
      files.put({ name: `${randomUUID()}.png`, type: 'image/png', bytes, faults, delivered }),
    )
  }

  /** Only what waits. */
  function cancel(response: ServerResponse, job: QueuedJob<Task> | undefined): void {
    if (job !== undefined && jobs.cancel(job)) return sendJson(response, { request_id: randomUUID() })
    const message = 'Failed to cancel the task, please confirm if the task is in PENDING status.'
    sendRefusal(response, refusalOf(400, { code: 'UnsupportedOperation', message }))
  }
}

function wayOf(pathname: string): Way | undefined {
  const [, service] = SERVICES.exec(pathname) ?? []
  if (service !== undefined) return service === 'image' ? 'image-generation' : 'multimodal-generation'
  const [, synthesis] = SYNTHESES.exec(pathname) ?? []
  return synthesis === 'text2image' || synthesis === 'image2image' ? synthesis : undefined
}
