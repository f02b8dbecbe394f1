import { fail, type Failure } from '../core/errors.ts'
import type { Clock } from '../core/clock.ts'
import type { GenerationId } from '../core/ids.ts'
import type { Delivery, Progress } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import { type Database, DatabaseAway } from '../db/database.ts'
import type { Provider } from '../providers/provider.ts'
import { type Admitted, CLAIMED, type makeAdmit } from './admit.ts'
import type { Agreed } from './agreed.ts'
import type { Engine, Owner, Started } from './engine-port.ts'
import type { makeGenerate } from './generate.ts'
import type { Idempotency } from './idempotency.ts'
import { askToCancel, isRunBy } from './leases.ts'
import { noteProgress, type ProgressFacts, startedOf } from './store.ts'
import { startUndertaking, type Undertaking } from './undertaking.ts'

/** How long the result of a generation that nobody has asked for stays in memory; after that it is read from the database. */
const LINGER_MS = 1_000

/** How often the progress of one generation is written down at most. */
const NOTED_EVERY_MS = 1_000

/** How often a key may be taken by another call, and let go again, between looking it up and claiming it. */
const CLAIMS = 3

/** How long callers are kept waiting for the sweep, once the database was lost under a generation: a lease, and time to come back. */
const AFTERWARDS_MS = 90_000

/** A paid call may have left before the defect: whoever repeats it by himself may pay for a second one. */
const CRASHED = fail('internal', 'The gateway failed while this generation ran. Nothing was charged.', { sent: true })

export interface EngineParts {
  readonly admit: ReturnType<typeof makeAdmit>
  readonly generate: ReturnType<typeof makeGenerate>
  readonly idempotency: Idempotency
  /** The result of a generation that is not running here, from the database; waits for one that runs elsewhere. */
  readonly recall: (id: GenerationId, signal: AbortSignal) => Promise<Result<Delivery, Failure>>
  readonly providers: ReadonlyMap<string, Provider>
  readonly database: Database
  readonly processId: string
  readonly clock: Clock
  /** A defect or a lost database ended a generation; the sweep will resolve what it left. */
  readonly onCrash: (id: GenerationId, error: unknown) => void
}

interface Running {
  /** Undefined where only the database will tell: a generation of a dead process that is being ended here. */
  readonly done: Promise<Result<Delivery, Failure>> | undefined
  readonly undertaking: Undertaking
  readonly listeners: Set<(event: Progress) => void>
  waiters: number
}

/** The engine and what the sweep tells it. */
export interface RunningEngine extends Engine {
  /** This process answers for a generation that another one began. */
  take(agreed: Agreed, undertaking: Undertaking, ended: Promise<unknown>): void
}

/** Runs generations detached from whoever asked for them. */
export function makeEngine(parts: EngineParts): RunningEngine {
  const { admit, generate, idempotency, recall, providers, database, processId, clock, onCrash } = parts
  const running = new Map<GenerationId, Running>()
  const inFlight = new Set<GenerationId>()

  function launch(admitted: Admitted): void {
    const { id, createdAt, deadlineAt } = admitted.agreed
    const listeners = new Set<(event: Progress) => void>()
    const note = makeProgressNote(database, clock, id)
    const undertaking = startUndertaking({
      deadlineMs: deadlineAt - createdAt,
      clock,
      providers,
      onProgress(event) {
        listeners.forEach((listener) => listener(event))
        if (event.type === 'status') note(event)
      },
    })
    const done = generate(admitted, undertaking).catch(async (error: unknown) => {
      if (await hasMoved(id)) return await afterwards(id)
      onCrash(id, error)
      if (!(error instanceof DatabaseAway)) return err(CRASHED)
      // Its lease is not renewed from here on: the sweep ends it as far as that can be known, and whoever waits gets what it finds.
      inFlight.delete(id)
      return await afterwards(id)
    })
    const entry: Running = { done, undertaking, listeners, waiters: 0 }
    running.set(id, entry)
    inFlight.add(id)
    void done.finally(() => {
      undertaking.end()
      inFlight.delete(id)
      if (entry.waiters > 0) running.delete(id)
      else void forgetSoon(id, entry, done)
    })
  }

  async function afterwards(id: GenerationId): Promise<Result<Delivery, Failure>> {
    return await recall(id, AbortSignal.timeout(AFTERWARDS_MS)).catch(() => err(CRASHED))
  }

  /** A process that stood still for longer than its lease may find its generation in other hands, or ended by them. */
  async function hasMoved(id: GenerationId): Promise<boolean> {
    return !(await isRunBy(database.db, id, processId).catch(() => true))
  }

  /** A result that nobody has come for by then is read from the store by whoever comes later. */
  async function forgetSoon(id: GenerationId, entry: Running, done: Promise<Result<Delivery, Failure>>): Promise<void> {
    await clock.sleep(LINGER_MS)
    running.delete(id)
    const outcome = await done
    if (outcome.ok && entry.waiters === 0) for (const picture of outcome.value.pictures) picture.release()
  }

  async function earlier(owner: Owner): Promise<Result<Started | undefined, Failure>> {
    if (owner.idempotency === undefined) return ok(undefined)
    const found = await idempotency.find(owner)
    if (!found.ok) return found
    if (found.value === undefined) return ok(undefined)
    const started = await startedOf(database.db, found.value)
    // Nothing may be promised of a generation whose first caller still waits for its sync.
    await database.durable()
    return ok({ ...started, replayed: true })
  }

  return {
    async start(request, owner) {
      for (let claims = 0; claims < CLAIMS; claims += 1) {
        const before = await earlier(owner)
        if (!before.ok) return before
        if (before.value) return ok(before.value)
        const admitted = await admit(request, owner)
        if (!admitted.ok) {
          // The hold of the first call with this key may be what leaves no credit for a second one.
          const meanwhile = await earlier(owner)
          return meanwhile.ok && meanwhile.value ? ok(meanwhile.value) : admitted
        }
        if (admitted.value === CLAIMED) continue
        launch(admitted.value)
        const { id, createdAt, deadlineAt, roads } = admitted.value.agreed
        return ok({ id, createdAt, deadlineAt, model: roads[0]?.served ?? '' })
      }
      const message = 'Other calls keep taking and freeing this Idempotency-Key.'
      return err(fail('idempotency_in_progress', message, { retryAfterMs: 1_000, field: 'Idempotency-Key' }))
    },
    async wait(id, signal) {
      const entry = running.get(id)
      if (entry?.done === undefined) return await recall(id, signal)
      entry.waiters += 1
      return await Promise.race([entry.done, rejection(signal)])
    },
    watch(id, listener) {
      const entry = running.get(id)
      entry?.listeners.add(listener)
      return () => entry?.listeners.delete(listener)
    },
    async cancel(id) {
      const entry = running.get(id)
      if (entry) return await entry.undertaking.cancel()
      await askToCancel(database.db, id)
      return 'elsewhere'
    },
    inFlight: () => [...inFlight],
    take({ id }, undertaking, ended) {
      running.set(id, { done: undefined, undertaking, listeners: new Set(), waiters: 0 })
      inFlight.add(id)
      ended
        .catch(async (error: unknown) => {
          // Its first owner only stood still, and has ended it himself.
          if (!(await hasMoved(id))) onCrash(id, error)
        })
        .finally(() => {
          undertaking.end()
          inFlight.delete(id)
          running.delete(id)
        })
    },
  }
}

/** Writes progress down for those who poll another process, the last one soon after it came. */
function makeProgressNote(database: Database, clock: Clock, id: GenerationId): (facts: ProgressFacts) => void {
  let latest: ProgressFacts | undefined
  let isWriting = false
  const write = async (): Promise<void> => {
    isWriting = true
    while (latest !== undefined) {
      const facts = latest
      latest = undefined
      await noteProgress(database.db, id, facts)
      await clock.sleep(NOTED_EVERY_MS)
    }
    isWriting = false
  }
  return ({ fraction, message, queuePosition }) => {
    latest = {
      ...(fraction !== undefined && { fraction }),
      ...(message !== undefined && { message }),
      ...(queuePosition !== undefined && { queuePosition }),
    }
    // Lost progress is no harm; a lost database is noticed by everybody else.
    if (!isWriting) void write().catch(() => (isWriting = false))
  }
}

/** Rejects with the signal's reason once it aborts. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
