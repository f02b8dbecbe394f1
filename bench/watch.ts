/**
 * Loaded before a measured program (`node --import`): answers its parent's questions about event loop, processor and memory, so
 * that every contestant is measured by the same means from the inside.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface Vitals {
  /** Milliseconds. */
  readonly delayP99: number
  /** Milliseconds of user and system time since the process began. */
  readonly cpu: number
  /** Bytes now. */
  readonly rss: number
}

const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()

process.on('message', (question) => {
  if (question === 'reset') return delay.reset()
  if (question !== 'vitals') return
  const { user, system } = process.cpuUsage()
  const vitals: Vitals = {
    delayP99: delay.percentile(99) / 1e6,
    cpu: (user + system) / 1000,
    rss: process.memoryUsage.rss(),
  }
  process.send?.(vitals)
})
process.channel?.unref()
