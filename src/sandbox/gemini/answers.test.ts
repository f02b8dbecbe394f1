import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import sharp from 'sharp'
import { simulates } from '../simulates.ts'
import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse', random: () => 0.5 })
})
beforeEach(() => fetch(`${sandbox.url}/_sandbox/reset`, { method: 'POST' }))
after(() => sandbox.close())

const PROMPT = 'A paper lantern on a wet street' // 31 bytes: 8 tokens

async function post(model: string, body: object, method = 'generateContent'): Promise<string> {
  const response = await fetch(`${sandbox.baseUrlFor('google-ai-studio')}/v1beta/models/${model}:${method}`, {
    method: 'POST',
    headers: { 'x-goog-api-key': 'key' },
    body: JSON.stringify(body),
  })
  assert.equal(response.status, 200)
  return response.text()
}

function asking(generationConfig: object, ...parts: object[]): object {
  return { contents: [{ role: 'user', parts: [{ text: PROMPT }, ...parts] }], generationConfig }
}

test('the document has the order and spacing of a recorded one', async () => {
  const text = await post('gemini-3.1-flash-image', asking({ imageConfig: { imageSize: '512' } }))

  const json = JSON.parse(text)
  const names = [...text.matchAll(/^ *"(\w+)":/gmu)].map(([, name]) => name)
  assert.equal(text, `${JSON.stringify(json, undefined, 2)}\n`)
  assert.deepEqual(Object.keys(json), ['candidates', 'usageMetadata', 'modelVersion', 'responseId'])
  assert.deepEqual(Object.keys(json.candidates[0]), ['content', 'finishReason', 'index'])
  assert.deepEqual(Object.keys(json.candidates[0].content), ['parts', 'role'])
  assert.ok(names.indexOf('mimeType') < names.indexOf('data'))
  assert.ok(names.indexOf('data') < names.lastIndexOf('thoughtSignature'))
  assert.ok(names.lastIndexOf('thoughtSignature') < names.indexOf('usageMetadata'))
  assert.equal(json.responseId.length, 22)
})

// The counts are worked out by hand from the rule in usage.ts: T = 8, so words 88 + 56 and thoughts base + 88.
for (const [model, config, usage, nanos] of [
  [
    'gemini-2.5-flash-image',
    { responseModalities: ['IMAGE'] },
    { promptTokenCount: 8, candidatesTokenCount: 1290, totalTokenCount: 1298, image: 1290, thoughts: undefined },
    8n * 300n + 1290n * 30_000n,
  ],
  [
    'gemini-2.5-flash-image',
    {},
    { promptTokenCount: 8, candidatesTokenCount: 1302, totalTokenCount: 1310, image: 1290, thoughts: undefined },
    8n * 300n + 1290n * 30_000n + 12n * 2500n,
  ],
  [
    'gemini-3.1-flash-image',
    { imageConfig: { imageSize: '512' } },
    { promptTokenCount: 8, candidatesTokenCount: 891, totalTokenCount: 1083, image: 747, thoughts: 184 },
    8n * 500n + 747n * 60_000n + 328n * 3000n,
  ],
  [
    'gemini-3.1-flash-image',
    { imageConfig: { imageSize: '512' }, thinkingConfig: { thinkingLevel: 'HIGH' } },
    { promptTokenCount: 8, candidatesTokenCount: 891, totalTokenCount: 1947, image: 747, thoughts: 1048 },
    8n * 500n + 747n * 60_000n + 1192n * 3000n,
  ],
  [
    'gemini-3.1-flash-lite-image',
    {},
    { promptTokenCount: 8, candidatesTokenCount: 1264, totalTokenCount: 1456, image: 1120, thoughts: 184 },
    8n * 250n + 1120n * 30_000n + 328n * 1500n,
  ],
  [
    'gemini-3-pro-image',
    { thinkingConfig: { thinkingLevel: 'LOW' } },
    { promptTokenCount: 8, candidatesTokenCount: 1264, totalTokenCount: 1616, image: 1120, thoughts: 344 },
    8n * 2000n + 1120n * 120_000n + 488n * 12_000n,
  ],
  [
    'gemini-nano-banana-2.1',
    { imageConfig: { imageSize: '2K' } },
    { promptTokenCount: 8, candidatesTokenCount: 1824, totalTokenCount: 2240, image: 1680, thoughts: 408 },
    8n * 1500n + 1680n * 30_000n + 552n * 7500n,
  ],
] as const) {
  test(`${model} with ${JSON.stringify(config)} counts and costs what can be worked out by hand`, async () => {
    const { usageMetadata } = JSON.parse(await post(model, asking(config)))

    const { promptTokenCount, candidatesTokenCount, totalTokenCount, candidatesTokensDetails, thoughtsTokenCount } =
      usageMetadata
    assert.deepEqual(
      {
        promptTokenCount,
        candidatesTokenCount,
        totalTokenCount,
        image: candidatesTokensDetails[0].tokenCount,
        thoughts: thoughtsTokenCount,
      },
      usage,
    )
    assert.equal(candidatesTokensDetails.length, 1)
    assert.equal(sandbox.bill().billed_nanos, String(nanos))
  })
}

for (const [model, perPicture] of [
  ['gemini-2.5-flash-image', 258],
  ['gemini-3-pro-image', 560],
  ['gemini-3.1-flash-image', 1120],
  ['gemini-nano-banana-2.1', 1120],
] as const) {
  test(`${model} counts ${perPicture} tokens for each picture it is shown`, async () => {
    const { picture } = await reference(30, 30)
    const body = asking({ responseModalities: ['TEXT'] }, picture, picture)

    const { usageMetadata } = JSON.parse(await post(model, body))

    assert.deepEqual(usageMetadata.promptTokensDetails, [
      { modality: 'TEXT', tokenCount: 8 },
      { modality: 'IMAGE', tokenCount: 2 * perPicture },
    ])
  })
}

for (const [model, aspectRatio, imageSize, pixels, mimeType] of [
  ['gemini-2.5-flash-image', '16:9', '1K', [1344, 768], 'image/png'],
  ['gemini-3.1-flash-image', '16:9', '512', [688, 384], 'image/jpeg'],
  ['gemini-3.1-flash-image', '8:1', '512', [1448, 184], 'image/jpeg'],
  ['gemini-nano-banana-2.1', '21:9', '1K', [1584, 672], 'image/jpeg'],
  ['gemini-nano-banana-2.1', '4:5', '2K', [1856, 2304], 'image/jpeg'],
] as const) {
  test(`${model} at ${aspectRatio} ${imageSize} is ${pixels.join('x')} ${mimeType}`, async () => {
    const { candidates } = JSON.parse(
      await post(model, asking({ responseModalities: ['IMAGE'], imageConfig: { aspectRatio, imageSize } })),
    )

    const { inlineData } = candidates[0].content.parts[0]
    const { format, width, height } = await sharp(Buffer.from(inlineData.data, 'base64')).metadata()
    assert.deepEqual([inlineData.mimeType, `image/${format}`, width, height], [mimeType, mimeType, ...pixels])
  })
}

test('an edit takes the ratio nearest to its reference', async () => {
  const { picture } = await reference(300, 190)

  const { candidates } = JSON.parse(
    await post(
      'gemini-3.1-flash-image',
      asking({ responseModalities: ['IMAGE'], imageConfig: { imageSize: '512' } }, picture),
    ),
  )

  const { width, height } = await sharp(
    Buffer.from(candidates[0].content.parts[0].inlineData.data, 'base64'),
  ).metadata()
  assert.deepEqual([width, height], [632, 424])
})

test('the same request gives the same answer, another seed another picture', async () => {
  const body = (seed: number): object => asking({ imageConfig: { imageSize: '512' }, seed })

  const [first, again, other] = [
    await post('gemini-3.1-flash-image', body(0)),
    await post('gemini-3.1-flash-image', body(0)),
    await post('gemini-3.1-flash-image', body(1)),
  ]

  assert.equal(first, again)
  assert.notEqual(first, other)
})

test('words and thoughts come only when they are asked for, and the picture is not always last', async () => {
  const kinds = async (text: string, config: object): Promise<string> => {
    const body = {
      contents: [{ parts: [{ text }] }],
      generationConfig: { ...config, imageConfig: { imageSize: '512' } },
    }
    const parts: { text?: string; thought?: boolean }[] = JSON.parse(await post('gemini-3.1-flash-image', body))
      .candidates[0].content.parts
    return parts.map((part) => (part.thought ? 'thought' : part.text === undefined ? 'image' : 'text')).join()
  }

  assert.equal(await kinds('x', { responseModalities: ['IMAGE'] }), 'image')
  assert.equal(
    await kinds('x', { responseModalities: ['IMAGE'], thinkingConfig: { includeThoughts: true } }),
    'thought,image',
  )
  const orders = new Set<string>()
  for (const text of 'abcdefgh') orders.add(await kinds(text, {}))
  assert.deepEqual([...orders].toSorted(), ['image,text', 'text,image'])
})

test('a stream without alt=sse is one JSON array', async () => {
  const text = await post(
    'gemini-3.1-flash-image',
    asking({ imageConfig: { imageSize: '512' } }),
    'streamGenerateContent',
  )

  const chunks: { candidates: { finishReason?: string }[] }[] = JSON.parse(text)
  assert.ok(chunks.length > 2)
  assert.equal(chunks.at(-1)?.candidates[0]?.finishReason, 'STOP')
})

test('the event of a picture is one line with a space after colons and none after commas', async () => {
  const text = await post(
    'gemini-3.1-flash-image',
    asking({ imageConfig: { imageSize: '512' } }),
    'streamGenerateContent?alt=sse',
  )

  const events = text.split('\r\n\r\n').filter(Boolean)
  assert.ok(events.every((event) => event.startsWith('data: {"candidates": [{"content": {"parts": [{"')))
  assert.match(
    text,
    /\{"inlineData": \{"mimeType": "image\/jpeg","data": "[A-Za-z0-9+/]{50000,}=*"\},"thoughtSignature": "/u,
  )
  assert.doesNotMatch(text, /\[DONE\]|^event:/mu)
})

test('the bill keeps what was sent, a picture as its size and hash', async () => {
  const { bytes, picture } = await reference(30, 30)
  await post('gemini-2.5-flash-image', asking({ responseModalities: ['TEXT'] }, picture))

  const response = await fetch(`${sandbox.url}/_sandbox/bill`)
  const report: ReturnType<Sandbox['bill']> = JSON.parse(await response.text())

  const call = report.recent[0]
  assert.equal(report.calls, 1)
  assert.deepEqual(
    [call?.model, call?.tier, call?.outcome, call?.status, call?.request_complete, call?.answer_complete],
    ['gemini-2.5-flash-image', '1K', 'answered', 200, true, true],
  )
  assert.ok(call?.header_names.includes('x-goog-api-key'))
  assert.deepEqual(call?.request, {
    contents: [
      {
        role: 'user',
        parts: [
          { text: PROMPT },
          {
            inlineData: {
              mimeType: 'image/png',
              data: { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
            },
          },
        ],
      },
    ],
    generationConfig: { responseModalities: ['TEXT'] },
  })
})

test('simulates what it serves and nothing else', () => {
  assert.equal(simulates('google-ai-studio', 'gemini-3.1-flash-image-preview'), true)
  assert.equal(simulates('google-ai-studio', 'imagen-4.0-generate-001'), false)
  assert.equal(simulates('openai', 'gemini-3-pro-image'), false)
  assert.equal(sandbox.baseUrlFor('nobody'), undefined)
})

test('a latency of 100 ms holds an answer back for at least 60', async () => {
  const slow = await startSandbox({ retired: 'serve', pictures: 'coarse', latencyMs: 100 })
  try {
    const start = process.hrtime.bigint()
    const response = await fetch(
      `${slow.baseUrlFor('google-ai-studio')}/v1beta/models/gemini-3-pro-image:generateContent`,
      {
        method: 'POST',
        headers: { 'x-goog-api-key': 'key' },
        body: JSON.stringify(asking({ responseModalities: ['TEXT'] })),
      },
    )
    await response.text()

    assert.ok(process.hrtime.bigint() - start >= 60_000_000n)
  } finally {
    await slow.close()
  }
})

async function reference(width: number, height: number): Promise<{ bytes: Buffer; picture: object }> {
  const bytes = await sharp({ create: { width, height, channels: 3, background: '#4060a0' } })
    .png()
    .toBuffer()
  return { bytes, picture: { inlineData: { mimeType: 'image/png', data: bytes.toString('base64') } } }
}
