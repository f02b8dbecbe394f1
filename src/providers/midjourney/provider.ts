import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import { type Answer, rejected, unusableAnswer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import { type Poll, pollUntil } from '../poll.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../provider.ts'
import { fetchPictures } from './answer.ts'
import { type Asked, submitFailure, taskFailure } from './errors.ts'
import { isFollowUp, toFollowUp } from './follow-up.ts'
import { toImagine } from './request.ts'
import { readSubmitted, readTask, type Task } from './wire.ts'

const ID = 'midjourney'

/** Pictures take from twenty seconds to minutes; the proxy is the operator's own, and near. */
const EVERY_MS = 300
const CAP_MS = 3_000

/**
 * Midjourney by midjourney-proxy: submit, ask, fetch. There is no `cancel`: the proxy's own forgets a task that Midjourney may well be
 * drawing, and nothing says that it costs nothing. Sources: docs/api.md of novicezk/midjourney-proxy, the controllers of
 * trueai-org/midjourney-proxy (read 2026-11-22).
 */
export function makeMidjourney(upstream: Upstream): Provider {
  return {
    id: ID,
    async generate(request, call) {
      const options = request.providerOptions?.[ID] ?? {}
      const taskId = isFollowUp(request, options)
        ? await followUp(upstream, await toFollowUp(request, options, call), call)
        : await imagine(upstream, toImagine(request, options, call.model), call)
      if (!taskId.ok) return taskId
      await call.submitted(taskId.value)
      return await finish(upstream, taskId.value, request.n, call)
    },

    resume: (taskId, { n }, call) => finish(upstream, taskId, n, call),

    /** An empty list of tasks is asked for: free, and behind the secret as everything else. */
    check: (call) =>
      upstream.requestJson(call, {
        method: 'POST',
        path: '/mj/task/list-by-condition',
        headers: headersOf(call),
        body: { ids: [] },
        read: (answer) =>
          answer.status < 300
            ? ok('the proxy answers and takes the secret')
            : err(submitFailure(answer, 'imagine', call.clock)),
      }),
  }
}

type Body = Readonly<Record<string, JsonValue | undefined>>

async function imagine(
  upstream: Upstream,
  body: Result<Body, string>,
  call: Call,
): Promise<Result<string, UpstreamFailure>> {
  if (!body.ok) return err(rejected(body.error))
  return await submit(upstream, { path: '/mj/submit/imagine', body: body.value, asked: 'imagine', paid: true }, call)
}

/** Some buttons open a window first, which costs nothing: what it is answered is what is paid for. */
async function followUp(
  upstream: Upstream,
  asked: Awaited<ReturnType<typeof toFollowUp>>,
  call: Call,
): Promise<Result<string, UpstreamFailure>> {
  if (!asked.ok) return err(rejected(asked.error))
  const { press, window } = asked.value
  const pressed = await submit(upstream, { ...press, asked: 'follow-up', paid: window === undefined }, call)
  if (window === undefined) return pressed
  if (!pressed.ok) return err({ ...pressed.error, billed: 'no' })
  const body = { taskId: pressed.value, ...window }
  return await submit(upstream, { path: '/mj/submit/modal', body, asked: 'follow-up', paid: true }, call)
}

interface Submission {
  readonly path: string
  readonly body: Body
  readonly asked: Asked
  readonly paid: boolean
}

function submit(
  upstream: Upstream,
  { path, body, asked, paid }: Submission,
  call: Call,
): Promise<Result<string, UpstreamFailure>> {
  return upstream.requestJson(call, {
    method: 'POST',
    path,
    headers: headersOf(call),
    body: { ...body, ...(call.hook && { notifyHook: call.hook.url }) },
    paid,
    read: (answer) => readTaskId(answer, asked, call),
  })
}

/** Accepted, existing already (a picture that was taken out of its grid before), or waiting in the queue. */
const TAKEN: ReadonlySet<number> = new Set([1, 21, 22])

function readTaskId(answer: Answer, asked: Asked, call: Call): Result<string, UpstreamFailure> {
  const submitted = readSubmitted(answer.value)
  if (answer.status >= 300) return err(submitFailure(answer, asked, call.clock))
  if (submitted === undefined) return err(unusableAnswer(answer.status, 'it has no code', answer.raw))
  if (!TAKEN.has(submitted.code)) return err(submitFailure(answer, asked, call.clock))
  const { result, properties } = submitted
  if (result === undefined) return err(unusableAnswer(answer.status, 'it names no task', answer.raw))
  const before = properties?.numberOfQueues
  if (before !== undefined) call.progress({ type: 'status', message: 'Waiting in the queue.', queuePosition: before })
  return ok(result)
}

/** From an accepted task to its pictures. Submits nothing. */
async function finish(
  upstream: Upstream,
  taskId: string,
  count = 1,
  call: Call,
): Promise<Result<Generated, UpstreamFailure>> {
  const task = await awaitTask(upstream, taskId, call)
  const pictures = task.ok ? await fetchPictures(upstream, call, task.value, { taskId, count }) : task
  return pictures.ok ? ok({ ...pictures.value, upstreamId: taskId }) : err({ ...pictures.error, upstreamId: taskId })
}

async function awaitTask(upstream: Upstream, taskId: string, call: Call): Promise<Result<Task, UpstreamFailure>> {
  let told = ''
  return await pollUntil(call, { everyMs: EVERY_MS, capMs: CAP_MS, ask })

  async function ask(): Promise<Result<Poll<Task>, UpstreamFailure>> {
    const asked = await askTask(upstream, taskId, call)
    if (!asked.ok) return asked
    const { task, raw } = asked.value
    if (task === undefined) return ok({ is: 'over', failure: unknownTask(taskId), sure: false })
    if (task.status === 'SUCCESS') return ok({ is: 'done', value: task })
    if (ENDED.has(task.status)) return ok({ is: 'over', failure: taskFailure(task, raw), sure: true })
    // An unknown status counts as still running, until the deadline.
    const fraction = fractionOf(task)
    if (fraction !== undefined && told !== task.progress) {
      call.progress({ type: 'status', fraction, message: 'The pictures are being made.' })
      told = task.progress ?? ''
    }
    return ok({ is: 'waiting' })
  }
}

const ENDED: ReadonlySet<string> = new Set(['FAILURE', 'CANCEL', 'MODAL'])

/** `37%`; where there are words instead, nothing is known. */
function fractionOf({ status, progress = '' }: Task): number | undefined {
  const percent = /^(\d{1,3})\s*%$/.exec(progress.trim())?.[1]
  return status === 'IN_PROGRESS' && percent !== undefined ? Math.min(1, Number(percent) / 100) : undefined
}

/** Without a task: the proxy does not know it. */
function askTask(
  upstream: Upstream,
  taskId: string,
  call: Call,
): Promise<Result<{ readonly task?: Task; readonly raw: string }, UpstreamFailure>> {
  return upstream.requestJson(call, {
    method: 'GET',
    path: `/mj/task/${encodeURIComponent(taskId)}/fetch`,
    headers: headersOf(call),
    read(answer) {
      if (answer.status === 404 || answer.value === null) return ok({ raw: answer.raw })
      if (answer.status >= 300) return err(submitFailure(answer, 'follow-up', call.clock))
      const task = readTask(answer.value)
      return task === undefined
        ? err(unusableAnswer(answer.status, 'it is no task', answer.raw))
        : ok({ task, raw: answer.raw })
    },
  })
}

function headersOf({ credential }: Call): Record<string, string> {
  return credential === NO_CREDENTIAL ? {} : { 'mj-api-secret': credential }
}

function unknownTask(taskId: string): UpstreamFailure {
  const message = `The proxy knows no task ${taskId}.`
  return { kind: 'unavailable', billed: 'unknown', status: 404, message, raw: '' }
}
