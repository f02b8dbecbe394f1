import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { scratchDirectory } from '../db/test-database.ts'
import { makeSpill } from './spill.ts'
import { slicesOf } from './test-pictures.ts'

const directory = scratchDirectory()
const temporary = join(directory, 'tmp')
mkdirSync(temporary)
after(() => rmSync(directory, { recursive: true }))

test('what was moved out of memory is read again, as often as it is asked for', async () => {
  const bytes = randomBytes(700_001)
  const spill = makeSpill({ directory, available: () => 5 })
  const source = await spill.store(slicesOf(bytes, 65_536))

  for (let round = 0; round < 2; round++) {
    const pieces = await Array.fromAsync(source)
    assert.ok(Buffer.concat(pieces).equals(bytes))
    assert.ok(pieces.every((piece) => piece.length <= 262_144))
  }
  assert.equal(spill.available(), 5)
})

test('its file goes when nobody can read it any more', async () => {
  const spill = makeSpill({ directory, available: () => 0 })
  for (let index = 0; index < 5; index++) await spill.store([randomBytes(1000)])
  setFlagsFromString('--expose-gc')
  const collectGarbage: unknown = runInNewContext('gc')
  assert.ok(typeof collectGarbage === 'function')

  for (let tries = 0; tries < 100 && readdirSync(temporary).length > 0; tries++) {
    collectGarbage()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }

  assert.deepEqual(readdirSync(temporary), [])
})
