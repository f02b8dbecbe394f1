import { ok } from '../../core/result.ts'
import type { Upstream } from '../http.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { askTask } from './progress.ts'
import { ask } from './server.ts'

/** How long a call whose deadline has passed may keep its caller waiting for being stopped. */
const PROMPT_MS = 500

/**
 * Frees the machine of a picture whose deadline has passed: it goes on although nobody listens. Interrupting takes no name and stops
 * whatever runs, so it is done only when the machine has just said that it is ours; the failure says what was done.
 */
export async function stoppedAtDeadline(
  upstream: Upstream,
  taskId: string,
  failure: UpstreamFailure,
  call: Call,
): Promise<UpstreamFailure> {
  if (failure.kind !== 'timeout' || failure.billed !== 'unknown' || !isTimeout(call.signal)) return failure
  const quick = { ...call, signal: AbortSignal.timeout(PROMPT_MS), remainingMs: () => PROMPT_MS }
  const task = await askTask(upstream, quick, { id: taskId, wantsPreview: false, seen: -1 })
  const isOurs = task.ok && task.value?.active === true
  if (isOurs && (await interrupt(upstream, quick))) {
    return { ...failure, billed: 'no', message: 'The deadline passed. The machine was told to stop.' }
  }
  const message =
    'The deadline passed. The machine was left alone: it does not say that what it makes now is this picture.'
  return { ...failure, message }
}

/** Answered with an empty object, or by SD.Next with 204 and nothing. */
async function interrupt(upstream: Upstream, call: Call): Promise<boolean> {
  const answered = await ask(upstream, call, {
    method: 'POST',
    path: '/sdapi/v1/interrupt',
    read: ({ status }) => ok(status < 300),
  })
  return answered.ok ? answered.value : answered.error.status === 204
}

function isTimeout({ reason }: AbortSignal): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError'
}
