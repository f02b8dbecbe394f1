import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { allModels } from '../../catalog/models/all-models.ts'
import type { ImageRequest, Part } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { simulates } from '../../sandbox/simulates.ts'
import { type Sandbox, startSandbox } from '../../sandbox/simulators.ts'
import type { Upstream } from '../http.ts'
import { callTo, withUpstream } from '../playback.ts'
import { failureOf } from '../provider-contract.ts'
import { makeXai } from './provider.ts'

// The adapter against the simulator, which was written from xAI's documents and shares no code with it.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse' })
})
after(() => sandbox.close())

const MODEL = 'grok-imagine-image-2.0'
const RED = await square('#c03020')
const BLUE = await square('#2030c0')

type Body = Readonly<Record<string, JsonValue>>

interface Changes {
  readonly model?: string
  readonly credential?: string
  readonly deadlineMs?: number
  /** Sees the body on its way out. */
  readonly body?: (body: Body) => Body
}

function generate(
  request: ImageRequest,
  { model = MODEL, credential = 'xai-good', deadlineMs = 20_000, body = (sent) => sent }: Changes = {},
) {
  return withUpstream({}, (upstream) => {
    const meddled: Upstream = {
      ...upstream,
      postJson: (call, post) => upstream.postJson(call, { ...post, body: body(post.body as Body) }),
    }
    const call = callTo(sandbox.baseUrlFor('xai') ?? '', { deadlineMs })
    return makeXai(meddled).generate(request, { ...call, model, credential })
  })
}

describe('every field that is sent has its effect', () => {
  const rich: readonly (readonly [name: string, request: ImageRequest])[] = [
    [
      'a new picture',
      { ...prompt('a kite'), n: 2, aspectRatio: '2:1', quality: 'low', providerOptions: { xai: { user: 'u1' } } },
    ],
    ['a large one', { ...prompt('a kite'), resolution: '2K' }],
    ['an edit of one', edit(RED)],
    ['an edit of two', { ...edit(RED, BLUE), aspectRatio: '1:2' }],
  ]
  for (const [name, request] of rich) {
    test(name, async () => {
      let sent: Body = {}
      const whole = outcomeOf(await generate(request, { body: (body) => (sent = body) }))

      assert.ok(Object.keys(sent).length > 3)
      for (const field of Object.keys(sent)) {
        const { [field]: _, ...less } = sent
        assert.notDeepEqual(outcomeOf(await generate(request, { body: () => less })), whole, `without ${field}`)
      }
    })
  }
})

describe('what is paid', () => {
  /** Each by the price list: output, then what each reference costs. */
  const sold: readonly (readonly [what: string, dollars: string, request: ImageRequest, model?: string])[] = [
    ['one', '0.04', prompt('a kite')],
    ['two at medium quality', '0.12', { ...prompt('a kite'), n: 2, quality: 'medium' }],
    ['one at 2K', '0.06', { ...prompt('a kite'), resolution: '2K' }],
    ['one from two references', '0.08', edit(RED, BLUE)],
    ['one of the cheap model', '0.02', prompt('a kite'), 'grok-imagine-image'],
    ['one of the quality model at 2K', '0.07', { ...prompt('a kite'), resolution: '2K' }, 'grok-imagine-image-quality'],
  ]
  for (const [what, dollars, request, model = MODEL] of sold) {
    test(`for ${what} is ${dollars} dollars, told with the answer and on the bill`, async () => {
      const earlier = BigInt(sandbox.bill().billed_nanos)

      const result = await generate(request, { model })

      assert.ok(result.ok)
      const nanos = BigInt(Math.round(Number(dollars) * 1e9))
      assert.deepEqual([result.value.cost, BigInt(sandbox.bill().billed_nanos) - earlier], [nanos, nanos])
      assert.equal(result.value.images.length, request.n ?? 1)
    })
  }
})

describe('what goes wrong is told as it is', () => {
  /** With what the simulator bills, in cents. */
  const cases: readonly (readonly [fault: string, kind: string, billed: string, cents: number])[] = [
    ['status=400', 'rejected', 'no', 0],
    ['status=401', 'unauthorized', 'no', 0],
    ['status=403', 'unauthorized', 'no', 0],
    ['status=404', 'unavailable', 'no', 0],
    ['status=422', 'rejected', 'no', 0],
    ['status=429,retry-after=3', 'rate_limited', 'no', 0],
    ['status=500', 'unavailable', 'unknown', 0],
    ['status=503', 'unavailable', 'no', 0],
    ['refusal=input', 'refused', 'unknown', 5],
    ['refusal=output', 'refused', 'yes', 4],
    ['refusal=flag', 'refused', 'yes', 4],
    ['no-image=images-empty', 'no_image', 'yes', 4],
    ['no-image=images-missing', 'no_image', 'yes', 4],
    ['invalid-json', 'no_image', 'yes', 4],
    ['truncate=2000', 'no_image', 'yes', 4],
    ['reset=mid-body', 'no_image', 'yes', 4],
    ['reset=after-request', 'unavailable', 'unknown', 0],
    ['html', 'no_image', 'yes', 0],
  ]
  for (const [fault, kind, billed, cents] of cases) {
    test(`${fault}: ${kind}, billed ${billed}, and ${cents} cents on the bill`, async () => {
      const earlier = BigInt(sandbox.bill().billed_nanos)

      const failure = failureOf(await generate(prompt(`a kite [[fault:${fault}]]`)))

      assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
      assert.equal(failure.retryAfterMs, fault.includes('retry-after') ? 3_000 : undefined)
      assert.equal(BigInt(sandbox.bill().billed_nanos) - earlier, BigInt(cents) * 10_000_000n)
      if (kind === 'refused') assert.equal(failure.cost, billed === 'yes' ? 40_000_000n : undefined)
    })
  }

  test('a hang ends with the deadline', async () => {
    const failure = failureOf(await generate(prompt('a kite [[fault:hang]]'), { deadlineMs: 300 }))

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  const keys: readonly (readonly [credential: string, says: string])[] = [
    ['xai-invalid', 'Incorrect API key provided'],
    ['xai-locked', 'used all available credits'],
    ['xai-blocked', 'The API key is blocked'],
  ]
  for (const [credential, says] of keys) {
    test(`${credential} is unauthorized: ${says}`, async () => {
      const failure = failureOf(await generate(prompt('a kite'), { credential }))

      assert.deepEqual([failure.kind, failure.billed], ['unauthorized', 'no'])
      assert.ok(failure.message.includes(says), failure.message)
    })
  }

  test('of three pictures, one withheld, two are delivered', async () => {
    const result = await generate({ ...prompt('a kite [[fault:refusal=flag-one]]'), n: 3 })

    assert.ok(result.ok)
    assert.deepEqual([result.value.images.length, result.value.cost], [2, 120_000_000n])
  })

  for (const fault of ['wrong-mime', 'urlsafe-base64', 'unpadded-base64', 'wrapped-base64', 'no-usage', 'oversize=2']) {
    test(`${fault} costs no picture`, async () => {
      const result = await generate(prompt(`a kite [[fault:${fault}]]`))

      assert.ok(result.ok)
      assert.equal(result.value.images.length, 1)
      assert.equal(result.value.cost === undefined, fault === 'no-usage')
    })
  }
})

test('the catalogue and the simulator, written apart, agree on what xAI sells', async () => {
  const models = allModels.flatMap(({ routes }) => routes.filter(({ provider }) => provider === 'xai'))

  assert.equal(models.length, 3)
  for (const { model } of models) {
    assert.ok(simulates('xai', model), model)
    assert.ok((await generate(prompt('a kite'), { model })).ok, model)
  }
  assert.ok(!simulates('xai', 'x-ai/grok-imagine-image'))
})

/** What a caller could tell one result from another by. */
function outcomeOf(result: Awaited<ReturnType<typeof generate>>): unknown {
  if (!result.ok) return [result.error.status, result.error.message]
  const hashes = result.value.images.map(({ blob }) =>
    createHash('sha256').update(Buffer.concat(blob.slices)).digest('hex'),
  )
  return [result.value.cost, ...hashes]
}

function prompt(words: string): ImageRequest {
  return { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: words }] }] }
}

function edit(...pictures: readonly Buffer[]): ImageRequest {
  const parts = pictures.map((bytes): Part => {
    const blob = new JsonBlob('binary', [bytes], 'image/png')
    return { type: 'image', picture: { field: 'image', source: { type: 'inline', blob } } }
  })
  return { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'make it night' }, ...parts] }] }
}

async function square(background: string): Promise<Buffer> {
  return await sharp({ create: { width: 64, height: 48, channels: 3, background } })
    .png()
    .toBuffer()
}
