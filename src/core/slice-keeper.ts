/** Below this, a slice costs more as an object of its own than as a copy. */
const SMALLEST_SLICE = 16 * 1024
const SEGMENT_BYTES = 64 * 1024
const NONE: readonly Buffer[] = []

/**
 * Decides how the pieces of a string are kept: large ones as they are, without a copy; small ones, and those that would keep a much
 * larger network buffer alive, gathered in segments of 64 KiB. One string at a time: `flush` at its end.
 */
export class SliceKeeper {
  #segment: Buffer | undefined
  #used = 0

  /** Takes the bytes of `source` from `from` up to `to`; returns the slices that are complete by now, in order. */
  add(source: Buffer, from: number, to: number): readonly Buffer[] {
    const length = to - from
    if (length >= SMALLEST_SLICE && length * 2 >= source.buffer.byteLength) {
      const before = this.flush()
      const slice = source.subarray(from, to)
      return before === undefined ? [slice] : [before, slice]
    }
    let complete = NONE
    for (let at = from; at < to;) {
      this.#segment ??= Buffer.allocUnsafeSlow(SEGMENT_BYTES)
      const copied = source.copy(this.#segment, this.#used, at, to)
      at += copied
      this.#used += copied
      if (this.#used < SEGMENT_BYTES) return complete
      complete = [...complete, this.#segment]
      this.#segment = undefined
      this.#used = 0
    }
    return complete
  }

  /** What was gathered and not returned yet, if anything. */
  flush(): Buffer | undefined {
    const used = this.#segment?.subarray(0, this.#used)
    if (used === undefined || used.length === 0) return undefined
    this.#used = 0
    if (used.length * 2 < SEGMENT_BYTES) {
      const copy = Buffer.allocUnsafeSlow(used.length)
      used.copy(copy)
      return copy
    }
    this.#segment = undefined
    return used
  }
}
