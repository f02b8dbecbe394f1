import * as fs from 'node:fs'
import { promisify } from 'node:util'

import type { Spilled } from '../core/json-blob.ts'
import { StorageTrouble } from './trouble.ts'

const open = promisify(fs.open)
const close = promisify(fs.close)
const read = promisify(fs.read)

/** One read: a multiple of three, so that its base64 has no joints, and small enough that a thousand slow readers can hold one each. */
export const PIECE_BYTES = 192 * 1024

/**
 * A file that is opened only when somebody reads it, and read no faster than he does. `path` and `bytes` are asked at that time.
 * Iterating throws StorageTrouble when the file is gone or shorter than it should be: a reader never takes a part for the whole.
 */
export function fileBytes(path: () => string | undefined, bytes: () => number): Spilled {
  return {
    get byteLength() {
      return bytes()
    },
    async *[Symbol.asyncIterator]() {
      const descriptor = await opened(path())
      try {
        yield* piecesOf(descriptor, bytes())
      } finally {
        await close(descriptor)
      }
    },
  }
}

/** The first `bytes` bytes of an open file, from its start, wherever others are reading it. */
export async function* piecesOf(descriptor: number, bytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes;) {
    const wanted = Math.min(PIECE_BYTES, bytes - at)
    const { bytesRead, buffer } = await read(descriptor, Buffer.allocUnsafeSlow(wanted), 0, wanted, at)
    if (bytesRead === 0) throw new StorageTrouble('ESHORT', 'A picture’s file is shorter than it was written.')
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function opened(path: string | undefined): Promise<number> {
  try {
    return await open(path ?? '', 'r')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EUNKNOWN'
    throw new StorageTrouble(code, 'A picture’s file cannot be opened.')
  }
}
