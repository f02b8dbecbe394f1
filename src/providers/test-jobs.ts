import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener } from 'node:http'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import type { Progress } from '../core/receipt.ts'
import type { Upstream } from './http.ts'
import { answer, callTo, CREDENTIAL, playback, withUpstream } from './playback.ts'
import type { Call, Provider } from './provider.ts'
import { QUICK } from './test-clock.ts'
import { bytesOf, failureOf, type RecordedFailure } from './test-fixtures.ts'
import { asked } from './test-requests.ts'

export const KITE = asked('a kite')
export const PICTURE = Buffer.alloc(70_000, 'picture')

/** What a provider answers to everything about one job. */
export type Play = (request: IncomingMessage) => RequestListener

/** A result that was recorded, `headers` where they matter. */
export type Ending = RecordedFailure & { readonly headers?: Readonly<Record<string, string>> }

export interface JobFixtures {
  readonly model: string
  readonly id: string
  /** Where it is asked after, its state first. */
  readonly places: readonly string[]
  /** Where its pictures are, if that is not below `/files/`. */
  readonly deliveries?: RegExp
  /** What is asked for by whoever resumes it, and nothing else. */
  readonly resumed: readonly string[]
  /** Where everything that is asked after stands, whatever id was given. */
  readonly within: RegExp
  /** A job that is done at once, one that never is, and one that ends badly. */
  done(): Play
  pending(): Play
  ended(ending: Ending): Play
  /** What the job says that it cost, where it says so. */
  readonly cost?: bigint
  readonly endings: readonly Ending[]
  /** What is no verdict where a state should be; at all places, unless one is named. */
  readonly troubles: readonly (readonly [name: string, trouble: RequestListener, place?: string])[]
  /** What is answered to somebody who asks after a job that is not known. */
  readonly unknown: RequestListener
}

/** For tests: an adapter that is answered by hand. */
export function adapterOf(make: (upstream: Upstream) => Provider, model: string) {
  async function use<T>(work: (provider: Provider) => Promise<T> | undefined): Promise<T> {
    return await withUpstream({}, async (upstream) => {
      const done = await work(make(upstream))
      assert.ok(done !== undefined)
      return done
    })
  }
  return {
    use,
    generate: (call: Call, request = KITE) => use((provider) => provider.generate(request, { ...call, model })),
    resume: (id: string, call: Call) => use((provider) => provider.resume?.(id, KITE, { ...call, model })),
    cancel: (id: string, call: Call) => use((provider) => provider.cancel?.(id, { ...call, model })),
    found: async (call: Call) => {
      const result = await use((provider) => provider.check?.({ ...call, model }))
      return result.ok ? result.value : `${result.error.kind}: ${result.error.message}`
    },
  }
}

export function quickCall(url: string, deadlineMs = 5_000): Call {
  return { ...callTo(url, { deadlineMs }), clock: QUICK }
}

export function playing(play: Play) {
  return playback((request, response) => play(request)(request, response))
}

/** A call that tells what its id was and what had been sent when it was written down, and what was told on the way. */
export function watchedCall({ url, requests }: Awaited<ReturnType<typeof playback>>) {
  const seen: string[] = []
  const progress: Progress[] = []
  const call: Call = {
    ...quickCall(url),
    submitted: async (upstreamId) => {
      await delay(50)
      seen.push(upstreamId, ...requests.map(({ method }) => method))
    },
    progress: (event) => progress.push(event),
  }
  return { call, seen, progress }
}

/** For tests: what every adapter of asynchronous jobs keeps when it is answered by hand. */
export function jobContract(make: (upstream: Upstream) => Provider, fixtures: JobFixtures): void {
  const { model, id, places, deliveries = /^\/files\//, done, pending, ended, endings, troubles } = fixtures
  const { generate, resume } = adapterOf(make, model)

  for (const ending of endings) {
    const { name, expect, says } = ending
    test(`that ends with ${name} is ${expect.kind}, billed ${expect.billed}`, async () => {
      await using server = await playing(ended(ending))

      const failure = failureOf(await generate(quickCall(server.url)))

      const { cost, ...rest } = expect
      assert.deepEqual({ ...failure, ...rest, upstreamId: id }, failure)
      // A provider that tells what a job costs tells it of one that failed, too, recorded or not.
      if (cost !== undefined || fixtures.cost === undefined)
        assert.equal(failure.cost, cost === undefined ? undefined : BigInt(cost))
      assert.ok(failure.message.includes(says), failure.message)
      assert.equal(server.requests.filter(({ method }) => method === 'POST').length, 1)
    })
  }

  for (const [name, trouble, only] of troubles) {
    test(`outlives ${name} where its state should be`, async () => {
      const play = done()
      const troubled = new Set<string>()
      await using server = await playing((request) => {
        const place = request.url ?? ''
        const isHit = places.includes(place) && place === (only ?? place) && !troubled.has(place)
        troubled.add(place)
        return isHit ? trouble : play(request)
      })

      assert.ok((await generate(quickCall(server.url))).ok)
      assert.equal(server.requests.filter(({ method }) => method === 'POST').length, 1)
    })
  }

  test('that is not done by the deadline is unknown, and keeps its id', async () => {
    await using server = await playing(pending())

    const failure = failureOf(await generate(quickCall(server.url, 300)))

    assert.deepEqual([failure.kind, failure.billed, failure.upstreamId], ['timeout', 'unknown', id])
  })

  test('of another process is asked after and fetched, never submitted', async () => {
    await using server = await playing(done())

    const resumed = await resume(id, quickCall(server.url))

    assert.ok(resumed.ok)
    assert.equal(resumed.value.cost, fixtures.cost)
    assert.ok(bytesOf(resumed.value.images[0]?.blob).equals(PICTURE))
    assert.deepEqual(
      server.requests.map(({ method, path }) => `${method} ${path}`),
      fixtures.resumed,
    )
    for (const { path, headers } of server.requests) {
      assert.equal(JSON.stringify(headers).includes(CREDENTIAL), !deliveries.test(path), path)
    }
  })

  for (const [what, listener, kind] of [
    ['that is not known, however often it is asked after,', fixtures.unknown, 'unavailable'],
    ['with a key that has been withdrawn', answer(401, '{}'), 'unauthorized'],
  ] as const) {
    test(`${what} is given up, and is unknown`, async () => {
      await using server = await playback(listener)

      const failure = failureOf(await resume(id, quickCall(server.url)))

      assert.deepEqual([failure.kind, failure.billed, failure.upstreamId], [kind, 'unknown', id])
      assert.equal(server.requests.length, 3)
    })
  }

  test('under an id that could lead elsewhere is asked after below its own place, or not at all', async () => {
    await using server = await playback(fixtures.unknown)
    for (const stray of ['../../secrets', 'https://example.com/v1/get_result?id=1', '?x', 'a/b', '..', '']) {
      assert.equal(failureOf(await resume(stray, quickCall(server.url))).billed, 'unknown', stray)
    }

    assert.deepEqual(
      server.requests.filter(({ path }) => !fixtures.within.test(path)),
      [],
    )
  })
}
