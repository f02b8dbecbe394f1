import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { scratchDirectory } from '../db/test-database.ts'

const root = scratchDirectory()
const hasStrace = spawnSync('strace', ['-V']).status === 0
after(() => rmSync(root, { recursive: true }))

/** A process that keeps two pictures after each other and tells what became of each, and which files are left. */
const PROGRAM = `
const { readdirSync } = await import('node:fs')
const { join } = await import('node:path')
const { makeAssets } = await import('${new URL('./assets.ts', import.meta.url).href}')
const { systemClock } = await import('${new URL('../core/clock.ts', import.meta.url).href}')
const { base64Blob, noise } = await import('${new URL('./test-pictures.ts', import.meta.url).href}')
const directory = process.argv[1]
const assets = await makeAssets({ directory, store: 'on', db: undefined, clock: systemClock, keepImagesDays: 1 })
const told = []
for (const size of [220, 240]) {
  const result = await assets.keep(base64Blob(await noise('png', size, size)), 'strict').catch((error) => error)
  told.push(result.ok ? 'kept' : [result.constructor.name, result.code, result.picture?.width])
}
const whole = readdirSync(directory, { recursive: true }).filter((name) => /[0-9a-f]{64}$/.test(name))
console.log(JSON.stringify({ told, half: readdirSync(join(directory, 'tmp')), whole: whole.length }))
await assets.close()
`

// The kernel's answer is changed by strace, since a disk with broken blocks cannot be had; the calls are the real ones.
for (const call of ['fdatasync', 'rename']) {
  test(
    `R10: an EIO of ${call} loses one picture, leaves no half of it, and the next one is kept`,
    { skip: !hasStrace && !process.env['CI'] && 'strace is not installed' },
    () => {
      const run = spawnSync(
        'strace',
        [
          ['-f', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:error=EIO:when=1`],
          [process.execPath, '--input-type=module', '-e', PROGRAM, join(root, call)],
        ].flat(),
        // strace counts the calls of each thread by themselves.
        { env: { ...process.env, UV_THREADPOOL_SIZE: '1' } },
      )

      assert.deepEqual(JSON.parse(run.stdout.toString()), {
        told: [['StorageTrouble', 'EIO', 220], 'kept'],
        half: [],
        whole: 1,
      })
    },
  )
}
