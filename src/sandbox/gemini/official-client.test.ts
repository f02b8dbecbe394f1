import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ApiError, GoogleGenAI } from '@google/genai'
import type { GenerateContentResponse } from '@google/genai'
import sharp from 'sharp'
import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

// Google's own client drives the simulator: what it can parse and map is what Google sends.
let sandbox: Sandbox
let client: GoogleGenAI

before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
  client = clientWith('any-key')
})
after(() => sandbox.close())

function clientWith(apiKey: string): GoogleGenAI {
  return new GoogleGenAI({ apiKey, httpOptions: { baseUrl: sandbox.baseUrlFor('google-ai-studio') ?? '' } })
}

test('generates a picture of the ratio and size asked for', async () => {
  const response = await client.models.generateContent({
    model: 'gemini-3.1-flash-image',
    contents: 'A paper lantern on a wet street',
    config: { responseModalities: ['TEXT', 'IMAGE'], imageConfig: { aspectRatio: '16:9', imageSize: '512' }, seed: 0 },
  })

  const { format, width, height } = await sharp(pictureOf(response)).metadata()
  assert.deepEqual([format, width, height], ['jpeg', 688, 384])
  assert.equal(response.modelVersion, 'gemini-3.1-flash-image')
  assert.equal(response.candidates?.[0]?.finishReason, 'STOP')
  assert.equal(response.usageMetadata?.candidatesTokensDetails?.[0]?.tokenCount, 747)
  assert.match(response.text ?? '', /picture/u)
})

test('edits a reference and follows its ratio', async () => {
  const reference = await sharp({ create: { width: 640, height: 420, channels: 3, background: '#c03020' } })
    .png()
    .toBuffer()

  const response = await client.models.generateContent({
    model: 'gemini-2.5-flash-image',
    contents: [
      { text: 'Replace the sofa' },
      { inlineData: { mimeType: 'image/png', data: reference.toString('base64') } },
    ],
    config: { responseModalities: ['IMAGE'] },
  })

  const { format, width, height } = await sharp(pictureOf(response)).metadata()
  assert.deepEqual([format, width, height], ['png', 1248, 832])
  assert.deepEqual(response.usageMetadata?.promptTokensDetails, [
    { modality: 'TEXT', tokenCount: 4 },
    { modality: 'IMAGE', tokenCount: 258 },
  ])
  assert.equal(response.text, undefined)
})

test('a chat keeps its thought signatures, so the second turn edits the first picture', async () => {
  const chat = client.chats.create({ model: 'gemini-3.1-flash-image', config: { imageConfig: { imageSize: '512' } } })

  const first = await chat.sendMessage({ message: 'a red kite' })
  const second = await chat.sendMessage({ message: 'now blue' })

  assert.notDeepEqual(pictureOf(second), pictureOf(first))
  assert.equal(second.usageMetadata?.promptTokensDetails?.[1]?.tokenCount, 1120)
})

test('streams words, then the picture whole, then the usage', async () => {
  const stream = await client.models.generateContentStream({
    model: 'gemini-3.1-flash-image',
    contents: 'a paper boat',
    config: { imageConfig: { imageSize: '512' } },
  })
  const chunks: GenerateContentResponse[] = []
  for await (const chunk of stream) chunks.push(chunk)

  const withPicture = chunks.filter((chunk) => chunk.candidates?.[0]?.content?.parts?.some((part) => part.inlineData))
  const last = chunks.at(-1)
  assert.equal(withPicture.length, 1)
  assert.equal((await sharp(pictureOf(withPicture[0])).metadata()).width, 512)
  assert.deepEqual(
    chunks.map((chunk) => chunk.candidates?.[0]?.finishReason),
    [...chunks.slice(1).map(() => undefined), 'STOP'],
  )
  assert.equal(last?.usageMetadata?.candidatesTokensDetails?.[0]?.tokenCount, 747)
  assert.equal(chunks[0]?.usageMetadata?.candidatesTokensDetails, undefined)
})

test('lists and describes models, and counts tokens', async () => {
  const names: (string | undefined)[] = []
  for await (const model of await client.models.list()) names.push(model.name)
  const one = await client.models.get({ model: 'gemini-nano-banana-2.1' })
  const counted = await client.models.countTokens({ model: 'gemini-3-pro-image', contents: '12345678' })

  assert.ok(names.includes('models/gemini-3-pro-image'))
  assert.equal(one.displayName, 'Nano Banana 2.1')
  assert.equal(counted.totalTokens, 2)
})

for (const [status, key, prompt, message] of [
  [400, 'invalid-key', 'a kite', /API key not valid/u],
  [403, 'forbidden-key', 'a kite', /are blocked/u],
  [429, 'nobilling-key', 'a kite', /limit: 0/u],
  [429, 'key', 'a kite [[fault:status=429]]', /retry in 12.5s/u],
  [503, 'key', 'a kite [[fault:status=503]]', /overloaded/u],
  [500, 'key', 'a kite [[fault:status=500]]', /INTERNAL/u],
] as const) {
  test(`its ApiError has status ${status} for ${key === 'key' ? prompt : key}`, async () => {
    const call = clientWith(key).models.generateContent({ model: 'gemini-nano-banana-2.1', contents: prompt })

    await assert.rejects(call, (error) => {
      assert.ok(error instanceof ApiError)
      assert.equal(error.status, status)
      assert.match(error.message, message)
      return true
    })
  })
}

test('a blocked prompt arrives as promptFeedback', async () => {
  const response = await client.models.generateContent({
    model: 'gemini-nano-banana-2.1',
    contents: 'x [[fault:refusal=promptFeedback:PROHIBITED_CONTENT]]',
  })

  assert.equal(response.promptFeedback?.blockReason, 'PROHIBITED_CONTENT')
  assert.equal(response.candidates, undefined)
})

function pictureOf(response: GenerateContentResponse | undefined): Buffer {
  const parts = response?.candidates?.[0]?.content?.parts ?? []
  const data = parts.findLast((part) => part.inlineData)?.inlineData?.data
  assert.ok(data, 'the answer has a picture')
  return Buffer.from(data, 'base64')
}
