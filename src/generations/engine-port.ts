import type { CallerFacts } from '../core/ask.ts'
import type { Failure } from '../core/errors.ts'
import type { GenerationId } from '../core/ids.ts'
import type { ImageRequest } from '../core/image-request.ts'
import type { Delivery, Mode, Progress } from '../core/receipt.ts'
import type { Result } from '../core/result.ts'

/**
 * What the edge sees of the engine: it starts a generation and waits for it. The signal ends the waiting, never the work; nothing
 * behind this port knows a request, a reply or the caller's connection.
 */
export interface Engine {
  /**
   * Admission: resolve the model, check the request, quote, hold. A failure means that nothing was held, sent or written. With an
   * idempotency key that was used before it starts nothing and names the generation that answers.
   */
  start(request: ImageRequest, owner: Owner): Promise<Result<Started, Failure>>
  /** The end of a started generation. Rejects with the signal's reason when the caller stops waiting first. */
  wait(id: GenerationId, signal: AbortSignal): Promise<Result<Delivery, Failure>>
  /** Calls back for every progress event until unsubscribed; a generation without any is silent. */
  watch(id: GenerationId, listener: (event: Progress) => void): () => void
  /**
   * Ends a generation before its time where that is free: nothing was sent yet, or the provider takes its call back without charging.
   * `elsewhere`: another process runs it and has been asked to.
   */
  cancel(id: GenerationId): Promise<'cancelled' | 'too_late' | 'elsewhere'>
  /** Generations in flight in this process. */
  inFlight(): readonly GenerationId[]
}

/** Whose generation it is: workspace, mode and key decide what is charged and who may fetch it. */
export interface Owner {
  readonly workspaceId: string
  readonly mode: Mode
  readonly keyHash: string
  readonly caller: CallerFacts
  /** Surface and route that asked: `openrouter`, `createChatCompletion`. */
  readonly surface: string
  readonly streamed: boolean
  /** Longest time for the generation, where the caller named one. */
  readonly deadlineMs?: number
  readonly idempotency?: Idempotency
}

/** The caller's own name for one purchase. */
export interface Idempotency {
  readonly key: string
  /** Method and route: the same key on another route is another purchase. */
  readonly scope: string
  /** SHA-256 of what was asked, hex. */
  readonly fingerprint: string
}

export interface Started {
  readonly id: GenerationId
  readonly createdAt: number
  readonly deadlineAt: number
  /** Canonical id of the model that serves it first. */
  readonly model: string
  /** An earlier call with the same idempotency key bought it. */
  readonly replayed?: true
}
