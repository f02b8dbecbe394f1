import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { type Catalog, makeCatalog } from '../../src/catalog/catalog.ts'
import type { ImageRequest } from '../../src/core/image-request.ts'
import { callTo, withUpstream } from '../../src/providers/playback.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { PROVIDERS } from '../../src/providers/registry.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/simulators.ts'
import type { Journey } from './journey.ts'

// The same faults at every provider, each answered in that provider's own shape. Refusals, empty results and delivery hosts differ too
// much for one table: they stand with each adapter.

const FAULTS: readonly (readonly [fault: string, kind: string, billed: string])[] = [
  ['status=401', 'unauthorized', 'no'],
  ['status=402', 'unauthorized', 'no'],
  ['status=429,retry-after=7', 'rate_limited', 'no'],
  ['status=400', 'rejected', 'no'],
  ['status=500', 'unavailable', 'unknown'],
  ['hang', 'timeout', 'unknown'],
  ['truncate=3000', 'no_image', 'yes'],
]

/** A failure of its own making is free there: by the documents of who sells pictures, and by nature on a machine of one's own. */
const OWN_FAILURE_IS_FREE = { 'status=500': ['unavailable', 'no'] } as const
/** What was given up is stopped there, since nobody else waits for it. */
const STOPPED = { hang: ['timeout', 'no'] } as const

const OTHERWISE: Readonly<Record<string, Readonly<Record<string, readonly [kind: string, billed: string]>>>> = {
  // Arrears are a 400 of its own there; a 402 is not among its errors, and says what the simulator makes of it.
  alibaba: { ...OWN_FAILURE_IS_FREE, 'status=402': ['unavailable', 'no'] },
  automatic1111: { ...OWN_FAILURE_IS_FREE, ...STOPPED },
  comfyui: STOPPED,
  localai: OWN_FAILURE_IS_FREE,
  openrouter: OWN_FAILURE_IS_FREE,
  'sd-cpp': OWN_FAILURE_IS_FREE,
  seed: OWN_FAILURE_IS_FREE,
  sglang: OWN_FAILURE_IS_FREE,
  stability: OWN_FAILURE_IS_FREE,
  vllm: OWN_FAILURE_IS_FREE,
  volcengine: OWN_FAILURE_IS_FREE,
}

const JOURNEYS: readonly Journey[] = await Promise.all(
  globSync('journeys/*.ts', { cwd: import.meta.dirname }).map(
    async (file) => ((await import(join(import.meta.dirname, file))) as { JOURNEY: Journey }).JOURNEY,
  ),
)
const catalog: Catalog = catalogOf(JOURNEYS.flatMap((journey) => journey.catalog ?? []))
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

describe('the same fault at every provider', { concurrency: 8 }, () => {
  for (const journey of JOURNEYS) {
    describe(journey.provider, { concurrency: 3 }, () => {
      for (const [fault, ...usual] of FAULTS) {
        const expected = OTHERWISE[journey.provider]?.[fault] ?? usual
        test(`${fault} is ${expected[0]}, billed ${expected[1]}`, async () => {
          const result = await generate(journey, fault)

          assert.ok(!result.ok, 'it met no fault')
          const { kind, billed, retryAfterMs, message } = result.error
          assert.deepEqual([kind, billed], expected, message)
          assert.equal(retryAfterMs, fault.includes('retry-after') ? 7_000 : undefined)
        })
      }
    })
  }
})

/** The first step of the journey, in words alone, with a fault. */
function generate({ provider, environment, steps }: Journey, fault: string): ReturnType<Provider['generate']> {
  const entry = PROVIDERS[provider]
  const named = String(steps[0]?.body['model'])
  const route = catalog.find(named)?.routes.find((each) => each.provider === provider)
  assert.ok(entry !== undefined && route !== undefined, `${named} has a route on ${provider}`)
  const request: ImageRequest = {
    model: named,
    turns: [{ role: 'user', parts: [{ type: 'text', text: `a plain kite [[fault:${fault}]]` }] }],
  }
  const call = callTo(sandbox.baseUrlFor(provider) ?? '', { deadlineMs: fault === 'hang' ? 2_000 : 20_000 })
  const credential = entry.credentials.map((name) => environment[name]).find((value) => value !== undefined)
  return withUpstream({}, (upstream) =>
    entry.make(upstream).generate(request, { ...call, credential: credential ?? 'any', model: route.model }),
  )
}

function catalogOf(rows: readonly object[]): Catalog {
  const made = makeCatalog(rows)
  assert.ok(made.ok)
  return made.value
}
