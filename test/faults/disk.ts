import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

import { fetchedHash, until } from '../support/generations.ts'
import { type Home, makeHome } from '../support/home.ts'
import { sha256 } from '../support/pictures.ts'
import type { Experiment, Stage } from './experiment.ts'
import { type Bought, openScene, type Scene } from './scene.ts'

/** Long enough for a disk to break while the provider works. */
const WORKING = 'delay=1200'
const PLENTY = '2g'

/** How the disk for pictures fails, and the words that the caller must find in what he is told. */
const TROUBLES = {
  'almost full': { breaks: () => 'size=900m', mends: `size=${PLENTY}`, says: /free/, inFlight: 'kept' },
  full: { breaks: (usedKiB) => `size=${usedKiB + 64}k`, mends: `size=${PLENTY}`, says: /free/, inFlight: 'lost' },
  'read-only': { breaks: () => 'ro', mends: 'rw', says: /EROFS/, inFlight: 'lost' },
} as const satisfies Record<string, Trouble>

interface Trouble {
  /** Options to mount it anew with, by what is on it. */
  readonly breaks: (usedKiB: number) => string
  readonly mends: string
  readonly says: RegExp
  /** What becomes of a picture that arrives then. */
  readonly inFlight: 'kept' | 'lost'
}

/** A gateway whose disk for pictures is a tmpfs of its own, so that it can be made to fail. */
export const DISK: readonly Experiment[] = Object.entries(TROUBLES).map(
  ([name, { breaks, mends, says, inFlight }]): Experiment => ({
    promise: 'R10',
    claim: `a disk that is ${name}: new work is refused before the provider is called, what was under way costs nothing unless it is kept, and it clears without a restart`,
    async run(stage) {
      await using disk = await openDisk(stage)
      await using scene = await openScene({ ...stage, home: disk.home })
      assert.equal((await scene.buy()).status, 200, 'all is well before')
      const filesBefore = pictureFiles(disk.home)

      scene.roads.google.meet({ fault: WORKING })
      const flying = scene.buy({ body: { prompt: 'another picture' } })
      await until('the call at the provider', () => (scene.roads.google.posts() === 2 ? true : undefined))
      disk.remount(breaks(disk.usedKiB()))
      const caught = await flying
      const refused = await refusal(scene)

      checkInFlight(caught, inFlight)
      assert.deepEqual([refused.status, refused.error?.code], [507, 'storage_full'], refused.text)
      assert.match(refused.text, says)
      assert.equal(refused.headers.get('x-error-by'), 'gateway')
      assert.equal(scene.roads.google.posts(), 2, 'the provider was not called')
      assert.equal(await readiness(scene), 503)
      const filesLeft = filesBefore.length + (inFlight === 'kept' ? 1 : 0)
      // Temporary files are unlinked by the disk worker, which nobody waits for.
      await until('no half file', () => (filesIn(disk.home).length === filesLeft ? true : undefined), 5_000)
      assert.equal(pictureFiles(disk.home).length, filesLeft)
      const books = await scene.books()
      assert.ok(books.revenue === books.billed || books.loss > 0n)

      disk.remount(mends)
      const mendedAt = performance.now()
      const served = await until('a picture', async () => {
        const bought = await scene.buy()
        return bought.status === 200 ? bought : undefined
      })
      assert.equal(await fetchedHash(scene.gateway, served.receipt?.id ?? ''), served.receipt?.images[0]?.sha256)
      const clearedMs = Math.round(performance.now() - mendedAt)
      assert.equal(await readiness(scene), 200)
      return { clearedMs, inFlight: caught.status === 200 ? 'delivered' : 'charged 0', refused: refused.status }
    },
  }),
)

/** Delivered in the answer and, where it says so, in the store; or not charged at all. */
function checkInFlight(caught: Bought, wanted: 'kept' | 'lost'): void {
  if (wanted === 'kept') {
    assert.equal(caught.status, 200, caught.text.slice(0, 300))
    const b64 = /"b64_json": ?"([^"]+)"/.exec(caught.text)?.[1] ?? ''
    assert.equal(sha256(Buffer.from(b64, 'base64')), caught.receipt?.images[0]?.sha256)
    return
  }
  assert.equal(caught.status, 507, caught.text.slice(0, 300))
  assert.equal(caught.headers.get('x-should-retry'), 'false', 'it was paid for: nobody shall repeat it by himself')
  assert.deepEqual([caught.receipt?.status, caught.receipt?.charge_usd], ['voided', '0'])
  assert.deepEqual(
    caught.receipt?.attempts.map(({ state }) => state),
    ['billed_no_output'],
  )
}

/** The answer about the disk is good for a second. */
async function refusal(scene: Scene): Promise<Bought> {
  return await until('a refusal', async () => {
    const bought = await scene.buy()
    return bought.status === 200 ? undefined : bought
  })
}

async function readiness({ gateway }: Scene): Promise<number> {
  return (await fetch(`${gateway.url}/ready`)).status
}

function filesIn({ directory }: Home): readonly string[] {
  return readdirSync(join(directory, 'assets'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
}

/** Whole ones, named by their hash. */
function pictureFiles(home: Home): readonly string[] {
  return filesIn(home).filter((name) => /^[0-9a-f]{64}$/.test(name))
}

interface Disk extends AsyncDisposable {
  readonly home: Home
  usedKiB(): number
  remount(option: string): void
}

async function openDisk({ database }: Stage): Promise<Disk> {
  const home = await makeHome(database)
  const place = join(home.directory, 'assets')
  mkdirSync(place)
  run('mount', '-t', 'tmpfs', '-o', `size=${PLENTY}`, 'tmpfs', place)
  return {
    home,
    usedKiB() {
      const { blocks, bfree, bsize } = statfsSync(place)
      return Math.ceil(((blocks - bfree) * bsize) / 1024)
    },
    remount: (option) => run('mount', '-o', `remount,${option}`, place),
    async [Symbol.asyncDispose]() {
      run('umount', '-l', place)
      await home.remove()
    },
  }
}

/** Whether a tmpfs can be mounted here; where not, these experiments are skipped for all to see. */
export function canMount(): boolean {
  const place = '/mnt'
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place]).status !== 0) return false
  run('umount', place)
  return true
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr.toString()}`)
}
