import * as fs from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { randomText } from '../core/ids.ts'
import type { Spill, Spilling } from '../core/json-blob.ts'
import { piecesOf } from './file-bytes.ts'

const open = promisify(fs.open)
const unlink = promisify(fs.unlink)
const writev = promisify(fs.writev)

/** Files that nobody can read any more are closed. */
const unread = new FinalizationRegistry<File>((file) => file.close())

/**
 * Moves blobs out of memory into files of this directory, which must exist and must not be in memory itself, as many a `/tmp` is.
 * A file loses its name as soon as it is made: it is gone with the last reader, or with the process, however that ends. Never synced.
 */
export function makeSpill(directory: string): Spill {
  return () => {
    const file = new File(directory)
    const spilling: Spilling = {
      get byteLength() {
        return file.bytes
      },
      write: (slices) => file.write(slices),
      drop() {
        unread.unregister(file)
        file.close()
      },
      [Symbol.asyncIterator]: () => file.pieces(spilling),
    }
    unread.register(spilling, file, file)
    return spilling
  }
}

class File {
  readonly #directory: string
  #descriptor: number | undefined
  #isClosed = false
  bytes = 0

  constructor(directory: string) {
    this.#directory = directory
  }

  async write(slices: readonly Buffer[]): Promise<void> {
    const descriptor = this.#descriptor ?? (await this.#open())
    let left = slices.filter(({ length }) => length > 0)
    while (left.length > 0) {
      const { bytesWritten } = await writev(descriptor, left, this.bytes)
      this.bytes += bytesWritten
      left = withoutFirst(left, bytesWritten)
    }
  }

  /** `source` is held for as long as somebody reads, and with it the file. */
  async *pieces(source: object): AsyncGenerator<Buffer> {
    if (this.#descriptor !== undefined) yield* piecesOf(this.#descriptor, this.bytes)
    void source
  }

  close(): void {
    this.#isClosed = true
    if (this.#descriptor !== undefined) fs.closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  async #open(): Promise<number> {
    const path = join(this.#directory, `spill.${randomText(16)}`)
    const descriptor = await open(path, 'wx+', 0o600)
    await unlink(path)
    if (this.#isClosed) {
      fs.closeSync(descriptor)
      throw new Error('a blob was dropped while it was spilled')
    }
    this.#descriptor = descriptor
    return descriptor
  }
}

/** What is left of slices after so many of their bytes. */
function withoutFirst(slices: readonly Buffer[], bytes: number): Buffer[] {
  let skipped = bytes
  return slices.flatMap((slice) => {
    const rest = slice.subarray(Math.min(skipped, slice.length))
    skipped -= slice.length - rest.length
    return rest.length > 0 ? [rest] : []
  })
}
