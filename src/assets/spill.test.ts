import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { scratchDirectory } from '../db/test-database.ts'
import { makeSpill } from './spill.ts'
import { slicesOf } from './test-pictures.ts'

const directory = scratchDirectory()
after(() => rmSync(directory, { recursive: true }))

test('what was moved out of memory in any number of writes is read again, as often as it is asked for', async () => {
  const bytes = randomBytes(700_001)
  const spilling = makeSpill(directory)()
  for (const part of slicesOf(bytes, 300_000)) await spilling.write([...slicesOf(part, 7_000), Buffer.alloc(0)])

  assert.equal(spilling.byteLength, bytes.length)
  for (let round = 0; round < 2; round++) {
    const pieces = await Array.fromAsync(spilling)
    assert.ok(Buffer.concat(pieces).equals(bytes))
    assert.ok(pieces.every((piece) => piece.length <= 262_144))
  }
  spilling.drop()
})

test('the file has no name, so that nothing is left of it when the process dies', async () => {
  const spilling = makeSpill(directory)()
  await spilling.write([randomBytes(1000)])

  assert.deepEqual(readdirSync(directory), [])
  assert.equal(spillsOpen(), 1)
  spilling.drop()
  assert.equal(spillsOpen(), 0)
})

test('the file goes when nobody can read it any more', async () => {
  const spill = makeSpill(directory)
  for (let index = 0; index < 5; index++) await spill().write([randomBytes(1000)])
  setFlagsFromString('--expose-gc')
  const collectGarbage: unknown = runInNewContext('gc')
  assert.ok(typeof collectGarbage === 'function')

  for (let tries = 0; tries < 100 && spillsOpen() > 0; tries++) {
    collectGarbage()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }

  assert.equal(spillsOpen(), 0)
})

/** How many spill files this process has open. Linux alone tells. */
function spillsOpen(): number {
  const links = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(join('/proc/self/fd', name))
    } catch {
      return ''
    }
  })
  return links.filter((link) => link.startsWith(join(directory, 'spill.'))).length
}
