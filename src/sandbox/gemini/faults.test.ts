import assert from 'node:assert/strict'
import { Agent, request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { after, before, beforeEach, test } from 'node:test'
import sharp from 'sharp'
import { FAULTS } from '../faults.ts'
import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
})
beforeEach(() => fetch(`${sandbox.url}/_sandbox/reset`, { method: 'POST' }))
after(() => sandbox.close())

const MODEL = 'gemini-3.1-flash-image'

interface Raw {
  /** Undefined when the connection broke before a status line. */
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The error code of a connection that broke. */
  readonly broken: string | undefined
  readonly ms: number
}

/** One call over a socket of its own, whatever becomes of it. */
function call(
  fault: string,
  options: { header?: string; patienceMs?: number; method?: string; prompt?: string } = {},
): Promise<Raw> {
  const { header, patienceMs, method = 'generateContent', prompt = 'a kite' } = options
  const start = process.hrtime.bigint()
  return new Promise((resolve) => {
    let status: number | undefined
    let headers: IncomingHttpHeaders = {}
    const chunks: Buffer[] = []
    const done = (broken?: string): void =>
      resolve({
        status,
        headers,
        body: Buffer.concat(chunks).toString(),
        broken,
        ms: Number((process.hrtime.bigint() - start) / 1_000_000n),
      })
    const sent = httpRequest(`${sandbox.baseUrlFor('google-ai-studio')}/v1beta/models/${MODEL}:${method}`, {
      method: 'POST',
      agent: new Agent({ keepAlive: true }),
      headers: { 'x-goog-api-key': 'key', ...(header !== undefined && { 'x-sandbox-fault': header }) },
      ...(patienceMs !== undefined && { signal: AbortSignal.timeout(patienceMs) }),
    })
    sent.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.name))
    sent.on('response', (response) => {
      status = response.statusCode
      headers = response.headers
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.name))
      response.on('end', () => done())
    })
    const text = fault === '' ? prompt : `${prompt} [[fault:${fault}]]`
    sent.end(
      JSON.stringify({
        contents: [{ role: 'user', parts: [{ text }] }],
        generationConfig: { responseModalities: ['IMAGE'], imageConfig: { imageSize: '512' } },
      }),
    )
  })
}

interface Part {
  readonly text?: string
  readonly thought?: boolean
  readonly thoughtSignature?: string
  readonly inlineData?: { readonly mimeType: string; readonly data: string }
}

function partsOf({ body }: Raw): Part[] {
  return JSON.parse(body).candidates[0].content.parts
}

function pictureOf(raw: Raw): Buffer {
  return Buffer.from(partsOf(raw).at(-1)?.inlineData?.data ?? '', 'base64')
}

function billed(): bigint {
  return BigInt(sandbox.bill().billed_nanos)
}

test('without a fault the answer is whole, and the header alone can ask for one', async () => {
  const plain = await call('')
  const faulty = await call('', { header: 'status=503, retry-after=7' })

  assert.equal(plain.status, 200)
  assert.equal((await sharp(pictureOf(plain)).metadata()).width, 512)
  assert.equal(faulty.status, 503)
  assert.equal(faulty.headers['retry-after'], '7')
})

for (const [status, name] of [
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [429, 'RESOURCE_EXHAUSTED'],
  [500, 'INTERNAL'],
  [502, 'INTERNAL'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
] as const) {
  test(`status=${status} has Google's body and costs nothing`, async () => {
    const raw = await call(`status=${status}`)

    const { error } = JSON.parse(raw.body)
    assert.deepEqual([raw.status, error.code, error.status], [status, status, name])
    assert.equal(raw.headers['retry-after'], undefined)
    assert.equal(billed(), 0n)
  })
}

test('a 429 tells how long to wait in RetryInfo', async () => {
  const { body } = await call('status=429,retry-after=3')

  const types = JSON.parse(body).error.details.map((detail: Record<string, string>) =>
    detail['@type']?.split('.').at(-1),
  )
  assert.deepEqual(types, ['QuotaFailure', 'Help', 'RetryInfo'])
  assert.match(body, /"retryDelay": "3s"/u)
})

test('delay holds everything back, slow-first-byte only the body', async () => {
  const late = await call('delay=150')
  const quiet = await call('slow-first-byte=150')

  assert.ok(late.ms >= 150 && late.status === 200)
  assert.ok(quiet.ms >= 150 && quiet.status === 200)
})

test('hang answers nothing and is billed as a picture', async () => {
  const raw = await call('hang', { patienceMs: 400 })

  assert.equal(raw.status, undefined)
  assert.ok(raw.broken)
  assert.equal(sandbox.bill().recent.at(-1)?.status, null)
  assert.ok(billed() >= 747n * 60_000n)
})

test('drip sends at the rate asked for', async () => {
  const raw = await call('drip=2000', { patienceMs: 700 })

  assert.equal(raw.status, 200)
  assert.ok(raw.broken)
  assert.ok(raw.body.length > 200 && raw.body.length < 3000, `${raw.body.length} bytes`)
})

test('truncate promises a length and closes after k bytes of it', async () => {
  const raw = await call('truncate=5000', { patienceMs: 5000 })

  assert.equal(raw.broken, 'ECONNRESET')
  assert.equal(raw.body.length, 5000)
  assert.ok(Number(raw.headers['content-length']) > 50_000)
  assert.ok(billed() > 0n)
  assert.equal(sandbox.bill().recent.at(-1)?.answer_complete, false)
})

test('cut ends the body early as if that were all', async () => {
  const raw = await call('cut=5000')

  assert.equal(raw.broken, undefined)
  assert.equal(raw.body.length, 5000)
})

for (const [where, options, isBilled] of [
  ['accept', { header: 'reset=accept' }, false],
  ['mid-request', { header: 'reset=mid-request', prompt: 'x'.repeat(3_000_000) }, false],
  ['after-request', {}, false],
  ['mid-body', {}, true],
] as const) {
  test(`reset=${where} breaks the connection${isBilled ? ' and is billed' : ''}`, async () => {
    const raw = await call('header' in options ? '' : `reset=${where}`, options)

    assert.match(raw.broken ?? '', /ECONNRESET|EPIPE/u)
    assert.equal(raw.status, isBilled ? 200 : undefined)
    assert.equal(billed() > 0n, isBilled)
    assert.equal(sandbox.bill().recent.at(-1)?.request_complete, !('header' in options))
  })
}

test('html, a redirect, broken JSON and another content type', async () => {
  const html = await call('html')
  const away = await call('redirect=http://127.0.0.1:9/x?a=b')
  const broken = await call('invalid-json')
  const plain = await call('content-type=text/plain')

  assert.deepEqual([html.status, html.headers['content-type']], [200, 'text/html; charset=UTF-8'])
  assert.deepEqual([away.status, away.headers.location], [302, 'http://127.0.0.1:9/x?a=b'])
  assert.throws(() => JSON.parse(broken.body))
  assert.ok(broken.body.length > 50_000)
  assert.equal(plain.headers['content-type'], 'text/plain')
})

for (const reason of ['SAFETY', 'OTHER', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'IMAGE_SAFETY']) {
  test(`refusal=promptFeedback:${reason} has no candidates and counts the prompt alone`, async () => {
    const { status, body } = await call(`refusal=promptFeedback:${reason}`)

    const json = JSON.parse(body)
    assert.deepEqual([status, json.promptFeedback, json.candidates], [200, { blockReason: reason }, undefined])
    assert.equal(json.usageMetadata.totalTokenCount, json.usageMetadata.promptTokenCount)
    assert.equal(billed(), BigInt(json.usageMetadata.promptTokenCount) * 500n)
  })
}

test("after a policy block the candidates' count repeats the thoughts, and only the total adds up", async () => {
  const { body } = await call('refusal=finish:IMAGE_SAFETY')

  const { candidates, usageMetadata: usage } = JSON.parse(body)
  assert.deepEqual([candidates[0].finishReason, candidates[0].content], ['IMAGE_SAFETY', {}])
  assert.match(candidates[0].finishMessage, /Unable to show the generated image/u)
  assert.equal(usage.candidatesTokenCount, usage.thoughtsTokenCount)
  assert.equal(usage.totalTokenCount, usage.promptTokenCount + usage.thoughtsTokenCount)
  assert.equal(billed(), BigInt(usage.promptTokenCount) * 500n + BigInt(usage.thoughtsTokenCount) * 3000n)
})

test('NO_IMAGE, IMAGE_OTHER, MAX_TOKENS and a refusal in words', async () => {
  const none = JSON.parse((await call('refusal=finish:NO_IMAGE')).body)
  const other = JSON.parse((await call('refusal=IMAGE_OTHER')).body)
  const full = JSON.parse((await call('refusal=MAX_TOKENS')).body)
  const words = await call('refusal=stop-text-only')

  assert.equal(none.candidates[0].finishReason, 'NO_IMAGE')
  assert.equal(other.usageMetadata.totalTokenCount, other.usageMetadata.promptTokenCount)
  assert.equal(full.candidates[0].finishReason, 'MAX_TOKENS')
  assert.deepEqual(
    partsOf(words).map(({ text }) => typeof text),
    ['string'],
  )
  assert.equal((await call('refusal=whim')).status, 400)
})

for (const [shape, seen] of [
  ['parts-null', { candidates: [{ content: { parts: null, role: 'model' }, finishReason: 'STOP', index: 0 }] }],
  ['parts-empty', { candidates: [{ content: { parts: [], role: 'model' }, finishReason: 'STOP', index: 0 }] }],
  ['parts-missing', { candidates: [{ content: { role: 'model' }, finishReason: 'STOP', index: 0 }] }],
  ['content-empty', { candidates: [{ content: {}, finishReason: 'STOP', index: 0 }] }],
  ['content-missing', { candidates: [{ finishReason: 'STOP', index: 0 }] }],
  ['candidates-empty', { candidates: [] }],
  ['candidates-missing', {}],
] as const) {
  test(`no-image=${shape}`, async () => {
    const { status, body } = await call(`no-image=${shape}`)

    const { candidates } = JSON.parse(body)
    assert.equal(status, 200)
    assert.deepEqual(candidates === undefined ? {} : { candidates }, seen)
  })
}

test('drafts are unflagged, signed and each counted; the last is the picture of a call without them', async () => {
  const prompt = 'a kite [[fault:drafts=1]]'
  const one = await call('', { prompt })
  const three = await call('', { prompt: prompt.replace('1', '3') })

  const parts = partsOf(three)
  assert.equal(parts.length, 3)
  assert.ok(parts.every((part) => part.inlineData && part.thoughtSignature && part.thought === undefined))
  assert.deepEqual(pictureOf(three), pictureOf(one))
  assert.equal(JSON.parse(three.body).usageMetadata.candidatesTokensDetails[0].tokenCount, 3 * 747)
})

test('a thought can come before the picture or be it', async () => {
  const thoughtFirst = partsOf(await call('thought-image=before'))
  const only = partsOf(await call('thought-image=only'))

  assert.deepEqual(
    thoughtFirst.map(({ thought }) => thought),
    [true, undefined],
  )
  assert.deepEqual(
    only.map(({ thought }) => thought),
    [true],
  )
})

test('wrong size, wrong label, a picture that breaks off, and none', async () => {
  const small = await call('wrong-size')
  const label = await call('wrong-mime')
  const corrupt = await call('corrupt-image')
  const none = await call('not-an-image')

  assert.equal((await sharp(pictureOf(small)).metadata()).width, 256)
  assert.equal(partsOf(label)[0]?.inlineData?.mimeType, 'image/png')
  assert.equal((await sharp(pictureOf(label)).metadata()).format, 'jpeg')
  await assert.rejects(sharp(pictureOf(corrupt)).stats())
  await assert.rejects(sharp(pictureOf(none)).metadata())
})

for (const [fault, pattern] of [
  ['bad-base64', /^[A-Za-z0-9+/]+\*[A-Za-z0-9+/]+=*$/u],
  ['bad-base64=quantum', /^(?:.{4})+.$/u],
  ['urlsafe-base64', /^[A-Za-z0-9_-]+=*$/u],
  ['unpadded-base64', /^(?:.{4})+..?.?$/u],
  ['wrapped-base64', /^(?:.{76}\r\n)+.{0,76}$/u],
] as const) {
  test(`${fault} shows in the text of the picture`, async () => {
    const data = partsOf(await call(fault))[0]?.inlineData?.data ?? ''

    assert.match(data, pattern)
    assert.ok(data.length > 50_000)
  })
}

test('oversize is a valid picture of N megabytes', async () => {
  const raw = await call('oversize=6')

  const picture = pictureOf(raw)
  assert.equal(picture.length, 6_000_000)
  assert.equal((await sharp(picture).metadata()).width, 512)
})

test('usage can be missing, whole or by modality, and the bill knows it all the same', async () => {
  const none = JSON.parse((await call('no-usage')).body)
  const flat = JSON.parse((await call('no-details')).body)

  assert.equal(none.usageMetadata, undefined)
  assert.equal(flat.usageMetadata.candidatesTokensDetails, undefined)
  assert.ok(flat.usageMetadata.candidatesTokenCount > 747)
  assert.ok(billed() > 2n * 747n * 60_000n)
})

test('times=N fails N calls and lets the next one through; billed turns the bill round', async () => {
  const statuses = [
    await call('status=503,times=2'),
    await call('status=503,times=2'),
    await call('status=503,times=2'),
  ]
  const before500 = billed()
  await call('status=500,billed=yes')
  const after500 = billed()
  await call('billed=no')

  assert.deepEqual(
    statuses.map(({ status }) => status),
    [503, 503, 200],
  )
  assert.ok(after500 - before500 >= 747n * 60_000n)
  assert.equal(billed(), after500)
})

test('a stream can fail after it began, as an event or as an element', async () => {
  const sse = await call('stream-error=503', { method: 'streamGenerateContent?alt=sse' })
  const array = await call('stream-error=503', { method: 'streamGenerateContent' })

  const last = sse.body.trim().split('\r\n\r\n').at(-1) ?? ''
  assert.equal(JSON.parse(last.slice('data: '.length)).error.code, 503)
  assert.equal(JSON.parse(array.body).at(-1).error.code, 503)
})

test('a fault of a wrong name or value is a 400, never a silent success', async () => {
  for (const fault of ['explode', 'status', 'status=many', 'reset=soon', 'hang=5', 'drafts=-1']) {
    assert.equal((await call(fault)).status, 400, fault)
  }
})

test('every fault of the table says what it takes and what it bills', () => {
  for (const [name, { means, billed: bills }] of Object.entries(FAULTS)) {
    assert.match(name, /^[a-z0-9-]+$/u)
    assert.ok(means.endsWith('.') && bills.length > 0, name)
  }
})
