import * as fs from 'node:fs'
import { join } from 'node:path'

import type { Clock } from '../core/clock.ts'

/**
 * Which calls have left this machine. A row says `sent` before its first byte leaves, so that no paid call is ever unknown; a process
 * that dies in between leaves rows of calls that nobody received. This journal tells the two apart, so that no loss is booked for
 * them. It is written at the moment of departure and never synced: the kernel keeps it when a process is killed. What was written
 * before the machine was last booted is not believed, and neither is it asked about calls of other machines.
 */
export interface Departures {
  /** Told synchronously, before the first byte is handed to the socket. */
  note(attemptId: string): void
  /** Whether a call of an earlier process has certainly not left. */
  hasStayed(attemptId: string, processId: string): boolean
  close(): void
}

interface Parts {
  /** The data directory. It must exist. Nodes that share one share the journal. */
  readonly directory: string
  readonly processId: string
  readonly clock: Clock
  /** Names the run of the kernel. Without one nothing has certainly stayed. */
  readonly bootId?: string | undefined
}

/** A journal starts over beyond this size, but not before every call in it has ended long ago. */
const MOST_BYTES = 4 * 1024 * 1024
const LONGEST_CALL_MS = 2 * 3_600_000

/** Opens the journal. It is read when it is asked: processes that began before this one may have written since. */
export function openDepartures({ directory, processId, clock, bootId = readBootId() }: Parts): Departures {
  const path = join(directory, 'departures.log')
  const older = join(directory, 'departures.old.log')
  const processes = new Set<string>()
  const left = new Set<string>()
  let known = ''
  let descriptor = fs.openSync(path, 'a', 0o600)
  let bytes = fs.fstatSync(descriptor).size
  let begunAt = clock.now()

  const write = (line: string): void => {
    bytes += fs.writeSync(descriptor, `${line}\n`)
  }
  const begin = (): void => {
    if (bootId !== undefined) write(`process ${processId} ${bootId}`)
  }
  begin()

  const read = (): void => {
    const now = [older, path].map(stateOf).join()
    if (now === known) return
    processes.clear()
    left.clear()
    for (const line of [older, path].flatMap(linesOf)) {
      const [word, first = '', second = ''] = line.split(' ')
      if (word === 'process' && second === bootId) processes.add(first)
      if (word === 'left') left.add(first)
    }
    known = now
  }

  return {
    note(attemptId) {
      if (bytes > MOST_BYTES && clock.now() - begunAt > LONGEST_CALL_MS) {
        fs.closeSync(descriptor)
        fs.renameSync(path, older)
        descriptor = fs.openSync(path, 'a', 0o600)
        bytes = 0
        begunAt = clock.now()
        begin()
      }
      write(`left ${attemptId}`)
    },
    hasStayed(attemptId, process) {
      if (process === processId) return false
      read()
      return processes.has(process) && !left.has(attemptId)
    },
    close: () => fs.closeSync(descriptor),
  }
}

/** Changes with every line that is written. */
function stateOf(path: string): string {
  const found = fs.statSync(path, { throwIfNoEntry: false })
  return found === undefined ? '' : `${found.ino} ${found.size}`
}

function linesOf(path: string): readonly string[] {
  return fs.existsSync(path) ? fs.readFileSync(path, 'utf8').split('\n') : []
}

function readBootId(): string | undefined {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return undefined
  }
}
