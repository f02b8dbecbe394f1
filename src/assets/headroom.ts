import { statfs } from 'node:fs/promises'

import type { Clock } from '../core/clock.ts'
import type { Disk } from './disk.ts'
import { StorageTrouble } from './trouble.ts'

const GIB = 1024 ** 3
/** How long an answer about free space is good for. */
const FRESH_MS = 1000
/** How often a write is tried while all is well. */
const WRITE_EVERY_MS = 5000

interface Parts {
  readonly disk: Disk
  readonly directory: string
  readonly clock: Clock
  readonly minFreeBytes?: number
  readonly minFreeFraction?: number
}

/** Whether the disk would take another picture: asked before money is spent on one. Recovers by itself once the disk does. */
export class Headroom {
  readonly #parts: Parts
  #asked = -Infinity
  #wrote = -Infinity
  #answer: Promise<string | undefined> = Promise.resolve(undefined)

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** In a sentence, why nothing can be stored, or undefined. Looked at afresh at most once a second; askers share one look. */
  trouble(): Promise<string | undefined> {
    const now = this.#parts.clock.monotonic()
    if (now - this.#asked >= FRESH_MS) {
      this.#asked = now
      this.#answer = this.#look(now)
    }
    return this.#answer
  }

  /** A write has just failed: the next question is answered by trying one. */
  noticed(): void {
    this.#asked = -Infinity
    this.#wrote = -Infinity
  }

  async #look(now: number): Promise<string | undefined> {
    const found = (await this.#space()) ?? (now - this.#wrote >= WRITE_EVERY_MS ? await this.#write() : undefined)
    this.#wrote = found === undefined ? (now - this.#wrote >= WRITE_EVERY_MS ? now : this.#wrote) : -Infinity
    return found
  }

  async #space(): Promise<string | undefined> {
    const { directory, minFreeBytes = GIB, minFreeFraction = 0.05 } = this.#parts
    try {
      const { bsize, blocks, bavail } = await statfs(directory)
      const free = bsize * bavail
      const wanted = Math.max(minFreeBytes, bsize * blocks * minFreeFraction)
      if (free >= wanted) return undefined
      return `The disk for pictures has ${gib(free)} GiB free; new work needs ${gib(wanted)} GiB.`
    } catch (error) {
      return `The directory for pictures cannot be read: ${error instanceof Error ? error.message : String(error)}.`
    }
  }

  async #write(): Promise<string | undefined> {
    try {
      await this.#parts.disk.run({ order: 'check' })
      return undefined
    } catch (error) {
      if (!(error instanceof StorageTrouble)) throw error
      return `The directory for pictures cannot be written: ${error.message}.`
    }
  }
}

function gib(bytes: number): string {
  return (bytes / GIB).toFixed(2)
}
