import { SEGMENT_BYTES } from './disk-protocol.ts'

/** A piece of memory that both threads see. */
export interface Segment {
  readonly index: number
  readonly bytes: Buffer
}

/** Somebody who fills segments. */
export interface Holder {
  /** The segment it had waited for; undefined when there will never be one. */
  granted(segment: Segment | undefined): void
  /** Send what is in your segment to the worker now, full or not: others wait. */
  flush(): void
}

/**
 * The segments shared with the disk worker, at most `limit`. Waiting is first come, first served. It cannot lock up: when every
 * segment is half full in somebody's hands and none is with the worker, all are asked to send theirs as they are.
 */
export class SegmentPool {
  readonly #limit: number
  readonly #share: (index: number, memory: SharedArrayBuffer) => void
  readonly #all: Segment[] = []
  readonly #free: Segment[] = []
  readonly #holders = new Set<Holder>()
  #waiting: Holder[] = []
  #sent = 0

  /** `share` gives a new segment to the worker; segments are made when first needed and never given back. */
  constructor(limit: number, share: (index: number, memory: SharedArrayBuffer) => void) {
    this.#limit = limit
    this.#share = share
  }

  /** Whether the worker has segments to read. */
  get isWorking(): boolean {
    return this.#sent > 0
  }

  /** A segment, or undefined while none is free: then `wait`. */
  take(holder: Holder): Segment | undefined {
    if (this.#waiting.length > 0) return undefined
    const segment = this.#free.pop() ?? this.#make()
    if (segment !== undefined) this.#holders.add(holder)
    return segment
  }

  /** Queues the holder for the next free segment. */
  wait(holder: Holder): void {
    this.#waiting.push(holder)
    this.#unlock()
  }

  /** The holder's segment went to the worker. */
  sent(holder: Holder): void {
    this.#holders.delete(holder)
    this.#sent++
  }

  /** The worker has read it. */
  returned(index: number): void {
    this.#sent--
    const segment = this.#all[index]
    if (segment !== undefined) this.#offer(segment)
  }

  /** The holder wants no segment any more, and returns the one it has, unsent. */
  leave(holder: Holder, segment: Segment | undefined): void {
    this.#holders.delete(holder)
    this.#waiting = this.#waiting.filter((other) => other !== holder)
    if (segment !== undefined) this.#offer(segment)
  }

  /** The worker is gone: nobody needs to wait any longer. */
  breakUp(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const holder of waiting) holder.granted(undefined)
  }

  #offer(segment: Segment): void {
    const next = this.#waiting.shift()
    if (next === undefined) {
      this.#free.push(segment)
      return
    }
    this.#holders.add(next)
    next.granted(segment)
    this.#unlock()
  }

  #unlock(): void {
    if (this.#waiting.length === 0 || this.#sent > 0) return
    for (const holder of this.#holders) holder.flush()
  }

  #make(): Segment | undefined {
    if (this.#all.length >= this.#limit) return undefined
    const memory = new SharedArrayBuffer(SEGMENT_BYTES)
    const segment = { index: this.#all.length, bytes: Buffer.from(memory) }
    this.#all.push(segment)
    this.#share(segment.index, memory)
    return segment
  }
}
