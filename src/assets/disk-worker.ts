import { parentPort, workerData } from 'node:worker_threads'

import { LocalDirectory } from './local-directory.ts'
import { armFailpoint } from '../core/failpoint.ts'
import type { Order, Report, WorkerData } from './disk-protocol.ts'

/**
 * The thread that hashes, probes and writes pictures. Orders are carried out in the order of their arrival; only the syncs of a
 * commit run beside them.
 */
const port = parentPort
if (port === null) throw new Error('disk-worker.ts runs as a worker thread only')

const { root, armed } = workerData as WorkerData
if (armed) armFailpoint(armed)
const directory = new LocalDirectory(root)
const segments: Buffer[] = []

port.on('message', (order: Order) => {
  switch (order.order) {
    case 'segment':
      segments[order.segment] = Buffer.from(order.memory)
      return
    case 'write': {
      const bytes = segments[order.segment]?.subarray(0, order.length) ?? Buffer.alloc(0)
      directory.write(order.picture, order.name, bytes)
      return tell({ report: 'free', segment: order.segment })
    }
    case 'end':
      return tell({ report: 'ended', picture: order.picture, ...directory.end(order.picture) })
    case 'commit':
      void directory
        .commit(order.picture, order.at)
        .then((trouble) => tell({ report: 'committed', picture: order.picture, trouble }))
      return
    case 'drop':
      return directory.drop(order.picture)
    case 'forget':
      return directory.forget(order.generation)
    case 'touch':
      return tell({ report: 'done', job: order.job, ...directory.touch(order.names, order.at) })
    case 'remove':
      return tell({ report: 'done', job: order.job, ...directory.remove(order.names, order.olderThan) })
    case 'tidy':
      return tell({ report: 'done', job: order.job, ...directory.tidy(order.olderThan) })
    case 'check':
      return tell({ report: 'done', job: order.job, ...directory.check() })
  }
})

function tell(report: Report): void {
  port?.postMessage(report)
}
