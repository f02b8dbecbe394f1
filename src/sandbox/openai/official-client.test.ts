import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { createOpenAI } from '@ai-sdk/openai'
import { generateImage } from 'ai'
import OpenAI, { APIError, AuthenticationError, BadRequestError, NotFoundError, RateLimitError, toFile } from 'openai'
import sharp from 'sharp'

import { type Sandbox, startSandbox } from '../simulators.ts'

// OpenAI's own client drives the simulator: what it sends, parses, streams and maps to errors is what OpenAI answers.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

const MODEL = 'gpt-image-2.6-flare'
const SMALL = { model: MODEL, prompt: 'a kite', size: '816x816', output_format: 'jpeg' } as const

const RED = await sharp({ create: { width: 96, height: 64, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
const MASK = await sharp({ create: { width: 96, height: 64, channels: 4, background: '#00000000' } })
  .png()
  .toBuffer()

function client(apiKey = 'sk-any'): OpenAI {
  return new OpenAI({ apiKey, baseURL: sandbox.baseUrlFor('openai') ?? '', maxRetries: 0 })
}

async function look(base64: string | undefined) {
  const { format, width, height, hasAlpha } = await sharp(Buffer.from(base64 ?? '', 'base64')).metadata()
  return [format, width, height, hasAlpha]
}

describe('OpenAI’s own client', () => {
  test('gets pictures of the size and format that it asked for, with tokens by modality and their price on the bill', async () => {
    const earlier = BigInt(sandbox.bill().billed_nanos)
    const {
      data = [],
      usage,
      size,
      safety_identifier: echoed,
    } = await client().images.generate({
      ...SMALL,
      n: 2,
      quality: 'low',
      output_compression: 40,
      safety_identifier: 'u_9f2c',
    })

    assert.deepEqual(await Promise.all(data.map((image) => look(image.b64_json))), [
      ['jpeg', 816, 816, false],
      ['jpeg', 816, 816, false],
    ])
    assert.notEqual(data[0]?.b64_json, data[1]?.b64_json)
    assert.deepEqual([size, echoed], ['816x816', 'u_9f2c'])
    // Twice ceil(200 · 816 · 816 ÷ 1,048,576) out, ceil(6 ÷ 4) in, and 30 words of planning, which nobody has priced.
    assert.deepEqual(usage, {
      input_tokens: 2,
      input_tokens_details: { text_tokens: 2, image_tokens: 0 },
      output_tokens: 2 * 128 + 30,
      output_tokens_details: { image_tokens: 256, text_tokens: 30 },
      total_tokens: 288,
    })
    assert.equal(BigInt(sandbox.bill().billed_nanos) - earlier, 2n * 5_000n + 256n * 30_000n)
  })

  test('edits several pictures under a mask, and pays for them going in', async () => {
    const image = await Promise.all([
      toFile(RED, 'a.png', { type: 'image/png' }),
      toFile(RED, 'b.png', { type: 'image/png' }),
    ])
    const edit = { ...SMALL, prompt: 'make it blue', image }
    const plain = await client().images.edit(edit)
    const masked = await client().images.edit({ ...edit, mask: await toFile(MASK, 'mask.png', { type: 'image/png' }) })

    assert.deepEqual(await look(plain.data?.[0]?.b64_json), ['jpeg', 816, 816, false])
    assert.notEqual(masked.data?.[0]?.b64_json, plain.data?.[0]?.b64_json)
    assert.equal(plain.usage?.input_tokens_details.image_tokens, 2_000)
  })

  test('is shown previews, then the picture, of a generation and of an edit', async () => {
    const types: string[] = []
    for await (const event of await client().images.generate({ ...SMALL, stream: true, partial_images: 2 })) {
      types.push(event.type)
      assert.deepEqual(await look(event.b64_json), ['jpeg', 816, 816, false])
      if (event.type === 'image_generation.completed') assert.equal(event.usage.output_tokens, 1071 + 200 + 52 + 30)
    }
    const image = await toFile(RED, 'a.png', { type: 'image/png' })
    const wish = { ...SMALL, prompt: 'make it blue', image, stream: true, partial_images: 1 } as const
    const edited = await client().images.edit(wish)
    for await (const event of edited) types.push(event.type)

    assert.deepEqual(types, [
      'image_generation.partial_image',
      'image_generation.partial_image',
      'image_generation.completed',
      'image_edit.partial_image',
      'image_edit.completed',
    ])
  })

  test('cuts a background out where the model can', async () => {
    const { data } = await client().images.generate({ ...SMALL, background: 'transparent', output_format: 'webp' })

    assert.deepEqual(await look(data?.[0]?.b64_json), ['webp', 816, 816, true])
  })

  test('lists the models that are left, with their last day', async () => {
    const { data } = await client().models.list()
    const days = data.map((model) => [model.id, 'shutdown_date' in model ? model.shutdown_date : undefined])

    assert.deepEqual(
      days.find(([id]) => id === 'gpt-image-1.5'),
      ['gpt-image-1.5', '2026-12-01'],
    )
    assert.equal(
      data.some(({ id }) => id === 'gpt-image-1'),
      false,
    )
  })

  const failures: readonly [what: string, ask: () => Promise<unknown>, type: unknown, code: string | null][] = [
    ['moderation', () => faulty('refusal=moderation:input:sexual'), BadRequestError, 'moderation_blocked'],
    ['the older policy', () => faulty('refusal=policy'), BadRequestError, 'content_policy_violation'],
    ['a size', () => client().images.generate({ ...SMALL, size: '1000x1000' }), BadRequestError, 'invalid_value'],
    ['a key', () => client('sk-invalid').images.generate(SMALL), AuthenticationError, 'invalid_api_key'],
    ['credit', () => client('sk-empty').images.generate(SMALL), RateLimitError, 'insufficient_quota'],
    ['a limit', () => faulty('status=429,retry-after=1'), RateLimitError, 'rate_limit_exceeded'],
    ['a model', () => client().images.generate({ ...SMALL, model: 'gpt-image-1' }), NotFoundError, 'model_not_found'],
  ]
  for (const [what, ask, type, code] of failures) {
    test(`that lacks ${what} has its own class of error, ${code}`, async () => {
      await assert.rejects(ask(), (error) => {
        assert.ok(error instanceof APIError && error instanceof (type as typeof APIError), String(error))
        assert.equal(error.code, code)
        assert.match(error.requestID ?? '', /^req_/)
        return true
      })
    })
  }

  test('throws where a stream tells of an error behind its first preview', async () => {
    for (const [fault, code] of [
      ['refusal=moderation:output', 'moderation_blocked'],
      ['stream-error=429', 'rate_limit_exceeded'],
    ] as const) {
      const prompt = `a kite [[fault:${fault}]]`
      const stream = await client().images.generate({ ...SMALL, prompt, stream: true, partial_images: 2 })
      const seen: string[] = []
      await assert.rejects(
        async () => {
          for await (const event of stream) seen.push(event.type)
        },
        (error) => error instanceof APIError && error.code === code,
      )
      assert.deepEqual(seen, ['image_generation.partial_image'])
    }
  })
})

test('the AI SDK makes and edits a picture', async () => {
  const openai = createOpenAI({ apiKey: 'sk-any', baseURL: sandbox.baseUrlFor('openai') ?? '' })
  const options = { outputFormat: 'jpeg', moderation: 'low' } as const
  const wish = { model: openai.image(MODEL), size: '816x816', providerOptions: { openai: options } } as const

  const { image } = await generateImage({ ...wish, prompt: 'a kite' })
  const edited = await generateImage({ ...wish, prompt: { text: 'make it blue', images: [RED] } })

  assert.deepEqual(await look(image.base64), ['jpeg', 816, 816, false])
  assert.deepEqual(await look(edited.image.base64), ['jpeg', 816, 816, false])
})

function faulty(fault: string): Promise<unknown> {
  return client().images.generate({ ...SMALL, prompt: `a kite [[fault:${fault}]]` })
}
