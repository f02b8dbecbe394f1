/**
 * Chunks on their way from a socket to whoever iterates, one by one and as they are: Node's own streams join what has queued up into
 * one new buffer, which for pictures means copying every byte once more.
 */
export class ChunkQueue implements AsyncIterable<Buffer> {
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
  #wake: (() => void) | undefined

  constructor(limit: number, { resume, left }: { readonly resume: () => void; readonly left: () => void }) {
    this.#limit = limit
    this.#resume = resume
    this.#left = left
  }

  /** False when the sender should pause until it is told to resume. */
  push(chunk: Buffer): boolean {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    this.#wake?.()
    if (this.#bytes < this.#limit) return true
    this.#isPaused = true
    return false
  }

  end(): void {
    this.#hasEnded = true
    this.#wake?.()
  }

  /** What has arrived by now is still read; then the iteration throws. */
  fail(error: Error): void {
    if (this.#hasEnded) return
    this.#error ??= error
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift()
        if (chunk !== undefined) {
          this.#taken(chunk.length)
          yield chunk
        } else if (this.#error !== undefined) {
          throw this.#error
        } else if (this.#hasEnded) {
          return
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve))
          this.#wake = undefined
        }
      }
    } finally {
      if (!this.#hasEnded) this.#left()
    }
  }

  #taken(bytes: number): void {
    this.#bytes -= bytes
    if (!this.#isPaused || this.#bytes >= this.#limit) return
    this.#isPaused = false
    this.#resume()
  }
}
