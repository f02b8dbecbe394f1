import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { scratchDirectory } from '../db/test-database.ts'

const root = scratchDirectory()
const hasStrace = spawnSync('strace', ['-V']).status === 0
after(() => rmSync(root, { recursive: true }))

/** A process that keeps one picture and then says so. */
const PROGRAM = `
const { randomBytes } = await import('node:crypto')
const { writeSync } = await import('node:fs')
const { makeAssets } = await import('${new URL('./assets.ts', import.meta.url).href}')
const { systemClock } = await import('${new URL('../core/clock.ts', import.meta.url).href}')
const { base64Blob, noise } = await import('${new URL('./test-pictures.ts', import.meta.url).href}')
const assets = await makeAssets({ directory: process.argv[1], store: 'on', db: undefined, clock: systemClock, keepImagesDays: 1 })
for (const picture of [await noise('png', 200, 200), await noise('png', 10, 10)]) await assets.keep(base64Blob(picture), 'strict')
writeSync(1, 'settled')
await assets.close()
`

test(
  'R12: a picture is synced, renamed and its directory synced before it counts as kept',
  { skip: !hasStrace && !process.env['CI'] && 'strace is not installed' },
  () => {
    const log = join(root, 'trace')
    const calls = 'trace=fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat,write'
    const run = spawnSync('strace', [
      '-f',
      '-y',
      '-o',
      log,
      '-e',
      calls,
      process.execPath,
      '--input-type=module',
      '-e',
      PROGRAM,
      join(root, 'assets'),
    ])
    assert.equal(run.stdout?.toString(), 'settled', run.stderr?.toString())

    const trace = readFileSync(log, 'utf8')
      .split('\n')
      .flatMap((line) => {
        const finished = /^\d+\s+(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)$/.exec(line)
        return finished === null ? [] : [`${finished[1]} ${finished[2]}`]
      })
    const at = (pattern: RegExp) => {
      const found = trace.findIndex((line) => pattern.test(line))
      assert.notEqual(found, -1, `${pattern} is missing in\n${trace.filter((line) => line.includes(root)).join('\n')}`)
      return found
    }
    const steps = [
      at(/^write \d+<[^>]*\/assets\/tmp\/keep\./),
      at(/^fdatasync \d+<[^>]*\/assets\/tmp\/keep\./),
      at(/^mkdir .*\/assets\/[0-9a-f]{2}"/),
      at(/^fsync \d+<[^>]*\/assets>/),
      at(/^rename .*\/assets\/tmp\/keep\..*\/assets\/[0-9a-f]{2}\/[0-9a-f]{64}"/),
      at(/^fsync \d+<[^>]*\/assets\/[0-9a-f]{2}>/),
      at(/^write 1<[^>]*>, "settled"/),
    ]
    assert.deepEqual(
      steps,
      [...steps].sort((a, b) => a - b),
    )
    assert.equal(trace.filter((line) => line.startsWith('rename ')).length, 1, 'the small picture is no file')
  },
)
