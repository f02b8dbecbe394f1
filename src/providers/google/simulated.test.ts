import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest, Part, Turn } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { type Sandbox, startSandbox } from '../../sandbox/simulators.ts'
import type { Upstream } from '../http.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import { pathsOf, without } from '../test-fields.ts'
import { makeGoogle } from './provider.ts'

// The adapter against the simulator, which was written from Google's documents without it: a field that is lost on the way shows.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve' })
})
after(() => sandbox.close())

/** Makes 512, which is quick to paint. */
const SMALL = 'gemini-3.1-flash-image'
const RED = await sharp({ create: { width: 96, height: 64, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()

type Body = Readonly<Record<string, JsonValue>>

/** One call; `changed` sees the body on its way out. */
function generate(
  request: ImageRequest,
  { credential = 'AIza-journey', changed = (body: Body) => body, deadlineMs = 20_000 } = {},
) {
  return withUpstream({}, (upstream) => {
    const meddled: Upstream = {
      ...upstream,
      postJson: (call, post) =>
        'body' in post
          ? upstream.postJson(call, { ...post, body: changed(post.body as Body) })
          : upstream.postJson(call, post),
    }
    const call = callTo(sandbox.baseUrlFor('google-ai-studio') ?? '', { deadlineMs })
    return makeGoogle(meddled).generate(request, { ...call, credential, model: SMALL })
  })
}

describe('every field that is sent has its effect', () => {
  const request: ImageRequest = {
    model: 'any',
    turns: [{ role: 'system', parts: [text('Flat ink.')] }, user(text('a kite'), image())],
    resolution: '512',
    aspectRatio: '16:9',
    seed: 7,
  }
  const paths = [
    'contents',
    'contents.0.parts.0',
    'contents.0.parts.1',
    'contents.0.parts.1.inlineData.mimeType',
    'contents.0.parts.1.inlineData.data',
    'systemInstruction',
    'generationConfig.responseModalities',
    'generationConfig.seed',
    'generationConfig.imageConfig.aspectRatio',
    'generationConfig.imageConfig.imageSize',
  ]
  /** What no answer shows: what Google keeps, and who speaks where nobody else does. */
  const silent = ['store', 'contents.0.role']

  test('and none was forgotten', async () => {
    let sent: Body = {}
    await generate(request, { changed: (body) => (sent = body) })

    const known = [...paths, ...silent]
    const forgotten = pathsOf(sent).filter((path) => !known.some((each) => `${path}.`.startsWith(`${each}.`)))
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

describe('the simulator of Gemini, seen through the adapter', { concurrency: 2 }, () => {
  const faults: readonly [fault: string, kind: string, billed: string][] = [
    ['status=400', 'rejected', 'no'],
    ['status=401', 'unauthorized', 'no'],
    ['status=403', 'unauthorized', 'no'],
    ['status=429,retry-after=7', 'rate_limited', 'no'],
    ['status=500', 'unavailable', 'unknown'],
    ['status=503', 'unavailable', 'no'],
    ['refusal=finish:IMAGE_SAFETY', 'refused', 'unknown'],
    ['no-image=parts-null', 'no_image', 'yes'],
    ['truncate=2000', 'no_image', 'yes'],
    ['reset=mid-body', 'no_image', 'yes'],
  ]
  for (const [fault, kind, billed] of faults) {
    test(`${fault} is ${kind}, billed ${billed}`, async () => {
      const failure = failureOf(await generate(prompt(`a kite [[fault:${fault}]]`)))

      assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
      assert.equal(failure.retryAfterMs, fault.includes('retry-after') ? 7_000 : undefined)
    })
  }

  test('a hang ends with the deadline', async () => {
    const failure = failureOf(await generate(prompt('a kite [[fault:hang]]'), { deadlineMs: 300 }))

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  test('a key without billing is the credential’s fault, not the request’s', async () => {
    const failure = failureOf(await generate(prompt('a kite'), { credential: 'AIza-empty' }))

    assert.deepEqual([failure.kind, failure.billed], ['unauthorized', 'no'], failure.message)
  })
})

/** Pictures by their bytes, and words; or the failure. */
function outcomeOf(result: Awaited<ReturnType<typeof generate>>): string {
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const { images, text: words, usage } = result.value
  const hashes = images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${hashes.join(' ')}, ${words ?? 'no words'}, ${usage?.inputTokens} tokens`
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
  const blob = new JsonBlob('binary', [RED], 'image/png')
  return { type: 'image', picture: { field: 'image', source: { type: 'inline', blob } } }
}
