import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

import { sha256 } from '../support/pictures.ts'
import type { Mishap } from '../support/road.ts'
import type { Experiment, Figures, Stage } from './experiment.ts'
import { answered, brokenAnswers, endless, goodAnswer, oddAnswers, redirectTo } from './raw-answers.ts'
import { attemptsOf, openScene } from './scene.ts'

/** The simulator's own faults that R4 means besides the raw ones. */
const SIMULATED = [
  'html',
  'invalid-json',
  'truncate=100000',
  'cut=100000',
  'bad-base64',
  'not-an-image',
  'corrupt-image',
]

const LIMIT = 64 * 1024 * 1024
const ABOVE_LIMIT = 4 * LIMIT
/** What the sockets between the two hold at most. */
const IN_BUFFERS = 16 * 1024 * 1024

/** Answers that are none, and answers that lead elsewhere. */
export const BROKEN: readonly Experiment[] = [
  {
    promise: 'R4',
    claim:
      'no broken answer is ever forwarded as a success: 502, with the name of the provider and the id of the request',
    async run(stage) {
      const good = await goodAnswer(stage.simulator)
      const simulated = SIMULATED.map((fault) => [fault, { fault }] as const)
      const figures = await rejectAll(stage, [...Object.entries(brokenAnswers(good)), ...simulated])
      await using scene = await openScene(stage)
      for (const [name, mishap] of Object.entries(oddAnswers(good))) {
        scene.roads.google.meet(mishap)
        const bought = await scene.buy()
        assert.equal(bought.status, 200, `${name}: ${bought.text.slice(0, 300)}`)
        assert.equal(sha256(pictureIn(bought.text)), sha256(pictureOf(good)), name)
      }
      return figures
    },
  },
  {
    promise: 'R5',
    claim: 'an answer above 64 MB, or of another length than it says, is cut off and never taken for a picture',
    async run(stage) {
      const good = await goodAnswer(stage.simulator)
      const broken = brokenAnswers(good)
      const chunked = endless('chunked')
      const announced = endless(ABOVE_LIMIT)
      const figures = await rejectAll(stage, [
        ['endless chunks', chunked.mishap],
        ['endless, with a length above the limit', announced.mishap],
        ['more than its length says', broken['a content-length that is too short'] as Mishap],
        ['less than its length says', broken['a content-length that is too long'] as Mishap],
      ])
      for (const bytes of [chunked.sentBytes(), announced.sentBytes()])
        assert.ok(bytes <= LIMIT + IN_BUFFERS, `cut off after ${bytes} bytes`)
      return { ...figures, cutAfterMiB: Math.round(chunked.sentBytes() / 1024 / 1024) }
    },
  },
  {
    promise: 'R6',
    claim: 'redirects are not followed, and the credential is sent nowhere else',
    async run(stage) {
      const elsewhere = await openElsewhere()
      for (const status of [301, 302, 303, 307, 308]) {
        await using scene = await openScene({ ...stage, providers: ['google', 'openrouter'] })
        scene.roads.google.always(redirectTo(status, `${elsewhere.url}/v1beta/models/x:generateContent`))
        scene.roads.openrouter.always(redirectTo(status, `${elsewhere.url}/api/v1/images`))
        const bought = await scene.buy()
        assert.equal(bought.status, 502, `${status}`)
        assert.deepEqual(attemptsOf(bought), ['google not_billed', 'openrouter not_billed'])
      }
      // A queue that wants to be asked elsewhere, and a picture that lies there.
      await using scene = await openScene({ ...stage, providers: ['fal'] })
      scene.roads.fal.meet(
        answered(
          'HTTP/1.1 200 OK',
          JSON.stringify({
            status: 'IN_QUEUE',
            request_id: '019a0000-aaaa-7bbb-8ccc-0123456789ab',
            response_url: `${elsewhere.url}/result`,
            status_url: `${elsewhere.url}/status`,
            cancel_url: `${elsewhere.url}/cancel`,
          }),
          0n,
          'content-type: application/json',
        ),
      )
      const bought = await scene.buy()
      assert.equal(bought.status, 502)
      assert.deepEqual(elsewhere.requests, [], 'nobody came')
      await elsewhere.close()
      return { redirects: 11, followed: elsewhere.requests.length }
    },
  },
]

/** All of them from the only provider there is: it is called as the last resort, however often it has failed. */
async function rejectAll(stage: Stage, answers: readonly (readonly [string, Mishap])[]): Promise<Figures> {
  await using scene = await openScene(stage)
  const slowest = { ms: 0, name: '' }
  let lost = 0n
  for (const [name, mishap] of answers) {
    scene.roads.google.meet(mishap)
    // Words of its own, since a request that keeps failing is not sent again.
    const bought = await scene.buy({ body: { prompt: `a heron at dusk, and ${name}` } })
    assert.equal(bought.status, 502, `${name}: ${bought.status} ${bought.text.slice(0, 300)}`)
    assert.equal(bought.error?.provider, 'Google AI Studio', name)
    assert.ok(bought.error?.requestId, name)
    assert.equal(attemptsOf(bought).length, 1, `${name}: ${attemptsOf(bought).join()}`)
    assert.match(attemptsOf(bought)[0] ?? '', / (billed_no_output|unknown)$/, name)
    assert.deepEqual([bought.receipt?.delivered, bought.receipt?.charge_usd], [0, '0'], name)
    const { revenue, loss } = await scene.books()
    assert.equal(revenue, 0n)
    assert.ok(loss > lost, `${name}: what may have been billed is booked`)
    lost = loss
    if (bought.ms > slowest.ms) Object.assign(slowest, { ms: Math.round(bought.ms), name })
  }
  return { answers: answers.length, forwarded: 0, slowestMs: slowest.ms, slowest: slowest.name }
}

function pictureOf(answer: string): Buffer {
  return Buffer.from(/"data": ?"([^"]+)"/.exec(answer)?.[1] ?? '', 'base64')
}

function pictureIn(answer: string): Buffer {
  return Buffer.from(/"b64_json": ?"([^"]+)"/.exec(answer)?.[1] ?? '', 'base64')
}

/** A host that nobody should ask, least of all with a key. */
async function openElsewhere() {
  const requests: { readonly url: string; readonly headers: IncomingHttpHeaders }[] = []
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? '', headers: request.headers })
    response.end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => new Promise((closed) => server.close(closed)),
  }
}
