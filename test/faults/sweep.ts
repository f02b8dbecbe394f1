import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'

import { bearer } from '../support/generations.ts'
import { assertClassed, classed } from './classed.ts'
import type { Experiment } from './experiment.ts'
import { MODEL, openScene, type Scene } from './scene.ts'

interface Ask {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Bytes that are no request, and what they are meant for. */
const NO_REQUESTS = [
  'NONSENSE\r\n\r\n',
  'GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'POST /api/v1/images HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
  'POST /v1/images/generations HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n',
  `GET /api/v1/models HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
  'POST /api/v1/images HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{',
]

/** Failures of every kind that one route or another can have. */
export const SWEEP: readonly Experiment[] = [
  {
    promise: 'R19',
    claim: 'every failure of every route says who failed, under which request id, and whether to try again',
    async run(stage) {
      await using scene = await openScene({ ...stage, environment: { PLANTAIN_LOG_LEVEL: 'silent' } })
      const { url, keys } = scene.gateway
      const before = { ...classed, by: { ...classed.by } }
      const statuses = new Map<number, number>()
      const note = (status: number) => void statuses.set(status, (statuses.get(status) ?? 0) + 1)

      const routes = await routesOf(url)
      assert.ok(routes.length > 20, `${routes.length} routes`)
      for (const { method, path } of routes)
        for (const ask of asksOf(method, path, keys.live)) {
          const answer = await fetch(url + ask.path, {
            method: ask.method,
            ...(ask.headers && { headers: ask.headers }),
            ...(ask.body !== undefined && { body: ask.body }),
          })
          const text = await answer.text()
          note(answer.status)
          if (answer.status >= 400 && method !== 'HEAD') assertClassed(answer, text, ask.path)
        }
      for (const bytes of NO_REQUESTS) {
        const answer = await raw(url, bytes)
        note(answer.status)
        assert.ok(answer.status >= 400, bytes.slice(0, 60))
        assertClassed(answer, await answer.text(), / (\/[^ ]*)/.exec(bytes)?.[1] ?? '/')
      }
      await streamed(scene)
      const seen = classed.seen - before.seen
      assert.ok(seen >= 3 * routes.length, `${seen} failures`)
      return {
        routes: routes.length,
        failures: seen,
        statuses: [...statuses]
          .toSorted(([a], [b]) => a - b)
          .map(([status, count]) => `${status} × ${count}`)
          .join(', '),
      }
    },
  },
]

/** Whatever the document of the API lists, with something in place of its parameters. */
async function routesOf(url: string): Promise<readonly Ask[]> {
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, object> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{[^}]+\}/g, 'nothing-of-this-name'),
    })),
  )
}

function asksOf(method: string, path: string, live: string): readonly Ask[] {
  const isBodied = method === 'POST' || method === 'PUT' || method === 'PATCH'
  const json = { ...bearer(live), 'content-type': 'application/json' }
  return [
    { method, path, ...(isBodied && { headers: { 'content-type': 'application/json' }, body: '{}' }) },
    { method, path, headers: bearer('sk-pl-live-unknown') },
    { method, path, headers: bearer(live) },
    { method: 'PROPFIND', path, headers: bearer(live) },
    { method, path: `${path}/nowhere`, headers: bearer(live) },
    ...(isBodied
      ? [
          { method, path, headers: json, body: '{"model":' },
          { method, path, headers: json, body: '[]' },
          { method, path, headers: json, body: JSON.stringify({ model: 'nobody/nothing', prompt: 'x', messages: [] }) },
          { method, path, headers: { ...bearer(live), 'content-type': 'text/csv' }, body: 'a,b' },
          {
            method,
            path,
            headers: { ...json, 'x-plantain-deadline': '5' },
            body: JSON.stringify({ model: MODEL, prompt: 'x' }),
          },
        ]
      : []),
  ]
}

async function raw(url: string, bytes: string): Promise<Response> {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  let received = ''
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
  socket.on('error', () => {})
  socket.write(bytes)
  await once(socket, 'close')
  const [head = '', body = ''] = received.split('\r\n\r\n', 2)
  const [line = '', ...headers] = head.split('\r\n')
  const status = Number(line.split(' ')[1])
  assert.ok(status >= 200, `no answer to ${bytes.slice(0, 60)}: ${received.slice(0, 100)}`)
  return new Response(body, {
    status,
    headers: headers.map((text): [string, string] => [
      text.slice(0, text.indexOf(':')),
      text.slice(text.indexOf(':') + 1).trim(),
    ]),
  })
}

/** A stream has sent its 200 by then: what failed is told inside it, by the same names. */
async function streamed({ gateway, roads }: Scene): Promise<void> {
  roads.google.always({ fault: 'status=500' })
  const answer = await fetch(`${gateway.url}/api/v1/chat/completions`, {
    method: 'POST',
    headers: { ...bearer(gateway.keys.live), 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, stream: true, messages: [{ role: 'user', content: 'a heron in a stream' }] }),
  })
  const text = await answer.text()
  const event = text.split('\n').find((line) => line.startsWith('data: {') && line.includes('"error"')) ?? ''
  const { error } = JSON.parse(event.slice('data: '.length)) as { error: { metadata: Record<string, unknown> } }
  assert.deepEqual([error.metadata['by'], error.metadata['retryable']], ['provider', false], event)
  assert.equal(error.metadata['request_id'], answer.headers.get('x-request-id'))
}
