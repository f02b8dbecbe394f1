import type { Clock } from '../core/clock.ts'

/**
 * Time by which the pace of a stream is measured. It stands still between the events, where the provider is at work and has nothing to
 * send, however long that takes.
 */
export class StreamClock implements Clock {
  readonly #clock: Clock
  #restedMs = 0
  #restsSince: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#restsSince = clock.monotonic()
  }

  now(): number {
    return this.#clock.now()
  }

  monotonic(): number {
    return (this.#restsSince ?? this.#clock.monotonic()) - this.#restedMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal)
  }

  /** An event has come to its end. */
  rest(): void {
    this.#restsSince ??= this.#clock.monotonic()
  }

  /** The data of one has begun. */
  run(): void {
    if (this.#restsSince === undefined) return
    this.#restedMs += this.#clock.monotonic() - this.#restsSince
    this.#restsSince = undefined
  }
}
