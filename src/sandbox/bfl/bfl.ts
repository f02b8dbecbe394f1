import type { IncomingMessage, ServerResponse } from 'node:http'

import { makeFiles } from '../files.ts'
import { type Job, makeJobs } from '../jobs.ts'
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
import { checkInput, type Task } from './check.ts'
import { complaints, isEmpty, keyRefusal, plain, refusalFor } from './errors.ts'
import { tellHook } from '../hook.ts'
import { findEndpoint } from './models.ts'

import { type Ended, run } from './run.ts'

const BODY_LIMIT = 100 * 1024 * 1024

/** What has become of a task: how it ended, what it cost, and where its picture is. */
interface Result extends Ended {
  readonly credits: number
  readonly file: string | undefined
}

/**
 * Black Forest Labs' API as far as pictures need it: submissions, `get_result`, the balance, and the files under `/files`, which are
 * public as the delivery host's are. Tasks run whether or not anybody asks after them, and are asked after where they were submitted.
 * Sources: https://docs.bfl.ai/api-reference and /integration_guidelines (read 2026-11-22).
 */
export function bflSimulator({ bill, latencyMs, now, random }: SimulatorOptions): Handler {
  const jobs = makeJobs<Result>({ latencyMs, now })
  const files = makeFiles()

  return async (request, response, path) => {
    const { pathname, searchParams } = new URL(path, 'http://sandbox')
    const [, file] = /^\/files\/([\w.-]+)$/.exec(pathname) ?? []
    if (file !== undefined) return await files.deliver(request, response, file)
    const [, model] = /^\/v1\/([\w.-]+)$/.exec(pathname) ?? []
    if (request.method === 'POST' && model !== undefined)
      return await submit(request, response, baseOf(request, path), model)
    const refusal = keyRefusal(request.headers['x-key'])
    // Asking costs nothing, so a key without credit gets its answers too.
    if (refusal && refusal.status !== 402) return sendRefusal(response, refusal)
    if (request.method === 'GET' && model === 'credits') {
      return sendJson(response, { credits: isEmpty(request.headers['x-key']) ? 0 : 4_200.5 })
    }
    if (request.method === 'GET' && model === 'get_result') return tell(response, searchParams.get('id') ?? '')
    return sendRefusal(response, plain(404, 'Not Found'))
  }

  async function submit(
    request: IncomingMessage,
    response: ServerResponse,
    base: string,
    model: string,
  ): Promise<void> {
    const call = await receiveCall(request, response, { bill, latencyMs: 0 }, rulesOf(model))
    if (call === undefined) return
    const id = idOf(random)
    const hook = call.input.fields['webhook_url']
    jobs.submit({
      id,
      text: call.prompt,
      faults: call.faults,
      run: async () => await end(id, call, base),
      ...(typeof hook === 'string' && {
        changed: (job: Job<Result>) => {
          if (job.state === 'done') tellHook(hook, { task_id: id, ...documentOf(job) })
        },
      }),
    })
    const facts = { cost: creditsOf(call.nanos), ...megapixelsOf(call.input) }
    call.accept(
      typeof hook === 'string'
        ? { id, status: 'Pending', webhook_url: hook, ...facts }
        : { id, polling_url: `${base}/v1/get_result?id=${id}`, ...facts },
    )
  }

  /** Runs a task, puts its picture where it is fetched from, and bills what is ready. */
  async function end(id: string, call: PaidCall<Task>, base: string): Promise<Result> {
    const ended = await run(call.input, call.faults)
    const isReady = ended.status === 'Ready'
    const delivered = call.record({
      outcome: isReady && !ended.isBare ? 'answered' : ended.status === 'Error' ? 'failed' : 'blocked',
      nanos: isReady ? call.nanos : 0n,
      pictures: ended.picture ? [ended.picture] : [],
    })
    if (ended.picture === undefined) {
      delivered(true)
      return { ...ended, credits: isReady ? creditsOf(call.nanos) : 0, file: undefined }
    }
    const { format } = call.input
    const type = `image/${'wrong-mime' in call.faults ? (format === 'png' ? 'jpeg' : 'png') : format}`
    const name = files.put({ name: `${id}.${format}`, type, bytes: ended.picture, faults: call.faults, delivered })
    return { ...ended, credits: creditsOf(call.nanos), file: `${base}/files/${name}?se=soon&sig=sandbox` }
  }

  function tell(response: ServerResponse, id: string): void {
    const job = jobs.find(id)
    if (job === undefined) return sendJson(response, { id, status: 'Task not found', result: null }, 404)
    sendJson(response, documentOf(job))
  }
}

function rulesOf(model: string): PaidCallRules<Task> {
  return {
    simulator: 'black-forest-labs',
    method: 'submit',
    limitBytes: BODY_LIMIT,
    isQueued: true,
    refusal: refusalFor,
    async read({ headers, json }) {
      const refusal: Refusal | undefined = keyRefusal(headers['x-key'])
      if (refusal !== undefined) return refusal
      const endpoint = findEndpoint(model)
      if (endpoint === undefined) return plain(404, 'Not Found')
      const input = json()
      if (input === undefined) return complaints([{ loc: ['body', 0], msg: 'JSON decode error', type: 'json_invalid' }])
      const task = await checkInput(endpoint, input)
      return isRefusal(task) ? task : { model, prompt: task.prompt, input: task, nanos: task.nanos }
    },
  }
}

function documentOf(job: Job<Result>): object {
  const { id, state, result } = job
  if (state !== 'done' || result === undefined) {
    return { id, status: 'Pending', result: null, progress: job.fraction(), details: null, preview: null }
  }
  const { status, file, details = null, credits } = result
  return {
    id,
    status,
    result: status === 'Ready' ? (file === undefined ? {} : { sample: file, seed: 42, duration: 1.2 }) : null,
    progress: null,
    details,
    preview: null,
    ...(status === 'Ready' && { cost: credits }),
  }
}

function creditsOf(nanos: bigint): number {
  return Number(nanos) / 10_000_000
}

function megapixelsOf({ pictures, width, height }: Task): object {
  const given = pictures.reduce((sum, picture) => sum + picture.width * picture.height, 0)
  return { input_mp: given === 0 ? null : rounded(given), output_mp: rounded(width * height) }
}

function rounded(pixels: number): number {
  return Number((pixels / 1_000_000).toFixed(2))
}

function idOf(random: () => number): string {
  const part = () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  const [a, b, c, d] = [part(), part(), part(), part()]
  return `${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${d}`
}
