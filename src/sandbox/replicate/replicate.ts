import type { IncomingMessage, ServerResponse } from 'node:http'

import { tellHook } from '../hook.ts'
import { makeFiles } from '../files.ts'
import { type Job, makeJobs } from '../jobs.ts'
import { type PaidCall, receiveCall } from '../paid-call.ts'
import { baseOf, type Handler, sendJson, sendRefusal, type SimulatorOptions } from '../simulator.ts'
import type { Task } from './check.ts'
import { NOT_FOUND, tokenRefusal } from './errors.ts'
import { type Asked, rulesOf } from './rules.ts'
import { run } from './run.ts'

/** How a prediction ended, and where its pictures are. */
interface Result {
  readonly status: 'succeeded' | 'failed'
  readonly error: string | null
  readonly output: string | readonly string[] | null
}

interface Prediction {
  readonly id: string
  readonly call: PaidCall<Asked>
  readonly base: string
  readonly job: Job<Result>
  /** Said by a caller, or by the clock. */
  stopped?: 'canceled' | 'aborted'
  readonly createdAt: string
}

const PREDICTIONS_KEPT = 1_000

/**
 * Replicate's HTTP API as far as pictures need it: predictions of official models and of versions, their state, cancelling them, the
 * account, and the files under `/files`, which are public as the delivery host's are.
 * Sources: https://replicate.com/docs/reference/http and https://replicate.com/docs/topics/predictions (read 2026-11-22).
 */
export function replicateSimulator({ bill, latencyMs, now, random }: SimulatorOptions): Handler {
  const jobs = makeJobs<Result>({ latencyMs, now })
  const files = makeFiles()
  const predictions = new Map<string, Prediction>()

  return async (request, response, path) => {
    const { pathname } = new URL(path, 'http://sandbox')
    const [, file] = /^\/files\/([\w.-]+)$/.exec(pathname) ?? []
    if (file !== undefined) return await files.deliver(request, response, file)
    const { method, headers } = request
    const [, model] = /^\/v1\/models\/([\w-]+\/[\w.-]+)\/predictions$/.exec(pathname) ?? []
    if (method === 'POST' && (model !== undefined || pathname === '/v1/predictions'))
      return await create(request, response, baseOf(request, path), model)
    // Asking costs nothing, so a token without credit gets its answers too.
    const refusal = tokenRefusal(headers.authorization)
    if (refusal !== undefined && refusal.status !== 402) return sendRefusal(response, refusal)
    if (method === 'GET' && pathname === '/v1/account') {
      return sendJson(response, { type: 'organization', username: 'sandbox', name: 'Sandbox', github_url: null })
    }
    const [, id = '', isCancel] = /^\/v1\/predictions\/([\w-]+)(\/cancel)?$/.exec(pathname) ?? []
    const prediction = predictions.get(id)
    if (prediction === undefined || method !== (isCancel === undefined ? 'GET' : 'POST'))
      return sendRefusal(response, NOT_FOUND)
    if (isCancel !== undefined) stop(prediction, 'canceled')
    sendJson(response, documentOf(prediction))
  }

  async function create(
    request: IncomingMessage,
    response: ServerResponse,
    base: string,
    model: string | undefined,
  ): Promise<void> {
    const call = await receiveCall(request, response, { bill, latencyMs: 0 }, rulesOf(model))
    if (call === undefined) return
    const { cancelAfterMs, waitMs, hook, events } = call.input
    const id = idOf(random)
    const ended = Promise.withResolvers<void>()
    const tell = (event: string) => {
      const known = predictions.get(id)
      if (hook !== undefined && events.includes(event) && known !== undefined) tellHook(hook, documentOf(known))
    }
    const job = jobs.submit({
      id,
      text: call.prompt,
      faults: call.faults,
      run: async () => await end(id, call, base),
      cancelled: () => call.record({ outcome: 'failed', nanos: 0n })(true),
      changed({ state }) {
        if (state === 'done') ended.resolve()
        tell(state === 'done' ? 'completed' : 'start')
      },
    })
    const prediction: Prediction = { id, call, base, job, createdAt: new Date(now()).toISOString() }
    remember(prediction)
    if (cancelAfterMs !== undefined) {
      setTimeout(() => stop(prediction, job.state === 'queued' ? 'aborted' : 'canceled'), cancelAfterMs).unref()
    }
    if (waitMs > 0) await Promise.race([ended.promise, new Promise((over) => setTimeout(over, waitMs).unref())])
    call.accept(documentOf(prediction), 201)
  }

  /** What is under way is worked on to its end, but neither handed over nor charged: these models are paid by the picture. */
  function stop(prediction: Prediction, how: 'canceled' | 'aborted'): void {
    if (prediction.job.state === 'done') return
    prediction.stopped ??= how
    jobs.cancel(prediction.job)
  }

  /** Runs a prediction, puts its pictures where they are fetched from, and bills what succeeded. */
  async function end(id: string, call: PaidCall<Asked>, base: string): Promise<Result> {
    const { task } = call.input
    const { status, pictures, error } = await run(task, call.faults)
    if (predictions.get(id)?.stopped !== undefined) {
      call.record({ outcome: 'failed', nanos: 0n })(true)
      return { status: 'failed', error: null, output: null }
    }
    const isGood = status === 'succeeded'
    const delivered = call.record({
      outcome: pictures.length > 0 ? 'answered' : isGood || call.faults.refusal !== undefined ? 'blocked' : 'failed',
      nanos: isGood ? call.nanos : 0n,
      pictures,
    })
    if (pictures.length === 0) delivered(true)
    const output = pictures.map((bytes, index) => `${base}/files/${put(`${id}-${index}`, task, bytes)}`)
    const isEmptyList = call.faults['no-image'] === 'images-empty'
    return { status, error, output: output.length === 0 && !isEmptyList ? null : shaped(output) }

    function put(name: string, { format }: Task, bytes: Buffer): string {
      const type = `image/${'wrong-mime' in call.faults ? (format === 'png' ? 'jpeg' : 'png') : format}`
      return files.put({ name: `${name}.${format}`, type, bytes, faults: call.faults, delivered })
    }

    function shaped(addresses: readonly string[]): Result['output'] {
      return task.output === 'list' ? addresses : (addresses[0] ?? [])
    }
  }

  function remember(prediction: Prediction): void {
    predictions.set(prediction.id, prediction)
    for (const oldest of predictions.keys()) {
      if (predictions.size <= PREDICTIONS_KEPT) break
      predictions.delete(oldest)
    }
  }
}

function documentOf({ id, call, base, job, stopped, createdAt }: Prediction): object {
  const { state, result } = job
  const isDone = state === 'done' && result !== undefined
  const status = stopped ?? (isDone ? result.status : state === 'queued' ? 'starting' : 'processing')
  const percent = Math.floor(job.fraction() * 100)
  const isOver = stopped !== undefined || isDone
  return {
    id,
    model: call.model.split(':')[0],
    version: call.model.split(':')[1] ?? 'hidden',
    // What was sent is told again, pictures in short.
    input: Object.fromEntries(Object.entries(call.input.task.fields).map(([name, value]) => [name, shortOf(value)])),
    logs: state === 'queued' ? '' : `Using seed: 42\n${percent}%|${'█'.repeat(percent / 10)}| ${percent}/100`,
    output: stopped === undefined ? (result?.output ?? null) : null,
    data_removed: false,
    error: stopped === undefined ? (result?.error ?? null) : null,
    status,
    created_at: createdAt,
    urls: {
      get: `${base}/v1/predictions/${id}`,
      cancel: `${base}/v1/predictions/${id}/cancel`,
      web: `https://replicate.com/p/${id}`,
    },
    ...(isOver && { completed_at: createdAt, metrics: { predict_time: 1.2, total_time: 1.3, image_count: 1 } }),
  }
}

function shortOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shortOf)
  return typeof value === 'string' && value.startsWith('data:') ? `${value.slice(0, 40)}…` : value
}

/** Crockford's base 32, as Replicate's ids are. */
function idOf(random: () => number): string {
  return Array.from({ length: 26 }, () => '0123456789abcdefghjkmnpqrstvwxyz'[Math.floor(random() * 32)]).join('')
}
