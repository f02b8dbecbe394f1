/**
 * Chunks on their way from a socket to whoever iterates, one by one and as they are: Node's own streams join what has queued up into
 * one new buffer, which for pictures means copying every byte once more.
 */
export class ChunkQueue implements AsyncIterableIterator<Buffer> {
  readonly #limit: number
  /** Lets the sender go on. */
  readonly #resume: () => void
  /** The reader left before the end. */
  readonly #left: () => void
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #isPaused = false
  #hasEnded = false
  #error: Error | undefined
  /** Whoever asked for a chunk before there was one. */
  #waiting: PromiseWithResolvers<IteratorResult<Buffer>> | undefined

  constructor(limit: number, { resume, left }: { readonly resume: () => void; readonly left: () => void }) {
    this.#limit = limit
    this.#resume = resume
    this.#left = left
  }

  /** False when the sender should pause until it is told to resume. */
  push(chunk: Buffer): boolean {
    if (this.#waiting !== undefined) {
      this.#answer().resolve({ done: false, value: chunk })
      return true
    }
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    this.#isPaused = this.#bytes >= this.#limit
    return !this.#isPaused
  }

  end(): void {
    this.#hasEnded = true
    if (this.#waiting !== undefined) this.#answer().resolve(DONE)
  }

  /** What has arrived by now is still read; then the iteration throws. */
  fail(error: Error): void {
    if (this.#hasEnded || this.#error !== undefined) return
    this.#error = error
    if (this.#waiting !== undefined) this.#answer().reject(error)
  }

  async next(): Promise<IteratorResult<Buffer>> {
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) {
      this.#taken(chunk.length)
      return { done: false, value: chunk }
    }
    if (this.#error !== undefined) throw this.#error
    if (this.#hasEnded) return DONE
    this.#waiting = Promise.withResolvers()
    return this.#waiting.promise
  }

  async return(): Promise<IteratorResult<Buffer>> {
    if (!this.#hasEnded) this.#left()
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #answer(): PromiseWithResolvers<IteratorResult<Buffer>> {
    const waiting = this.#waiting ?? Promise.withResolvers()
    this.#waiting = undefined
    return waiting
  }

  #taken(bytes: number): void {
    this.#bytes -= bytes
    if (!this.#isPaused || this.#bytes >= this.#limit) return
    this.#isPaused = false
    this.#resume()
  }
}

const DONE: IteratorResult<Buffer> = { done: true, value: undefined }
