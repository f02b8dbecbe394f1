import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const MAIN = new URL('../src/main.ts', import.meta.url).pathname
const REPEATS = 5
const IDLE_MS = 2_000

export interface Startup {
  /** Milliseconds. */
  readonly emptyMs: number
  readonly listeningMs: number
  /** Bytes, some seconds after the start, before any request. */
  readonly idleRss: number
}

/** From the start of the process to its first word that it listens, beside a Node program that does nothing. Medians; the very first start is not counted. */
export async function measureStartup(): Promise<Startup> {
  const data = mkdtempSync(join(tmpdir(), 'plantain-start-'))
  try {
    await serve(data)
    const empty: number[] = []
    const listening: number[] = []
    const idle: number[] = []
    for (let repeat = 0; repeat < REPEATS; repeat += 1) {
      empty.push(await doNothing())
      const served = await serve(data)
      listening.push(served.ms)
      idle.push(served.rss)
    }
    return { emptyMs: median(empty), listeningMs: median(listening), idleRss: median(idle) }
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

async function doNothing(): Promise<number> {
  const from = performance.now()
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')
  return performance.now() - from
}

async function serve(data: string): Promise<{ ms: number; rss: number }> {
  const from = performance.now()
  const env = { PATH: process.env['PATH'] ?? '', HOME: data, PLANTAIN_DATA: join(data, 'data'), PLANTAIN_PORT: '0' }
  const child = spawn(process.execPath, [MAIN, 'serve'], { stdio: ['ignore', 'ignore', 'pipe'], env })
  for await (const text of child.stderr) if (String(text).includes('listens on')) break
  const ms = performance.now() - from
  await sleep(IDLE_MS)
  const rss = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024
  child.kill('SIGTERM')
  await once(child, 'exit')
  return { ms, rss }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** The figures in a sentence. */
export function startupText({ emptyMs, listeningMs, idleRss }: Startup): string {
  const times = (listeningMs / emptyMs).toFixed(1)
  return `From start to listening: ${listeningMs.toFixed(0)} ms, ${times} × an empty Node program (${emptyMs.toFixed(0)} ms). Resident memory of an idle gateway: ${(idleRss / 1e6).toFixed(0)} MB.`
}
