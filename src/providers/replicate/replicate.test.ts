import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import type { JsonValue } from '../../core/json-blob.ts'
import { err } from '../../core/result.ts'
import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import { bytesOf, failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { adapterOf, jobContract, KITE, PICTURE, type Play, playing, quickCall, watchedCall } from '../test-jobs.ts'
import { asked } from '../test-requests.ts'
import { reference } from '../test-submissions.ts'
import { REPLICATE } from './entry.ts'
import { makeReplicate } from './provider.ts'

const MODEL = 'black-forest-labs/flux-2-pro'
const SUBMITTED = fixture('prediction.json')
const ID = 'k7m2c8v1x9rgp0cmq3tbz4w5yd'
const ASKED = `/predictions/${ID}`
const { generate, found } = adapterOf(makeReplicate, MODEL)

providerContract(makeReplicate, {
  model: MODEL,
  path: `/models/${MODEL}/predictions`,
  credentialHeader: ['authorization', (credential) => `Bearer ${credential}`],
  smallestBody: { input: { prompt: 'a red fox' } },
  answerWith: (base64) => SUBMITTED.replace('{{picture}}', base64),
  freeAnswer: (request, picture) => prediction({ picture })(request),
  deliveries: /^\/files\//,
  failures: JSON.parse(fixture('submit-errors.json')) as RecordedFailure[],
  traits: REPLICATE.traits,
  ableModels: {
    mask: 'black-forest-labs/flux-fill-pro',
    negativePrompt: 'qwen/qwen-image',
    mostPerCall: 'minimax/image-01',
  },
})

describe('a prediction', { concurrency: 4 }, () => {
  test('is written down before it is first asked after, told of while it is worked on, and fetched once it succeeded', async () => {
    const bar = (percent: number) => `Using seed: 7\n  0%|          | 0/28\n ${percent}%|####      | 13/28`
    const states = [
      { status: 'starting' },
      { status: 'processing', logs: bar(46) },
      { status: 'processing', logs: `${'x'.repeat(8_000)}${bar(75)}` },
      { status: 'succeeded', version: 'c0ffee', output: ['{files}/1', '{files}/2'] },
    ]
    await using server = await playing(prediction({ states }))
    const { call, seen, progress } = watchedCall(server)

    const generated = await generate(call)

    assert.ok(generated.ok)
    assert.deepEqual(seen, [ID, 'POST'])
    assert.deepEqual(
      generated.value.images.map(({ blob }) => bytesOf(blob).equals(PICTURE)),
      [true, true],
    )
    assert.deepEqual([generated.value.upstreamId, generated.value.modelVersion], [ID, 'c0ffee'])
    assert.deepEqual(progress, [
      { type: 'status', message: 'The prediction is starting.' },
      { type: 'status', message: 'The prediction is processing.', fraction: 0.46 },
      { type: 'status', message: 'The prediction is processing.', fraction: 0.75 },
    ])
  })

  const long = Buffer.alloc(30_000, 'p')
  const outputs: readonly [what: string, output: JsonValue, pictures: readonly Buffer[]][] = [
    ['one address', '{files}/1', [PICTURE]],
    ['addresses within an object', { images: [{ url: '{files}/1' }], seed: 7, text: 'a fox' }, [PICTURE]],
    ['a short data URI', 'data:image/png;base64,QUFB', [Buffer.from('AAA')]],
    ['a long data URI', [`data:image/png;base64,${long.toString('base64')}`], [long]],
    ['an address of which nothing can be had, and a good one', ['https://elsewhere.test/1', '{files}/1'], [PICTURE]],
  ]
  for (const [what, output, pictures] of outputs) {
    test(`may have as its output ${what}`, async () => {
      await using server = await playing(prediction({ states: [{ status: 'succeeded', output }] }))

      const generated = await generate(quickCall(server.url))

      assert.ok(generated.ok)
      assert.deepEqual(
        generated.value.images.map(({ blob }) => bytesOf(blob)),
        pictures,
      )
    })
  }

  test('of which no picture can be had was paid for', async () => {
    await using server = await playing(
      prediction({ states: [{ status: 'succeeded', output: ['https://elsewhere.test/1'] }] }),
    )

    const failure = failureOf(await generate(quickCall(server.url)))

    assert.deepEqual([failure.kind, failure.billed, failure.upstreamId], ['no_image', 'yes', ID])
  })

  jobContract(makeReplicate, {
    model: MODEL,
    id: ID,
    places: [ASKED],
    resumed: [`GET ${ASKED}`, 'GET /files/1'],
    within: /^\/predictions\/[^/?]+$/,
    done: () => prediction({}),
    pending: () => prediction({ states: [{ status: 'processing' }] }),
    ended:
      ({ status = 200, body }) =>
      ({ method }) =>
        method === 'POST' ? answer(201, SUBMITTED) : answer(status, JSON.stringify({ id: ID, ...(body as object) })),
    endings: JSON.parse(fixture('endings.json')) as RecordedFailure[],
    troubles: [
      ['a reset', (_, response) => response.socket?.resetAndDestroy()],
      ['a page of an edge', answer(502, '<html>Bad gateway</html>')],
      ['a limit on questions', answer(429, '{"detail":"Request was throttled.","status":429}')],
      ['an id that is not known yet', answer(404, '{"detail":"Not found","status":404}')],
      ['a status that nobody has heard of', answer(200, `{"id":"${ID}","status":"dreaming"}`)],
    ],
    unknown: answer(404, '{"detail":"Not found"}'),
  })
})

describe('a submission', { concurrency: 4 }, () => {
  test('of a community’s model names its version', async () => {
    const version = 'c6b5d2b7459910fec94432e9e1203c3cdce92d6db20f714f1355747990b52fa6'
    await using server = await playing(prediction({ states: [{ status: 'aborted' }] }))

    await adapterOf(makeReplicate, `nvidia/sana:${version}`).generate(callTo(server.url))

    const [sent] = server.requests
    assert.deepEqual([sent?.path, bodyOf(sent)], ['/predictions', { version, input: { prompt: 'a kite' } }])
  })

  for (const model of ['flux-2-pro', 'a/b/c', 'a/b?x', '../b', 'a/b:latest', 'a/..']) {
    test(`of ${model} is refused unsent`, async () => {
      await using server = await playback(answer(500, '{}'))

      const failure = failureOf(await adapterOf(makeReplicate, model).generate(callTo(server.url)))

      assert.deepEqual([failure.kind, failure.billed, server.requests.length], ['rejected', 'no', 0])
    })
  }

  for (const [deadlineMs, told] of [
    [30_000, '30s'],
    [1_000, '5s'],
  ] as const) {
    test(`with ${deadlineMs} ms left is to be given up after ${told}`, async () => {
      await using server = await playback(answer(422, '{"title":"x","detail":"no","status":422}'))

      await generate(callTo(server.url, { deadlineMs }))

      assert.equal(server.requests[0]?.headers['cancel-after'], told)
    })
  }

  test('tells its hook where there is one, and is woken by it', async () => {
    await using server = await playing(
      prediction({ states: [{ status: 'starting' }, { status: 'succeeded', output: '{files}/1' }] }),
    )
    const hook = { url: 'http://gateway.test/hooks/1', called: async () => {} }
    const begun = performance.now()

    const generated = await generate({ ...callTo(server.url), hook })

    assert.ok(generated.ok)
    assert.ok(performance.now() - begun < 250)
    assert.deepEqual(bodyOf(server.requests[0]), {
      input: { prompt: 'a kite' },
      webhook: hook.url,
      webhook_events_filter: ['completed'],
    })
  })

  test('tells Replicate itself of no hook without encryption', async () => {
    const bodies: unknown[] = []
    await withUpstream({}, async (upstream) => {
      const watched = makeReplicate({
        ...upstream,
        postJson: async (_, { body }) => {
          bodies.push(body)
          return err({ kind: 'rejected', billed: 'no', message: '', raw: '' })
        },
      })
      for (const url of ['http://gateway.test/1', 'https://gateway.test/1']) {
        const hook = { url, called: async () => {} }
        await watched.generate(KITE, { ...callTo('https://api.replicate.com/v1'), model: MODEL, hook })
      }
    })

    const input = { prompt: 'a kite' }
    const told = { input, webhook: 'https://gateway.test/1', webhook_events_filter: ['completed'] }
    assert.deepEqual(bodies, [{ input }, told])
  })

  test('that is too large is refused with the names of its pictures', async () => {
    await using server = await playback(answer(413, '{"detail":"Request entity too large","status":413}'))
    const request = asked('x', [reference('AAA')])

    const failure = failureOf(await generate(callTo(server.url), request))

    assert.deepEqual([failure.kind, failure.billed], ['rejected', 'no'])
    assert.match(failure.message, /input_references\[0\]/)
  })
})

for (const [account, says] of [
  ['{"type":"user","username":"fox","name":"A Fox"}', 'the key is good, of the user “fox”; credit is not told'],
  ['{}', 'the key is good; credit is not told'],
] as const) {
  test(`the free question reads ${account}`, async () => {
    await using server = await playback(answer(200, account))

    assert.equal(await found(callTo(server.url)), says)
    assert.equal(server.requests[0]?.path, '/account')
  })
}

interface Scene {
  /** One after the other; the last stays. `{files}` is where pictures are. */
  readonly states?: readonly Readonly<Record<string, JsonValue>>[]
  readonly picture?: Buffer
}

/** What is answered to everything about one prediction. */
function prediction({ states = [{ status: 'succeeded', output: '{files}/1' }], picture = PICTURE }: Scene): Play {
  let asks = 0
  return (request) => {
    if (request.method === 'POST') return answer(201, SUBMITTED)
    if (request.url === ASKED) {
      const state = JSON.stringify({ id: ID, ...states[Math.min(asks++, states.length - 1)] })
      return answer(200, state.replaceAll('{files}', `http://${request.headers.host}/files`))
    }
    if (!/^\/files\/\d$/.test(request.url ?? '')) return answer(404, '{"detail":"Not found"}')
    return (_, response) => response.writeHead(200, { 'content-type': 'image/webp' }).end(picture)
  }
}

function bodyOf(sent: { readonly body: string } | undefined): unknown {
  return JSON.parse(sent?.body ?? 'null')
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
