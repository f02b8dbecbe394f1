import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Client } from 'pg'

import { until } from '../support/generations.ts'
import type { Home } from '../support/home.ts'

/** A PostgreSQL server of our own, which may be killed. */
export interface Cluster {
  readonly url: string
  /** Kills the server's first process as a crash would; the others notice and follow. */
  kill(): Promise<void>
  /** Starts it again on the same data, as often as a supervisor would have to; resolves once it answers. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** How long a server may take to come back; its own recovery included. */
const START_MS = 30_000

/** The newest installed server programs, or undefined where there are none. */
export function serverPrograms(): string | undefined {
  const found = globSync('/usr/lib/postgresql/*/bin').filter((folder) => existsSync(join(folder, 'initdb')))
  return found.toSorted().at(-1)
}

export async function openCluster(): Promise<Cluster> {
  const programs = serverPrograms()
  assert.ok(programs !== undefined, 'PostgreSQL’s server programs are installed')
  const directory = mkdtempSync(join(tmpdir(), 'plantain-cluster-'))
  const asOwner = ownerOf(directory)
  const data = join(directory, 'data')
  const port = await freePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const initdb = [join(programs, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C']
  const [first = '', ...rest] = [...asOwner, ...initdb]
  execFileSync(first, rest, { stdio: 'pipe', cwd: directory })
  let server: ChildProcess | undefined

  async function start(): Promise<void> {
    await until(
      'the server',
      async () => {
        if (server === undefined || server.exitCode !== null || server.signalCode !== null) server = spawnServer()
        return (await answers(url)) ? true : undefined
      },
      START_MS,
    )
  }

  function spawnServer(): ChildProcess {
    const options = ['-D', data, '-p', String(port), '-k', directory, '-c', 'listen_addresses=127.0.0.1']
    const [program = '', ...args] = [...asOwner, join(programs ?? '', 'postgres'), ...options]
    // Its log goes nowhere: a killed server has much to say, and the checks read the data.
    return spawn(program, args, { stdio: 'ignore', cwd: directory })
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill(signal)
    await ended
  }

  await start()
  return {
    url,
    kill: async () => await end('SIGKILL'),
    start,
    async stop() {
      // Immediate shutdown, which waits for the server's other processes.
      await end('SIGQUIT')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Data of a gateway in the cluster's own database; one at a time. */
export function homeIn({ url }: Cluster): Home {
  const directory = mkdtempSync(join(tmpdir(), 'plantain-test-'))
  return { directory, databaseUrl: url, remove: async () => rmSync(directory, { recursive: true, force: true }) }
}

/** The server refuses to run as root: there, the folder and the processes are those of the user `postgres`. */
function ownerOf(directory: string): readonly string[] {
  if (process.getuid?.() !== 0) return []
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres']).toString()))
  chownSync(directory, uid ?? 0, gid ?? 0)
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  assert.ok(typeof address === 'object' && address !== null)
  return address.port
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  // A server that dies while it is asked tells so by an event as well.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
