import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { allModels } from '../../catalog/models/all-models.ts'
import type { ImageRequest, Part, Turn } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { simulates } from '../../sandbox/simulates.ts'
import { type Sandbox, startSandbox } from '../../sandbox/simulators.ts'
import { testKey } from '../../sandbox/vertex/test-key-file.ts'
import type { Upstream } from '../http.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import { pathsOf, without } from '../test-fields.ts'
import { makeVertex } from './provider.ts'

// The adapter against the simulator, which was written from Google's documents without it: a service account all the way.
let sandbox: Sandbox
const DIRECTORY = mkdtempSync(join(tmpdir(), 'plantain-vertex-'))
const CREDENTIAL = keyFile('kites')
before(async () => {
  sandbox = await startSandbox({ retired: 'serve' })
})
after(async () => {
  await sandbox.close()
  rmSync(DIRECTORY, { recursive: true })
})

/** Makes 512, which is quick to paint. */
const SMALL = 'gemini-3.1-flash-image'
const RED = await sharp({ create: { width: 96, height: 64, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()

type Body = Readonly<Record<string, JsonValue>>

/** One call; `changed` sees the body on its way out. */
function generate(
  request: ImageRequest,
  { credential = CREDENTIAL, model = SMALL, changed = (body: Body) => body, deadlineMs = 20_000 } = {},
) {
  return withUpstream({}, (upstream) => {
    const meddled: Upstream = {
      ...upstream,
      postJson: (call, post) => upstream.postJson(call, { ...post, body: changed(post.body as Body) }),
    }
    const call = callTo(sandbox.baseUrlFor('google-vertex') ?? '', { deadlineMs })
    return makeVertex(meddled).generate(request, { ...call, credential, model })
  })
}

describe('every field that is sent has its effect', () => {
  const request: ImageRequest = {
    model: 'any',
    turns: [{ role: 'system', parts: [text('Flat ink.')] }, user(text('a kite'), image())],
    resolution: '512',
    aspectRatio: '16:9',
    seed: 7,
    format: 'jpeg',
    compression: 30,
  }
  const paths = [
    'contents',
    'contents.0.role',
    'contents.0.parts.0',
    'contents.0.parts.1',
    'contents.0.parts.1.inlineData.mimeType',
    'contents.0.parts.1.inlineData.data',
    'systemInstruction',
    'generationConfig.responseModalities',
    'generationConfig.seed',
    'generationConfig.imageConfig.aspectRatio',
    'generationConfig.imageConfig.imageSize',
    'generationConfig.imageConfig.imageOutputOptions',
    'generationConfig.imageConfig.imageOutputOptions.compressionQuality',
  ]

  test('and none was forgotten', async () => {
    let sent: Body = {}
    await generate(request, { changed: (body) => (sent = body) })

    const forgotten = pathsOf(sent).filter((path) => !paths.some((known) => `${path}.`.startsWith(`${known}.`)))
    assert.deepEqual(forgotten, [])
  })

  for (const path of paths) {
    test(path, async () => {
      const wanted = path.endsWith('responseModalities') ? { ...request, wantsText: false } : request
      const whole = outcomeOf(await generate(wanted))
      const less = outcomeOf(await generate(wanted, { changed: (body) => without(body, path.split('.')) as Body }))

      assert.match(whole, /pictures/)
      assert.notEqual(less, whole)
    })
  }
})

describe('the simulator of Vertex, seen through the adapter', { concurrency: 2 }, () => {
  test('makes the format that is asked for, PNG by itself', async () => {
    for (const [format, made] of [
      ['jpeg', 'jpeg'],
      ['png', 'png'],
      ['webp', 'png'],
      [undefined, 'png'],
    ] as const) {
      const result = await generate({ ...prompt('a kite'), ...(format && { format }) })

      assert.ok(result.ok)
      assert.equal((await sharp(bytesOf(result.value.images[0]?.blob)).metadata()).format, made)
    }
  })

  test('charges by Google’s price list, which the usage agrees with', async () => {
    const name = 'a kite that is paid for'
    const result = await generate({ ...prompt(name), resolution: '512' })

    assert.ok(result.ok)
    const { inputTokens, outputTokens, outputImageTokens, thoughtTokens } = result.value.usage ?? {}
    // 23 bytes are 6 tokens; 88 + 7 × 6 words, 96 + 11 × 6 thoughts; 747 for the picture.
    assert.deepEqual([inputTokens, outputTokens, outputImageTokens, thoughtTokens], [6, 130 + 162 + 747, 747, 162])
    const nanos = 6 * 500 + (130 + 162) * 3_000 + 747 * 60_000
    assert.equal(callsNamed(name)[0]?.billed_nanos, String(nanos))
    assert.equal(result.value.cost, undefined)
  })

  test('edits the model’s own picture of before', async () => {
    const first = await generate({ ...prompt('a kite'), resolution: '512' })
    assert.ok(first.ok)
    const [made] = first.value.images
    assert.ok(made?.continuation !== undefined)
    const blob = new JsonBlob('binary', [bytesOf(made.blob)], made.mediaType)
    const picture = { field: 'image', source: { type: 'inline', blob }, continuation: made.continuation } as const
    const answered: Turn = { role: 'assistant', parts: [{ type: 'image', picture }] }

    const second = await generate({ ...prompt('a kite'), turns: [user(text('a kite')), answered, user(text('bluer'))] })

    assert.ok(second.ok, second.ok ? '' : second.error.message)
    assert.ok(!bytesOf(second.value.images[0]?.blob).equals(bytesOf(made.blob)))
  })

  const SMALL_COST = 6n * 500n
  const faults: readonly [fault: string, kind: string, billed: string, cost: 'nothing' | 'prompt' | 'picture'][] = [
    ['status=400', 'rejected', 'no', 'nothing'],
    ['status=401', 'unauthorized', 'no', 'nothing'],
    ['status=403', 'unauthorized', 'no', 'nothing'],
    ['status=404', 'unavailable', 'no', 'nothing'],
    ['status=429', 'rate_limited', 'no', 'nothing'],
    ['status=429,retry-after=7', 'rate_limited', 'no', 'nothing'],
    ['status=500', 'unavailable', 'unknown', 'nothing'],
    ['status=503', 'unavailable', 'no', 'nothing'],
    ['status=504', 'unavailable', 'unknown', 'nothing'],
    ['redirect=http://127.0.0.1:9/', 'unavailable', 'no', 'nothing'],
    ['html', 'no_image', 'yes', 'nothing'],
    ['reset=after-request', 'unavailable', 'unknown', 'nothing'],
    ['refusal=promptFeedback:PROHIBITED_CONTENT', 'refused', 'no', 'prompt'],
    ['refusal=finish:IMAGE_SAFETY', 'refused', 'unknown', 'prompt'],
    ['no-image=parts-null', 'no_image', 'yes', 'prompt'],
    ['no-image=candidates-missing', 'no_image', 'yes', 'prompt'],
    ['truncate=2000', 'no_image', 'yes', 'picture'],
    ['invalid-json', 'no_image', 'yes', 'picture'],
    ['reset=mid-body', 'no_image', 'yes', 'picture'],
    ['bad-base64', 'no_image', 'yes', 'picture'],
  ]
  for (const [fault, kind, billed, cost] of faults) {
    test(`${fault} is ${kind}, billed ${billed}, and ${cost} is on the bill`, async () => {
      // The same words for all of them: what is painted once need not be painted again.
      const result = await generate(prompt(`a kite [[fault:${fault}]]`))

      const calls = sandbox.bill().recent.filter(({ faults: met }) => directive(met) === fault)
      assert.equal(calls.length, 1)
      const nanos = BigInt(calls[0]?.billed_nanos ?? 0)
      const [least, most] = {
        nothing: [0n, 0n],
        prompt: [SMALL_COST, 2_000_000n],
        picture: [44_820_000n, 50_000_000n],
      }[cost]
      assert.ok(least !== undefined && most !== undefined && nanos >= least && nanos <= most, String(nanos))
      // Whether base64 can be decoded is for who decodes it: the adapter hands such a picture on.
      if (fault === 'bad-base64') return assert.ok(result.ok)
      const failure = failureOf(result)
      assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
      assert.equal(failure.retryAfterMs, fault.includes('retry-after') ? 7_000 : undefined)
    })
  }

  test('a hang ends with the deadline', async () => {
    const failure = failureOf(await generate(prompt('a kite [[fault:hang]]'), { deadlineMs: 300 }))

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  for (const [what, credential, kind, says] of [
    ['an account that does not exist', keyFile('invalid'), 'unauthorized', 'account not found'],
    ['a key that was replaced', keyFile('kites', { private_key: testKey().private_key }), 'unauthorized', 'Signature'],
    ['a project without billing', keyFile('kites', {}, 'empty-project'), 'unauthorized', 'requires billing'],
    ['a project of somebody else', keyFile('kites', { project_id: 'boats' }), 'unauthorized', 'endpoints.predict'],
    ['an express key that is not valid', 'AQ.invalid', 'unauthorized', 'API key not valid'],
  ] as const) {
    test(`${what} is told as what it is, and the free question tells it too`, async () => {
      const failure = failureOf(await generate(prompt('a kite'), { credential }))
      const found = await withUpstream({}, async (upstream) =>
        makeVertex(upstream).check?.({ ...callTo(sandbox.baseUrlFor('google-vertex') ?? ''), credential }),
      )

      assert.deepEqual([failure.kind, failure.billed], [kind, 'no'])
      assert.ok(failure.message.includes(says), failure.message)
      assert.ok(found !== undefined && !found.ok)
      assert.deepEqual([found.error.kind, found.error.billed, found.error.code], [failure.kind, 'no', failure.code])
    })
  }

  test('a region that does not serve the model says so', async () => {
    const base = `${sandbox.baseUrlFor('google-vertex')}/v1/projects/kites-2026/locations/europe-west4`
    const failure = failureOf(
      await withUpstream({}, (upstream) =>
        makeVertex(upstream).generate(prompt('a kite'), { ...callTo(base), credential: CREDENTIAL, model: SMALL }),
      ),
    )

    assert.deepEqual([failure.kind, failure.billed, failure.status], ['unavailable', 'no', 404])
    assert.ok(failure.message.includes('locations/europe-west4'), failure.message)
  })
})

test('every route of the catalogue can be simulated', () => {
  const models = allModels.flatMap(({ routes }) => routes.filter(({ provider }) => provider === 'google-vertex'))

  assert.ok(models.length > 5)
  assert.deepEqual(
    models.filter(({ model }) => !simulates('google-vertex', model)),
    [],
  )
})

function keyFile(name: string, more: object = {}, project = 'kites-2026'): string {
  const key = { ...testKey({ name, project }), ...more }
  const path = join(DIRECTORY, `${key.private_key_id}.json`)
  writeFileSync(path, JSON.stringify(key))
  return path
}

/** Pictures by their bytes, and words; or the failure. */
function outcomeOf(result: Awaited<ReturnType<typeof generate>>): string {
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const { images, text: words, usage } = result.value
  const hashes = images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${hashes.join(' ')}, ${words ?? 'no words'}, ${usage?.inputTokens} tokens`
}

/** As it is written into a prompt: `status=429,retry-after=7`. */
function directive(faults: Readonly<Record<string, string>>): string {
  return Object.entries(faults)
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .join(',')
}

function callsNamed(name: string) {
  return sandbox.bill().recent.filter(({ request }) => JSON.stringify(request ?? '').includes(name))
}

function text(words: string): Part {
  return { type: 'text', text: words }
}

function user(...parts: readonly Part[]): Turn {
  return { role: 'user', parts }
}

function prompt(words: string): ImageRequest {
  return { model: 'any', turns: [user(text(words))], resolution: '512' }
}

function image(): Part {
  return {
    type: 'image',
    picture: { field: 'image', source: { type: 'inline', blob: new JsonBlob('binary', [RED], 'image/png') } },
  }
}
