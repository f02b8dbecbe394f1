import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import type { ImageRequest } from '../core/image-request.ts'
import type { JsonValue } from '../core/json-blob.ts'
import type { Progress } from '../core/receipt.ts'
import type { Result } from '../core/result.ts'
import { type Sandbox, startSandbox } from '../sandbox/simulators.ts'
import type { JsonRequest, Upstream } from './http.ts'
import { callTo, withUpstream } from './playback.ts'
import type { Call, Generated, Provider, UpstreamFailure } from './provider.ts'
import { pathsOf, without } from './test-fields.ts'
import { bytesOf, failureOf } from './test-fixtures.ts'

/** How a call differs from the others of its file. */
export interface Way extends Partial<Call> {
  readonly deadlineMs?: number
  /** What gets lost of the paid request: a field of its form, or what stands at a dotted path of its body. */
  readonly lost?: string
  /** Sees the body of the paid request before anything of it is lost. */
  readonly sent?: (body: JsonValue) => void
}

type Sent = Pick<JsonRequest<unknown>, 'body' | 'form' | 'headers'>

interface Usual extends Partial<Call> {
  /** What a result shows besides its pictures, where that may be all that a field changes. */
  readonly shown?: (generated: Generated, events: readonly Progress[]) => string
  /** How a field gets lost, where that is more than `lacking` does. */
  readonly lose?: typeof lacking
}

export type FieldCase = readonly [field: string, model: string, request: ImageRequest]

/** `bill` is what the simulator charges, in nano-dollars; `outcome` what it says of the call. */
export type FaultCase = readonly [
  fault: string,
  kind: string,
  billed: string,
  bill: bigint,
  told?: { readonly code?: string; readonly outcome?: string },
]

export type Simulated = ReturnType<typeof throughSimulator>

/** For the tests of one file: a sandbox of coarse pictures, closed after the last of them. */
export async function sandboxForTests(retired: 'serve' | 'refuse' = 'serve'): Promise<Sandbox> {
  const sandbox = await startSandbox({ retired, pictures: 'coarse' })
  after(() => sandbox.close())
  return sandbox
}

/**
 * For tests: an adapter against its simulator, which was written from the provider's own documents without it. A field that is lost on
 * the way shows, and so does what is billed.
 */
export function throughSimulator(
  sandbox: Sandbox,
  slug: string,
  make: (upstream: Upstream) => Provider,
  { shown = () => '', lose = lacking, ...usual }: Usual = {},
) {
  function callOf({ deadlineMs = 20_000, lost: _lost, sent: _sent, ...own }: Way = {}): Call {
    return { ...callTo(sandbox.baseUrlFor(slug) ?? '', { deadlineMs }), ...usual, ...own }
  }

  /** The adapter, with sockets of its own. */
  async function use<T>(
    work: (provider: Provider) => Promise<T> | undefined,
    { lost, sent = () => {} }: Way = {},
  ): Promise<T> {
    const passed = <R extends Sent>(request: R): R => {
      if (request.body !== undefined) sent(request.body)
      return lost === undefined ? request : lose(request, lost)
    }
    return await withUpstream({}, async (upstream) => {
      const done = await work(
        make({
          ...upstream,
          requestJson: (call, request) => upstream.requestJson(call, request.paid ? passed(request) : request),
          postJson: (call, post) => upstream.postJson(call, passed(post)),
          requestEvents: (call, request) => upstream.requestEvents(call, passed(request)),
        }),
      )
      assert.ok(done !== undefined)
      return done
    })
  }

  function generate(request: ImageRequest, way: Way = {}): Promise<Result<Generated, UpstreamFailure>> {
    return use((provider) => provider.generate(request, callOf(way)), way)
  }

  /** What a caller can tell one result from another by: the number and bytes of its pictures, or the failure. */
  async function outcomeOf(request: ImageRequest, way: Way = {}): Promise<string> {
    const events: Progress[] = []
    const result = await generate(request, { ...way, progress: (event) => events.push(event) })
    if (!result.ok) return `${result.error.kind}: ${result.error.message}`
    const hashes = result.value.images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
    return `${hashes.length} pictures, ${hashes.join(' ')}, ${shown(result.value, events)}`
  }

  function everyFieldCounts(cases: readonly FieldCase[], outcome = outcomeOf): void {
    for (const [field, model, request] of cases) {
      test(`${field} of ${model}`, async () => {
        const whole = await outcome(request, { model })
        const lacks = await outcome(request, { model, lost: field })

        assert.match(whole, new RegExp(`^${request.n ?? 1} pictures`), whole)
        assert.notEqual(lacks, whole)
      })
    }
  }

  /** So that the tests of fields forget none: whatever is sent stands at, or below, a path that is known. */
  function nothingElseIsSent(request: ImageRequest, known: readonly string[]): void {
    test('and none was forgotten', async () => {
      let body: JsonValue = {}
      await generate(request, { sent: (whole) => (body = whole) })

      const forgotten = pathsOf(body).filter((path) => !known.some((each) => `${path}.`.startsWith(`${each}.`)))
      assert.deepEqual(forgotten, [])
    })
  }

  /** What goes wrong is told as it is, of one call with its bill. A hang is one until the deadline. */
  function everyFaultIsTold(
    faults: readonly FaultCase[],
    drawn: (prompt: string) => ImageRequest,
    way: Way = {},
  ): void {
    for (const [fault, kind, billed, bill, { code, outcome } = {}] of faults) {
      test(`${fault} is ${kind}, billed ${billed}, with one call and ${bill} on the bill`, async () => {
        const prompt = `faulty [[fault:${fault}]]`

        const failure = failureOf(
          await generate(drawn(prompt), { ...(fault === 'hang' && { deadlineMs: 400 }), ...way }),
        )

        assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
        assert.equal(failure.code, code ?? failure.code)
        assert.equal(failure.retryAfterMs, retryAfterOf(fault))
        const calls = await endedCalls(prompt, way.model)
        assert.deepEqual([calls.length, calls[0]?.billed_nanos], [1, String(bill)])
        assert.equal(calls[0]?.outcome, outcome ?? calls[0]?.outcome)
      })
    }
  }

  /** What the bill has of calls whose prompt begins so; it keeps the requests of the last hundred. */
  function callsNamed(name: string, model?: string) {
    return sandbox
      .bill()
      .recent.filter((call) => call.simulator === slug && call.model === (model ?? call.model))
      .filter(({ request }) => JSON.stringify(request ?? '').includes(`"${name}`))
  }

  /** The same, a moment after there are any: a job that nobody waited for is on the bill when it has ended. */
  async function endedCalls(name: string, model?: string) {
    for (let tries = 0; tries < 500 && callsNamed(name, model).length === 0; tries += 1) await delay(10)
    await delay(20)
    return callsNamed(name, model)
  }

  return {
    callOf,
    use,
    generate,
    resume: (id: string, request: ImageRequest, way: Way = {}) =>
      use((provider) => provider.resume?.(id, request, callOf(way)), way),
    /** What the free question finds, or why it finds nothing. */
    found: async (way: Way = {}) => {
      const result = await use((provider) => provider.check?.(callOf(way)))
      return result.ok ? result.value : `${result.error.kind}: ${result.error.message}`
    },
    outcomeOf,
    everyFieldCounts,
    nothingElseIsSent,
    everyFaultIsTold,
    callsNamed,
    endedCalls,
    billedFor: (name: string, model?: string) =>
      callsNamed(name, model).reduce((sum, { billed_nanos: nanos }) => sum + BigInt(nanos), 0n),
    /** All that was billed so far. */
    billed: () => BigInt(sandbox.bill().billed_nanos),
  }
}

/** The request without a field of its form, or without what stands at a path of its body. */
export function lacking<R extends Sent>(request: R, field: string): R {
  if (request.form !== undefined) return { ...request, form: request.form.filter(({ name }) => name !== field) }
  return request.body === undefined ? request : { ...request, body: without(request.body, field.split('.')) }
}

/** The pause that a fault asks for: `status=429,retry-after=7`. */
export function retryAfterOf(fault: string): number | undefined {
  const seconds = /retry-after=(\d+)/.exec(fault)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1_000
}
