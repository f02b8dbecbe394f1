import { DatabaseSync } from 'node:sqlite'
import { workerData } from 'node:worker_threads'

const { source, target } = workerData as { readonly source: string; readonly target: string }

const connection = new DatabaseSync(source, { readOnly: true })
try {
  connection.prepare('vacuum into ?').run(target)
} finally {
  connection.close()
}
