import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Child, portOf, start } from './children.ts'

const ROOT = new URL('..', import.meta.url).pathname
const PEER = '@portkey-ai/gateway'
const PEER_VERSION = '1.15.2'
const MODEL = 'google/gemini-nano-banana-2.1'

/** One way from the caller to the upstream. */
export interface Contestant {
  readonly name: string
  readonly child: Child
  readonly origin: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  stop(): Promise<void>
}

const body = (model: string): string =>
  JSON.stringify({
    model,
    messages: [{ role: 'user', content: 'a paper lantern on a wet street' }],
    modalities: ['image', 'text'],
  })

export async function pipe(upstreamPort: number): Promise<Contestant> {
  const child = start(new URL('./pipe.ts', import.meta.url), [String(upstreamPort)])
  const port = await portOf(child)
  return {
    name: 'plain Node pipe',
    child,
    origin: `http://127.0.0.1:${port}`,
    path: '/',
    headers: { 'content-type': 'application/json' },
    body: body(MODEL),
    stop: child.stop,
  }
}

/** Plantain as an operator runs it, in front of the upstream with a live key; `assets` off keeps no pictures. */
export async function plantain(upstreamPort: number, assets: 'on' | 'off'): Promise<Contestant> {
  const data = mkdtempSync(join(tmpdir(), 'plantain-bench-'))
  const child = start(join(ROOT, 'src/main.ts'), ['serve'], {
    PLANTAIN_DATA: data,
    PLANTAIN_PORT: '0',
    PLANTAIN_ASSETS: assets,
    PLANTAIN_LOG_LEVEL: 'warn',
    GEMINI_API_KEY: 'bench',
    PLANTAIN_GOOGLE_BASE_URL: `http://127.0.0.1:${upstreamPort}`,
  })
  const file = join(data, 'local-key')
  await until(() => existsSync(file) && existsSync(join(data, 'first-keys')), 'plantain serve')
  const [origin = ''] = readFileSync(file, 'utf8').split('\n')
  const key = /^live (\S+)$/m.exec(readFileSync(join(data, 'first-keys'), 'utf8'))?.[1] ?? ''
  return {
    name: assets === 'on' ? 'Plantain, everything on' : 'Plantain, asset store off',
    child,
    origin,
    path: '/api/v1/chat/completions',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: body(MODEL),
    async stop() {
      await child.stop()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

/** The peer, installed into the bench's own folder: it is never a dependency of the product. */
export async function portkey(upstreamPort: number): Promise<Contestant> {
  const folder = join(ROOT, 'bench/peers')
  const program = join(folder, 'node_modules', PEER, 'build/start-server.js')
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    execFileSync('npm', ['install', '--no-save', '--no-package-lock', '--ignore-scripts', `${PEER}@${PEER_VERSION}`], {
      cwd: folder,
      stdio: 'ignore',
    })
  }
  const port = await freePort()
  const child = start(program, [`--port=${port}`, '--headless'], { TRUSTED_CUSTOM_HOSTS: `127.0.0.1,localhost` })
  const origin = `http://127.0.0.1:${port}`
  await until(async () => await accepts(port), PEER)
  return {
    name: `${PEER} ${PEER_VERSION}`,
    child,
    origin,
    path: '/v1/chat/completions',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer bench',
      'x-portkey-provider': 'google',
      'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1beta`,
      'x-portkey-strict-open-ai-compliance': 'false',
    },
    body: body('gemini-nano-banana-2.1'),
    stop: child.stop,
  }
}

async function until(isReady: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await isReady()) return
    await sleep(100)
  }
  throw new Error(`${what} did not start within 30 s`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}

async function accepts(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`)
    return true
  } catch {
    return false
  }
}
