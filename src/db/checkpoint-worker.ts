import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

import type { CheckpointReport } from './checkpoints.ts'

const { file } = workerData as { readonly file: string }

const connection = new DatabaseSync(file)
connection.exec('pragma synchronous = normal; pragma wal_autocheckpoint = 0')
const checkpoint = connection.prepare('pragma wal_checkpoint(passive)')

parentPort?.on('message', (order: 'checkpoint' | 'close') => {
  if (order === 'close') {
    connection.close()
    parentPort?.close()
    return
  }
  const { log, checkpointed } = checkpoint.get() as { log: number; checkpointed: number }
  parentPort?.postMessage({ frames: log, copied: checkpointed } satisfies CheckpointReport)
})
