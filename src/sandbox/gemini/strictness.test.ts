import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'
import { signatureFor } from './signature.ts'

let sandbox: Sandbox
const png = await sharp({ create: { width: 24, height: 24, channels: 3, background: '#4060a0' } })
  .png()
  .toBuffer()
const jpeg = await sharp({ create: { width: 24, height: 24, channels: 3, background: '#4060a0' } })
  .jpeg()
  .toBuffer()
const data = png.toString('base64')
const image = { inlineData: { mimeType: 'image/png', data } }

before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
})
after(() => sandbox.close())

const NANO_2_1 = 'gemini-nano-banana-2.1'
const FLASH_3_1 = 'gemini-3.1-flash-image'
const FLASH_2_5 = 'gemini-2.5-flash-image'
const PRO_3 = 'gemini-3-pro-image'

interface Reply {
  readonly status: number
  readonly json: {
    readonly error?: {
      readonly code: number
      readonly status: string
      readonly message: string
      readonly details?: readonly Record<string, unknown>[]
    }
  }
}

async function post(model: string, body: unknown): Promise<Reply> {
  const response = await fetch(`${sandbox.baseUrlFor('google-ai-studio')}/v1beta/models/${model}:generateContent`, {
    method: 'POST',
    headers: { 'x-goog-api-key': 'key', 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const reply: Reply = { status: response.status, json: JSON.parse(await response.text()) }
  return reply
}

function asking(generationConfig: object, more: object = {}): object {
  return { contents: [{ role: 'user', parts: [{ text: 'a kite' }] }], generationConfig, ...more }
}

function showing(...parts: object[]): object {
  return { contents: [{ role: 'user', parts: [{ text: 'a kite' }, ...parts] }] }
}

/** A conversation whose first picture is the model's. */
function after1(part: object): object {
  return {
    contents: [
      { role: 'user', parts: [{ text: 'a kite' }] },
      { role: 'model', parts: [part] },
      { role: 'user', parts: [{ text: 'now blue' }] },
    ],
  }
}

const REFUSED: readonly (readonly [what: string, model: string, body: unknown, message: RegExp])[] = [
  ['an unknown field at the top', NANO_2_1, asking({}, { size: '1K' }), /Unknown name "size": Cannot find field/u],
  [
    'an unknown field of imageConfig',
    NANO_2_1,
    asking({ imageConfig: { outputMimeType: 'image/png' } }),
    /Unknown name "outputMimeType" at 'generation_config.image_config'/u,
  ],
  ['imageConfig at the top', NANO_2_1, asking({}, { imageConfig: {} }), /Unknown name "imageConfig": Cannot find/u],
  [
    'an unknown field of a part',
    NANO_2_1,
    showing({ image_url: 'x' }),
    /Unknown name "image_url" at 'contents\[0\].parts\[1\]'/u,
  ],
  [
    'an unknown field of inlineData',
    NANO_2_1,
    showing({ inlineData: { ...image.inlineData, name: 'x' } }),
    /Unknown name "name" at 'contents\[0\].parts\[1\].inline_data'/u,
  ],
  ['__proto__', NANO_2_1, '{"contents":[{"parts":[{"text":"x"}]}],"__proto__":{}}', /Unknown name "__proto__"/u],
  [
    'responseFormat',
    NANO_2_1,
    asking({ responseFormat: { image: {} } }),
    /Unknown name "responseFormat" at 'generation_config'/u,
  ],
  [
    'text that is no string',
    NANO_2_1,
    { contents: [{ parts: [{ text: 5 }] }] },
    /'contents\[0\].parts\[0\].text' \(TYPE_STRING\), 5/u,
  ],
  ['contents that are no list', NANO_2_1, { contents: 'a kite' }, /Invalid value at 'contents'/u],
  ['a seed that is no whole number', NANO_2_1, asking({ seed: 1.5 }), /generation_config.seed' \(TYPE_INT32\)/u],
  ['a seed beyond 32 bits', NANO_2_1, asking({ seed: 2 ** 31 }), /TYPE_INT32/u],
  [
    'an unknown modality',
    NANO_2_1,
    asking({ responseModalities: ['PICTURE'] }),
    /response_modalities\[0\]' .*Modality\), "PICTURE"/u,
  ],
  [
    'a modality of other models',
    NANO_2_1,
    asking({ responseModalities: ['AUDIO'] }),
    /combination of response modalities \(AUDIO\)/u,
  ],
  [
    'an unknown threshold',
    NANO_2_1,
    asking({}, { safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'LOW' }] }),
    /safety_settings\[0\].threshold/u,
  ],
  [
    "another surface's safety category",
    NANO_2_1,
    asking({}, { safetySettings: [{ category: 'HARM_CATEGORY_IMAGE_HATE', threshold: 'OFF' }] }),
    /safety_settings\[0\].category/u,
  ],
  ['an unknown service tier', NANO_2_1, asking({}, { serviceTier: 'turbo' }), /service_tier/u],
  [
    'a thinking level in lower case',
    NANO_2_1,
    asking({ thinkingConfig: { thinkingLevel: 'high' } }),
    /thinking_level/u,
  ],
  [
    'a thinking level the model lacks',
    NANO_2_1,
    asking({ thinkingConfig: { thinkingLevel: 'LOW' } }),
    /Thinking level LOW is not supported/u,
  ],
  [
    'any thinking level on 2.5',
    FLASH_2_5,
    asking({ thinkingConfig: { thinkingLevel: 'HIGH' } }),
    /not supported for this model/u,
  ],
  [
    'medium thinking on 3.1',
    FLASH_3_1,
    asking({ thinkingConfig: { thinkingLevel: 'MEDIUM' } }),
    /MEDIUM is not supported/u,
  ],
  ['a size in lower case', NANO_2_1, asking({ imageConfig: { imageSize: '1k' } }), /image_size: "1k"/u],
  ['0.5K', FLASH_3_1, asking({ imageConfig: { imageSize: '0.5K' } }), /image_size: "0.5K"/u],
  ['512 on 2.1', NANO_2_1, asking({ imageConfig: { imageSize: '512' } }), /Supported values .* are: 1K, 2K, 4K/u],
  ['512 on 3 Pro', PRO_3, asking({ imageConfig: { imageSize: '512' } }), /image_size/u],
  ['2K on 2.5', FLASH_2_5, asking({ imageConfig: { imageSize: '2K' } }), /are: 1K\./u],
  ['2K on Lite', 'gemini-3.1-flash-lite-image', asking({ imageConfig: { imageSize: '2K' } }), /are: 1K\./u],
  ['a ratio of no model', NANO_2_1, asking({ imageConfig: { aspectRatio: '7:5' } }), /aspect_ratio: "7:5"/u],
  ['an extreme ratio on 3 Pro', PRO_3, asking({ imageConfig: { aspectRatio: '8:1' } }), /aspect_ratio: "8:1"/u],
  ['auto as a ratio', NANO_2_1, asking({ imageConfig: { aspectRatio: 'auto' } }), /aspect_ratio: "auto"/u],
  ['two candidates', NANO_2_1, asking({ candidateCount: 2 }), /Multiple candidates/u],
  ['too many output tokens', NANO_2_1, asking({ maxOutputTokens: 32_769 }), /maxOutputTokens value of 32769/u],
  ['temperature above 2', NANO_2_1, asking({ temperature: 2.1 }), /temperature must be/u],
  [
    'an unknown tool',
    NANO_2_1,
    asking({}, { tools: [{ codeExecution: {} }] }),
    /Unknown name "codeExecution" at 'tools\[0\]'/u,
  ],
  ['search on 2.5', FLASH_2_5, asking({}, { tools: [{ googleSearch: {} }] }), /Search Grounding/u],
  ['no contents', NANO_2_1, {}, /contents is not specified/u],
  ['empty parts', NANO_2_1, { contents: [{ role: 'user', parts: [] }] }, /parts must not be empty/u],
  ['an empty part', NANO_2_1, showing({}), /parts\[1\].data: required oneof field/u],
  ['two kinds in one part', NANO_2_1, showing({ text: 'x', ...image }), /already set/u],
  [
    "OpenAI's assistant role",
    NANO_2_1,
    { contents: [{ role: 'assistant', parts: [{ text: 'x' }] }] },
    /valid role: user, model/u,
  ],
  [
    'a conversation that ends with the model',
    FLASH_2_5,
    {
      contents: [
        { role: 'user', parts: [{ text: 'x' }] },
        { role: 'model', parts: [{ text: 'y' }] },
      ],
    },
    /end with a user role/u,
  ],
  [
    'illegal base64',
    NANO_2_1,
    showing({ inlineData: { mimeType: 'image/png', data: `${data.slice(0, 20)}*${data.slice(21)}` } }),
    /inline_data.data' \(TYPE_BYTES\), Base64 decoding failed/u,
  ],
  [
    'a data URL as data',
    NANO_2_1,
    showing({ inlineData: { mimeType: 'image/png', data: `data:image/png;base64,${data}` } }),
    /Base64 decoding failed/u,
  ],
  [
    'base64 with line breaks',
    NANO_2_1,
    showing({ inlineData: { mimeType: 'image/png', data: `${data.slice(0, 40)}\n${data.slice(40)}` } }),
    /Base64 decoding failed/u,
  ],
  [
    'a picture that breaks off',
    NANO_2_1,
    showing({ inlineData: { mimeType: 'image/png', data: png.subarray(0, 60).toString('base64') } }),
    /Unable to process input image/u,
  ],
  [
    'a picture that is none',
    NANO_2_1,
    showing({ inlineData: { mimeType: 'image/png', data: 'bm90IGEgcGljdHVyZQ==' } }),
    /Unable to process input image/u,
  ],
  [
    'a JPEG labelled PNG',
    NANO_2_1,
    showing({ inlineData: { mimeType: 'image/png', data: jpeg.toString('base64') } }),
    /is image\/jpeg, its mime_type says image\/png/u,
  ],
  ['a missing mimeType', NANO_2_1, showing({ inlineData: { data } }), /Unsupported MIME type/u],
  ['GIF', NANO_2_1, showing({ inlineData: { mimeType: 'image/gif', data } }), /Unsupported MIME type: image\/gif/u],
  ['four references on 2.5', FLASH_2_5, showing(image, image, image, image), /at most 3, got 4/u],
  ['fifteen references on 2.1', NANO_2_1, showing(...Array.from({ length: 15 }, () => image)), /at most 14, got 15/u],
  [
    'a URL, which cannot be fetched here',
    NANO_2_1,
    showing({ fileData: { mimeType: 'image/png', fileUri: 'https://example.com/a.png' } }),
    /Cannot fetch content/u,
  ],
  [
    "the model's picture without its signature",
    NANO_2_1,
    after1(image),
    /Image part is missing a thought_signature in content position 2, part position 1/u,
  ],
  [
    "a signature of another model's",
    NANO_2_1,
    after1({ ...image, thoughtSignature: signatureFor(PRO_3, png) }),
    /Corrupted thought signature/u,
  ],
  [
    "a signature of other bytes'",
    NANO_2_1,
    after1({ ...image, thoughtSignature: signatureFor(NANO_2_1, jpeg) }),
    /Corrupted thought signature/u,
  ],
  [
    'an invented signature',
    PRO_3,
    after1({ ...image, thoughtSignature: 'skip_thought_signature_validator' }),
    /Corrupted thought signature/u,
  ],
  [
    'a signature that is no base64',
    PRO_3,
    after1({ ...image, thoughtSignature: '***' }),
    /thought_signature' \(TYPE_BYTES\)/u,
  ],
  ['a continuation token', NANO_2_1, asking({}, { continuationToken: 'x' }), /continuation token/u],
  ['a body that is no JSON', NANO_2_1, '{"contents":', /Invalid JSON payload/u],
  ['an empty body', NANO_2_1, '', /Invalid JSON payload|empty/u],
  [
    'a fault that does not exist',
    NANO_2_1,
    { contents: [{ parts: [{ text: '[[fault:explode]]' }] }] },
    /no fault "explode"/u,
  ],
]

for (const [what, model, body, message] of REFUSED) {
  test(`${what} is a 400 that names it`, async () => {
    const { status, json } = await post(model, body)

    assert.equal(status, 400)
    assert.equal(json.error?.code, 400)
    assert.equal(json.error?.status, 'INVALID_ARGUMENT')
    assert.match(json.error?.message ?? '', message)
  })
}

test('violations of the schema are listed as google.rpc.BadRequest, all of them', async () => {
  const { json } = await post(NANO_2_1, asking({ seed: 'x', size: 1 }))

  assert.deepEqual(json.error?.details, [
    {
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [
        { field: 'generation_config.seed', description: `Invalid value at 'generation_config.seed' (TYPE_INT32), "x"` },
        {
          field: 'generation_config',
          description: `Invalid JSON payload received. Unknown name "size" at 'generation_config': Cannot find field.`,
        },
      ],
    },
  ])
})

const ACCEPTED: readonly (readonly [what: string, model: string, body: unknown])[] = [
  [
    'snake_case throughout',
    FLASH_3_1,
    {
      contents: [{ parts: [{ text: 'a kite' }, { inline_data: { mime_type: 'image/png', data } }] }],
      generation_config: { response_modalities: ['image'], image_config: { aspect_ratio: '1:1', image_size: '512' } },
    },
  ],
  [
    'null for an absent field',
    FLASH_3_1,
    asking({ imageConfig: { imageSize: '512', aspectRatio: null }, seed: null }, { tools: null }),
  ],
  [
    'every field of an image request',
    FLASH_3_1,
    asking(
      {
        responseModalities: ['Text', 'Image'],
        imageConfig: { imageSize: '512' },
        thinkingConfig: { thinkingLevel: 'MINIMAL', includeThoughts: false },
        seed: -5,
        candidateCount: 1,
        maxOutputTokens: 8192,
        mediaResolution: 'MEDIA_RESOLUTION_HIGH',
        temperature: 1,
        topP: 0.9,
        topK: 40,
        stopSequences: ['x'],
        presencePenalty: 0,
        frequencyPenalty: 0,
      },
      {
        systemInstruction: { parts: [{ text: 'Flat ink style.' }] },
        safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_ONLY_HIGH' }],
        tools: [{ googleSearch: {} }],
        serviceTier: 'standard',
        store: false,
        labels: { team: 'a' },
      },
    ),
  ],
  [
    'base64 in the URL alphabet',
    FLASH_3_1,
    {
      ...showing({ inlineData: { mimeType: 'image/png', data: png.toString('base64url') } }),
      generationConfig: { imageConfig: { imageSize: '512' } },
    },
  ],
  [
    'a signature in the URL alphabet',
    FLASH_3_1,
    {
      ...after1({
        ...image,
        thoughtSignature: Buffer.from(signatureFor(FLASH_3_1, png), 'base64').toString('base64url'),
      }),
      generationConfig: { imageConfig: { imageSize: '512' } },
    },
  ],
  [
    "words of the model's without a signature",
    FLASH_3_1,
    { ...after1({ text: 'Here it is.' }), generationConfig: { imageConfig: { imageSize: '512' } } },
  ],
  [
    "the model's picture as the user's",
    FLASH_3_1,
    { ...showing(image), generationConfig: { imageConfig: { imageSize: '512' } } },
  ],
]

for (const [what, model, body] of ACCEPTED) {
  test(`${what} is accepted`, async () => {
    const { status, json } = await post(model, body)

    assert.equal(status, 200, JSON.stringify(json.error))
  })
}

test('2.5 knows no signatures and minds neither their absence nor a strange one', async () => {
  for (const part of [image, { ...image, thoughtSignature: 'AAAA' }]) {
    const { status } = await post(FLASH_2_5, { ...after1(part), generationConfig: { responseModalities: ['TEXT'] } })

    assert.equal(status, 200)
  }
})

test('an unknown model is a 404 in the words of ListModels, a retired one is when the sandbox refuses them', async () => {
  const refusing = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
  try {
    const url = `${refusing.baseUrlFor('google-ai-studio')}/v1beta/models/${FLASH_2_5}:generateContent`
    const retired = await fetch(url, { method: 'POST', headers: { 'x-goog-api-key': 'k' }, body: '{}' })
    const unknown = await post('gemini-9', asking({}))

    assert.equal(retired.status, 404)
    assert.equal(unknown.status, 404)
    assert.equal(unknown.json.error?.status, 'NOT_FOUND')
    assert.match(unknown.json.error?.message ?? '', /models\/gemini-9 is not found for API version v1beta/u)
  } finally {
    await refusing.close()
  }
})

test('without a key the caller is unregistered, and a key in the query is one', async () => {
  const url = `${sandbox.baseUrlFor('google-ai-studio')}/v1beta/models`

  assert.equal((await fetch(url)).status, 403)
  assert.equal((await fetch(url, { headers: { authorization: 'Bearer x' } })).status, 401)
  assert.equal((await fetch(`${url}?key=k`)).status, 200)
})
