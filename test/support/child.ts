import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../..')

export interface Child {
  readonly pid: number
  /** What the awaited pattern captured. */
  readonly ready: RegExpExecArray
  /** Everything that it wrote to both of its outputs so far. */
  readonly output: () => string
  /** Sends the signal and resolves with the exit code, or the signal's name, once the process is gone. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | NodeJS.Signals | null>
}

/** Starts Node in the project's root and waits until its output matches. Rejects with the output when it ends before that. */
export async function startNode(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  ready: RegExp,
): Promise<Child> {
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...basics(), ...environment }, stdio: 'pipe' })
  const ended = once(child, 'exit')
  let output = ''
  const matched = new Promise<RegExpExecArray>((found, failed) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString()
      const match = ready.exec(output)
      if (match) found(match)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', (code) => failed(new Error(`node ${args.join(' ')} ended with ${code}:\n${output}`)))
  })
  return {
    ready: await matched,
    pid: pidOf(child),
    output: () => output,
    async end(signal = 'SIGTERM') {
      child.kill(signal)
      const [code, by] = (await ended) as [number | null, NodeJS.Signals | null]
      return by ?? code
    },
  }
}

/** Only what Node needs: no setting and no credential of the developer's gets into a test. */
function basics(): Record<string, string> {
  return Object.fromEntries(['PATH', 'HOME', 'TMPDIR', 'TZ'].flatMap((name) => [[name, process.env[name] ?? '']]))
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the process did not start')
  return pid
}
