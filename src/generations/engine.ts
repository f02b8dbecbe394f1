import { fail, type Failure } from '../core/errors.ts'
import type { GenerationId } from '../core/ids.ts'
import type { Delivery, Progress } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Clock } from '../core/clock.ts'
import type { makeAdmit } from './admit.ts'
import type { Engine } from './engine-port.ts'
import type { makeGenerate } from './generate.ts'

/** How long the result of a generation that nobody has asked for stays in memory; after that it is read from the database. */
const LINGER_MS = 1_000

/** A paid call may have left before the defect: whoever repeats it by himself may pay for a second one. */
const CRASHED = fail('internal', 'The gateway failed while this generation ran. Nothing was charged.', { sent: true })

export interface EngineParts {
  readonly admit: ReturnType<typeof makeAdmit>
  readonly generate: ReturnType<typeof makeGenerate>
  /** The result of a generation that is not running here, from the database; waits for one that runs elsewhere. */
  readonly recall: (id: GenerationId, signal: AbortSignal) => Promise<Result<Delivery, Failure>>
  readonly clock: Clock
  /** A defect or a lost database ended a generation; the sweep will resolve what it left. */
  readonly onCrash: (id: GenerationId, error: unknown) => void
}

interface Running {
  readonly done: Promise<Result<Delivery, Failure>>
  readonly listeners: Set<(event: Progress) => void>
  waiters: number
}

/** Runs generations detached from whoever asked for them. */
export function makeEngine({ admit, generate, recall, clock, onCrash }: EngineParts): Engine {
  const running = new Map<GenerationId, Running>()
  const inFlight = new Set<GenerationId>()

  function launch(admitted: Extract<Awaited<ReturnType<typeof admit>>, { ok: true }>['value']): void {
    const listeners = new Set<(event: Progress) => void>()
    const done = generate(admitted, (event) => listeners.forEach((listener) => listener(event))).catch(
      (error: unknown) => {
        onCrash(admitted.id, error)
        return err(CRASHED)
      },
    )
    const entry: Running = { done, listeners, waiters: 0 }
    running.set(admitted.id, entry)
    inFlight.add(admitted.id)
    void done.finally(() => {
      inFlight.delete(admitted.id)
      if (entry.waiters > 0) running.delete(admitted.id)
      else void clock.sleep(LINGER_MS).then(() => running.delete(admitted.id))
    })
  }

  return {
    async start(request, owner) {
      const admitted = await admit(request, owner)
      if (!admitted.ok) return admitted
      launch(admitted.value)
      const { id, createdAt, model } = admitted.value
      return ok({ id, createdAt, model: model.id })
    },
    async wait(id, signal) {
      const entry = running.get(id)
      if (entry === undefined) return await recall(id, signal)
      entry.waiters += 1
      return await Promise.race([entry.done, rejection(signal)])
    },
    watch(id, listener) {
      const entry = running.get(id)
      entry?.listeners.add(listener)
      return () => entry?.listeners.delete(listener)
    },
    inFlight: () => [...inFlight],
  }
}

/** Rejects with the signal's reason once it aborts. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
