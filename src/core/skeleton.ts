import { MAX_SKELETON_BYTES, refuse, sizeText } from './json-limits.ts'

/** The small part of a document: growing bytes, copied from the network buffers so that none is kept alive for it. */
export class Skeleton {
  #bytes: Buffer = Buffer.allocUnsafe(1024)
  #length = 0

  append(piece: Buffer): void {
    const length = this.#length + piece.length
    if (length > MAX_SKELETON_BYTES) {
      refuse(`The body has more than ${sizeText(MAX_SKELETON_BYTES)} outside its long strings.`)
    }
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, Math.min(this.#bytes.length * 2, MAX_SKELETON_BYTES)))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    piece.copy(this.#bytes, this.#length)
    this.#length = length
  }

  /** The last `count` bytes, valid until the next `append`. */
  last(count: number): Buffer {
    return this.#bytes.subarray(this.#length - count, this.#length)
  }

  /** Removes the last `count` bytes and returns a copy of them. */
  takeBack(count: number): Buffer {
    const taken = Buffer.from(this.last(count))
    this.#length -= count
    return taken
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }
}
