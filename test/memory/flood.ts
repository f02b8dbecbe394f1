import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { startNode } from '../support/child.ts'
import { startGatewayChild } from '../support/gateway.ts'
import { call, type Called } from './caller.ts'
import type { Vitals } from './vitals.ts'

export interface FloodOptions {
  /** In flight at once. */
  readonly answers: number
  /** Of each picture; its base64 is a third more. */
  readonly pictureBytes: number
  readonly environment?: Readonly<Record<string, string>>
}

export interface FloodFigures {
  readonly answers: number
  readonly seconds: number
  /** MiB. */
  readonly idleRss: number
  readonly rssRise: number
  readonly heapRise: number
  readonly arrayBuffersPeak: number
  /** Milliseconds. */
  readonly delayP99: number
  readonly delayMax: number
}

const MIB = 1024 * 1024

/**
 * So many large answers in flight through a gateway in a process of its own, each read to its end and compared with what was sent
 * by its SHA-256. Throws when one fails or differs.
 */
export async function flood({ answers, pictureBytes, environment = {} }: FloodOptions): Promise<FloodFigures> {
  const upstream = await startUpstream(pictureBytes, answers)
  const gateway = await startMeasured(upstream.url, environment)
  try {
    await sleep(1000)
    const idle = await gateway.vitals()
    await gateway.reset()
    const startedAt = performance.now()
    const called = await Promise.all(
      Array.from({ length: answers }, async () => await call(gateway.url, gateway.keys.live)),
    )
    const seconds = (performance.now() - startedAt) / 1000
    const loaded = await gateway.vitals()

    checkAll(called, await upstream.sent())
    return {
      answers,
      seconds,
      idleRss: idle.rss / MIB,
      rssRise: (loaded.peakRss - idle.rss) / MIB,
      heapRise: (loaded.peakHeapUsed - idle.heapUsed) / MIB,
      arrayBuffersPeak: loaded.peakArrayBuffers / MIB,
      delayP99: loaded.delayP99,
      delayMax: loaded.delayMax,
    }
  } finally {
    await gateway.stop()
    await upstream.stop()
  }
}

export async function startUpstream(pictureBytes: number, together: number, lie?: string) {
  const args = ['test/memory/upstream.ts', String(pictureBytes), String(together), ...(lie === undefined ? [] : [lie])]
  const child = await startNode(args, {}, /upstream at (\S+)/)
  const url = child.ready[1] ?? ''
  return {
    url,
    sent: async () => (await (await fetch(url)).json()) as readonly string[],
    written: async () => (await (await fetch(`${url}/written`)).json()) as readonly number[],
    stop: async () => void (await child.end()),
  }
}

/** A gateway with live keys in front of this upstream, watched from the inside. */
export async function startMeasured(upstreamUrl: string, environment: Readonly<Record<string, string>>) {
  const gateway = await startGatewayChild({
    environment: {
      GEMINI_API_KEY: 'a-key-for-nobody',
      PLANTAIN_GOOGLE_BASE_URL: upstreamUrl,
      NODE_OPTIONS: `--import=${new URL('./vitals.ts', import.meta.url).href}`,
      ...environment,
    },
  })
  const vitalsUrl = /vitals at (\S+)/.exec(gateway.child.output())?.[1] ?? ''
  return {
    ...gateway,
    vitals: async () => (await (await fetch(vitalsUrl)).json()) as Vitals,
    reset: async () => void (await (await fetch(`${vitalsUrl}/reset`, { method: 'POST' })).text()),
    collect: async () => void (await (await fetch(`${vitalsUrl}/collect`, { method: 'POST' })).text()),
  }
}

export function checkAll(called: readonly Called[], sent: readonly string[]): void {
  for (const { status, sha256, text } of called) assert.ok(status === 200 && sha256, `${status} ${text}`)
  assert.equal(called.length, sent.length)
  assert.deepEqual(new Set(called.map(({ sha256 }) => sha256)), new Set(sent))
}
