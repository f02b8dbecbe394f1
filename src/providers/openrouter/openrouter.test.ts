import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import { usd } from '../../core/money.ts'
import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import { bytesOf, failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { OPENROUTER } from './entry.ts'
import { makeOpenRouter } from './provider.ts'

const MODEL = 'google/gemini-nano-banana-2.1'
const IMAGES = fixture('images.json')
const CHAT = fixture('chat.json')

const PROMPT: ImageRequest = { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }] }
const CONVERSATION: ImageRequest = {
  model: 'any',
  turns: [
    ...PROMPT.turns,
    { role: 'assistant', parts: [{ type: 'text', text: 'Which colour?' }] },
    { role: 'user', parts: [{ type: 'text', text: 'red' }] },
  ],
}

providerContract(makeOpenRouter, {
  model: MODEL,
  path: '/images',
  credentialHeader: ['authorization', (credential) => `Bearer ${credential}`],
  smallestBody: { model: MODEL, prompt: 'a red fox' },
  answerWith: (base64) => IMAGES.replace('{{picture}}', base64),
  failures: recorded('errors.json'),
  traits: OPENROUTER.traits,
})

describe('an answer of the Images API', () => {
  test('has picture, cost, tokens by kind and the generation’s id from the header', async () => {
    const generated = await generatedFrom(PROMPT, IMAGES.replace('{{picture}}', 'AAAA'))

    assert.equal(generated.images[0]?.mediaType, 'image/png')
    assert.equal(generated.cost, usd('0.0364515'))
    assert.deepEqual(generated.usage, {
      inputTokens: 16,
      inputTextTokens: 16,
      inputImageTokens: 0,
      outputTokens: 1497,
      outputImageTokens: 1120,
      thoughtTokens: 331,
    })
    assert.equal(generated.upstreamId, 'gen-1790000000-header')
  })

  test('keeps every picture in order, whatever stands between them, and leaves out what is none', async () => {
    const generated = await generatedFrom(PROMPT, {
      data: [
        { b64_json: 'AAAA' },
        null,
        7,
        { b64_json: '' },
        { b64_json: 'QUJD', media_type: 'text/plain' },
        { b64_json: 'BBBB' },
      ],
    })

    assert.deepEqual(
      generated.images.map(({ blob }) => bytesOf(blob).toString('base64')),
      ['AAAA', 'BBBB'],
    )
  })

  const costs = [
    ['0.04', '0.04'],
    ['0.1', '0.1'],
    ['0.30000000000000004', '0.3'],
    ['1e-7', '0.0000001'],
    ['0.0000000006', '0.000000001'],
    ['0', '0'],
    ['123.456789012', '123.456789012'],
  ] as const
  for (const [written, exact] of costs) {
    test(`of a cost written ${written} cost ${exact} dollars, to the nano`, async () => {
      const generated = await generatedFrom(PROMPT, `{"data":[{"b64_json":"AAAA"}],"usage":{"cost":${written}}}`)

      assert.equal(generated.cost, usd(exact))
    })
  }

  test('with a key of the operator’s own at the host costs what both take', async () => {
    const usage = { cost: 0.002, is_byok: true, cost_details: { upstream_inference_cost: 0.04 } }
    const own = await generatedFrom(PROMPT, { data: [{ b64_json: 'AAAA' }], usage })
    const shared = await generatedFrom(PROMPT, { data: [{ b64_json: 'AAAA' }], usage: { ...usage, is_byok: false } })

    assert.equal(own.cost, usd('0.042'))
    assert.equal(shared.cost, usd('0.002'))
  })

  test('without usage has neither tokens nor cost, rather than zero', async () => {
    for (const usage of [undefined, null, {}, 'none', { cost: -1 }, { cost: 'much' }]) {
      const generated = await generatedFrom(PROMPT, { data: [{ b64_json: 'AAAA' }], usage })

      assert.ok(!('usage' in generated))
      assert.ok(!('cost' in generated))
    }
  })
})

describe('an answer of chat completions', () => {
  test('has picture, words, cost, tokens and the names of what made it', async () => {
    const generated = await generatedFrom(CONVERSATION, CHAT.replace('{{picture}}', 'AAAA'), {})

    assert.equal(generated.text, 'Here is the lantern.')
    assert.equal(generated.images[0]?.mediaType, 'image/jpeg')
    assert.equal(generated.cost, usd('0.0387'))
    assert.equal(generated.usage?.outputImageTokens, 1290)
    assert.equal(generated.upstreamId, 'gen-1790000000-AbCdEfGhIjKlMnOpQrSt')
    assert.equal(generated.modelVersion, 'google/gemini-nano-banana-2.1-20261001')
    assert.equal(generated.nativeFinishReason, 'STOP')
  })

  test('gives a picture of several megabytes to the byte, watched while it arrives', async () => {
    const bytes = randomBytes(3_000_001)
    const watched: Buffer[] = []
    await using server = await playback(answer(200, CHAT.replace('{{picture}}', bytes.toString('base64'))))
    const intake = () => ({ write: (part: Buffer) => void watched.push(part), end: () => {}, abort: () => {} })

    const result = await generate(server.url, CONVERSATION, intake)

    assert.ok(result.ok)
    assert.ok(bytesOf(result.value.images[0]?.blob).equals(bytes))
    assert.ok(Buffer.from(Buffer.concat(watched).toString('latin1'), 'base64').equals(bytes))
    assert.equal(server.requests[0]?.path, '/chat/completions')
  })

  for (const { name, body, expect, says } of recorded('chat-refusals.json')) {
    test(`${name}: ${expect.kind}, billed ${expect.billed}`, async () => {
      await using server = await playback(answer(200, JSON.stringify(body)))

      const failure = failureOf(await generate(server.url, CONVERSATION))

      assert.deepEqual({ ...failure, ...expect }, failure)
      assert.ok(failure.message.includes(says), failure.message)
    })
  }
})

describe('a failure', () => {
  test('tells the wait of its Retry-After header, and the generation’s id', async () => {
    const body = JSON.stringify({ error: { code: 429, message: 'Slow down', availability: { retry_after: 99 } } })
    await using server = await playback((_, response) =>
      response.writeHead(429, { 'retry-after': '12', 'x-generation-id': 'gen-7' }).end(body),
    )

    const failure = failureOf(await generate(server.url, PROMPT))

    assert.deepEqual([failure.kind, failure.retryAfterMs, failure.upstreamId], ['rate_limited', 12_000, 'gen-7'])
  })
})

function generate(url: string, request: ImageRequest, intake?: NonNullable<Parameters<typeof callTo>[1]>['intake']) {
  return withUpstream({}, (upstream) =>
    makeOpenRouter(upstream).generate(request, { ...callTo(url, intake && { intake }), model: MODEL }),
  )
}

const IDENTIFIED = { 'x-generation-id': 'gen-1790000000-header' }

async function generatedFrom(request: ImageRequest, body: unknown, headers: Record<string, string> = IDENTIFIED) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  await using server = await playback((_, response) => response.writeHead(200, headers).end(text))
  const result = await generate(server.url, request)
  assert.ok(result.ok, 'a picture was expected')
  return result.value
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}

function recorded(name: string): RecordedFailure[] {
  return JSON.parse(fixture(name)) as RecordedFailure[]
}
