import type { Clock } from '../core/clock.ts'

/** How long one fetch may live. Everything that it opens hangs on the signal and goes when that aborts. */
export interface Lifetime {
  /** Aborts when the fetch is over: ended well, out of time, or given up by its caller. */
  readonly signal: AbortSignal
  /** Takes back the timer and the listener as well. Harmless when repeated. */
  end(): void
}

export function startLifetime(clock: Clock, totalMs: number, outer: AbortSignal): Lifetime {
  const life = new AbortController()
  const end = (): void => {
    outer.removeEventListener('abort', end)
    life.abort(new Error('the fetch is over'))
  }
  outer.addEventListener('abort', end)
  if (outer.aborted) end()
  clock.sleep(totalMs, life.signal).then(end, () => {})
  return { signal: life.signal, end }
}
