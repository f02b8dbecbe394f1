import type { Probed } from './probe.ts'

/** Where the bytes of one picture go while they are decoded. */
export interface Sink {
  /** Memory for the next bytes, at least 3; undefined while there is none: await `ready`. */
  room(): Buffer | undefined
  /** The first `length` bytes of the last `room()` are the picture's next. */
  filled(length: number): void
  ready(): Promise<void>
  /** No more bytes. */
  end(): Promise<Ended>
  /** Makes the picture durable under its hash. Rejects with StorageTrouble. After `end`. */
  commit(at: number): Promise<void>
  /** Forgets it all. Harmless after a commit. */
  drop(): void
  /** The file that has the bytes from `end` on, until they are dropped; another one after `commit`. Undefined where none has. */
  readonly path: string | undefined
}

export interface Ended {
  readonly sha256: string
  readonly bytes: number
  readonly probed: Probed | undefined
}
