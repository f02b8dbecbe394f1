import type { Spill } from './json-blob.ts'

/** Of the budget, what slices may fill. The rest is for bytes on their way between socket, decoder, disk and socket, which nobody counts. */
const FOR_SLICES = 3 / 4

/**
 * Counts the bytes of pictures that are held in memory, requests' and answers' alike: one for the whole process. It refuses nothing;
 * whoever is about to hold more asks `isFull` and then moves what he has to the disk.
 */
export class PictureMemory {
  readonly #limit: number
  /** Where a picture goes that nobody else has written down yet. */
  readonly spill: Spill
  #held = 0
  /** Only a net: what is known to be no longer wanted is released by whoever knows. */
  readonly #lost = new FinalizationRegistry<Count>((count) => this.#change(count, 0))

  constructor(limitBytes: number, spill: Spill) {
    this.#limit = limitBytes * FOR_SLICES
    this.spill = spill
  }

  /** Bytes counted now. */
  get heldBytes(): number {
    return this.#held
  }

  get isFull(): boolean {
    return this.#held >= this.#limit
  }

  /** Begins to count for one blob. */
  hold(): Hold {
    const count: Count = { bytes: 0 }
    const hold: Hold = {
      set: (bytes) => this.#change(count, bytes),
      release: () => {
        this.#change(count, 0)
        this.#lost.unregister(count)
      },
    }
    this.#lost.register(hold, count, count)
    return hold
  }

  #change(count: Count, bytes: number): void {
    this.#held += bytes - count.bytes
    count.bytes = bytes
  }
}

/** What is counted for one blob. */
export interface Hold {
  /** The bytes held from now on. */
  set(bytes: number): void
  /** Nobody will read them again. Harmless when repeated. */
  release(): void
}

interface Count {
  bytes: number
}
