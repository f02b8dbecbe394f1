import { open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { randomText } from '../core/ids.ts'
import type { Spill } from '../core/json-blob.ts'

const READ_BYTES = 256 * 1024

/** Files whose source nobody holds any more are removed; those of a process that died, with the rest of the temporary folder. */
const unread = new FinalizationRegistry<string>((path) => void rm(path, { force: true }).catch(() => {}))

interface Parts {
  /** The store's directory; it must exist. */
  readonly directory: string
  /** What is left of the process's budget for picture bytes in memory; counted by whoever reads and sends them. */
  readonly available: () => number
}

/** Moves pictures out of memory into temporary files. These are memory, not storage: they are never synced. */
export function makeSpill({ directory, available }: Parts): Spill {
  return {
    available,
    async store(slices) {
      const path = join(directory, 'tmp', `spill.${randomText(16)}`)
      await writeFile(path, slices, { flag: 'wx', mode: 0o600 })
      const source = { [Symbol.asyncIterator]: () => piecesOf(path, source) }
      unread.register(source, path)
      return source
    },
  }
}

/** `source` is held for as long as somebody reads, and with it the file. */
async function* piecesOf(path: string, source: object): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    for (let at = 0; ;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(READ_BYTES), 0, READ_BYTES, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
    void source
  }
}
