import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

import { readAll } from '../../src/outbound/fetched.ts'
import type { FetchOptions } from '../../src/outbound/guarded-fetch.ts'
import { openSinkhole } from '../support/sinkhole.ts'
import { PUBLIC_ADDRESS, PUBLIC_HOST } from './matrix.ts'
import { outboundInto, publicCertificate } from './public-host.ts'
import { allClosed, get, visit, visitOf } from './visit.ts'

const SITE = `http://${PUBLIC_HOST}/`

describe('S5: an answer', () => {
  const png = { 'content-type': 'Image/PNG; charset=binary' }
  const ACCEPT = { accept: ['image/png'] }

  test('tells its type without parameters, its length and where it was found', async () => {
    await using sinkhole = await openSinkhole()
    const outbound = await outboundInto(sinkhole)
    await sinkhole.host(PUBLIC_HOST, [PUBLIC_ADDRESS], (_, response) =>
      response.writeHead(200, { ...png, 'content-length': 4 }).end('fine'),
    )

    const fetched = await get(outbound, `${SITE}a#b`)

    assert.ok(fetched.ok)
    const { url, mediaType, byteLength } = fetched.value
    assert.deepEqual({ url, mediaType, byteLength }, { url: `${SITE}a`, mediaType: 'image/png', byteLength: 4 })
    assert.ok((await readAll(fetched.value)).ok)
    await allClosed(sinkhole)
  })

  const REFUSED: readonly {
    what: string
    reason: string
    listener: RequestListener
    options?: Partial<FetchOptions>
  }[] = [
    {
      what: 'a status other than 200',
      reason: 'bad_status',
      listener: (_, response) => response.writeHead(206, png).end('!'),
    },
    {
      what: 'a page instead of a picture',
      reason: 'wrong_type',
      listener: (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('!'),
      options: ACCEPT,
    },
    { what: 'no type', reason: 'wrong_type', listener: (_, response) => response.end('!'), options: ACCEPT },
    {
      what: 'gzip that would be a thousand times as much',
      reason: 'encoded',
      listener: (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(1_000_000))),
    },
    {
      what: 'an encoding that nobody knows',
      reason: 'encoded',
      listener: (_, response) => response.setHeader('content-encoding', 'identity, br').end('!'),
    },
    {
      what: 'an encoding that is given twice',
      reason: 'encoded',
      listener: (_, response) => response.setHeader('content-encoding', ['gzip', 'gzip']).end('!'),
    },
    {
      what: 'two types',
      reason: 'wrong_type',
      listener: (_, response) => response.setHeader('content-type', ['image/gif', 'image/png']).end('!'),
      options: ACCEPT,
    },
    {
      what: 'two places to go to',
      reason: 'not_allowed',
      listener: (_, response) => response.writeHead(302, ['location', '/a', 'location', '/b']).end(),
    },
    {
      what: 'compression in the transfer',
      reason: 'encoded',
      listener: ({ socket }) =>
        socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n'),
    },
    {
      what: 'a length beyond the limit',
      reason: 'too_large',
      listener: (_, response) => response.setHeader('content-length', 1001).write('!'),
    },
    { what: 'more bytes than the limit', reason: 'too_large', listener: (_, response) => flood(response) },
    {
      what: 'more than 16 KiB of headers',
      reason: 'too_large',
      listener: (_, response) => response.setHeader('x-much', 'x'.repeat(17 * 1024)).end('!'),
    },
    {
      what: 'fewer bytes than it promised',
      reason: 'unreachable',
      listener: (_, response) => response.setHeader('content-length', 100).write('!', () => response.destroy()),
    },
    { what: 'no HTTP', reason: 'unreachable', listener: ({ socket }) => socket.end('SSH-2.0-OpenSSH_9.2\r\n') },
    { what: 'nothing', reason: 'unreachable', listener: ({ socket }) => socket.destroy() },
    { what: 'silence', reason: 'timeout', listener: () => {} },
    { what: 'a byte now and then', reason: 'timeout', listener: (_, response) => drip(response) },
  ]
  for (const { what, reason, listener, options = {} } of REFUSED) {
    test(`with ${what} is refused, the socket is closed, and nothing of it is told`, async () => {
      await using sinkhole = await openSinkhole()
      const outbound = await outboundInto(sinkhole, { totalMs: reason === 'timeout' ? 400 : 10_000 })
      await sinkhole.host(PUBLIC_HOST, [PUBLIC_ADDRESS], listener)

      const { result, message } = await visitOf(outbound, SITE, options)

      assert.equal(result, reason)
      assert.doesNotMatch(message, /!|SSH|html/)
      await allClosed(sinkhole)
    })
  }
})

describe('a fetch', () => {
  test('ends with its caller’s signal, before the answer and in the middle of it', async () => {
    for (const listener of [() => {}, drip] as const) {
      await using sinkhole = await openSinkhole()
      const outbound = await outboundInto(sinkhole)
      await sinkhole.host(PUBLIC_HOST, [PUBLIC_ADDRESS], (_, response) => listener(response))

      const { result } = await visitOf(outbound, SITE, { signal: AbortSignal.timeout(100) })

      assert.equal(result, 'timeout')
      await allClosed(sinkhole)
    }
  })

  test('that was given up before it began connects to nothing', async () => {
    const { result, asked } = await visit((_, response) => response.end('!'), SITE, {
      options: { signal: AbortSignal.abort() },
    })

    assert.equal(result, 'timeout')
    assert.deepEqual(asked, [])
  })

  test('whose body nobody reads is closed when the time is over', async () => {
    await using sinkhole = await openSinkhole()
    const outbound = await outboundInto(sinkhole, { totalMs: 200 })
    await sinkhole.host(PUBLIC_HOST, [PUBLIC_ADDRESS], (_, response) => drip(response))

    const fetched = await get(outbound, SITE)

    assert.ok(fetched.ok)
    await allClosed(sinkhole)
    const read = await readAll(fetched.value)
    assert.equal(!read.ok && read.error.reason, 'timeout')
  })

  test('whose reader leaves early is closed at once', async () => {
    for (const url of [SITE, SITE.replace('http:', 'https:')]) {
      await using sinkhole = await openSinkhole()
      const outbound = await outboundInto(sinkhole)
      await sinkhole.host(PUBLIC_HOST, [PUBLIC_ADDRESS], (_, response) => drip(response), publicCertificate)

      const fetched = await get(outbound, url)
      assert.ok(fetched.ok)
      for await (const piece of fetched.value.body) if (piece.length > 0) break

      await allClosed(sinkhole)
    }
  })

  test('under way is ended by closing the connector', async () => {
    await using sinkhole = await openSinkhole()
    const outbound = await outboundInto(sinkhole)
    await sinkhole.host(PUBLIC_HOST, [PUBLIC_ADDRESS], () => {})
    const fetching = get(outbound, SITE)
    while (sinkhole.open() === 0) await delay(10)

    await outbound.close()

    assert.equal((await fetching).ok, false)
    await allClosed(sinkhole)
  })
})

/** A byte every 20 ms, for as long as anybody listens. */
function drip(response: Parameters<RequestListener>[1]): void {
  const timer = setInterval(() => response.write('!'), 20)
  response.on('close', () => clearInterval(timer))
}

function flood(response: Parameters<RequestListener>[1]): void {
  for (let pieces = 0; pieces < 100; pieces += 1) response.write('!'.repeat(100))
  response.end()
}
