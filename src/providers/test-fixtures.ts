import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, RequestListener } from 'node:http'

import type { ImageRequest } from '../core/image-request.ts'
import { JsonBlob } from '../core/json-blob.ts'
import type { Result } from '../core/result.ts'
import type { Traits } from './entry.ts'
import type { Upstream, UpstreamLimits } from './http.ts'
import { answer, type Played, withUpstream } from './playback.ts'
import type { Call, Generated, Provider, UpstreamFailure } from './provider.ts'
import type { TraitFixtures } from './trait-contract.ts'

/** What the suite has to know of a provider. Answers are recorded ones, with keys and personal data removed. */
export interface ContractFixtures {
  readonly model: string
  /** Path of the one paid request, below the base URL. Everything else that a provider sends is free. */
  readonly path: string
  /** The one header that may carry the credential, and what it has to be. */
  readonly credentialHeader: readonly [name: string, value: (credential: string) => string]
  /** The body for nothing but a model and the prompt `a red fox`. */
  readonly smallestBody: unknown
  /** How a body is read that is not JSON: a form as an object of its fields. */
  readBody?(request: Played): Promise<unknown>
  /** A good answer with one picture, whose base64 is given, to the paid request. */
  answerWith(base64: string): string
  /** For providers that are asked several times: what the free requests are answered, until the picture's bytes. */
  freeAnswer?(request: IncomingMessage, picture: Buffer): RequestListener
  /** Paths under which pictures are handed over, without any credential. */
  readonly deliveries?: RegExp
  readonly failures: readonly RecordedFailure[]
  /** The entry's own, to be compared with what is sent. */
  readonly traits?: Traits
  /** Models that show a trait which `model` has no use for: traits are the adapter's, whatever one of its models makes of them. */
  readonly ableModels?: TraitFixtures['ableModels']
}

export interface RecordedFailure {
  readonly name: string
  /** 200 when absent. */
  readonly status?: number
  readonly body: unknown
  readonly expect: Partial<UpstreamFailure>
  /** Part of the message: the provider's own reason. */
  readonly says: string
}

export const SMALLEST: ImageRequest = {
  model: 'any',
  turns: [{ role: 'user', parts: [{ type: 'text', text: 'a red fox' }] }],
}

/** A provider and its recorded answers, as the cases of the contract use them. */
export interface Subject {
  readonly make: (upstream: Upstream) => Provider
  readonly fixtures: ContractFixtures
  /** Of the picture. */
  readonly bytes: Buffer
  /** The good answer, which holds it. */
  readonly good: string
  /** The provider at its best. */
  readonly goodPlay: RequestListener
  paid(requests: readonly Played[]): readonly Played[]
  generate(
    call: Call,
    request?: ImageRequest,
    limits?: Partial<UpstreamLimits>,
  ): Promise<Result<Generated, UpstreamFailure>>
}

export function subjectOf(make: (upstream: Upstream) => Provider, fixtures: ContractFixtures): Subject {
  const { model, path, freeAnswer = () => answer(404, '{}') } = fixtures
  const bytes = randomBytes(300_000)
  const good = fixtures.answerWith(bytes.toString('base64'))
  return {
    make,
    fixtures,
    bytes,
    good,
    goodPlay(request, response) {
      const listener = request.url === path ? answer(200, good) : freeAnswer(request, bytes)
      listener(request, response)
    },
    paid: (requests) => requests.filter((request) => request.path === path),
    generate: async (call, request = SMALLEST, limits = {}) =>
      await withUpstream(limits, (upstream) => make(upstream).generate(request, { ...call, model })),
  }
}

export function failureOf(result: Result<unknown, UpstreamFailure>): UpstreamFailure {
  assert.ok(!result.ok, 'a failure was expected')
  return result.error
}

export function bytesOf(blob: JsonBlob | undefined): Buffer {
  assert.ok(blob !== undefined && blob.form !== 'text')
  const bytes = Buffer.concat(blob.slices)
  return blob.form === 'binary' ? bytes : Buffer.from(bytes.toString('latin1'), 'base64')
}

/** Counts what departs: a throw in there would be swallowed on the way. */
export function departures() {
  let count = 0
  return { departing: () => void (count += 1), count: () => count }
}

export function withPicture(characters: number): ImageRequest {
  const blob = new JsonBlob('base64', [Buffer.alloc(characters, 'A')], 'image/png')
  const picture = { field: 'image', source: { type: 'inline', blob } } as const
  return { model: 'any', turns: [{ role: 'user', parts: [{ type: 'image', picture }] }] }
}
