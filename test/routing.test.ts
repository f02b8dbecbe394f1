import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { OpenRouter } from '@openrouter/sdk'
import { NotFoundResponseError } from '@openrouter/sdk/models/errors'

import { startGateway, type TestGatewayHere } from './support/gateway.ts'
import { receiptOf } from './support/receipts.ts'

const MODEL = 'google/gemini-nano-banana-2.1'
/** Has no price before an operator sets one, and nobody has here. */
const ELSEWHERE = 'midjourney/midjourney'
const USER = { role: 'user', content: 'A fox.' } as const

let gateway: TestGatewayHere

before(async () => {
  gateway = await startGateway({ environment: { PLANTAIN_ZDR_PROVIDERS: 'OpenRouter' } })
})

after(() => gateway.stop())

async function post(path: string, body: object): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.keys.test}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

interface Estimate {
  readonly hold_usd: string
  readonly typical_usd: string
  readonly routes: readonly {
    readonly provider: string
    readonly taken: boolean
    readonly why: string
    readonly hold_usd: string | null
    readonly typical_usd: string | null
  }[]
}

async function estimate(body: object): Promise<Estimate> {
  const answer = await post('/api/v1/estimate', { model: MODEL, prompt: 'A fox.', ...body })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body as Estimate
}

test('an estimate tells which way a request would go and why, and runs nothing', async () => {
  const usual = await estimate({})
  const guarded = await estimate({ provider: { zdr: true, sort: 'price' } })

  const [first] = usual.routes
  assert.deepEqual(
    [first?.provider, first?.taken, first?.why, first?.typical_usd],
    ['google-ai-studio', true, 'by price: 0.0336 USD for the pictures', '0.0336'],
  )
  assert.equal(usual.hold_usd, first?.hold_usd)
  assert.deepEqual(
    guarded.routes.filter(({ taken }) => taken).map(({ provider }) => provider),
    ['openrouter'],
  )
  assert.match(
    guarded.routes.find(({ provider }) => provider === 'google-ai-studio')?.why ?? '',
    /PLANTAIN_ZDR_PROVIDERS/,
  )
  const { db } = gateway.database
  assert.deepEqual(await db.selectFrom('holds').selectAll().execute(), [])
})

test('the official client’s ceiling below every price is a NotFoundResponseError that names one that works', async () => {
  const client = new OpenRouter({ apiKey: gateway.keys.test, serverURL: `${gateway.url}/api/v1` })
  const asking = (image: string) =>
    client.chat.send({
      chatRequest: { model: MODEL, messages: [USER], provider: { maxPrice: { image }, sort: 'price' } },
    })

  const refused = await asking('0.01').catch((error: unknown) => error)
  const served = await asking('0.0336')

  assert.ok(refused instanceof NotFoundResponseError, String(refused))
  assert.match(refused.error.message, /provider\.max_price leaves no route .* image 0\.0336 \(USD a picture\)/)
  assert.ok('choices' in served)
})

test('a model that nobody here can make gives way to the next, whose name and price the answer bears', async () => {
  const { status, body } = await post('/api/v1/chat/completions', {
    models: [ELSEWHERE, MODEL],
    messages: [USER],
  })

  assert.equal(status, 200, JSON.stringify(body))
  const { id, model } = body as { readonly id: string; readonly model: string }
  const receipt = await receiptOf(gateway, gateway.keys.test, id)
  assert.equal(model, MODEL)
  assert.deepEqual([receipt.model.requested, receipt.model.served], [ELSEWHERE, MODEL])
  assert.ok(receipt.warnings.some(({ code }) => code === 'model_left_out'))
  assert.deepEqual(receipt.routes.find(({ taken }) => taken)?.provider, 'google-ai-studio')
  assert.ok(receipt.routes.some(({ served, taken }) => served === ELSEWHERE && !taken))
})

test('a wish that nobody can fulfil is a 404 that names the filter, the funnel and who is there', async () => {
  const { status, body } = await post('/api/v1/images', {
    model: MODEL,
    prompt: 'A fox.',
    provider: { only: ['OpenRouter'], ignore: ['openrouter'] },
  })

  assert.equal(status, 404)
  const { error } = body as { readonly error: { readonly metadata: Readonly<Record<string, unknown>> } }
  assert.equal(error.metadata['field'], 'provider.ignore')
  assert.equal(error.metadata['failed_routing_step'], 'ignore')
  assert.deepEqual((error.metadata['routing_funnel'] as readonly object[]).at(-1), {
    step: 'ignore',
    endpoint_count: 0,
  })
  assert.ok((error.metadata['available_providers'] as readonly string[]).includes('google-ai-studio'))
})
