import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** What a checkpoint found and did, in frames (pages) of the WAL. */
export interface CheckpointReport {
  readonly frames: number
  readonly copied: number
}

export interface Checkpoints {
  /** Every commit is told. */
  committed(): void
  close(): Promise<void>
}

interface Parts {
  /** The database file. */
  readonly file: string
  /** The WAL grows faster than it can be copied: the writer has to wait for once. */
  readonly onBehind: () => void
  readonly onError: (error: Error) => void
}

/** Commits between two checkpoints: some 2,000 to 4,000 pages, so that a restart has at most a few dozen megabytes to read back. */
const COMMITS = 200

/** Pages: 128 MB. */
const FAR_BEHIND = 32_768

/**
 * Copies the WAL into the database off the event loop. SQLite's own checkpoints run inside a commit and sync twice; with pictures
 * coming in that stops every socket for tens of milliseconds. The worker is started by the first checkpoint that is due.
 */
export function makeCheckpoints({ file, onBehind, onError }: Parts): Checkpoints {
  let worker: Worker | undefined
  let isRunning = false
  let isClosing = false
  let commits = 0

  function start(): Worker {
    const started = new Worker(new URL('checkpoint-worker.ts', import.meta.url), {
      workerData: { file },
      name: 'plantain-checkpoints',
      execArgv: [],
    })
    started.unref()
    started.on('error', onError)
    started.on('message', ({ frames, copied }: CheckpointReport) => {
      isRunning = false
      if (frames - copied > FAR_BEHIND) onBehind()
      if (commits >= COMMITS && !isClosing) order()
    })
    return started
  }

  function order(): void {
    worker ??= start()
    isRunning = true
    commits = 0
    worker.postMessage('checkpoint')
  }

  return {
    committed() {
      commits += 1
      if (commits >= COMMITS && !isRunning && !isClosing) order()
    },
    async close() {
      isClosing = true
      if (worker === undefined) return
      worker.ref()
      const exited = once(worker, 'exit')
      worker.postMessage('close')
      await exited
      worker = undefined
    },
  }
}
