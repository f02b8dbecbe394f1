import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import type { Intake } from '../core/json-blob.ts'
import { makeGuardedFetch } from '../outbound/guarded-fetch.ts'
import type { ForeignFetch } from './download.ts'
import { makeUpstream, UPSTREAM_LIMITS, type UpstreamLimits } from './http.ts'
import { callTo, CREDENTIAL, cutOff, drip, playback } from './playback.ts'
import type { Call } from './provider.ts'
import { QUICK } from './test-clock.ts'
import { bytesOf } from './test-fixtures.ts'

const PICTURE = randomBytes(200_000)

describe('a picture handed over by its address', { concurrency: 6 }, () => {
  test('arrives to the byte, watched while it comes, and its host never learns the credential', async () => {
    await using server = await playback(file())
    const { intake, watched } = watcher()

    const { blob } = await downloaded(callTo(server.url, { intakeBytes: intake }), `${server.url}/files/a?sig=1`)

    assert.ok(blob && bytesOf(blob).equals(PICTURE))
    assert.deepEqual([blob.form, blob.mediaType], ['binary', 'image/png'])
    assert.deepEqual(watched, [{ sha256: sha256(PICTURE), ended: true, aborted: false }])
    assert.equal(server.requests[0]?.path, '/files/a?sig=1')
    assert.ok(!JSON.stringify(server.requests).includes(CREDENTIAL))
    assert.equal(server.requests[0]?.headers.authorization, undefined)
  })

  test('is fetched again when it breaks off, into a new intake, and the spoilt one is forgotten', async () => {
    const plays = [cutOff('x'.repeat(150_000)), status(503), file()]
    await using server = await playback((request, response) => (plays.shift() ?? status(500))(request, response))
    const { intake, watched } = watcher()
    const call = { ...callTo(server.url, { intakeBytes: intake }), clock: QUICK }

    const { blob } = await downloaded(call, `${server.url}/a`)

    assert.ok(blob && bytesOf(blob).equals(PICTURE))
    assert.deepEqual(
      watched.map(({ ended, aborted }) => [ended, aborted]),
      [
        [false, true],
        [true, false],
      ],
    )
    assert.equal(server.requests.length, 3)
  })

  const hopeless: readonly [what: string, play: RequestListener, tries: number, limits?: Partial<UpstreamLimits>][] = [
    ['is gone', status(404), 4],
    ['comes empty', (_, response) => response.writeHead(200).end(), 4],
    ['drips', drip('x'.repeat(1000)), 4, { paceMs: 60 }],
    ['does not come at all', () => {}, 4, { askMs: 100 }],
    ['is too large', file(), 1, { answerBytes: 100_000 }],
    ['comes compressed', (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'), 1],
    ['is somewhere else', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(), 1],
  ]
  for (const [what, play, tries, limits] of hopeless) {
    test(`that ${what} was paid for all the same, and is asked for ${tries === 1 ? 'once' : `${tries} times`}`, async () => {
      await using server = await playback(play)

      const call = { ...callTo(server.url, { deadlineMs: 20_000 }), clock: QUICK }

      const { failure } = await downloaded(call, `${server.url}/a`, { limits })

      assert.deepEqual([failure?.kind, failure?.billed], ['no_image', 'yes'])
      assert.equal(server.requests.length, tries)
    })
  }

  test('is not waited for beyond the deadline', async () => {
    await using server = await playback(() => {})

    const { failure } = await downloaded(callTo(server.url, { deadlineMs: 200 }), `${server.url}/a`)

    assert.deepEqual([failure?.kind, failure?.billed], ['timeout', 'yes'])
    await server.allClosed()
  })

  test('is asked for directly where the operator has named the host, and through the guarded connector elsewhere', async () => {
    await using base = await playback(file())
    await using host = await playback(file())
    const guarded: string[] = []
    const foreign: ForeignFetch = {
      get: async (url) => {
        guarded.push(url)
        return { ok: false, error: { reason: 'not_allowed', message: 'The URL is not one that may be fetched.' } }
      },
    }

    const named = await downloaded({ ...callTo(base.url), deliveryOrigins: [host.url] }, `${host.url}/a`, { foreign })
    const chosen = await downloaded(callTo(base.url), `${host.url}/a`, { foreign })
    const alone = await downloaded(callTo(base.url), `${host.url}/a`)

    assert.ok(named.blob && bytesOf(named.blob).equals(PICTURE))
    assert.deepEqual(guarded, [`${host.url}/a`])
    assert.equal(
      chosen.failure?.message,
      'The picture was made, but it could not be downloaded from 127.0.0.1: the URL is not one that may be fetched.',
    )
    assert.equal(alone.failure?.billed, 'yes')
    assert.deepEqual([base.requests.length, host.requests.length], [0, 1])
  })

  test('on a private address that a provider chose is refused by the real connector, unasked', async () => {
    await using base = await playback(file())
    await using host = await playback(file())
    const foreign = makeGuardedFetch({ clock: systemClock })
    try {
      for (const address of [host.url, host.url.replace('127.0.0.1', 'localhost'), 'http://169.254.169.254/latest']) {
        const { failure } = await downloaded(callTo(base.url), `${address}/a`, { foreign })

        assert.deepEqual([failure?.kind, failure?.billed], ['no_image', 'yes'])
      }
      assert.equal(host.connections(), 0)
    } finally {
      await foreign.close()
    }
  })

  test('under an address that is none, or that has a key in it, is refused unasked and not repeated', async () => {
    await using server = await playback(file())
    for (const address of ['', '/a', 'file:///etc/passwd', server.url.replace('//', '//me:secret@'), 'javascript:1']) {
      const { failure } = await downloaded(callTo(server.url), address)

      assert.equal(failure?.billed, 'yes')
      assert.ok(!failure?.message.includes('secret'))
    }
    assert.equal(server.requests.length, 0)
  })
})

interface Setting {
  readonly limits?: Partial<UpstreamLimits> | undefined
  readonly foreign?: ForeignFetch
}

async function downloaded(call: Call, address: string, { limits, ...parts }: Setting = {}) {
  const upstream = makeUpstream({ limits: { ...UPSTREAM_LIMITS, ...limits }, ...parts })
  try {
    const result = await upstream.download(call, address)
    return result.ok ? { blob: result.value } : { failure: result.error }
  } finally {
    await upstream.close()
  }
}

function file(): RequestListener {
  return (_, response) =>
    response.writeHead(200, { 'content-type': 'image/png', 'content-length': PICTURE.length }).end(PICTURE)
}

function status(code: number): RequestListener {
  return (_, response) => response.writeHead(code).end('no')
}

function watcher() {
  const watched: { sha256: string; ended: boolean; aborted: boolean }[] = []
  const intake = (): Intake => {
    const hash = createHash('sha256')
    const record = { sha256: '', ended: false, aborted: false }
    watched.push(record)
    return {
      write: (part) => void hash.update(part),
      end: () => {
        record.ended = true
        record.sha256 = hash.digest('hex')
      },
      abort: () => {
        record.aborted = true
      },
    }
  }
  return { intake, watched }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
