import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import { usd } from '../../core/money.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { bytesOf, failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { OPENAI_COMPATIBLE } from './entry.ts'

interface Fixture {
  readonly model: string
  readonly path: string
  readonly body: object
}

const WORDS = { path: '/v1/images/generations' } as const
const SERVERS: Readonly<Record<string, Fixture>> = {
  together: {
    ...WORDS,
    model: 'black-forest-labs/FLUX.1-schnell',
    body: { model: 'black-forest-labs/FLUX.1-schnell', prompt: 'a red fox', response_format: 'base64' },
  },
  deepinfra: {
    model: 'black-forest-labs/FLUX-1-schnell',
    path: '/v1/inference/black-forest-labs/FLUX-1-schnell',
    body: { prompt: 'a red fox' },
  },
  vllm: { ...WORDS, model: 'Qwen/Qwen-Image', body: { model: 'Qwen/Qwen-Image', prompt: 'a red fox' } },
  sglang: {
    ...WORDS,
    model: 'Qwen/Qwen-Image',
    body: { model: 'Qwen/Qwen-Image', prompt: 'a red fox', response_format: 'b64_json' },
  },
  localai: { ...WORDS, model: 'mine', body: { model: 'mine', prompt: 'a red fox', response_format: 'b64_json' } },
  'sd-cpp': { ...WORDS, model: 'sd-cpp-local', body: { prompt: 'a red fox' } },
  'openai-compatible': { ...WORDS, model: 'any', body: { model: 'any', prompt: 'a red fox' } },
}
const REPLIES = JSON.parse(fixture('replies.json')) as Record<string, object>
const FAILURES = JSON.parse(fixture('failures.json')) as Record<string, readonly RecordedFailure[]>
const REQUEST = { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }] } as const

describe('one adapter, several servers:', { concurrency: 3 }, () => {
  for (const [slug, { model, path, body }] of Object.entries(SERVERS)) {
    const entry = entryOf(slug)
    describe(slug, () => {
      providerContract(entry.make, {
        model,
        path,
        credentialHeader: ['authorization', (credential) => `Bearer ${credential}`],
        smallestBody: body,
        answerWith: (base64) => JSON.stringify(REPLIES[slug]).replace('{{picture}}', base64),
        failures: FAILURES[slug] ?? [],
        traits: entry.traits,
      })
    })
  }
})

test('every kind of server has its contract', () => {
  assert.deepEqual(Object.keys(SERVERS).toSorted(), Object.keys(OPENAI_COMPATIBLE).toSorted())
})

describe('an answer', () => {
  const picture = Buffer.alloc(9_000, 'picture')
  const base64 = picture.toString('base64')
  const file = answer(200, picture.toString('latin1'), 'image/png')

  const forms: readonly (readonly [what: string, data: object])[] = [
    ['a picture in base64', { b64_json: base64 }],
    ['a short picture in base64', { b64_json: Buffer.from('tiny').toString('base64') }],
    ['a data URL', { url: `data:image/png;base64,${base64}` }],
    ['a short data URL', { url: 'data:image/png;base64,dGlueQ==' }],
    ['an address', { url: '{{origin}}/generated-images/a.png' }],
    ['an address without a host', { url: '/v1/images/5f/content?variant=1' }],
  ]
  for (const [what, data] of forms) {
    test(`with ${what} has the picture`, async () => {
      await using server = await playback((request, response) => {
        const text = JSON.stringify({ data: [data] }).replace('{{origin}}', `http://${request.headers.host}`)
        const listener = request.method === 'POST' ? answer(200, text) : file
        listener(request, response)
      })

      const generated = await generate('localai', callTo(server.url))

      assert.ok(generated.ok)
      const made = bytesOf(generated.value.images[0]?.blob)
      assert.ok(made.equals(what.startsWith('a short') ? Buffer.from('tiny') : picture))
      assert.ok(server.requests.slice(1).every(({ headers }) => headers.authorization === undefined))
    })
  }

  test('of which one picture cannot be had hands over the others', async () => {
    await using server = await playback((request, response) => {
      const data = [{ b64_json: base64 }, { url: '/gone.png' }, { b64_json: null }, { url: 'ftp://somewhere/a.png' }]
      const listener = request.method === 'POST' ? answer(200, JSON.stringify({ data })) : answer(404, '', 'text/plain')
      listener(request, response)
    })

    const generated = await generate('localai', callTo(server.url, { deadlineMs: 700 }))

    assert.ok(generated.ok)
    assert.equal(generated.value.images.length, 1)
  })

  test('has the flagged pictures taken out, and tells cost, id and model', async () => {
    const images = ['one', 'two', 'three'].map(
      (text) => `data:image/png;base64,${Buffer.from(text).toString('base64')}`,
    )
    const body = {
      ...REPLIES['deepinfra'],
      images: [images[0], null, images[1], images[2]],
      nsfw_content_detected: [false, false, true, false],
    }
    await using server = await playback(answer(200, JSON.stringify(body)))

    const generated = await generate('deepinfra', callTo(server.url))

    assert.ok(generated.ok)
    const { images: made, cost, upstreamId } = generated.value
    assert.deepEqual(
      [made.map(({ blob }) => bytesOf(blob).toString()), made[0]?.mediaType],
      [['one', 'three'], 'image/png'],
    )
    assert.deepEqual([cost, upstreamId], [usd('0.0005'), 'RZx0pV3nq'])
  })

  test('has the tokens that were counted, and none where nothing was', async () => {
    for (const [slug, expected] of [
      [
        'openai-compatible',
        {
          inputTokens: 31,
          inputTextTokens: 21,
          inputImageTokens: 10,
          outputTokens: 1210,
          outputImageTokens: 1180,
          thoughtTokens: 0,
        },
      ],
      ['localai', undefined],
    ] as const) {
      const text = JSON.stringify(REPLIES[slug]).replace('{{picture}}', base64)
      await using server = await playback(answer(200, text))

      const generated = await generate(slug, callTo(server.url))

      assert.ok(generated.ok)
      assert.deepEqual(generated.value.usage, expected)
    }
  })
})

describe('a server of the operator’s own', () => {
  const good = JSON.stringify(REPLIES['vllm']).replace('{{picture}}', 'dGlueQ==')

  test('gets no header where it asks for no credential, and its words are left as they are', async () => {
    await using server = await playback(answer(400, '{"detail":"none of the sizes"}'))

    const failure = failureOf(await generate('vllm', { ...callTo(server.url), credential: NO_CREDENTIAL }))

    assert.equal(server.requests[0]?.headers.authorization, undefined)
    assert.equal(failure.message, 'none of the sizes')
  })

  test('is found at its host alone, at its API, or below a path', async () => {
    for (const [base, path] of [
      ['', '/v1/images/generations'],
      ['/v1', '/v1/images/generations'],
      ['/gpu/2/v1', '/gpu/2/v1/images/generations'],
    ] as const) {
      await using server = await playback(answer(200, good))

      await generate('localai', callTo(`${server.url}${base}`))

      assert.equal(server.requests[0]?.path, path)
    }
  })

  for (const [what, models, isBelieved] of [
    ['the model that was named', { data: [{ id: 'Qwen/Qwen-Image' }] }, true],
    ['a directory of its name', { data: [{ id: '/models/qwen-image/' }] }, true],
    ['one of several', { data: [{ id: 'a/b' }, { id: 'Qwen/Qwen-Image' }] }, true],
    ['nothing that it tells', { error: 'not here' }, true],
    ['another model', { data: [{ id: 'a/b' }] }, false],
  ] as const) {
    test(`that ignores the model’s name and has loaded ${what} is ${isBelieved ? '' : 'not '}believed`, async () => {
      await using server = await playback((request, response) =>
        answer(200, request.method === 'POST' ? good : JSON.stringify(models))(request, response),
      )
      const call = { ...callTo(server.url), model: 'Qwen/Qwen-Image' }

      const [first, second] = await withUpstream({}, async (upstream) => {
        const provider = entryOf('sglang').make(upstream)
        return [await provider.generate(REQUEST, call), await provider.generate(REQUEST, call)]
      })

      assert.deepEqual([first?.ok, second?.ok], [isBelieved, isBelieved])
      const asked = server.requests.map(({ method, path }) => `${method} ${path}`)
      const paid = 'POST /v1/images/generations'
      assert.deepEqual(asked, isBelieved ? [paid, 'GET /v1/models', paid] : [paid, 'GET /v1/models'])
      if (first === undefined || first.ok) return
      const { kind, billed, message } = first.error
      assert.deepEqual([kind, billed], ['unavailable', 'no'])
      assert.match(message, /has loaded a\/b, not Qwen\/Qwen-Image.*"provider":"sglang","model":"a\/b"/)
    })
  }
})

describe('the free question', () => {
  for (const [slug, path, body, says] of [
    ['together', '/v1/models', [{ id: 'a' }, { id: 'b' }], 'it answers, and lists 2 models'],
    ['deepinfra', '/v1/me', { uid: 'gh:1' }, 'the key is good'],
    ['vllm', '/v1/models', { data: [{ id: 'Qwen/Qwen-Image' }] }, 'it answers, and has loaded Qwen/Qwen-Image'],
    ['localai', '/v1/models', {}, 'it answers, and lists no models'],
  ] as const) {
    test(`to ${slug} is answered in words`, async () => {
      await using server = await playback(answer(200, JSON.stringify(body)))

      const found = await withUpstream(
        {},
        async (upstream) => await entryOf(slug).make(upstream).check?.(callTo(server.url)),
      )

      assert.deepEqual(found, { ok: true, value: says })
      assert.deepEqual([server.requests[0]?.method, server.requests[0]?.path], ['GET', path])
    })
  }
})

function entryOf(slug: string) {
  const entry = OPENAI_COMPATIBLE[slug]
  assert.ok(entry !== undefined, slug)
  return entry
}

function generate(slug: string, call: Call) {
  const { model = '' } = SERVERS[slug] ?? {}
  return withUpstream({}, (upstream) =>
    entryOf(slug)
      .make(upstream)
      .generate(REQUEST, { ...call, model }),
  )
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
