import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ImageRequest, Picture } from '../core/image-request.ts'
import { JsonBlob } from '../core/json-blob.ts'
import { err } from '../core/result.ts'
import type { Upstream } from './http.ts'
import { answer, callTo, playback, withUpstream } from './playback.ts'
import type { Call, Pixels, Provider } from './provider.ts'
import { failureOf } from './test-fixtures.ts'

export type Unsendable = readonly [what: string, model: string, request: ImageRequest, says: RegExp]

/** Work on pixels where none can be decoded. */
export const BLIND: Pixels = {
  stencil: async () => err('The pixels cannot be decoded.'),
  split: async () => err('The pixels cannot be decoded.'),
}

/** A reference that nobody has fetched. */
export const ADDRESS: Picture = {
  field: 'input_references[0]',
  source: { type: 'url', url: 'https://example.com/a.png' },
}

/** A picture of these bytes, which are none; an empty media type is one that nobody knows. */
export function reference(bytes: string, mediaType = 'image/png', field = 'input_references[0]'): Picture {
  const blob = new JsonBlob('binary', [Buffer.from(bytes)], mediaType === '' ? undefined : mediaType)
  return { field, source: { type: 'inline', blob } }
}

/** For tests: path and body of the one request that an adapter sends, to a provider that takes nothing today. */
export async function submission(
  make: (upstream: Upstream) => Provider,
  model: string,
  request: ImageRequest,
  more: Partial<Call> = {},
): Promise<readonly [path: string, body: unknown]> {
  await using server = await playback(answer(503, '{"detail":"not today"}'))
  await withUpstream({}, (upstream) => make(upstream).generate(request, { ...callTo(server.url), ...more, model }))
  const [sent] = server.requests
  assert.ok(sent !== undefined && server.requests.length === 1)
  return [sent.path, JSON.parse(sent.body)]
}

/** For tests: what the adapter itself refuses, in words that name what is wrong. */
export function refusesUnsent(make: (upstream: Upstream) => Provider, unsendable: readonly Unsendable[]): void {
  for (const [what, model, request, says] of unsendable) {
    test(`of ${what} to ${model} is refused unsent`, async () => {
      await using server = await playback(answer(500, '{}'))
      const call = { ...callTo(server.url), model, pixels: BLIND }

      const failure = failureOf(await withUpstream({}, (upstream) => make(upstream).generate(request, call)))

      assert.deepEqual([failure.kind, failure.billed, server.requests.length], ['rejected', 'no', 0])
      assert.match(failure.message, says)
    })
  }
}
