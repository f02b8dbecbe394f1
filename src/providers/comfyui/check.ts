import { err, ok, type Result } from '../../core/result.ts'
import { statusFailure, unusableAnswer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { credentialOf } from './server.ts'
import { readSystemStats, type SystemStats } from './wire.ts'

/** What the machine is, which it tells anybody whom the proxy in front of it lets through. */
export function checkMachine(upstream: Upstream, call: Call): Promise<Result<string, UpstreamFailure>> {
  return upstream.requestJson(call, {
    method: 'GET',
    path: '/system_stats',
    headers: credentialOf(call),
    read: (answer) => {
      if (answer.status >= 300) return err(statusFailure(answer, call.clock))
      const stats = readSystemStats(answer.value)
      if (stats !== undefined) return ok(words(stats))
      return err({ ...unusableAnswer(answer.status, 'this is not ComfyUI', answer.raw), billed: 'no' })
    },
  })
}

/** `ComfyUI 0.3.64 on NVIDIA GeForce RTX 4090, 18.2 of 24.0 GB free` */
function words({ system, devices }: SystemStats): string {
  const version = system.comfyui_version === undefined ? '' : ` ${system.comfyui_version}`
  const places = devices.map(({ name = 'a device', vram_total: total = 0, vram_free: free = 0 }) => {
    return total === 0 ? name : `${name}, ${gigabytes(free)} of ${gigabytes(total)} GB free`
  })
  return `ComfyUI${version}${places.length === 0 ? '' : ` on ${places.join(' and ')}`}`
}

function gigabytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1)
}
