import assert from 'node:assert/strict'
import { test } from 'node:test'

import { GenerationContentResponse$inboundSchema } from '@openrouter/sdk/models/generationcontentresponse.js'
import { GenerationResponse$inboundSchema } from '@openrouter/sdk/models/generationresponse.js'
import { CreateKeysResponse$inboundSchema } from '@openrouter/sdk/models/operations/createkeys.js'
import { DeleteKeysResponse$inboundSchema } from '@openrouter/sdk/models/operations/deletekeys.js'
import { GetCreditsResponse$inboundSchema } from '@openrouter/sdk/models/operations/getcredits.js'
import { GetCurrentKeyResponse$inboundSchema } from '@openrouter/sdk/models/operations/getcurrentkey.js'
import { GetKeyResponse$inboundSchema } from '@openrouter/sdk/models/operations/getkey.js'
import { ListResponse$inboundSchema } from '@openrouter/sdk/models/operations/list.js'
import { UpdateKeysResponse$inboundSchema } from '@openrouter/sdk/models/operations/updatekeys.js'

import type { Answers, Ask, KeyFacts } from '../../core/ask.ts'
import { usd } from '../../core/money.ts'
import { NO_TOKENS } from '../../core/receipt.ts'
import type { AskRoute } from '../../core/surface.ts'
import { onWire } from '../on-wire.ts'
import { sampleDelivery, sampleReceipt } from '../sample.ts'
import { zodProblem } from '../zod-problem.ts'
import { generationRoutes } from './generation.ts'
import { keyRoutes } from './keys.ts'

const ROUTES: readonly AskRoute[] = [...keyRoutes, ...generationRoutes]

function routeOf(id: string): AskRoute {
  const route = ROUTES.find((candidate) => candidate.id === id)
  assert.ok(route, id)
  return route
}

function answerOf(id: string, answer: Answers[Ask['ask']]): unknown {
  return onWire(routeOf(id).present(answer))
}

function asked(id: string, said: { params?: Record<string, string>; query?: object; body?: object }) {
  const route = routeOf(id)
  const { query, body } = route
  for (const [schema, value] of [
    [query, said.query ?? {}],
    [body, said.body],
  ] as const) {
    const checked = schema?.safeParse(value)
    if (checked && !checked.success) return { ok: false, error: zodProblem(checked.error, value) } as const
  }
  return route.parse({ params: said.params ?? {}, query: query?.parse(said.query ?? {}), body: body?.parse(said.body) })
}

const KEY: KeyFacts = {
  hash: 'ab'.repeat(32),
  name: 'ci',
  label: 'sk-pl-live-ab12…9xyz',
  mode: 'live',
  disabled: false,
  limit: usd('10'),
  limitReset: 'monthly',
  limitRemaining: usd('9.966'),
  usage: { total: usd('0.034'), daily: usd('0'), weekly: usd('0.034'), monthly: usd('0.034') },
  createdAt: 1_790_000_000_000,
  updatedAt: undefined,
  expiresAt: 1_800_000_000_000,
  workspaceId: 'ws-1',
}

test('keys and credits are what the official client accepts', () => {
  const own = GetCurrentKeyResponse$inboundSchema.parse(answerOf('getCurrentKey', KEY)).data
  assert.deepEqual([own.limit, own.limitRemaining, own.usage, own.isManagementKey], [10, 9.966, 0.034, false])
  assert.equal(own.expiresAt?.getTime(), 1_800_000_000_000)
  assert.deepEqual(answerOf('getCurrentKeyAlias', KEY), answerOf('getCurrentKey', KEY))

  const unlimited = {
    ...KEY,
    mode: 'admin',
    limit: undefined,
    limitRemaining: undefined,
    limitReset: undefined,
    expiresAt: undefined,
  } as const
  const admin = GetCurrentKeyResponse$inboundSchema.parse(answerOf('getCurrentKey', unlimited)).data
  assert.deepEqual(
    [admin.limit, admin.limitRemaining, admin.expiresAt, admin.isManagementKey],
    [null, null, null, true],
  )

  const created = CreateKeysResponse$inboundSchema.parse(answerOf('createKey', { facts: KEY, key: 'sk-pl-live-full' }))
  assert.equal(created.key, 'sk-pl-live-full')
  assert.equal(created.data.hash, KEY.hash)
  assert.equal(created.data.createdAt, '2026-09-21T14:13:20.000Z')
  assert.equal(ListResponse$inboundSchema.parse(answerOf('listKeys', [KEY, KEY])).data.length, 2)
  assert.equal(GetKeyResponse$inboundSchema.parse(answerOf('getKey', KEY)).data.name, 'ci')
  assert.equal(UpdateKeysResponse$inboundSchema.parse(answerOf('updateKey', KEY)).data.limitReset, 'monthly')
  assert.deepEqual(DeleteKeysResponse$inboundSchema.parse(answerOf('deleteKey', { deleted: true })), {
    deleted: true,
  })

  const credits = { totalCredits: usd('100.5'), totalUsage: usd('25.75') }
  assert.deepEqual(GetCreditsResponse$inboundSchema.parse(answerOf('getCredits', credits)).data, {
    totalCredits: 100.5,
    totalUsage: 25.75,
  })
})

test('a generation tells every attempt, in what the official client accepts', () => {
  const facts: Answers['generation'] = {
    receipt: sampleReceipt(2),
    usage: sampleDelivery().usage,
    provider: 'Google AI Studio',
    streamed: true,
    finishReason: 'stop',
    nativeFinishReason: 'STOP',
    references: 1,
    caller: { requestId: 'req-1', referer: 'https://app.test/', user: 'u', sessionId: 's', userAgent: 'curl/8' },
    workspaceId: 'ws-1',
  }

  const { data } = GenerationResponse$inboundSchema.parse(answerOf('getGeneration', facts))

  assert.equal(data.totalCost, 0.034146)
  assert.equal(data.latency, 9200)
  assert.equal(data.generationTime, 8900)
  assert.equal(data.upstreamId, 'up-1')
  assert.equal(data.numMediaCompletion, 2)
  assert.equal(data.origin, 'https://app.test/')
  assert.deepEqual(
    data.providerResponses?.map(({ providerName, status, latency }) => [providerName, status, latency]),
    [
      ['Google', 503, 90],
      ['Google AI Studio', 200, 8900],
    ],
  )

  const unfinished: Answers['generation'] = {
    ...facts,
    receipt: {
      ...sampleReceipt(),
      status: 'held',
      finished_at: null,
      attempts: [],
      charge_usd: '0',
      provider_cost_usd: '0',
    },
    usage: NO_TOKENS,
    provider: undefined,
    finishReason: undefined,
    nativeFinishReason: undefined,
    caller: { requestId: 'req-1' },
  }
  const early = GenerationResponse$inboundSchema.parse(answerOf('getGeneration', unfinished)).data
  assert.deepEqual([early.latency, early.generationTime, early.providerName, early.totalCost], [null, null, null, 0])
})

test('the words of a generation come without pictures, and an error with its status', () => {
  const content: Answers['content'] = {
    turns: [{ role: 'user', text: 'a fox', images: 1 }],
    completion: undefined,
    error: { code: 'upstream_failed', status: 502, message: 'No.' },
    provider: 'fal',
  }

  const { data } = GenerationContentResponse$inboundSchema.parse(answerOf('getGenerationContent', content))

  assert.deepEqual(data.input, { messages: [{ role: 'user', content: 'a fox', images: 1 }] })
  assert.deepEqual([data.error?.status, data.error?.message, data.error?.providerName], [502, 'No.', 'fal'])
  const forgotten = answerOf('getGenerationContent', {
    ...content,
    turns: undefined,
    error: null,
    completion: 'ok',
  })
  assert.equal(GenerationContentResponse$inboundSchema.parse(forgotten).data.output.completion, 'ok')
  assert.equal((forgotten as { data: { stored: boolean } }).data.stored, false)
})

test('keys are asked for in the words of OpenRouter', () => {
  for (const [id, said, ask] of [
    ['getCurrentKey', {}, { ask: 'key' }],
    ['listKeys', {}, { ask: 'keys.list', includeDisabled: false, offset: 0, limit: 100 }],
    [
      'listKeys',
      { query: { include_disabled: 'true', offset: '100', workspace_id: 'w' } },
      { ask: 'keys.list', includeDisabled: true, offset: 100, limit: 100, workspaceId: 'w' },
    ],
    ['createKey', { body: { name: 'ci', limit: null } }, { ask: 'keys.create', key: { name: 'ci' } }],
    [
      'createKey',
      {
        body: {
          name: 'ci',
          mode: 'test',
          limit: 0.1,
          limit_reset: 'daily',
          expires_at: '2027-12-31T23:59:59+01:00',
          workspace_id: 'w',
          include_byok_in_limit: true,
        },
      },
      {
        ask: 'keys.create',
        key: {
          name: 'ci',
          mode: 'test',
          limit: 100_000_000n,
          limitReset: 'daily',
          expiresAt: Date.UTC(2027, 11, 31, 22, 59, 59),
          workspaceId: 'w',
        },
      },
    ],
    ['getKey', { params: { hash: 'h' } }, { ask: 'keys.get', hash: 'h' }],
    [
      'updateKey',
      { params: { hash: 'h' }, body: { disabled: false, limit: null, limit_reset: null } },
      { ask: 'keys.update', hash: 'h', change: { disabled: false, limit: null, limitReset: null } },
    ],
    [
      'updateKey',
      { params: { hash: 'h' }, body: { limit: 5 } },
      { ask: 'keys.update', hash: 'h', change: { limit: 5_000_000_000n } },
    ],
    ['deleteKey', { params: { hash: 'h' } }, { ask: 'keys.delete', hash: 'h' }],
    ['getCredits', {}, { ask: 'credits' }],
    ['getGeneration', { query: { id: 'gen-1' } }, { ask: 'generation', id: 'gen-1' }],
    ['getGenerationContent', { query: { id: 'gen-1' } }, { ask: 'content', id: 'gen-1' }],
  ] as const) {
    assert.deepEqual(asked(id, said), { ok: true, value: ask })
  }
})

test('a bad key or query names its field and what would be accepted', () => {
  for (const [id, said, field, message] of [
    ['createKey', { body: {} }, 'name', /missing/],
    ['createKey', { body: { name: 'x', mode: 'root' } }, 'mode', /live, test, admin/],
    ['createKey', { body: { name: 'x', limit: -1 } }, 'limit', /from 0 to/],
    ['createKey', { body: { name: 'x', limit: '5' } }, 'limit', /US dollars/],
    ['createKey', { body: { name: 'x', limit_reset: 'yearly' } }, 'limit_reset', /daily, weekly, monthly/],
    ['createKey', { body: { name: 'x', expires_at: '2027-12-31T23:59Z' } }, 'expires_at', /seconds and zone/],
    ['createKey', { body: { name: 'x', expires_at: '2027-13-31T23:59:59Z' } }, 'expires_at', /seconds and zone/],
    ['updateKey', { body: { disabled: 'no' } }, 'disabled', /true or false/],
    ['listKeys', { query: { offset: 'x' } }, 'offset', /whole number/],
    ['listKeys', { query: { include_disabled: '1' } }, 'include_disabled', /true or false/],
    ['getGeneration', { query: {} }, 'id', /missing/],
  ] as const) {
    const result = asked(id, said)

    assert.ok(!result.ok, JSON.stringify(said))
    assert.equal(result.error.field, field)
    assert.match(result.error.message, message)
  }
})

test('what manages needs an admin key, and making a key answers 201', () => {
  const access = Object.fromEntries(ROUTES.map((route) => [route.id, route.access]))

  assert.deepEqual(access, {
    getCurrentKey: 'any',
    getCurrentKeyAlias: 'any',
    listKeys: 'admin',
    createKey: 'admin',
    getKey: 'admin',
    updateKey: 'admin',
    deleteKey: 'admin',
    getCredits: 'admin',
    getGeneration: 'any',
    getGenerationContent: 'any',
  })
  assert.equal(routeOf('createKey').status, 201)
})
