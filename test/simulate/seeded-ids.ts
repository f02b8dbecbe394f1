import * as crypto from 'node:crypto'
import { createRequire, syncBuiltinESMExports } from 'node:module'

import { randomText } from '../../src/core/ids.ts'
import type { Dice } from '../../src/ledger/test-ledger.ts'

/**
 * Lets the dice decide all ids until it is ended. Ids come from the system's random source and sort rows here and there; a run that
 * is to be repeated step by step needs the same ones.
 */
export function seedIds(random: Dice): () => void {
  // The import above cannot be changed; the module behind it can, and every import of it follows.
  const module = createRequire(import.meta.url)('node:crypto') as { randomFillSync: unknown }
  const original = crypto.randomFillSync
  const filled = { times: 0 }
  module.randomFillSync = (target: Uint8Array): Uint8Array => {
    filled.times += 1
    return target.map((_, index) => (target[index] = random.roll(256)))
  }
  syncBuiltinESMExports()
  // What is left of the bytes drawn before is used up, so that every run begins at the first byte of its own.
  while (filled.times === 0) randomText(1)
  return () => {
    module.randomFillSync = original
    syncBuiltinESMExports()
  }
}
