/**
 * Loaded before a gateway that is to be measured (`NODE_OPTIONS=--import=…`): watches its memory and its event loop from the inside
 * and tells both over HTTP, at the address that it prints. `POST /reset` forgets the peaks, `POST /collect` collects garbage.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'

export interface Vitals {
  /** Bytes now. */
  readonly rss: number
  /** The most since `POST /reset`, looked at every 5 ms. */
  readonly peakRss: number
  readonly peakHeapUsed: number
  readonly peakArrayBuffers: number
  readonly heapUsed: number
  readonly arrayBuffers: number
  /** Milliseconds since `POST /reset`. */
  readonly delayP99: number
  readonly delayMax: number
  /** Milliseconds of user and system time since the process began. */
  readonly cpuMs: number
}

const SAMPLE_MS = 5

if (isMainThread) await watch()

async function watch(): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  let peak = process.memoryUsage()
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  setInterval(() => {
    const now = process.memoryUsage()
    peak = {
      rss: Math.max(peak.rss, now.rss),
      heapUsed: Math.max(peak.heapUsed, now.heapUsed),
      arrayBuffers: Math.max(peak.arrayBuffers, now.arrayBuffers),
      heapTotal: now.heapTotal,
      external: now.external,
    }
  }, SAMPLE_MS).unref()

  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      if (request.url === '/collect') collectGarbage()
      delay.reset()
      peak = process.memoryUsage()
      response.end()
      return
    }
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    const vitals: Vitals = {
      rss,
      heapUsed,
      arrayBuffers,
      peakRss: Math.max(rss, peak.rss),
      peakHeapUsed: peak.heapUsed,
      peakArrayBuffers: peak.arrayBuffers,
      delayP99: delay.percentile(99) / 1e6,
      delayMax: delay.max / 1e6,
      cpuMs: (user + system) / 1000,
    }
    response.end(JSON.stringify(vitals))
  })
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const address = server.address()
  console.error(`vitals at http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`)
}
