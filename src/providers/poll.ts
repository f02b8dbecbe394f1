import { err, ok, type Result } from '../core/result.ts'
import { deadlinePassed } from './failure.ts'
import type { Call, UpstreamFailure } from './provider.ts'

/** What one question after a job found. */
export type Poll<T> =
  | { readonly is: 'done'; readonly value: T }
  | { readonly is: 'waiting' }
  /** The provider's word that nothing will come. Unless it is sure, it has to say so several times: a job that was paid for hangs on it. */
  | { readonly is: 'over'; readonly failure: UpstreamFailure; readonly sure: boolean }

export interface Polling<T> {
  /** Milliseconds before the second question; each further wait is half as long again, up to `capMs`. */
  readonly everyMs: number
  readonly capMs: number
  /** One question. Costs nothing. An error says that the question failed, not the job. */
  ask(): Promise<Result<Poll<T>, UpstreamFailure>>
}

/** How often in a row an unsure provider has to say that a job is over. */
const BELIEVED_AFTER = 3

/**
 * Asks after a job that was accepted until it is done or over, or until the deadline. A failed question is asked again: the job
 * goes on without us. Whoever gives up here does not know what the job costs, hence `billed: 'unknown'`, unless the provider said.
 */
export async function pollUntil<T>(
  call: Call,
  { everyMs, capMs, ask }: Polling<T>,
): Promise<Result<T, UpstreamFailure>> {
  let doubts = 0
  for (let waitMs = everyMs; ; waitMs = Math.min(capMs, waitMs * 1.5)) {
    if (call.signal.aborted || call.remainingMs() <= 0) return err(deadlinePassed('sent'))
    const asked = await ask()
    if (asked.ok) {
      const { value: poll } = asked
      if (poll.is === 'done') return ok(poll.value)
      doubts = poll.is === 'over' ? doubts + 1 : 0
      if (poll.is === 'over' && (poll.sure || doubts >= BELIEVED_AFTER)) return err(poll.failure)
    } else if (isRefusal(asked.error)) {
      doubts += 1
      // Unsent, or refused again and again: what is wrong is on our side.
      if (asked.error.status === undefined || doubts >= BELIEVED_AFTER)
        return err({ ...asked.error, billed: 'unknown' })
    }
    const toldMs = asked.ok ? 0 : (asked.error.retryAfterMs ?? 0)
    if (!(await waited(call, Math.max(waitMs, toldMs)))) return err(deadlinePassed('sent'))
  }
}

function isRefusal({ kind }: UpstreamFailure): boolean {
  return kind === 'rejected' || kind === 'unauthorized'
}

/** Waits until the next question; a call of the hook ends the wait. False when the deadline came first. */
async function waited(call: Call, ms: number): Promise<boolean> {
  if (call.hook === undefined) return await slept(call, ms)
  const woken = new AbortController()
  const signal = AbortSignal.any([call.signal, woken.signal])
  const isOver = await Promise.race([slept({ ...call, signal }, ms), call.hook.called().then(() => true)])
  woken.abort()
  return isOver
}

/** False when the deadline came first. */
export async function slept({ clock, signal }: Call, ms: number): Promise<boolean> {
  try {
    await clock.sleep(ms, signal)
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
