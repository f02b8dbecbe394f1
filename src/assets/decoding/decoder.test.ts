import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { systemClock } from '../../core/clock.ts'
import { scratchDirectory } from '../../db/test-database.ts'
import { flatWebp } from '../test-bombs.ts'
import { noise } from '../test-pictures.ts'
import { Decoder, LIMITS } from './decoder.ts'
import { isolation } from './isolation.ts'
import type { Job } from './protocol.ts'

const MIB = 1024 * 1024
const directory = scratchDirectory()
after(() => rmSync(directory, { recursive: true }))

const opened: Decoder[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((decoder) => decoder.close()))
})

function open(limits: ConstructorParameters<typeof Decoder>[1] = {}): Decoder {
  const decoder = new Decoder(systemClock, limits)
  opened.push(decoder)
  return decoder
}

const small = await noise('png', 64, 64)
/** Takes about a second. */
const slow = flatWebp(4000, 4000)

function clean(decoder: Decoder, bytes: Buffer, format: Job['format'] = 'png') {
  return decoder.run(
    { kind: 'clean', format, maxPixels: 50_000_000, maxBytes: 64 * MIB },
    { byteLength: bytes.length, slices: [bytes] },
  )
}

async function pidOf(decoder: Decoder): Promise<number> {
  for (let look = 0; look < 500; look++) {
    const [pid] = decoder.pids
    if (pid !== undefined) return pid
    await sleep(5)
  }
  throw new Error('no process was started')
}

/** Ended, whether or not its parent has taken notice. */
async function isGone(pid: number, withinMs = 3000): Promise<boolean> {
  for (let look = 0; look < withinMs / 10; look++) {
    const path = `/proc/${pid}/status`
    if (!existsSync(path) || /^State:\s*Z/m.test(readFileSync(path, 'latin1'))) return true
    await sleep(10)
  }
  return false
}

function linksOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`))
}

test('the limits are those that are promised', () => {
  const { maxRssBytes, maxMs, pollMs, atOnce, idleMs } = LIMITS

  assert.deepEqual(
    { maxRssBytes, maxMs, pollMs, atOnce, idleMs },
    { maxRssBytes: 512 * MIB, maxMs: 10_000, pollMs: 50, atOnce: 2, idleMs: 60_000 },
  )
})

test('P8: pixels are decoded in a process that knows nothing of the gateway', async () => {
  const file = openSync(join(directory, 'secret'), 'w')
  process.env['PLANTAIN_SECRET_CANARY'] = 'canary'
  const decoder = open()

  assert.ok((await clean(decoder, small)).ok)

  const pid = await pidOf(decoder)
  assert.equal(readFileSync(`/proc/${pid}/environ`, 'latin1'), 'MALLOC_ARENA_MAX=1\0')
  assert.deepEqual(readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(1, -1), [
    '--max-old-space-size=128',
    '--expose-gc',
    LIMITS.program,
  ])
  assert.equal(readlinkSync(`/proc/${pid}/cwd`), '/')
  const foreign = linksOf(pid).filter((link) => !/^(socket|pipe|anon_inode):|^\/dev\/null$/.test(link))
  assert.deepEqual(foreign, [])
  assert.equal(linksOf(pid).filter((link) => link.startsWith('socket:')).length, 3)
  closeSync(file)
  delete process.env['PLANTAIN_SECRET_CANARY']
})

test('where the system grants it, the process has no capability, no network and no user of ours', async (t) => {
  const { form, reason } = await isolation()
  if (form === 'plain') return t.skip(reason)
  const decoder = open()

  await clean(decoder, small)

  const pid = await pidOf(decoder)
  for (const kind of ['user', 'net'])
    assert.notEqual(readlinkSync(`/proc/${pid}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`))
  assert.match(readFileSync(`/proc/${pid}/status`, 'latin1'), /^CapEff:\s*0+$/m)
  assert.doesNotMatch(readFileSync(`/proc/${pid}/net/dev`, 'latin1'), /^\s*(?!lo)\w+:/m)
})

test('a descriptor that the gateway inherited does not reach the process, and the process ends with the gateway', async (t) => {
  const secret = openSync(join(directory, 'inherited'), 'w')
  const stdio = Array.from({ length: 41 }, (_, index) => (index === 40 ? secret : undefined))
  const gateway = spawn(process.execPath, [join(import.meta.dirname, '../test-decoder-host.ts')], {
    stdio: ['ignore', 'pipe', 'inherit', ...stdio.slice(3)],
  })
  t.after(() => {
    gateway.kill('SIGKILL')
    closeSync(secret)
  })
  assert.ok(gateway.stdout)
  const [line] = await once(gateway.stdout, 'data')
  const pid = Number.parseInt(String(line), 10)

  assert.ok(linksOf(gateway.pid ?? 0).some((link) => link.endsWith('/inherited')))
  assert.ok(!linksOf(pid).some((link) => link.endsWith('/inherited')))
  await sleep(100) // Now it works on the next picture, which takes a second.
  gateway.kill('SIGKILL')
  assert.ok(await isGone(pid, 600))
})

test('no process is started before the first picture; one does for all that come in turn, and ends when it idles', async () => {
  const decoder = open({ idleMs: 1000 })
  assert.deepEqual(decoder.pids, [])

  await clean(decoder, small)
  const pid = await pidOf(decoder)
  for (let round = 0; round < 3; round++) {
    await sleep(400)
    assert.ok((await clean(decoder, small)).ok)
    assert.deepEqual(decoder.pids, [pid])
  }

  assert.ok(await noneLeft(decoder))
  assert.ok(await isGone(pid))
})

test('two pictures are decoded at a time, the others wait for them', async () => {
  const decoder = open()
  let most = 0

  const jobs = Promise.all(Array.from({ length: 6 }, () => clean(decoder, small)))
  const looking = setInterval(() => (most = Math.max(most, decoder.pids.length)), 2)
  const made = await jobs
  clearInterval(looking)

  assert.ok(made.every((result) => result.ok))
  assert.equal(most, 2)
})

test('a process that crashes fails its picture alone, and the next picture has another', async () => {
  const decoder = open()
  await clean(decoder, small)
  const pid = await pidOf(decoder)
  const crashing = clean(decoder, slow, 'webp')
  const beside = clean(decoder, small)
  await sleep(100)

  process.kill(pid, 'SIGSEGV')

  assert.deepEqual(await crashing, { ok: false, error: 'The decoder broke down over the picture (SIGSEGV).' })
  assert.ok((await beside).ok)
  assert.ok((await clean(decoder, small)).ok)
  assert.ok(!decoder.pids.includes(pid))
})

test('P8: a picture that takes too long is given up, and its process with it', async () => {
  const decoder = open({ maxMs: 1500 })
  await clean(decoder, small)
  const pid = await pidOf(decoder)
  process.kill(pid, 'SIGSTOP')
  const startedAt = performance.now()

  const made = await Promise.race([clean(decoder, small), sleep(5000, undefined)])

  assert.deepEqual(made, { ok: false, error: 'Decoding the picture took more than 1.5 seconds.' })
  assert.ok(performance.now() - startedAt < 2500)
  assert.ok(await isGone(pid))
  assert.ok((await clean(decoder, small)).ok)
})

test('P8: a picture that takes too much memory is given up, and its process with it', async () => {
  const decoder = open({ maxRssBytes: 240 * MIB })

  const made = await clean(decoder, flatWebp(7000, 7000), 'webp')

  assert.deepEqual(made, { ok: false, error: 'Decoding the picture took more than 240 MiB of memory.' })
  assert.ok((await clean(decoder, small)).ok)
})

test('what a process leaves behind in memory is not counted against the next picture', async () => {
  const decoder = open({ maxRestingBytes: 1 })

  assert.ok((await clean(decoder, small)).ok)
  assert.ok((await clean(decoder, small)).ok)
  assert.ok(await noneLeft(decoder))
})

test('closing waits for the jobs and ends the processes', async () => {
  const decoder = open()
  const job = clean(decoder, small)
  const pid = await pidOf(decoder)

  await decoder.close()

  assert.ok((await job).ok)
  assert.ok(await isGone(pid))
})

test('a picture whose bytes break off on their way fails, and leaves no half a job in the pipe', async () => {
  const decoder = open()
  async function* broken() {
    yield small.subarray(0, 100)
    throw new Error('the disk is gone')
  }
  const job = { kind: 'clean', format: 'png', maxPixels: 1e6, maxBytes: 1e6 } as const

  await assert.rejects(decoder.run(job, { byteLength: small.length, slices: broken() }), /the disk is gone/)
  const short = await decoder.run(job, { byteLength: small.length, slices: [small.subarray(1)] })

  assert.equal(short.ok, false)
  assert.ok((await clean(decoder, small)).ok)
})

const READY = 'process.stdout.write(Buffer.alloc(8));'
for (const [name, program] of [
  [
    'promises more than was asked for',
    `${READY} process.stdin.once('data', () => process.stdout.write(Buffer.from('0100000004000001', 'hex')))`,
  ],
  ['answers in no known way', `${READY} process.stdin.once('data', () => process.stdout.write(Buffer.alloc(8, 9)))`],
  [
    'writes a novel as its reason',
    `${READY} process.stdin.once('data', () => process.stdout.write(Buffer.from('0200000000010000', 'hex')))`,
  ],
  ['leaves without an answer', `${READY} process.stdin.once('data', () => process.kill(process.pid))`],
] as const) {
  test(`a process that ${name} is not believed`, async () => {
    const decoder = open({ program: join(directory, `${name.replaceAll(' ', '-')}.mjs`), maxMs: 5000 })
    writeFileSync(join(directory, `${name.replaceAll(' ', '-')}.mjs`), program)

    const made = await clean(decoder, small)

    assert.ok(!made.ok)
    assert.match(made.error, /^The decoder broke down over the picture/)
    assert.ok(await noneLeft(decoder))
  })
}

test('a process that talks before it is asked is not started', async () => {
  const program = join(directory, 'talker.mjs')
  writeFileSync(
    program,
    `process.stdout.write(Buffer.from('0000000000000000010000000000000141', 'hex')); setInterval(() => {}, 1000)`,
  )

  await assert.rejects(clean(open({ program }), small), /did not start/)
})

test('control characters in a reason are not passed on', async () => {
  const program = join(directory, 'rude.mjs')
  writeFileSync(
    program,
    `${READY} process.stdin.once('data', () => process.stdout.write(Buffer.from('0200000000000004611b5b62', 'hex')))`,
  )

  assert.deepEqual(await clean(open({ program }), small), { ok: false, error: 'a?[b' })
})

test('a process that cannot be started is a defect of ours and no fault of the picture', async () => {
  const program = join(directory, 'broken.mjs')
  writeFileSync(program, `throw new Error('sharp is not installed')`)

  await assert.rejects(clean(open({ program }), small), /did not start: exit code 1[\s\S]*sharp is not installed/)
})

async function noneLeft(decoder: Decoder): Promise<boolean> {
  for (let look = 0; look < 300 && decoder.pids.length > 0; look++) await sleep(10)
  return decoder.pids.length === 0
}
