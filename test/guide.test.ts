import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'

import { ROOT } from './support/child.ts'
import { startGateway, type TestGatewayHere } from './support/gateway.ts'
import { dataUrl, fromDataUrl, look, photograph } from './support/pictures.ts'
import { receiptOf } from './support/receipts.ts'
import { type Simulator, startSimulator } from './support/simulator.ts'

/*
 * What guides to OpenRouter's image models teach, on this gateway with the URL and the key changed: their calls in three languages
 * (examples/), their model ids, their fields and headers.
 */

const run = promisify(execFile)
const directory = mkdtempSync(join(tmpdir(), 'plantain-guide-'))
const room = await photograph('jpeg', 800, 600)
let simulator: Simulator
let gateway: TestGatewayHere

before(async () => {
  simulator = await startSimulator('refuse')
  gateway = await startGateway({
    environment: { GEMINI_API_KEY: 'AIza-of-the-operator', PLANTAIN_GOOGLE_BASE_URL: simulator.google },
  })
  writeFileSync(join(directory, 'room.jpg'), room)
})

after(async () => {
  await gateway.stop()
  await simulator.stop()
  rmSync(directory, { recursive: true })
})

async function example(command: string, file: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(command, [join(ROOT, 'examples', file), ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'], PLANTAIN_URL: gateway.url, PLANTAIN_API_KEY: gateway.keys.test },
  })
  return stdout
}

/** The first Python that has requests. */
async function findPython(): Promise<string | undefined> {
  for (const python of ['python3', '/usr/bin/python3']) {
    const has = await run(python, ['-c', 'import requests']).then(
      () => true,
      () => false,
    )
    if (has) return python
  }
  return undefined
}

const python = await findPython()
const withoutPython = python === undefined && process.env['CI'] === undefined && 'not run: no Python here has requests'

const EXAMPLES = [
  { language: 'sh', command: 'bash', skip: false },
  { language: 'mjs', command: process.execPath, skip: false },
  { language: 'py', command: python ?? 'python3', skip: withoutPython },
] as const

for (const { language, command, skip } of EXAMPLES) {
  test(`examples/generate.${language} makes a picture`, { skip }, async () => {
    const output = `generated-${language}.jpg`

    const said = await example(command, `generate.${language}`, [`A "cozy" room, drawn by ${language}.`, output])

    const { format, width, height } = await look(readFileSync(join(directory, output)))
    assert.deepEqual([format, width, height], ['jpeg', 1024, 1024])
    assert.match(said, new RegExp(`Saved ${output}`))
  })

  test(`examples/edit.${language} changes a picture`, { skip }, async () => {
    const output = `edited-${language}.jpg`

    await example(command, `edit.${language}`, ['room.jpg', `Make it "blue", says ${language}.`, output])

    const edited = await look(readFileSync(join(directory, output)))
    assert.deepEqual([edited.format, edited.width, edited.height], ['jpeg', 1200, 896])
    assert.notEqual(edited.sha256, (await look(room)).sha256)
  })
}

/** 50 bytes: 13 tokens by the simulator's rule. */
const PROMPT = 'A serene mountain lake at sunrise, photorealistic.'

interface ChatAnswer {
  readonly id: string
  readonly model: string
  readonly provider: string
  readonly choices: readonly [{ readonly message: { readonly images: readonly { image_url: { url: string } }[] } }]
  readonly usage: { readonly cost: number }
  readonly warnings?: readonly { readonly code: string; readonly field: string; readonly message: string }[]
}

async function chat(fields: object, key = gateway.keys.test, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${gateway.url}/api/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      model: 'google/gemini-3.1-flash-image-preview',
      messages: [{ role: 'user', content: PROMPT }],
      modalities: ['image', 'text'],
      ...fields,
    }),
  })
  const answer: unknown = await response.json()
  assert.equal(response.status, 200, JSON.stringify(answer).slice(0, 500))
  return answer as ChatAnswer
}

function pictureOf({ choices: [{ message }] }: ChatAnswer): Buffer {
  assert.equal(message.images.length, 1)
  return fromDataUrl(message.images[0]?.image_url.url ?? '')
}

/*
 * Dollars by hand, from the prices per million tokens of upstream's own list (read 2026-11-22) and the simulator's counts for 13 tokens
 * of prompt: 3.1 (1,120 × 60 + 290 × 3 + 13 × 0.5), 2.5 (1,290 × 30 + 12 × 2.5 + 13 × 0.3), 3 Pro (1,120 × 120 + 450 × 12 + 13 × 2),
 * 2.1 (1,120 × 30 + 514 × 7.5 + 13 × 1.5).
 */
const IDS = [
  {
    id: 'google/gemini-3.1-flash-image-preview',
    oldPrice: 0.0680765,
    oldFormat: 'jpeg',
    successor: 'google/gemini-nano-banana-2.1',
    price: 0.0374745,
  },
  {
    id: 'google/gemini-2.5-flash-image',
    oldPrice: 0.0387339,
    oldFormat: 'png',
    successor: 'google/gemini-nano-banana-2.1',
    price: 0.0374745,
  },
  {
    id: 'google/gemini-3-pro-image-preview',
    oldPrice: 0.139826,
    oldFormat: 'jpeg',
    successor: 'google/gemini-3-pro-image',
    price: 0.139826,
  },
] as const

for (const { id, oldPrice, oldFormat, successor, price } of IDS) {
  test(`${id} with a test key: as it was, at its old price of ${oldPrice} USD`, async () => {
    const answer = await chat({ model: id })

    const { format, width, height } = await look(pictureOf(answer))
    assert.deepEqual([format, width, height], [oldFormat, 1024, 1024])
    assert.deepEqual([answer.model, answer.usage.cost], [id, oldPrice])
    assert.deepEqual(
      answer.warnings?.map(({ code, field }) => [code, field]),
      [['model_retired', 'model']],
    )
  })

  test(`${id} with a live key: served by ${successor} at ${price} USD, with a warning`, async () => {
    await simulator.reset()

    const answer = await chat({ model: id }, gateway.keys.live)

    const { recent } = await simulator.bill()
    const { format, width, sha256 } = await look(pictureOf(answer))
    assert.deepEqual([format, width], ['jpeg', 1024])
    assert.deepEqual([answer.model, answer.usage.cost], [successor, price])
    assert.deepEqual(
      recent.map((call) => [`google/${call.model}`, call.pictures]),
      [[successor, [sha256]]],
    )
    assert.equal(answer.warnings?.[0]?.code, 'model_retired')
    assert.ok(answer.warnings[0].message.includes(successor))
  })
}

test('provider.order takes the provider’s display name', async () => {
  const answer = await chat({ provider: { order: ['Google AI Studio'] } }, gateway.keys.live)

  const receipt = await receiptOf(gateway, gateway.keys.live, answer.id)
  assert.equal(answer.provider, 'Google AI Studio')
  assert.deepEqual(
    receipt.attempts.map(({ provider, state }) => [provider, state]),
    [['google-ai-studio', 'ok']],
  )
})

test('a JPEG that is labelled image/png is edited all the same, with a warning', async () => {
  await simulator.reset()

  const answer = await chat(
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Replace the sofa.' },
            { type: 'image_url', image_url: { url: dataUrl(room, 'image/png') } },
          ],
        },
      ],
    },
    gateway.keys.live,
  )

  const { sha256 } = await look(pictureOf(answer))
  const warning = answer.warnings?.find(({ code }) => code === 'media_type_mismatch')
  assert.equal(warning?.field, 'messages.0.content.1.image_url.url')
  assert.match(warning.message, /image\/png.*image\/jpeg/)
  assert.notEqual(sha256, (await look(room)).sha256)
  // The provider, which would refuse a wrong label, was told the truth. It got the picture encoded anew, not the caller's file.
  const { recent } = await simulator.bill()
  const sent = JSON.stringify(recent[0]?.request)
  assert.match(sent, /"mimeType":"image\/jpeg","data":{"bytes":\d+,"sha256":"\w{64}"/)
  assert.ok(!sent.includes((await look(room)).sha256))
})

test('HTTP-Referer and X-Title are kept with the generation', async () => {
  const answer = await chat({}, gateway.keys.test, {
    'HTTP-Referer': 'https://your-site.com',
    'X-Title': 'Your App Name',
  })

  const response = await fetch(`${gateway.url}/api/v1/generation?id=${answer.id}`, {
    headers: { authorization: `Bearer ${gateway.keys.test}` },
  })
  const { data } = (await response.json()) as { data: Record<string, unknown> }
  const { caller } = await gateway.database.db
    .selectFrom('generations')
    .select('caller')
    .where('id', '=', answer.id)
    .executeTakeFirstOrThrow()
  assert.equal(data['http_referer'], 'https://your-site.com')
  assert.deepEqual((({ referer, title }) => ({ referer, title }))(JSON.parse(caller) as Record<string, unknown>), {
    referer: 'https://your-site.com',
    title: 'Your App Name',
  })
})

test('in a stream the picture comes whole, in a single chunk', async () => {
  const response = await fetch(`${gateway.url}/api/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.keys.test}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'google/gemini-3.1-flash-image-preview',
      messages: [{ role: 'user', content: PROMPT }],
      stream: true,
    }),
  })
  const events = (await response.text()).split('\n\n').filter((event) => event.startsWith('data: '))

  const withPicture = events.filter((event) => event.includes('base64'))
  const [url = ''] = /data:image\/jpeg;base64,[^"]+/.exec(withPicture[0] ?? '') ?? []
  assert.equal(withPicture.length, 1)
  assert.equal((await look(fromDataUrl(url))).width, 1024)
  assert.equal(events.at(-1), 'data: [DONE]')
})
