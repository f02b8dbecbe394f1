import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import type { Clock } from '../core/clock.ts'
import { JsonBlob, type JsonValue } from '../core/json-blob.ts'
import { ANSWER_LIMITS } from '../core/json-blobs.ts'
import { err, ok, type Result } from '../core/result.ts'
import { watchBody } from './answer-body.ts'
import { readEvents } from './events.ts'
import { type Answer, statusFailure } from './failure.ts'
import type { EventRequest } from './http.ts'
import { callTo, playback, withUpstream } from './playback.ts'
import type { UpstreamFailure } from './provider.ts'
import { bytesOf, failureOf } from './test-fixtures.ts'
import { StreamClock } from './stream-clock.ts'

describe('server-sent events', () => {
  const cases: readonly [what: string, stream: string, data: readonly JsonValue[]][] = [
    ['in the usual form', 'event: a\ndata: {"n":1}\n\nevent: b\ndata: {"n":2}\n\n', [{ n: 1 }, { n: 2 }]],
    [
      'with carriage returns and line feeds',
      'event: a\r\ndata: {"n":1}\r\n\r\ndata: {"n":2}\r\n\r\n',
      [{ n: 1 }, { n: 2 }],
    ],
    ['with carriage returns alone', 'data: {"n":1}\r\rdata: {"n":2}\r\r', [{ n: 1 }, { n: 2 }]],
    ['without the space', 'data:{"n":1}\n\n', [{ n: 1 }]],
    ['with data in several lines', 'data: {"a":\ndata: 1,\ndata:"b":2}\n\n', [{ a: 1, b: 2 }]],
    ['among comments and other fields', ': hello\n\nid: 7\nretry: 10\ndata: 1\n: there\nfoo\ndata: \n\n', [1]],
    ['with a byte order mark', '\u{feff}data: {"n":1}\n\n', [{ n: 1 }]],
    ['that are not JSON are passed over', 'data: [DONE\n\ndata: words\n\ndata: {"n":1}\n\n', [{ n: 1 }]],
    ['without a blank line at the end', 'data: {"n":1}\n\ndata: {"n":2}', [{ n: 1 }, { n: 2 }]],
    ['that break off are passed over', 'data: {"n":1}\n\ndata: {"n":', [{ n: 1 }]],
    ['without data are none', 'event: ping\n\nevent: pong\ndata\n\ndata: 3\n\n', [3]],
    ['by fields that only begin alike', 'dat: 1\n\ndatas: 2\n\ndata : 3\n\n', []],
  ]
  for (const [what, stream, data] of cases) {
    test(what, async () => {
      const bytes = Buffer.from(stream)
      for (const size of [1, 2, 3, 7, bytes.length]) {
        assert.deepEqual(
          (await read(inPieces(bytes, size))).map((event) => event.data),
          data,
          `in pieces of ${size}`,
        )
      }
    })
  }

  test('are named by the line before their data, for those who watch', async () => {
    const names: (string | undefined)[] = []
    const stream = 'event: a\ndata: 1\n\ndata: 2\n\nevent:b\nevent: c\ndata: 3\n\nevent: lost\n\ndata: 4\n\n'

    await read(inPieces(Buffer.from(stream), 5), (name) => names.push(name))

    assert.deepEqual(names, ['a', undefined, 'c', undefined])
  })

  test('keep the beginning of their data for whoever has to explain them', async () => {
    const [event] = await read(inPieces(Buffer.from(`data: {"a":"${'é'.repeat(9_000)}"}\n\n`), 1_000))

    assert.ok(event?.raw.startsWith('{"a":"éé'))
    assert.ok(Buffer.byteLength(event?.raw ?? '') <= 4_100)
  })

  test('of megabytes on one line stay bytes', async () => {
    const pieces = 500
    const heap = () => process.memoryUsage().heapUsed
    let peak = 0
    async function* arriving(): AsyncGenerator<Buffer> {
      yield Buffer.from('event: final\ndata: {"b64_json":"')
      for (let sent = 0; sent < pieces; sent += 1) {
        yield Buffer.alloc(65_536, 'A')
        peak = Math.max(peak, heap())
      }
      yield Buffer.from('"}\n\n')
    }
    const before = heap()

    const [event] = await read(arriving())

    assert.equal(pictureIn(event?.data).byteLength, pieces * 65_536)
    const risen = Math.max(peak, heap()) - before
    assert.ok(risen < 12 * 1024 * 1024, `the heap rose by ${Math.round(risen / 1024)} KiB for a picture of 32 MiB`)
  })

  test('are read up to four times the size of one answer, and no further', async () => {
    let sent = 0
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        sent += 1
        yield Buffer.from(`data: "${'x'.repeat(990)}"\n\n`)
      }
    }

    const events = await read(endless(), () => {}, 10_000)

    assert.equal(events.length, 40)
    assert.ok(sent < 50)
  })
})

describe('a stream as an answer', { concurrency: 3 }, () => {
  test('may be silent between its events for as long as the picture takes', async () => {
    const result = await asked(
      (_, response) => {
        begin(response)
        response.write('data: {"n":1}\n\n')
        // The client's own timer for silence ticks no faster than this.
        setTimeout(() => response.write('data: {"last":true}\n\n'), 1_300)
      },
      { silenceMs: 100, paceMs: 100 },
    )

    assert.deepEqual(result, ok(2))
  })

  test('is ended when an event drips', async () => {
    const result = await asked(
      (_, response) => {
        begin(response)
        response.write('data: {"a":"')
        const timer = setInterval(() => response.write('x'), 20)
        response.on('close', () => clearInterval(timer))
      },
      { paceMs: 150 },
    )

    const failure = failureOf(result)
    assert.deepEqual([failure.kind, failure.billed], ['no_image', 'yes'])
    assert.match(failure.message, /too slowly/)
  })

  test('is ended by the deadline, and its socket closed', async () => {
    const result = await asked(
      (_, response) => {
        begin(response)
        response.write('data: {"n":1}\n\n')
      },
      {},
      250,
    )

    const failure = failureOf(result)
    assert.deepEqual([failure.kind, failure.billed, failure.status], ['timeout', 'unknown', 200])
  })

  test('is left after its last event, whether or not the provider ends it', async () => {
    const startedAt = performance.now()
    const result = await asked((_, response) => {
      begin(response)
      response.write('data: {"last":true}\n\n')
      const timer = setInterval(() => response.write(': still here\n\n'), 20)
      response.on('close', () => clearInterval(timer))
    })

    assert.deepEqual(result, ok(1))
    assert.ok(performance.now() - startedAt < 2_000)
  })

  test('is read to its end where that is near, so that its socket is used again', async () => {
    await using server = await playback((_, response) => {
      begin(response)
      response.write('data: {"last":true}\n\n')
      setTimeout(() => response.end('data: [DONE]\n\n'), 30)
    })

    await withUpstream({}, async (upstream) => {
      for (let calls = 0; calls < 2; calls += 1) {
        assert.deepEqual(await upstream.requestEvents(callTo(server.url), counting()), ok(1))
        await delay(10)
      }
    })

    assert.equal(server.connections(), 1)
  })

  test('that breaks off says how far it came', async () => {
    const result = await asked((_, response) => {
      begin(response)
      response.write('data: {"n":1}\n\nda')
      setTimeout(() => response.destroy(), 30)
    })

    const failure = failureOf(result)
    assert.deepEqual([failure.kind, failure.billed], ['no_image', 'yes'])
    assert.match(failure.message, /broke off/)
    assert.equal(failure.raw, 'data: {"n":1}\n\nda')
  })

  test('only lets events by the right name be watched', async () => {
    const base64 = Buffer.alloc(9_000, 'picture').toString('base64')
    const watched: Buffer[] = []
    const intake = () => ({ write: (part: Buffer) => void watched.push(part), end: () => {}, abort: () => {} })
    await using server = await playback((_, response) => {
      begin(response)
      const shown = JSON.stringify({ picture: Buffer.alloc(9_000, 'preview').toString('base64') })
      response.end(`event: shown\ndata: ${shown}\n\nevent: done\ndata: {"picture":"${base64}","last":true}\n\n`)
    })

    const result = await withUpstream({}, (upstream) =>
      upstream.requestEvents(callTo(server.url, { intake }), {
        ...counting(),
        isFinal: (name) => name === 'done',
        pictures: (path) => path.at(-1) === 'picture',
      }),
    )

    assert.deepEqual(result, ok(2))
    assert.equal(Buffer.concat(watched).toString('latin1'), base64)
  })
})

test('the clock of a stream stands still while nothing is expected of it', async () => {
  let now = 0
  const clock: Clock = { now: () => now, monotonic: () => now, sleep: () => Promise.reject(new Error('nobody sleeps')) }
  const pace = new StreamClock(clock)
  const limits = { paceBytesPerSecond: 100, paceMs: 1_000 }
  async function* arriving(): AsyncGenerator<Buffer> {
    for (let events = 0; events < 3; events += 1) {
      now += 600_000
      yield Buffer.from('data: "')
      for (let pieces = 0; pieces < 20; pieces += 1) {
        now += 100
        yield Buffer.from('twelve bytes')
      }
      yield Buffer.from('"\n\n')
    }
  }
  const body = watchBody(arriving(), limits, pace)
  const bytes = body.bytes[Symbol.asyncIterator]()

  const events = []
  for await (const event of readEvents(bytes, {
    limits: ANSWER_LIMITS,
    intakeOf: () => () => undefined,
    memory: undefined,
    pace,
  })) {
    events.push(event)
  }

  assert.deepEqual([events.length, body.problem()], [3, undefined])
  assert.ok(pace.monotonic() < 7_000, 'it has run for the events alone')
})

test('a blob of an event is what was sent', async () => {
  const picture = Buffer.alloc(50_000, 'p')
  const stream = Buffer.from(`data: {"b64_json":"${picture.toString('base64')}"}\r\n\r\n`)

  for (const size of [1_000, 4_099, stream.length]) {
    const [event] = await read(inPieces(stream, size))
    assert.ok(bytesOf(pictureIn(event?.data)).equals(picture))
  }
})

async function read(
  source: AsyncGenerator<Buffer>,
  watch: (name: string | undefined) => void = () => {},
  maxBytes = ANSWER_LIMITS.maxBytes,
) {
  const intakeOf = (name: string | undefined) => {
    watch(name)
    return () => undefined
  }
  const events = []
  for await (const event of readEvents(source, { limits: { ...ANSWER_LIMITS, maxBytes }, intakeOf })) events.push(event)
  return events
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function pictureIn(data: JsonValue | undefined): JsonBlob {
  assert.ok(typeof data === 'object' && data !== null && 'b64_json' in data)
  const { b64_json: picture } = data
  assert.ok(picture instanceof JsonBlob && picture.form === 'base64')
  return picture
}

/** Says of the event that calls itself the last how many came up to it. */
function counting(): EventRequest<number> {
  let events = 0
  return {
    path: '/x',
    headers: {},
    body: {},
    isFinal: () => false,
    event({ value }) {
      events += 1
      return (value as { last?: boolean }).last === true ? ok(events) : undefined
    },
    read: (answer: Answer) => err(statusFailure(answer, callTo('').clock)),
  }
}

function begin(response: Parameters<RequestListener>[1]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
}

async function asked(
  play: RequestListener,
  limits: { silenceMs?: number; paceMs?: number } = {},
  deadlineMs = 5_000,
): Promise<Result<number, UpstreamFailure>> {
  await using server = await playback(play)
  return await withUpstream(limits, async (upstream) => {
    const result = await upstream.requestEvents(callTo(server.url, { deadlineMs }), counting())
    // Each of these streams is one that nobody ended: only this side can have closed the socket.
    await server.allClosed()
    return result
  })
}
