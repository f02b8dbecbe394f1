import assert from 'node:assert/strict'
import { test } from 'node:test'

import { delivery, LIVE_KEY, playedEngine, testEdge } from './test-edge.ts'

interface Operation {
  readonly parameters: readonly {
    readonly name: string
    readonly in: string
    readonly schema: { readonly pattern?: string; readonly minimum?: number; readonly maximum?: number }
  }[]
  readonly responses: Readonly<Record<string, object>>
}

type Document = { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> }

const BUYS = ['post /api/v1/pictures', 'post /v1/images/generations']

test('routes that buy pictures list the headers they read and the answers that are no pictures, and only they', async () => {
  const { app } = testEdge()
  const { paths } = (await app.inject('/openapi.json')).json<Document>()

  for (const [path, operations] of Object.entries(paths))
    for (const [method, { parameters, responses }] of Object.entries(operations)) {
      const headers = parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name)
      const isBuying = BUYS.includes(`${method} ${path}`)
      assert.deepEqual(headers, isBuying ? ['Idempotency-Key', 'Prefer', 'X-Plantain-Deadline'] : [], path)
      assert.equal(
        ['202', '409', '422'].every((status) => status in responses),
        isBuying,
        path,
      )
    }
})

test('what the document says of a header is what the route accepts', async () => {
  const { app } = testEdge({ engine: playedEngine({ delivery: () => delivery(8) }).engine })
  const { paths } = (await app.inject('/openapi.json')).json<Document>()
  const { parameters = [] } = paths['/api/v1/pictures']?.['post'] ?? {}
  const schemaOf = (name: string) => parameters.find((parameter) => parameter.name === name)?.schema ?? {}
  const { minimum = 0, maximum = 0 } = schemaOf('X-Plantain-Deadline')
  const keys = new RegExp(schemaOf('Idempotency-Key').pattern ?? '$^')

  const statusWith = async (given: Readonly<Record<string, string>>): Promise<number> => {
    const headers = { authorization: `Bearer ${LIVE_KEY}`, ...given }
    const payload = { prompt: 'a fox' }
    return (await app.inject({ method: 'POST', url: '/api/v1/pictures', payload, headers })).statusCode
  }

  for (const seconds of [minimum - 1, minimum, maximum, maximum + 1]) {
    const isAccepted = seconds >= minimum && seconds <= maximum
    assert.equal(await statusWith({ 'x-plantain-deadline': String(seconds) }), isAccepted ? 200 : 400, String(seconds))
  }
  for (const key of ['k', 'k'.repeat(255), 'k'.repeat(256), 'a\tb', '~ ~'])
    assert.equal(await statusWith({ 'idempotency-key': key }), keys.test(key) ? 200 : 400, key)
})
