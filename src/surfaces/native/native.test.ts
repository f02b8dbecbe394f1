import assert from 'node:assert/strict'
import { test } from 'node:test'

import { makeCatalog } from '../../catalog/catalog.ts'
import type { Answers, Ask } from '../../core/ask.ts'
import { usd } from '../../core/money.ts'
import { onWire } from '../on-wire.ts'
import { sampleReceipt } from '../sample.ts'
import { zodProblem } from '../zod-problem.ts'
import { nativeSurface } from './surface.ts'

const made = makeCatalog()
assert.ok(made.ok)
const surface = nativeSurface({
  catalog: made.value,
  today: () => '2026-11-22',
  setup: {
    credentials: (provider) => (provider === 'openai' ? 1 : 0),
    isSimulated: (provider) => provider === 'google-ai-studio',
    settingsOf: (provider) => (provider === 'google-ai-studio' ? ['GEMINI_API_KEY', 'GOOGLE_API_KEY'] : []),
  },
})

function routeOf(id: string) {
  const route = surface.routes.find((candidate) => candidate.id === id)
  assert.ok(route?.kind === 'ask', id)
  return route
}

function ask(
  id: string,
  { params = {}, query = {}, body }: { params?: Record<string, string>; query?: object; body?: object },
) {
  const route = routeOf(id)
  const [schema, said] = route.body ? [route.body, body] : [route.query, query]
  const checked = schema?.safeParse(said)
  if (checked && !checked.success) return { ok: false, error: zodProblem(checked.error, said) } as const
  return route.parse({ params, query: checked?.data, body: checked?.data })
}

function present(id: string, answer: Answers[Ask['ask']]): unknown {
  return onWire(routeOf(id).present(answer))
}

test('a receipt leaves as it was written down', () => {
  assert.deepEqual(ask('getReceipt', { params: { id: 'gen-1' } }), { ok: true, value: { ask: 'receipt', id: 'gen-1' } })
  assert.deepEqual(present('getReceipt', sampleReceipt(2)), sampleReceipt(2))
  const error = { code: 'upstream_failed', status: 502, message: 'No.' }
  const voided = { ...sampleReceipt(), status: 'voided', error } as const
  assert.deepEqual(present('getReceipt', voided), voided)
})

test('the pictures of a generation are the ones of its receipt', () => {
  const id = 'gen-1'

  assert.deepEqual(ask('listPictures', { params: { id } }), { ok: true, value: { ask: 'receipt', id } })
  assert.deepEqual(present('listPictures', sampleReceipt(2)), { data: sampleReceipt(2).images })
})

test('receipts are listed fifty at a time unless said otherwise, and the cursor is passed on', () => {
  assert.deepEqual(ask('listReceipts', {}), { ok: true, value: { ask: 'receipts', limit: 50 } })
  assert.deepEqual(ask('listReceipts', { query: { limit: '100', cursor: 'x' } }), {
    ok: true,
    value: { ask: 'receipts', limit: 100, cursor: 'x' },
  })
  for (const limit of ['0', '101', '1.5', 'many']) {
    const result = ask('listReceipts', { query: { limit } })
    assert.equal(result.ok ? '' : result.error.message, 'limit must be a whole number from 1 to 100.')
  }
  assert.deepEqual(present('listReceipts', { receipts: [sampleReceipt()], cursor: undefined }), {
    data: [sampleReceipt()],
    cursor: null,
  })
})

test('an estimate takes the body of /images and answers in decimal dollars', () => {
  const request = { model: 'm', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a fox' }] }], n: 2 }
  assert.deepEqual(ask('estimate', { body: { model: 'm', prompt: 'a fox', n: 2 } }), {
    ok: true,
    value: { ask: 'estimate', request },
  })
  const wrong = ask('estimate', { body: { model: 'm', prompt: 'a fox', n: 20 } })
  assert.equal(wrong.ok ? '' : wrong.error.field, 'n')

  const estimate: Answers['estimate'] = {
    model: { requested: 'nb', served: 'google/nb' },
    hold: usd('0.0645'),
    typical: usd('0.0336'),
    priceVersion: '2026-11-22.1',
    routes: [
      {
        provider: 'google-ai-studio',
        model: 'nb',
        served: 'google/nb',
        taken: true,
        why: 'by price',
        price: { hold: usd('0.0645'), typical: usd('0.0336') },
      },
      { provider: 'fal', model: 'x', served: 'google/nb', taken: false, why: 'not configured' },
    ],
    warnings: [{ code: 'c', field: null, message: 'm' }],
  }
  assert.deepEqual(present('estimate', estimate), {
    model: { requested: 'nb', served: 'google/nb' },
    hold_usd: '0.0645',
    typical_usd: '0.0336',
    price_version: '2026-11-22.1',
    routes: [
      {
        provider: 'google-ai-studio',
        model: 'nb',
        served: 'google/nb',
        taken: true,
        why: 'by price',
        hold_usd: '0.0645',
        typical_usd: '0.0336',
      },
      {
        provider: 'fal',
        model: 'x',
        served: 'google/nb',
        taken: false,
        why: 'not configured',
        hold_usd: null,
        typical_usd: null,
      },
    ],
    warnings: [{ code: 'c', field: null, message: 'm' }],
  })
})

test('credits are added in exact decimals, by an admin key alone, once for each idempotency key', () => {
  assert.deepEqual(ask('addCredits', { body: { amount_usd: '25.000000001', idempotency_key: 'k' } }), {
    ok: true,
    value: {
      ask: 'credits.add',
      grant: { amount: 25_000_000_001n, mode: 'live', prepaid: false, idempotencyKey: 'k' },
    },
  })
  assert.deepEqual(
    ask('addCredits', { body: { amount_usd: '1', mode: 'test', prepaid: true, idempotency_key: 'k' } }),
    {
      ok: true,
      value: { ask: 'credits.add', grant: { amount: usd('1'), mode: 'test', prepaid: true, idempotencyKey: 'k' } },
    },
  )
  for (const amount_usd of ['0', '0.000', '-5', '1e3', '1.0000000001', '12345678', 5, '']) {
    const result = ask('addCredits', { body: { amount_usd, idempotency_key: 'k' } })
    assert.equal(result.ok ? '' : result.error.field, 'amount_usd', String(amount_usd))
  }
  const missing = ask('addCredits', { body: { amount_usd: '5' } })
  assert.equal(missing.ok ? '' : missing.error.field, 'idempotency_key')
  assert.deepEqual(
    present('addCredits', { mode: 'live', available: usd('25'), held: usd('0.0645'), liveMode: 'prepaid' }),
    { mode: 'live', available_usd: '25', held_usd: '0.0645', live_mode: 'prepaid' },
  )
  assert.equal(routeOf('addCredits').access, 'admin')
})

test('an audit tells what is wrong, and whether anything is', () => {
  const finding = { check: 'balance', subject: 'ws-1:held', message: 'off by one' }

  assert.deepEqual(present('audit', []), { ok: true, findings: [] })
  assert.deepEqual(present('audit', [finding]), { ok: false, findings: [finding] })
  assert.equal(routeOf('audit').access, 'admin')
})

test('balances are told in decimal dollars, to any key', () => {
  const balance = { mode: 'test', available: usd('99.5'), held: usd('0.5'), liveMode: 'metered' } as const

  assert.deepEqual(ask('getBalance', {}), { ok: true, value: { ask: 'balance' } })
  assert.deepEqual(present('getBalance', [balance]), {
    data: [{ mode: 'test', available_usd: '99.5', held_usd: '0.5', live_mode: 'metered' }],
  })
  assert.equal(routeOf('getBalance').access, 'any')
})

test('an offer tells the price of a picture and what is missing for it to be served live', () => {
  const route = surface.routes.find(({ id }) => id === 'listOffers')
  assert.ok(route?.kind === 'catalog')
  const answer = route.answer({ params: {}, query: undefined, body: undefined })
  assert.ok(answer.ok)
  const { data } = onWire(answer.value) as { data: readonly { readonly id: string }[] }
  const offerOf = (id: string) => data.find((offer) => offer.id === id)

  assert.deepEqual(offerOf('google/gemini-nano-banana-2.1'), {
    id: 'google/gemini-nano-banana-2.1',
    name: 'Nano Banana 2.1',
    aliases: made.ok ? made.value.find('google/gemini-nano-banana-2.1')?.aliases : [],
    status: 'active',
    generates: true,
    edits: true,
    picture_usd: '0.0336',
    live: false,
    test: true,
    needs: ['GEMINI_API_KEY'],
  })
  const openai = data.find((offer) => 'live' in offer && offer.live === true)
  assert.match(openai?.id ?? '', /^openai\//)
  assert.deepEqual(openai && 'needs' in openai && openai.needs, [])
})
