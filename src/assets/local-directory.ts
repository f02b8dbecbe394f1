import { createHash, type Hash } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { failpoint } from '../core/failpoint.ts'
import { type DiskTrouble, LINK, type Removed } from './disk-protocol.ts'
import { PictureProbe, type Probed } from './probe.ts'

const fdatasync = promisify(fs.fdatasync)
const fsync = promisify(fs.fsync)

/**
 * Commits whose syncs may run at once. They take threads of the process's pool of four, in which the database syncs too.
 */
const SYNCS_AT_ONCE = 2

interface Arriving {
  readonly path: string
  /** The generation whose answer it is part of; undefined for anything else that is written. */
  readonly generation: string | undefined
  descriptor: number | undefined
  readonly hash: Hash
  readonly probe: PictureProbe
  bytes: number
  sha256: string
  trouble: DiskTrouble | undefined
}

interface Outcome {
  readonly removed: Removed
  readonly trouble: DiskTrouble | undefined
}

/**
 * The picture files: `<root>/ab/<sha256>`, and `<root>/tmp/<name>` while one arrives. Runs in the disk worker; everything but
 * the syncs is synchronous, and that is the lock: between looking at a file and renaming, touching or unlinking it, nothing
 * else happens to any file.
 */
export class LocalDirectory {
  readonly #root: string
  readonly #temporary: string
  readonly #arriving = new Map<number, Arriving>()
  readonly #folders = new Set<string>()
  /** Temporary names of pictures that are in their place already, by generation. */
  readonly #arrivals = new Map<string, string[]>()
  readonly #waiting: (() => void)[] = []
  #syncs = 0

  constructor(root: string) {
    this.#root = root
    this.#temporary = join(root, 'tmp')
  }

  /** Hashes, probes and writes the next bytes; a picture without a name is not written. A failing disk is remembered until the commit: the picture's facts are wanted anyway. */
  write(picture: number, name: string, bytes: Buffer): void {
    const arriving = this.#arriving.get(picture) ?? this.#open(picture, name)
    arriving.hash.update(bytes)
    arriving.probe.write(bytes)
    arriving.bytes += bytes.length
    const { descriptor } = arriving
    if (descriptor === undefined) return
    arriving.trouble = attempt(() => writeWhole(descriptor, bytes))
    if (arriving.trouble !== undefined) release(arriving)
  }

  end(picture: number): { sha256: string; bytes: number; probed: Probed | undefined } {
    const arriving = this.#known(picture)
    arriving.sha256 = arriving.hash.digest('hex')
    return { sha256: arriving.sha256, bytes: arriving.bytes, probed: arriving.probe.end() }
  }

  /**
   * Data synced, file in its place, directory synced. A picture that is there already is touched, so that nothing removes it
   * before a row names it. In trouble nothing of this picture is left.
   */
  async commit(picture: number, at: number): Promise<DiskTrouble | undefined> {
    const arriving = this.#arriving.get(picture)
    const descriptor = arriving?.descriptor
    if (arriving === undefined || descriptor === undefined) {
      this.drop(picture)
      return arriving?.trouble ?? { code: 'ENOENT', message: 'the picture is not on its way any more' }
    }
    const folder = join(this.#root, arriving.sha256.slice(0, 2))
    const target = join(folder, arriving.sha256)
    if (this.#syncs >= SYNCS_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#syncs++
    try {
      if (fs.statSync(target, { throwIfNoEntry: false })?.size !== arriving.bytes) {
        failpoint('before asset sync')
        await fdatasync(descriptor)
        failpoint('after asset sync')
        this.#makeFolder(folder)
      }
      failpoint('before asset rename')
      place(arriving, target, at)
      failpoint('after asset rename')
      this.#arriving.delete(picture)
      const { generation, path } = arriving
      if (generation !== undefined) this.#arrivals.set(generation, [...(this.#arrivals.get(generation) ?? []), path])
      await syncFolder(folder)
      return undefined
    } catch (error) {
      this.drop(picture)
      this.#folders.clear()
      return troubleOf(error)
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#syncs--
      else next()
    }
  }

  /** Forgets a picture and its temporary file. One that is not known is forgotten already. */
  drop(picture: number): void {
    const arriving = this.#arriving.get(picture)
    this.#arriving.delete(picture)
    if (arriving !== undefined) release(arriving)
  }

  /** A generation has ended: the names under which its pictures arrived are not needed any more. */
  forget(generation: string): void {
    for (const path of this.#arrivals.get(generation) ?? []) attempt(() => fs.rmSync(path, { force: true }))
    this.#arrivals.delete(generation)
  }

  /** Starts the grace of files anew. */
  touch(names: readonly string[], at: number): Outcome {
    const seconds = at / 1000
    for (const name of names) attempt(() => fs.utimesSync(this.#pathOf(name), seconds, seconds))
    return { removed: { files: 0, bytes: 0 }, trouble: undefined }
  }

  /** Unlinks the files that nobody has kept or touched since `olderThan` (epoch ms). */
  remove(names: readonly string[], olderThan: number): Outcome {
    return removeAll(
      names.map((name) => this.#pathOf(name)),
      olderThan,
    )
  }

  /** Unlinks what processes before this one left in the temporary folder. */
  tidy(olderThan: number): Outcome {
    const active = new Set([...this.#arriving.values()].map(({ path }) => path))
    let left: string[] = []
    const trouble = attempt(() => {
      left = fs.readdirSync(this.#temporary).map((name) => join(this.#temporary, name))
    })
    const outcome = removeAll(
      left.filter((path) => !active.has(path)),
      olderThan,
    )
    return { removed: outcome.removed, trouble: trouble ?? outcome.trouble }
  }

  /** Writes, syncs and removes 4 KiB: whether a picture could be written now. Makes the folder, but never the root: it may be a mount that is missing. */
  check(): Outcome {
    const path = join(this.#temporary, '.check')
    const trouble = attempt(() => {
      makeFolder(this.#temporary)
      fs.writeFileSync(path, Buffer.alloc(4096), { flush: true, mode: 0o600 })
    })
    attempt(() => fs.rmSync(path, { force: true }))
    return { removed: { files: 0, bytes: 0 }, trouble }
  }

  #open(picture: number, name: string): Arriving {
    const path = join(this.#temporary, name)
    let descriptor: number | undefined
    const trouble = attempt(() => {
      if (name !== '') descriptor = fs.openSync(path, 'w', 0o600)
    })
    const fresh = { hash: createHash('sha256'), probe: new PictureProbe(), bytes: 0, sha256: '' }
    const arriving: Arriving = { path, generation: generationOf(name), descriptor, trouble, ...fresh }
    this.#arriving.set(picture, arriving)
    return arriving
  }

  #makeFolder(folder: string): void {
    if (this.#folders.has(folder)) return
    makeFolder(folder)
    syncFolderNow(this.#root)
    this.#folders.add(folder)
  }

  #known(picture: number): Arriving {
    const arriving = this.#arriving.get(picture)
    if (arriving === undefined) throw new Error(`picture ${picture} is not on its way`)
    return arriving
  }

  #pathOf(sha256: string): string {
    return join(this.#root, sha256.slice(0, 2), sha256)
  }
}

function makeFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (troubleOf(error).code !== 'EEXIST') throw error
  }
}

/** Of `gen-….att-….17`; anything else belongs to no generation. */
function generationOf(name: string): string | undefined {
  return /^(gen-[\w-]+)\./.exec(name)?.[1]
}

/**
 * One step as far as any other order is concerned. What arrived for a generation keeps its temporary name beside its place, until the
 * generation has ended: after a crash the name tells which call the picture was paid with.
 */
function place(arriving: Arriving, target: string, at: number): void {
  const seconds = at / 1000
  const { path, generation } = arriving
  if (fs.statSync(target, { throwIfNoEntry: false })?.size === arriving.bytes) {
    fs.utimesSync(target, seconds, seconds)
  } else {
    fs.utimesSync(path, seconds, seconds)
    if (generation !== undefined) fs.linkSync(path, path + LINK)
    fs.renameSync(generation === undefined ? path : path + LINK, target)
  }
  if (generation === undefined) release(arriving)
  else closeFile(arriving)
}

/** Closes the temporary file and removes it, where it still is one. */
function release(arriving: Arriving): void {
  if (arriving.descriptor === undefined) return
  closeFile(arriving)
  attempt(() => fs.rmSync(arriving.path, { force: true }))
}

function closeFile(arriving: Arriving): void {
  const { descriptor } = arriving
  arriving.descriptor = undefined
  if (descriptor !== undefined) attempt(() => fs.closeSync(descriptor))
}

function writeWhole(descriptor: number, bytes: Buffer): void {
  for (let from = 0; from < bytes.length;) from += fs.writeSync(descriptor, bytes, from)
}

async function syncFolder(folder: string): Promise<void> {
  const descriptor = fs.openSync(folder, 'r')
  try {
    await fsync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

function syncFolderNow(folder: string): void {
  const descriptor = fs.openSync(folder, 'r')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

function removeAll(paths: readonly string[], olderThan: number): Outcome {
  let files = 0
  let bytes = 0
  let trouble: DiskTrouble | undefined
  for (const path of paths) {
    trouble ??= attempt(() => {
      const there = fs.statSync(path, { throwIfNoEntry: false })
      if (there === undefined || there.mtimeMs > olderThan) return
      fs.rmSync(path)
      files++
      bytes += there.size
    })
  }
  return { removed: { files, bytes }, trouble }
}

function attempt(work: () => void): DiskTrouble | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return troubleOf(error)
  }
}

function troubleOf(error: unknown): DiskTrouble {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'EUNKNOWN'
  return { code, message: error instanceof Error ? error.message : String(error) }
}
