import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Clock } from '../core/clock.ts'
import { fail, type Failure } from '../core/errors.ts'
import type { Delivery, Progress } from '../core/receipt.ts'
import { err, type Result } from '../core/result.ts'
import type { StreamContext, StreamDialect, StreamEvent } from '../core/surface.ts'
import type { Engine, Started } from '../generations/engine-port.ts'
import type { EventWriter, Send } from './send.ts'

/** OpenRouter's own words, which some clients look for. Source: https://openrouter.ai/docs/api-reference/streaming (read 2026-11-22). */
const HEARTBEAT = 'OPENROUTER PROCESSING'

/** Events kept for a client that reads slowly; the oldest make room, since only the last preview is worth looking at. */
const MAX_WAITING = 4

/** What a call that followed an earlier one with its key is told when its own time is over. */
export const IN_PROGRESS = fail(
  'idempotency_in_progress',
  'An earlier call with this Idempotency-Key still runs. Send the same call again to get its answer; nothing is bought twice.',
  { retryAfterMs: 2_000 },
)

interface StreamParts {
  readonly engine: Engine
  readonly clock: Clock
  readonly send: Send
  readonly heartbeatMs: number
  readonly onThrow: (error: unknown, request: FastifyRequest) => void
}

/**
 * Streams an admitted generation: a comment at once and at every heartbeat, progress as it comes, then the delivery or the failure
 * in the dialect's own events. A defect while presenting breaks the connection; a client must not take half a stream for a whole one.
 */
export function makeStream({ engine, clock, send, heartbeatMs, onThrow }: StreamParts) {
  return async (
    dialect: StreamDialect,
    started: Started,
    request: FastifyRequest,
    reply: FastifyReply,
    left: AbortSignal,
    /** Aborts when a call that only follows another has waited long enough. */
    limit: AbortSignal = left,
  ): Promise<void> => {
    const { id: generationId, model, createdAt } = started
    const context = { generationId, model, createdAt, requestId: request.id }
    const writer = send.events(reply)
    const ended = new AbortController()
    try {
      void beat(writer, ended.signal)
      const outcome = await follow(writer, dialect, context, started, request, { left, limit })
      if (outcome === 'left') return
      if (!outcome.ok) request.facts.failure = outcome.error.code
      await sendAll(writer, outcome.ok ? dialect.delivered(outcome.value) : dialect.failed(outcome.error, context))
      writer.end()
    } catch (error) {
      writer.destroy()
      onThrow(error, request)
    } finally {
      ended.abort()
    }
  }

  async function beat(writer: EventWriter, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      writer.comment(HEARTBEAT)
      await clock.sleep(heartbeatMs, ended).catch(() => {})
    }
  }

  /** Sends progress until the generation has ended or the client is gone. */
  async function follow(
    writer: EventWriter,
    dialect: StreamDialect,
    context: StreamContext,
    started: Started,
    request: FastifyRequest,
    { left, limit }: { readonly left: AbortSignal; readonly limit: AbortSignal },
  ): Promise<Result<Delivery, Failure> | 'left'> {
    const news: Progress[] = []
    let wake = noOneWaits
    const unwatch = engine.watch(started.id, (event) => {
      if (news.length === MAX_WAITING) news.shift()
      news.push(event)
      wake()
    })
    const end: { outcome?: Result<Delivery, Failure> | 'left' } = {}
    const onEnd = (outcome: Result<Delivery, Failure> | 'left'): void => {
      end.outcome = outcome
      wake()
    }
    engine.wait(started.id, limit).then(onEnd, (error: unknown) => {
      if (left.aborted) return onEnd('left')
      if (limit.aborted) return onEnd(err(IN_PROGRESS))
      onThrow(error, request)
      return onEnd(err(fail('internal', 'Something went wrong here. The request id finds the cause in the log.')))
    })
    try {
      for (;;) {
        for (const event of news.splice(0)) {
          const note = dialect.note?.(event)
          if (note !== undefined) writer.comment(note)
          await sendAll(writer, dialect.progress(event, context))
        }
        if (end.outcome !== undefined) return end.outcome
        await new Promise<void>((resolve) => {
          wake = resolve
          if (news.length > 0 || end.outcome !== undefined) resolve()
        })
      }
    } finally {
      unwatch()
    }
  }
}

/** Until somebody does. */
function noOneWaits(): void {}

async function sendAll(writer: EventWriter, events: readonly StreamEvent[]): Promise<void> {
  for (const event of events) await writer.send(event)
}
