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
  /** Admission: resolve the model, check the request, quote, hold. A failure means that nothing was held, sent or written. */
  start(request: ImageRequest, owner: Owner): Promise<Result<Started, Failure>>
  /** The end of a started generation. Rejects with the signal's reason when the caller stops waiting first. */
  wait(id: GenerationId, signal: AbortSignal): Promise<Result<Delivery, Failure>>
  /** Calls back for every progress event until unsubscribed; a generation without any is silent. */
  watch(id: GenerationId, listener: (event: Progress) => void): () => void
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
}

export interface Started {
  readonly id: GenerationId
  readonly createdAt: number
  /** Canonical id of the model that serves it. */
  readonly model: string
}
