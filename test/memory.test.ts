import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'

import { call } from './memory/caller.ts'
import { flood, startMeasured, startUpstream } from './memory/flood.ts'

/** The short form; `node test/memory/main.ts` has the long one, with the event loop's delay. */
const ANSWERS = 12
const PICTURE_BYTES = 30_000_000
/** Of all twelve in base64, 480 MB, this may be held. */
const MEMORY = '32M'

/** Bytes between socket and socket, garbage not yet collected, the disk worker and its segments: measured 200 to 250 MiB. */
const MAX_RISE_MIB = 340

for (const assets of ['on', 'off']) {
  test(`P2: twelve answers of 30 MB at once reach their callers whole and fit into little memory (assets ${assets})`, async (context) => {
    const figures = await flood({
      answers: ANSWERS,
      pictureBytes: PICTURE_BYTES,
      environment: { PLANTAIN_IMAGE_MEMORY: MEMORY, PLANTAIN_ASSETS: assets },
    })

    context.diagnostic(JSON.stringify(figures))
    assert.ok(figures.rssRise <= MAX_RISE_MIB, `resident memory rose by ${figures.rssRise.toFixed(0)} MiB`)
    assert.ok(figures.heapRise <= 64, `the heap rose by ${figures.heapRise.toFixed(0)} MiB`)
  })
}

/** The limit of 64 MiB, and what fits between the two programs. */
const MAX_WRITTEN = 80 * 1024 * 1024

const LIES = {
  'that never ends': { pictureBytes: 3_000_000, lie: 'endless', says: /larger than 64 MiB/ },
  'longer than its content-length': { pictureBytes: 20_000_000, lie: '-1000000', says: /breaks off/ },
  'shorter than its content-length': { pictureBytes: 20_000_000, lie: '1000000', says: /broke off/ },
} as const

for (const [what, { pictureBytes, lie, says }] of Object.entries(LIES)) {
  test(`R5: an answer ${what} is cut, and nothing of it stays in memory`, async (context) => {
    // Five failures in a row would open the breaker.
    const together = 2
    const upstream = await startUpstream(pictureBytes, together, lie)
    const gateway = await startMeasured(upstream.url, {})
    try {
      const ask = async () =>
        await Promise.all(Array.from({ length: together }, async () => await call(gateway.url, gateway.keys.live)))
      const used = async (): Promise<number> => {
        await gateway.collect()
        const { heapUsed, arrayBuffers } = await gateway.vitals()
        return heapUsed + arrayBuffers
      }
      const { rss } = await gateway.vitals()
      await ask() // Code, the disk worker and its segments stay; they are no part of an answer.
      const idle = await used()

      const called = await ask()

      for (const { status, text } of called) assert.match(`${status} ${text}`, says)
      for (const bytes of await upstream.written()) assert.ok(bytes <= MAX_WRITTEN, `${bytes} bytes were taken`)
      let left = await used()
      for (let tries = 0; tries < 20 && left > idle + rss / 10; tries++) {
        await sleep(500)
        left = await used()
      }
      context.diagnostic(`${((left - idle) / 1024 / 1024).toFixed(1)} MiB more than when idle`)
      assert.ok(left <= idle + rss / 10, `${((left - idle) / 1024 / 1024).toFixed(0)} MiB are still held after 10 s`)
    } finally {
      await gateway.stop()
      await upstream.stop()
    }
  })
}
