import type { IncomingMessage, ServerResponse } from 'node:http'

import { tellHook } from '../hook.ts'
import { amount, type Faults } from '../faults.ts'
import { makeFiles } from '../files.ts'
import { makeJobs } from '../jobs.ts'
import { receive } from '../network-faults.ts'
import { type PaidCall, type PaidCallRules, receiveCall } from '../paid-call.ts'
import { damaged } from '../picture-faults.ts'
import { baseOf, type Handler, isRefusal, sendJson, sendRefusal, type SimulatorOptions } from '../simulator.ts'
import { refusalFor, refused, secretRefusal, submitted, type Submitted } from './answers.ts'
import { draw, gridOf } from './drawing.ts'
import { hasEndpoint, type Memory, readSubmission, type Submission, windowOpened } from './submissions.ts'
import { documentOf, type Ending, type Kind, type Task } from './tasks.ts'

const BODY_LIMIT = 100 * 1024 * 1024
const TASKS_KEPT = 1_000

/** Midjourney is a subscription: what the account behind this proxy is said to pay for one picture. */
const PICTURE_NANOS = 25_000_000n

/**
 * A midjourney-proxy with an account behind it: submissions, tasks, and the pictures under `/attachments`, which are public as Discord's
 * are. The secret chooses its kind: with `original` in it the first one, which has no buttons; with `singles` one whose account hands
 * over four pictures instead of a grid. Sources: docs/api.md of novicezk/midjourney-proxy, the controllers of trueai-org/midjourney-proxy
 * (read 2026-11-22).
 */
export function midjourneySimulator({ bill, latencyMs, now }: SimulatorOptions): Handler {
  const jobs = makeJobs<Ending>({ latencyMs, now })
  const files = makeFiles()
  const tasks = new Map<string, Task>()
  /** Tasks by the button that began them, of buttons that can be pressed only once. */
  const takenOut = new Map<string, string>()
  let given = 0

  return async (request, response, path) => {
    const { pathname } = new URL(path, 'http://sandbox')
    const [, file] = /^\/attachments\/([\w.-]+)$/.exec(pathname) ?? []
    if (file !== undefined) return await files.deliver(request, response, file)
    const kind = kindOf(request)
    const [, endpoint = ''] = /^\/mj\/submit\/([\w-]+)$/.exec(pathname) ?? []
    if (request.method === 'POST' && hasEndpoint(endpoint, kind))
      return await submit(request, response, endpoint, kind, baseOf(request, path))
    // Asking after tasks needs no account.
    if (secretRefusal(request.headers['mj-api-secret'])?.status === 401) return void response.writeHead(401).end()
    const [, id = ''] = /^\/mj\/task\/([\w-]+)\/fetch$/.exec(pathname) ?? []
    if (request.method === 'GET' && id !== '') return tell(response, id, kind)
    if (request.method === 'POST' && pathname === '/mj/task/list-by-condition')
      return await list(request, response, kind)
    return sendRefusal(response, refusalFor(404))
  }

  async function submit(
    request: IncomingMessage,
    response: ServerResponse,
    endpoint: string,
    kind: Kind,
    base: string,
  ): Promise<void> {
    const rules = rulesOf(endpoint, memoryOf(kind))
    const call = await receiveCall(request, response, { bill, latencyMs: 0 }, { ...rules, isQueued: true })
    if (call === undefined) return
    const { input, faults } = call
    const asked = askedRefusal(faults, input)
    if (asked !== undefined) return call.reject(asked, 'blocked')
    if (input.is === 'existing') return call.accept(input.answer)
    const task = taskOf(input, faults)
    remember(task)
    if (input.is === 'window') return call.accept(windowOpened(task.id))
    if (input.customId?.startsWith('MJ::JOB::upsample::') === true) takenOut.set(input.customId, task.id)
    const job = jobs.submit({
      id: task.id,
      text: task.text,
      faults,
      run: async () => await end(task, call, kind, base),
      changed: () => {
        if (input.hook !== undefined) tellHook(input.hook, document(task, kind))
      },
    })
    const before = faults.queue === undefined ? undefined : jobs.position(job)
    call.accept(before === undefined ? submitted(1, { result: task.id }) : queued(task.id, before))
  }

  function taskOf(input: Submission, faults: Faults): Task {
    const id = (input.is === 'task' ? input.id : undefined) ?? idOf()
    return {
      id,
      action: input.is === 'task' ? input.action : input.is === 'window' ? 'INPAINT' : 'IMAGINE',
      botType: input.botType,
      text: input.text,
      drawing: 'drawing' in input ? input.drawing : undefined,
      faults,
      submitTime: now(),
      isWindow: input.is === 'window',
    }
  }

  function remember(task: Task): void {
    tasks.set(task.id, task)
    for (const oldest of tasks.keys()) {
      if (tasks.size <= TASKS_KEPT) break
      tasks.delete(oldest)
    }
  }

  /** Draws, puts the pictures where they are fetched from, and bills them. */
  async function end(task: Task, call: PaidCall<Submission>, kind: Kind, base: string): Promise<Ending> {
    const { faults } = call
    const failReason = failureOf(call.input, faults)
    if (failReason !== undefined || task.drawing === undefined) {
      call.record({ outcome: faults.refusal === undefined ? 'failed' : 'blocked' })(true)
      return { failReason: failReason ?? 'Internal error' }
    }
    const pictures = await draw(task.drawing, faults)
    const isNiji = task.botType === 'NIJI_JOURNEY'
    const format = isNiji && pictures.length > 1 ? 'webp' : 'png'
    const whole = pictures.length > 1 ? await gridOf(pictures, format) : (pictures[0] ?? Buffer.of())
    const each = kind === 'singles' && pictures.length > 1 ? pictures : []
    const delivered = call.record({ outcome: 'answered', pictures: each.length > 0 ? each : [whole] })
    const put = (bytes: Buffer, name: string, type: string) =>
      `${base}/attachments/${files.put({ name, type: `image/${type}`, bytes: damaged(bytes, faults), faults, delivered })}?ex=soon&is=now&hm=sandbox`
    const all = put(whole, `${task.id}.${format}`, format)
    const singles = each.map((bytes, index) => put(bytes, `${task.id}-${index}.png`, 'png'))
    const isBare = faults['no-image'] !== undefined
    return { files: { all: isBare ? undefined : all, each: isBare || each.length === 0 ? undefined : singles } }
  }

  function document(task: Task, kind: Kind): object {
    const job = jobs.find(task.id)
    return documentOf(
      task,
      { state: job?.state ?? 'queued', fraction: job?.fraction() ?? 0, ending: job?.result },
      kind,
    )
  }

  function memoryOf(kind: Kind): Memory {
    return {
      kind,
      find(id) {
        const task = tasks.get(id)
        const ending = jobs.find(id)?.result
        return task && { task, hasPictures: ending !== undefined && 'files' in ending }
      },
      before(customId) {
        const task = tasks.get(takenOut.get(customId) ?? '')
        if (task === undefined) return undefined
        const { status, imageUrl } = document(task, kind) as Readonly<Record<string, unknown>>
        return submitted(21, { result: task.id, properties: { status, imageUrl } })
      },
    }
  }

  /** An unknown task is an answer without a body. */
  function tell(response: ServerResponse, id: string, kind: Kind): void {
    const task = tasks.get(id)
    if (task === undefined) return void response.writeHead(kind === 'original' ? 200 : 204).end()
    sendJson(response, document(task, kind))
  }

  async function list(request: IncomingMessage, response: ServerResponse, kind: Kind): Promise<void> {
    const body = await receive(request, {}, BODY_LIMIT)
    const ids = typeof body === 'string' ? undefined : (JSON.parse(body.toString('utf8')) as { ids?: unknown }).ids
    if (!Array.isArray(ids)) return sendRefusal(response, refused(4, 'ids is no list'))
    const found = ids.flatMap((id) => tasks.get(String(id)) ?? []).map((task) => document(task, kind))
    sendJson(response, found)
  }

  /** The time, and three digits behind it. */
  function idOf(): string {
    given += 1
    return `${now()}${String(given % 1000).padStart(3, '0')}`
  }
}

function kindOf({ headers }: IncomingMessage): Kind {
  const secret = String(headers['mj-api-secret'])
  if (secret.includes('original')) return 'original'
  return secret.includes('singles') ? 'singles' : 'buttons'
}

function rulesOf(endpoint: string, memory: Memory): PaidCallRules<Submission> {
  return {
    simulator: 'midjourney',
    method: endpoint,
    limitBytes: BODY_LIMIT,
    isQueued: true,
    refusal: refusalFor,
    async read({ headers, json }) {
      const refusal = secretRefusal(headers['mj-api-secret'])
      if (refusal !== undefined) return refusal
      const input = await readSubmission(endpoint, json(), memory)
      if (isRefusal(input)) return input
      const makes = 'drawing' in input ? input.drawing.makes : 0
      return { model: input.botType, prompt: input.text, input, nanos: PICTURE_NANOS * BigInt(makes) }
    },
  }
}

/** What faults ask the proxy to say instead of taking the task. */
function askedRefusal({ refusal = '' }: Faults, { text }: Submission) {
  const [, code] = /^code-(\d+)$/.exec(refusal) ?? []
  if (code !== undefined) return refused(Number(code))
  const properties = { promptEn: text, bannedWord: 'banned' }
  return refusal === 'banned' ? { status: 200, body: submitted(24, { properties }) } : undefined
}

/** Why a task ends without pictures, in the words of Midjourney. */
function failureOf(input: Submission, faults: Faults): string | undefined {
  if (input.is === 'hopeless') return input.failReason
  if (faults.refusal === 'moderated') return '[Banned prompt detected] The word is not allowed here'
  if (faults.refusal === 'parameter') return '[Invalid parameter] Unrecognized parameter(s): `--fault`'
  const status = amount(faults, 'run-status')
  return status === undefined ? undefined : `[${status}] Failed to process your command`
}

function queued(result: string, before: number): Submitted {
  return submitted(22, { description: `In queue, ${before} before it`, result, properties: { numberOfQueues: before } })
}
