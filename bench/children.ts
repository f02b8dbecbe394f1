import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

import type { Vitals } from './watch.ts'

const WATCH = new URL('./watch.ts', import.meta.url).href

/** A measured program in a process of its own. */
export interface Child {
  readonly process: ChildProcess
  /** Starts counting delays anew. */
  reset(): void
  vitals(): Promise<Vitals>
  stop(): Promise<void>
}

/** Starts a module of this folder, or any other, under watch. */
export function start(
  module: string | URL,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Child {
  const child = fork(module, [...args], {
    execArgv: ['--import', WATCH],
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  return {
    process: child,
    reset: () => void child.send('reset'),
    async vitals() {
      child.send('vitals')
      const [vitals] = (await once(child, 'message')) as [Vitals]
      return vitals
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** The first thing a child says: the port it listens on. */
export async function portOf({ process: child }: Child): Promise<number> {
  const [port] = (await once(child, 'message')) as [number]
  return port
}
