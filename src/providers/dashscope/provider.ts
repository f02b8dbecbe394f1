import { err, ok, type Result } from '../../core/result.ts'
import { rejected } from '../failure.ts'
import type { Upstream } from '../http.ts'
import { type Poll, pollUntil } from '../poll.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../provider.ts'
import { fetchPictures, type Outcome, readAnswer, readSubmission, readTask } from './answer.ts'
import { errorFailure } from './errors.ts'
import { toSubmission } from './request.ts'
import { readReply } from './wire.ts'

const ID = 'alibaba'

/** An account may ask 20 times a second about all of its tasks together, and pictures take from five seconds to a minute. */
const EVERY_MS = 1_000
const CAP_MS = 4_000

/**
 * Alibaba's DashScope (Model Studio): Qwen Image, Wan and Z-Image. Some models are one call, others are tasks; models.ts says which.
 * Either way the pictures come as addresses and are downloaded at once.
 * Sources: the pages named in models.ts and wire.ts (read 2026-11-22).
 */
export function makeDashScope(upstream: Upstream): Provider {
  return {
    id: ID,
    async generate(request, call) {
      const submission = toSubmission(request, request.providerOptions?.[ID] ?? {}, call.model)
      if (!submission.ok) return err(rejected(submission.error))
      const { path, body, isTask } = submission.value
      const headers = credentialOf(call)
      if (!isTask) {
        const answered = await upstream.postJson(call, {
          path,
          headers,
          body,
          pictures: isPicture,
          read: (answer) => readAnswer(answer, call),
        })
        return answered.ok ? await delivered(upstream, call, answered.value) : answered
      }
      const submitted = await upstream.postJson(call, {
        path,
        headers: { ...headers, 'x-dashscope-async': 'enable' },
        body,
        read: (answer) => readSubmission(answer, call),
      })
      if (!submitted.ok) return submitted
      await call.submitted(submitted.value)
      return await finish(upstream, submitted.value, call)
    },

    resume: (taskId, _, call) => finish(upstream, taskId, call),

    /** Only a task that waits is cancelled, and only pictures that were made are charged. */
    async cancel(taskId, call) {
      const cancelled = await upstream.requestJson(call, {
        method: 'POST',
        path: `${pathOf(taskId)}/cancel`,
        headers: credentialOf(call),
        read: ({ status }) => ok(status < 300),
      })
      return cancelled.ok && cancelled.value ? 'cancelled' : 'too_late'
    },

    /** Lists tasks, which is free and closed to a bad key. What credit is left is told in the console alone. */
    check: (call) =>
      upstream.requestJson(call, {
        method: 'GET',
        path: '/api/v1/tasks',
        query: { page_no: '1', page_size: '1' },
        headers: credentialOf(call),
        read(answer) {
          if (answer.status >= 300) return err(errorFailure(answer, call.clock))
          const total = readReply(answer.value)?.total
          return ok(total === undefined ? 'the key is good' : `the key is good, and has seen ${total} tasks in a day`)
        },
      }),
  }
}

/** From an accepted task to its pictures. Submits nothing. */
async function finish(upstream: Upstream, taskId: string, call: Call): Promise<Result<Generated, UpstreamFailure>> {
  const told = onceEach(call)
  const outcome = await pollUntil(call, {
    everyMs: EVERY_MS,
    capMs: CAP_MS,
    ask: () =>
      upstream.requestJson<Poll<Outcome>>(call, {
        method: 'GET',
        path: pathOf(taskId),
        headers: credentialOf(call),
        pictures: isPicture,
        read: (answer) => readTask(answer, told),
      }),
  })
  const pictures = outcome.ok ? await fetchPictures(upstream, call, outcome.value) : outcome
  return pictures.ok ? ok({ ...pictures.value, upstreamId: taskId }) : err({ ...pictures.error, upstreamId: taskId })
}

async function delivered(
  upstream: Upstream,
  call: Call,
  outcome: Outcome,
): Promise<Result<Generated, UpstreamFailure>> {
  const pictures = await fetchPictures(upstream, call, outcome)
  const { requestId } = outcome
  return pictures.ok ? ok({ ...pictures.value, ...(requestId !== undefined && { upstreamId: requestId }) }) : pictures
}

/** Progress is told when it changes. */
function onceEach(call: Call): Call {
  let told: string | undefined
  return {
    ...call,
    progress(event) {
      const message = event.type === 'status' ? event.message : undefined
      if (message !== told) call.progress(event)
      told = message
    },
  }
}

function isPicture(path: readonly (string | number)[]): boolean {
  return path.at(-1) === 'image' || path.at(-1) === 'url'
}

function credentialOf({ credential }: Call) {
  return { authorization: `Bearer ${credential}` }
}

function pathOf(taskId: string): string {
  return `/api/v1/tasks/${encodeURIComponent(taskId)}`
}
