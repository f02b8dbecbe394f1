import assert from 'node:assert/strict'
import { Agent, request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { after, before, beforeEach, test } from 'node:test'
import sharp from 'sharp'
import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
})
beforeEach(() => fetch(`${sandbox.url}/_sandbox/reset`, { method: 'POST' }))
after(() => sandbox.close())

const MODEL = 'google/gemini-3.1-flash-image'

interface Raw {
  /** Undefined when the connection broke before a status line. */
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly broken: string | undefined
  readonly ms: number
}

/** One call over a socket of its own, whatever becomes of it. */
function call(fault: string, { header, chat }: { header?: string; chat?: object } = {}): Promise<Raw> {
  const start = process.hrtime.bigint()
  return new Promise((resolve) => {
    let status: number | undefined
    let headers: IncomingHttpHeaders = {}
    const chunks: Buffer[] = []
    const done = (broken?: string): void => {
      const ms = Number((process.hrtime.bigint() - start) / 1_000_000n)
      resolve({ status, headers, body: Buffer.concat(chunks).toString(), broken, ms })
    }
    const path = chat === undefined ? '/images' : '/chat/completions'
    const sent = httpRequest(`${sandbox.baseUrlFor('openrouter')}${path}`, {
      method: 'POST',
      agent: new Agent({ keepAlive: true }),
      headers: { authorization: 'Bearer key', ...(header !== undefined && { 'x-sandbox-fault': header }) },
    })
    sent.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.name))
    sent.on('response', (response) => {
      status = response.statusCode
      headers = response.headers
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.name))
      response.on('end', () => done())
    })
    const prompt = fault === '' ? 'a kite' : `a kite [[fault:${fault}]]`
    const images = { model: MODEL, prompt, resolution: '512' }
    const messages = [{ role: 'user', content: prompt }]
    const config = { modalities: ['image', 'text'], image_config: { image_size: '0.5K' } }
    sent.end(JSON.stringify(chat === undefined ? images : { model: MODEL, messages, ...config, ...chat }))
  })
}

function base64Of({ body }: Raw): string {
  return JSON.parse(body).data[0].b64_json
}

function pictureOf(raw: Raw): Buffer {
  return Buffer.from(base64Of(raw), 'base64')
}

function billed(): number {
  return Number(BigInt(sandbox.bill().billed_nanos)) / 1e9
}

test('without a fault the answer is whole and its cost the bill, and the header alone can ask for one', async () => {
  const plain = await call('')
  const cost = billed()
  const faulty = await call('', { header: 'status=503, retry-after=7' })

  assert.equal((await sharp(pictureOf(plain)).metadata()).width, 512)
  assert.equal(JSON.parse(plain.body).usage.cost, cost)
  assert.match(String(plain.headers['x-generation-id']), /^gen-/)
  assert.equal(faulty.status, 503)
  assert.equal(faulty.headers['retry-after'], '7')
  assert.equal(JSON.parse(faulty.body).error.metadata.error_type, 'provider_overloaded')
  assert.equal(billed(), cost)
})

for (const [fault, header, bills] of [
  ['', 'reset=accept', false],
  ['', 'reset=mid-request', false],
  ['reset=after-request', undefined, false],
  ['reset=mid-body', undefined, true],
  ['truncate=500', undefined, true],
] as const) {
  test(`${fault}${header ?? ''} breaks the connection and bills ${bills ? 'the picture' : 'nothing'}`, async () => {
    const { broken } = await call(fault, header === undefined ? {} : { header })

    assert.ok(broken)
    assert.equal(billed() > 0, bills)
  })
}

test('delay, slow-first-byte and drip take their time and lose nothing', async () => {
  for (const [fault, least] of [
    ['delay=300', 300],
    ['slow-first-byte=300', 300],
    ['drip=400000', 150],
  ] as const) {
    const raw = await call(fault)

    assert.ok(raw.ms >= least, `${fault}: ${raw.ms} ms`)
    await sharp(pictureOf(raw)).raw().toBuffer()
  }
})

test('faults of the picture’s bytes', async () => {
  const small = await call('wrong-size')
  const corrupt = await call('corrupt-image')
  const text = await call('not-an-image')
  const illegal = await call('bad-base64')

  assert.equal((await sharp(pictureOf(small)).metadata()).width, 256)
  await assert.rejects(sharp(pictureOf(corrupt), { failOn: 'truncated' }).raw().toBuffer())
  await assert.rejects(sharp(pictureOf(text)).metadata())
  assert.match(base64Of(illegal), /\*/)
})

test('what the bill counts can be overridden', async () => {
  await call('status=500,billed=yes')
  const owed = billed()
  await call('billed=no')

  assert.ok(owed > 0)
  assert.equal(billed(), owed)
})

test('a fault of the first two calls is over with the third', async () => {
  const statuses = []
  for (let n = 0; n < 3; n++) statuses.push((await call('status=502,times=2')).status)

  assert.deepEqual(statuses, [502, 502, 200])
})

test('a stream may end in an error, whose code is a number and whose metadata names a type', async () => {
  const { status, body } = await call('stream-error=502', { chat: { stream: true } })
  const events = body.split('\n\n').flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6))] : []))

  assert.equal(status, 200)
  assert.ok(body.startsWith(': OPENROUTER PROCESSING\n\n'))
  assert.ok(body.endsWith('data: [DONE]\n\n'))
  assert.deepEqual([events.at(-1).error.code, events.at(-1).error.metadata.error_type], [502, 'provider_unavailable'])
  assert.equal(events.at(-1).choices[0].finish_reason, 'error')
})

test('the bill remembers what was asked, pictures by size and digest', async () => {
  await call('', {
    chat: {
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }],
    },
  })
  const [last] = sandbox.bill().recent.slice(-1)

  assert.equal(last?.outcome, 'rejected')
  assert.deepEqual([last?.simulator, last?.method, last?.model], ['openrouter', 'chat/completions', MODEL])
  assert.ok(!JSON.stringify(last?.request).includes('AAAA'))
  assert.match(JSON.stringify(last?.request), /"bytes":3,"sha256":"[0-9a-f]{64}"/)
})
