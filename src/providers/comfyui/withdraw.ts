import type { Upstream } from '../http.ts'
import { slept } from '../poll.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { askHistory, askPlace, stop } from './server.ts'

/** How often, and how far apart, a job that was told to stop is looked at: it ends with the step it is at. */
const TRIES = 40
const EVERY_MS = 250

/** How long a job whose deadline has passed may keep its caller waiting for being stopped. */
const PROMPT_MS = 500

/** Takes a job out of the queue, or stops it, and waits until it is gone. False when it has made its pictures all the same. */
export async function withdraw(upstream: Upstream, promptId: string, call: Call): Promise<boolean> {
  let wasThere = false
  for (let tries = 0; tries < TRIES; tries += 1) {
    const place = await askPlace(upstream, promptId, call)
    if (!place.ok) return false
    if (place.value.is === 'absent') break
    // One that begins to run in that moment has to be told again.
    wasThere = (await stop(upstream, promptId, place.value, call)) || wasThere
    if (place.value.is === 'running' && !(await slept(call, EVERY_MS))) return false
  }
  const history = await askHistory(upstream, promptId, call)
  return wasThere && history.ok && history.value?.end.status?.status_str !== 'success'
}

/** Frees the machine of a job whose deadline has passed, if that is quickly done; the failure says whether it was. */
export async function stoppedAtDeadline(
  upstream: Upstream,
  promptId: string,
  failure: UpstreamFailure,
  call: Call,
): Promise<UpstreamFailure> {
  const isLeft = failure.kind === 'timeout' && failure.billed === 'unknown'
  if (!isLeft || !isTimeout(call.signal)) return failure
  const quick = { ...call, signal: AbortSignal.timeout(PROMPT_MS), remainingMs: () => PROMPT_MS }
  const place = await askPlace(upstream, promptId, quick)
  const isStopped = place.ok && (await stop(upstream, promptId, place.value, quick))
  if (!isStopped) return failure
  return { ...failure, billed: 'no', message: 'The deadline passed. The job was taken off the machine.' }
}

/** Whoever takes a job back says so by `cancel`, and ends the waiting by another reason. */
function isTimeout({ reason }: AbortSignal): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError'
}
