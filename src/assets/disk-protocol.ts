import type { ArmedFailpoint } from '../core/failpoint.ts'
import type { Probed } from './probe.ts'

/** What the worker is started with. */
export interface WorkerData {
  readonly root: string
  readonly armed: ArmedFailpoint | undefined
}

/** Bytes of a segment: the unit in which pictures cross to the worker. */
export const SEGMENT_BYTES = 256 * 1024

/** Ends the name of a second link to a temporary file until that is renamed; nobody adopts it. */
export const LINK = '.link'

/** What the main thread tells the disk worker. A picture is a number for as long as it is on its way. */
export type Order =
  | { readonly order: 'segment'; readonly segment: number; readonly memory: SharedArrayBuffer }
  | {
      readonly order: 'write'
      readonly picture: number
      readonly name: string
      readonly segment: number
      readonly length: number
    }
  | { readonly order: 'end'; readonly picture: number }
  | { readonly order: 'commit'; readonly picture: number; readonly at: number }
  | { readonly order: 'drop'; readonly picture: number }
  | { readonly order: 'forget'; readonly generation: string }
  | { readonly order: 'touch'; readonly job: number; readonly names: readonly string[]; readonly at: number }
  | { readonly order: 'remove'; readonly job: number; readonly names: readonly string[]; readonly olderThan: number }
  | { readonly order: 'tidy'; readonly job: number; readonly olderThan: number }
  | { readonly order: 'check'; readonly job: number }

/** What the worker answers. `free` follows each write, `ended` each end, `committed` each commit, `done` each job. */
export type Report =
  | { readonly report: 'free'; readonly segment: number }
  | {
      readonly report: 'ended'
      readonly picture: number
      readonly sha256: string
      readonly bytes: number
      readonly probed: Probed | undefined
    }
  | { readonly report: 'committed'; readonly picture: number; readonly trouble: DiskTrouble | undefined }
  | {
      readonly report: 'done'
      readonly job: number
      readonly removed: Removed
      readonly trouble: DiskTrouble | undefined
    }

export interface Removed {
  readonly files: number
  readonly bytes: number
}

/** An errno of the file system, and its sentence. */
export interface DiskTrouble {
  readonly code: string
  readonly message: string
}
