import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createGoogleVertex } from '@ai-sdk/google-vertex'
import { ApiError, GoogleGenAI } from '@google/genai'
import type { GenerateContentResponse } from '@google/genai'
import sharp from 'sharp'
import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'
import { testKey } from './test-key-file.ts'
import type { TestKey } from './test-key-file.ts'

// Google's own client drives the simulator, its own library signs the assertions and fetches the tokens.
let sandbox: Sandbox
let base: string
const KEY = testKey()
const MODEL = 'gemini-3.1-flash-image'
const SMALL = { imageConfig: { imageSize: '512' } }

before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
  base = sandbox.baseUrlFor('google-vertex') ?? ''
})
after(() => sandbox.close())

/** The library knows one address for tokens, whatever the key file says: here it is the simulator's. */
function clientOf(key: TestKey, project = key.project_id): GoogleGenAI {
  const toSimulator: typeof fetch = (input, init) => {
    const address = input instanceof URL ? input.href : typeof input === 'string' ? input : input.url
    return fetch(address.replace('https://oauth2.googleapis.com', base), init)
  }
  return new GoogleGenAI({
    vertexai: true,
    project,
    location: 'global',
    httpOptions: { baseUrl: base },
    googleAuthOptions: {
      credentials: key,
      clientOptions: { transporterOptions: { fetchImplementation: toSimulator } },
    },
  })
}

test('a service account generates a picture in the format that it asked for', async () => {
  const response = await clientOf(KEY).models.generateContent({
    model: MODEL,
    contents: 'A paper lantern on a wet street',
    config: {
      responseModalities: ['TEXT', 'IMAGE'],
      imageConfig: {
        aspectRatio: '16:9',
        imageSize: '512',
        outputMimeType: 'image/jpeg',
        outputCompressionQuality: 40,
      },
      seed: 0,
    },
  })

  const { format, width, height } = await sharp(pictureOf(response)).metadata()
  assert.deepEqual([format, width, height], ['jpeg', 688, 384])
  assert.equal(response.usageMetadata?.trafficType, 'ON_DEMAND')
  assert.equal(response.usageMetadata?.candidatesTokensDetails?.[0]?.tokenCount, 747)
})

test('edits a reference, and makes PNG where nothing is said', async () => {
  const reference = await sharp({ create: { width: 64, height: 42, channels: 3, background: '#c03020' } })
    .png()
    .toBuffer()

  const response = await clientOf(KEY).models.generateContent({
    model: MODEL,
    contents: [
      { text: 'make it night' },
      { inlineData: { mimeType: 'image/png', data: reference.toString('base64') } },
    ],
    config: SMALL,
  })

  const { format, width, height } = await sharp(pictureOf(response)).metadata()
  assert.deepEqual([format, width, height], ['png', 632, 424])
})

test('an express key needs no project', async () => {
  const client = new GoogleGenAI({ vertexai: true, apiKey: 'AQ.express', httpOptions: { baseUrl: base } })

  const response = await client.models.generateContent({ model: MODEL, contents: 'a paper boat', config: SMALL })
  const counted = await client.models.countTokens({ model: MODEL, contents: '12345678' })

  assert.equal((await sharp(pictureOf(response)).metadata()).width, 512)
  assert.equal(counted.totalTokens, 2)
})

test('the AI SDK gets a picture by an express key', async () => {
  const vertex = createGoogleVertex({ apiKey: 'AQ.express', baseURL: `${base}/v1/publishers/google` })

  const { images } = await vertex.image(MODEL).doGenerate({
    prompt: 'a paper boat',
    n: 1,
    size: undefined,
    aspectRatio: '1:1',
    seed: 3,
    files: undefined,
    mask: undefined,
    providerOptions: {},
  })

  const [image = ''] = images
  assert.equal((await sharp(Buffer.from(image as string, 'base64')).metadata()).format, 'png')
})

for (const [what, key, project, message] of [
  ['an account that does not exist', testKey({ name: 'invalid' }), 'kites-2026', /account not found/u],
  ['a key that was replaced', { ...KEY, private_key: testKey().private_key }, 'kites-2026', /Invalid JWT Signature/u],
] as const) {
  test(`the library is told of ${what}`, async () => {
    const call = clientOf(key, project).models.generateContent({ model: MODEL, contents: 'a kite' })

    await assert.rejects(call, message)
  })
}

for (const [status, key, project, contents, message] of [
  [403, KEY, 'another-project', 'a kite', /aiplatform.endpoints.predict/u],
  [403, testKey({ project: 'locked-project' }), 'locked-project', 'a kite', /requires billing/u],
  [400, KEY, 'kites-2026', '', /parts/u],
  [429, KEY, 'kites-2026', 'a kite [[fault:status=429]]', /error-code-429/u],
  [503, KEY, 'kites-2026', 'a kite [[fault:status=503]]', /overloaded/u],
] as const) {
  test(`its ApiError has status ${status} for ${contents || 'nothing'} in ${project}`, async () => {
    const call = clientOf(key, project).models.generateContent({
      model: MODEL,
      contents: contents === '' ? [{ role: 'user', parts: [] }] : contents,
    })

    await assert.rejects(call, (error) => {
      assert.ok(error instanceof ApiError)
      assert.equal(error.status, status)
      assert.match(error.message, message)
      return true
    })
  })
}

function pictureOf(response: GenerateContentResponse): Buffer {
  const data = response.candidates?.[0]?.content?.parts?.findLast((part) => part.inlineData)?.inlineData?.data
  assert.ok(data, 'the answer has a picture')
  return Buffer.from(data, 'base64')
}
