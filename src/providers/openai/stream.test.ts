import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import type { Progress } from '../../core/receipt.ts'
import { answer, callTo, CREDENTIAL, playback, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../test-fixtures.ts'
import { makeOpenAi } from './provider.ts'

const KITE: ImageRequest = {
  model: 'any',
  turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }],
  previews: 2,
}
const PICTURE = Buffer.alloc(70_000, 'picture')
/** Long enough to be a picture by their size: the codec would let them be watched. */
const PREVIEWS = ['one ', 'two '].map((word) => word.repeat(2_000))
const USAGE = { input_tokens: 9, input_tokens_details: { text_tokens: 9, image_tokens: 0 }, output_tokens: 1967 }

describe('a call that shows previews', () => {
  test('hands them over as they come, and the picture with its usage at the end', async () => {
    const { result, progress, watched, requests } = await streamed([partial(0), partial(1), completed()])

    assert.ok(result.ok)
    assert.deepEqual(
      progress.map((told) => told.type === 'preview' && told.index),
      [0, 1],
    )
    assert.deepEqual(
      progress.map((told) => told.type === 'preview' && bytesOf(told.picture).toString('latin1')),
      [PREVIEWS[0], PREVIEWS[1]],
    )
    assert.ok(bytesOf(result.value.images[0]?.blob).equals(PICTURE))
    assert.equal(result.value.images[0]?.mediaType, 'image/png')
    assert.deepEqual([result.value.usage?.inputTokens, result.value.usage?.outputImageTokens], [9, 1967])
    assert.equal(result.value.upstreamId, 'req_1')
    assert.equal(requests.length, 1)
    assert.match(requests[0]?.headers.accept ?? '', /^text\/event-stream/)
    // The asset store has watched the picture, and no preview.
    assert.ok(Buffer.from(watched.toString('latin1'), 'base64').equals(PICTURE))
  })

  test('counts its output as pictures unless it is told apart, and zero as a count', async () => {
    const apart = { output_tokens: 30, output_tokens_details: { image_tokens: 0, text_tokens: 30 } }
    for (const [usage, pictures] of [
      [USAGE, 1967],
      [apart, 0],
    ] as const) {
      const { result } = await streamed([completed(usage)])

      assert.equal(result.ok && result.value.usage?.outputImageTokens, pictures)
    }
  })

  test('of an edit has other names for the same', async () => {
    const edited = [partial(0), completed()].map((text) => text.replaceAll('image_generation.', 'image_edit.'))
    const { result, progress } = await streamed(edited)

    assert.ok(result.ok)
    assert.equal(progress.length, 1)
  })

  test('takes plain JSON where the provider does not stream after all', async () => {
    const plain = { data: [{ b64_json: PICTURE.toString('base64') }], output_format: 'png' }
    const { result, watched } = await played(answer(200, JSON.stringify(plain)))

    assert.ok(result.ok)
    assert.ok(bytesOf(result.value.images[0]?.blob).equals(PICTURE))
    assert.ok(Buffer.from(watched.toString('latin1'), 'base64').equals(PICTURE))
  })

  test('is refused by status as any other', async () => {
    const error = { error: { message: 'No.', type: 'image_generation_user_error', code: 'moderation_blocked' } }
    const { result } = await played(answer(400, JSON.stringify(error)))

    assert.equal(failureOf(result).kind, 'refused')
  })

  const moderated = { code: 'moderation_blocked', message: 'No.', moderation_details: { moderation_stage: 'input' } }
  const limited = { code: 'rate_limit_exceeded', message: 'Slow down.' }
  for (const [what, events, kind, billed] of [
    ['an error at once', [failed({ type: 'server_error', message: 'Oh.' })], 'unavailable', 'unknown'],
    ['a limit at once', [failed(limited)], 'rate_limited', 'no'],
    ['a limit after a preview', [partial(0), failed(limited)], 'rate_limited', 'unknown'],
    ['a refusal before anything was made', [failed(moderated)], 'refused', 'no'],
    ['a refusal after a preview', [partial(0), failed(moderated)], 'refused', 'unknown'],
    ['an error without a wrapper', [event('error', { type: 'error', ...limited })], 'rate_limited', 'no'],
    ['the end after a preview', [partial(0)], 'no_image', 'yes'],
    ['the end without anything', [': hello\n\n'], 'no_image', 'yes'],
    [
      'a picture without a picture',
      [event('image_generation.completed', { type: 'image_generation.completed' })],
      'no_image',
      'yes',
    ],
    ['half a picture', [partial(0), completed().slice(0, 50_000)], 'no_image', 'yes'],
  ] as const) {
    test(`${what} is ${kind}, billed ${billed}`, async () => {
      const { result, requests } = await streamed(events)

      const failure = failureOf(result)
      assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
      assert.equal(requests.length, 1)
    })
  }

  test('says what went wrong in the provider’s words, and never its credential', async () => {
    const { result } = await streamed([failed({ message: `${CREDENTIAL} is not allowed`, code: 'invalid_api_key' })])

    const failure = failureOf(result)
    assert.equal(failure.message, '[credential] is not allowed')
    assert.match(failure.raw, /^\{"type":"error"/)
    assert.ok(!JSON.stringify(failure).includes(CREDENTIAL))
  })

  test('of several pictures shows none, and says so', async () => {
    const plain = { data: [{ b64_json: 'AAAA' }, { b64_json: 'BBBB' }] }
    const { result, progress, requests } = await played(answer(200, JSON.stringify(plain)), { ...KITE, n: 2 })

    assert.ok(result.ok)
    assert.equal(result.value.images.length, 2)
    assert.deepEqual(
      progress.map(({ type }) => type),
      ['status'],
    )
    assert.ok(!requests[0]?.body.includes('stream'))
  })
})

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

function partial(index: number): string {
  const type = 'image_generation.partial_image'
  const b64 = Buffer.from(PREVIEWS[index] ?? '').toString('base64')
  return event(type, { type, b64_json: b64, partial_image_index: index })
}

function completed(usage: object = USAGE): string {
  const type = 'image_generation.completed'
  return event(type, { type, b64_json: PICTURE.toString('base64'), output_format: 'png', usage })
}

function failed(error: object): string {
  return event('error', { type: 'error', error })
}

function streamed(events: readonly string[]) {
  return played((_, response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'req_1' }).end(events.join('')),
  )
}

async function played(play: RequestListener, request: ImageRequest = KITE) {
  await using server = await playback(play)
  const progress: Progress[] = []
  const watched: Buffer[] = []
  const intake = () => ({ write: (part: Buffer) => void watched.push(part), end: () => {}, abort: () => {} })
  const call = {
    ...callTo(server.url, { intake }),
    model: 'gpt-image-2',
    progress: (told: Progress) => progress.push(told),
  }
  const result = await withUpstream({}, (upstream) => makeOpenAi(upstream).generate(request, call))
  return { result, progress, watched: Buffer.concat(watched), requests: server.requests }
}
