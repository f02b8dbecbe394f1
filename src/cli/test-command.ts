import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text as textOf } from 'node:stream/consumers'

import { run } from './cli.ts'
import type { Terminal } from './terminal.ts'

const MAIN = resolve(import.meta.dirname, '../main.ts')

/** A place of its own for one test: data, files, and commands that see no other settings than these. */
export class Place {
  readonly directory = mkdtempSync(join(tmpdir(), 'plantain-cli-'))
  readonly data = join(this.directory, 'data')
  readonly #running: ChildProcess[] = []

  file(name: string): string {
    return join(this.directory, name)
  }

  /** Runs the real program to its end. */
  async run(args: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const child = this.start(args, settings)
    const [stdout, stderr, [code]] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      once(child, 'close'),
    ])
    return { code: Number(code), stdout, stderr }
  }

  start(args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: this.directory,
      env: this.#environment(settings),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#running.push(child)
    return child
  }

  /** The same commands in this process: several hundred milliseconds sooner. */
  async runHere(args: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const { terminal, said } = fakeTerminal()
    const code = await run(args, terminal, this.#environment(settings))
    const told = (...ways: readonly string[]) =>
      said.flatMap(({ how, text: line }) => (ways.includes(how) ? [`${line}\n`] : [])).join('')
    return { code, stdout: told('print'), stderr: told('note', 'error') }
  }

  #environment(settings: Readonly<Record<string, string>>): Record<string, string> {
    return {
      PLANTAIN_DATA: this.data,
      PLANTAIN_SANDBOX_LATENCY_MS: '0',
      PLANTAIN_SANDBOX_PICTURES: 'coarse',
      ...settings,
    }
  }

  /** Resolves with the address once a gateway serves here. */
  async serve(settings: Readonly<Record<string, string>> = {}): Promise<Served> {
    const child = this.start(['serve', '--json'], { PLANTAIN_PORT: '0', PLANTAIN_LOG_LEVEL: 'silent', ...settings })
    child.stderr.resume()
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
    const address = /"address":"([^"]+)"/.exec(line)?.[1] ?? ''
    return {
      address,
      pid: child.pid ?? 0,
      async stop() {
        child.kill('SIGTERM')
        const [code] = await once(child, 'close')
        return Number(code)
      },
    }
  }

  leave(): void {
    for (const child of this.#running) if (child.exitCode === null) child.kill('SIGKILL')
    rmSync(this.directory, { recursive: true, force: true })
  }
}

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Served {
  readonly address: string
  readonly pid: number
  /** Asks it to stop and resolves with its exit code. */
  stop(): Promise<number>
}

/** A terminal that remembers what it was told. */
export function fakeTerminal(more: Partial<Terminal> = {}) {
  const said: { readonly how: string; readonly text: string }[] = []
  const remember = (how: string) => (text: string | undefined) => void said.push({ how, text: text ?? '' })
  const drawn: Buffer[] = []
  const terminal: Terminal = {
    isInteractive: false,
    isOutputInteractive: false,
    print: remember('print'),
    draw: (bytes) => void drawn.push(bytes),
    note: remember('note'),
    error: remember('error'),
    status: remember('status'),
    interrupted: () => new Promise(() => undefined),
    abort(error) {
      throw error
    },
    ...more,
  }
  return { terminal, said, drawn: () => Buffer.concat(drawn) }
}
