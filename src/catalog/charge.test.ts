import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { formatUsd, sum, usd } from '../core/money.ts'
import { NO_TOKENS, type TokenUsage } from '../core/receipt.ts'
import { catalogOf } from './catalog.ts'
import { chargeLines, type Delivered, type PriceSnapshot, snapshotOf } from './charge.ts'
import { allModels } from './models/all-models.ts'

const catalog = catalogOf(allModels)

function priceOfModel(id: string): PriceSnapshot {
  const model = catalog.find(id)
  assert.ok(model, id)
  return snapshotOf(model)
}

const SQUARE = { width: 1024, height: 1024 }

function once(usage: TokenUsage | undefined, images = [SQUARE]): Delivered {
  return { calls: [{ images, usage }], request: { resolution: '1K' }, references: [] }
}

function tokens(text: number, image: number, pictures: number, words: number, thoughts = 0): TokenUsage {
  return {
    inputTokens: text + image,
    inputTextTokens: text,
    inputImageTokens: image,
    outputTokens: pictures + words + thoughts,
    outputImageTokens: pictures,
    thoughtTokens: thoughts,
  }
}

test('the recorded call of Nano Banana 2 comes to 0.0692535, shown as 0.0693', () => {
  // 9 prompt tokens, 1,466 candidates of which 1,120 are the picture, 337 thoughts.
  const charge = chargeLines(priceOfModel('google/gemini-3.1-flash-image'), once(tokens(9, 0, 1120, 346, 337)))

  assert.equal(formatUsd(charge.total), '0.0692535')
  assert.equal(Number(formatUsd(charge.total)).toFixed(4), '0.0693')
  assert.deepEqual(
    charge.lines.map(({ billable, quantity, usd: amount }) => [billable, quantity, amount]),
    [
      ['output_image', '1120', '0.0672'],
      ['output_text', '683', '0.002049'],
      ['input_text', '9', '0.0000045'],
    ],
  )
})

test('the measured edit with five references on Nano Banana 2.1 comes to 0.052347', () => {
  const charge = chargeLines(priceOfModel('google/gemini-nano-banana-2.1'), once(tokens(73, 5600, 1120, 265, 1100)))

  assert.equal(formatUsd(charge.total), '0.052347')
  assert.equal(charge.lines.length, 4)
})

test("the guide's three models charge what they were listed at", () => {
  const cases = [
    ['google/gemini-2.5-flash-image', '1K', 1290, '0.0387'],
    ['google/gemini-3.1-flash-image-preview', '512', 747, '0.04482'],
    ['google/gemini-3.1-flash-image-preview', '1K', 1120, '0.0672'],
    ['google/gemini-3.1-flash-image-preview', '2K', 1680, '0.1008'],
    ['google/gemini-3.1-flash-image-preview', '4K', 2520, '0.1512'],
    ['google/gemini-3-pro-image-preview', '1K', 1120, '0.1344'],
    ['google/gemini-3-pro-image-preview', '4K', 2000, '0.24'],
    ['google/gemini-nano-banana-2.1', '1K', 1120, '0.0336'],
    ['google/gemini-nano-banana-2.1', '2K', 1680, '0.0504'],
    ['google/gemini-nano-banana-2.1', '4K', 2520, '0.0756'],
  ] as const

  for (const [id, resolution, pictureTokens, total] of cases) {
    const reported = chargeLines(priceOfModel(id), { ...once(tokens(0, 0, pictureTokens, 0)), request: { resolution } })
    const silent = chargeLines(priceOfModel(id), { ...once(undefined), request: { resolution } })

    assert.equal(formatUsd(reported.total), total, `${id} at ${resolution}`)
    assert.equal(formatUsd(silent.total), total, `${id} at ${resolution} without usage`)
    assert.deepEqual(
      silent.warnings.map(({ code }) => code),
      ['usage_missing'],
    )
  }
})

test('usage of several calls is added up before a line is rounded', () => {
  const price = {
    ...priceOfModel('google/gemini-2.5-flash-image'),
    entries: [{ billable: 'output_image', unit: 'token', usd: '0.0000000001' }],
  } as const

  const charge = chargeLines(price, {
    ...once(undefined),
    calls: Array.from({ length: 3 }, () => ({ images: [SQUARE], usage: tokens(0, 0, 1, 0) })),
  })

  assert.deepEqual(
    charge.lines.map((line) => [line.quantity, line.usd]),
    [['3', '0.000000001']],
  )
  assert.equal(charge.total, 1n)
})

test('a call that reported no usage is charged beside one that did', () => {
  const charge = chargeLines(priceOfModel('google/gemini-nano-banana-2.1'), {
    calls: [{ images: [SQUARE], usage: tokens(10, 0, 1120, 5) }, { images: [SQUARE] }],
    request: {},
    references: [],
  })

  assert.deepEqual(
    charge.lines.map(({ billable, quantity }) => [billable, quantity]),
    [
      ['output_image', '2240'],
      ['output_text', '5'],
      ['input_text', '10'],
    ],
  )
  assert.deepEqual(
    charge.warnings.map(({ code }) => code),
    ['usage_missing'],
  )
})

test('output without details is charged as picture but for its thoughts, and says so', () => {
  const charge = chargeLines(
    priceOfModel('google/gemini-nano-banana-2.1'),
    once({ ...NO_TOKENS, inputTokens: 7, outputTokens: 1400, thoughtTokens: 280 }),
  )

  assert.deepEqual(
    charge.lines.map(({ billable, quantity }) => [billable, quantity]),
    [
      ['output_image', '1120'],
      ['output_text', '280'],
      ['input_text', '7'],
    ],
  )
  assert.deepEqual(
    charge.warnings.map(({ code }) => code),
    ['usage_incomplete'],
  )
})

test('calls without a usable picture are nobody’s charge but the operator’s', () => {
  const charge = chargeLines(priceOfModel('google/gemini-nano-banana-2.1'), {
    calls: [{ images: [], usage: tokens(500, 0, 0, 900) }],
    request: {},
    references: [],
  })

  assert.deepEqual(charge, { lines: [], total: 0n, warnings: [] })
})

test('a megapixel is 1024 by 1024, every picture is rounded up by itself, references count per call', () => {
  const sizes = [
    [{ width: 1024, height: 1024 }, '0.03'],
    [{ width: 1024, height: 768 }, '0.03'],
    [{ width: 1025, height: 1024 }, '0.045'],
    [{ width: 2048, height: 2048 }, '0.075'],
  ] as const
  const price = priceOfModel('black-forest-labs/flux.2-pro')

  for (const [image, total] of sizes)
    assert.equal(
      formatUsd(chargeLines(price, { calls: [{ images: [image] }], request: {}, references: [] }).total),
      total,
    )
  const edited = chargeLines(price, {
    calls: [{ images: [SQUARE] }, { images: [SQUARE] }],
    request: {},
    references: [SQUARE, { width: 1500, height: 1024 }],
  })
  assert.deepEqual(
    edited.lines.map(({ billable, quantity, usd: amount }) => [billable, quantity, amount]),
    [
      ['output_image', '2', '0.06'],
      ['input_image', '6', '0.09'],
    ],
  )
})

test('a picture of a model priced by tier is charged at the tier it came in when nobody named one', () => {
  const price = priceOfModel('black-forest-labs/flux-3-image')
  const cases = [
    [{ width: 1344, height: 768 }, '0.048'],
    [{ width: 1536, height: 1536 }, '0.07'],
    [{ width: 2048, height: 2048 }, '0.1'],
    [{ width: 4096, height: 4096 }, '0.607'],
  ] as const

  for (const [image, total] of cases)
    assert.equal(
      formatUsd(chargeLines(price, { calls: [{ images: [image] }], request: {}, references: [] }).total),
      total,
    )
})

test('what the request leaves open is priced as the provider does it by default', () => {
  const cases = [
    ['ideogram/ideogram-v3', {}, [], '0.06'],
    ['ideogram/ideogram-v3', { quality: 'auto' }, [], '0.06'],
    ['ideogram/ideogram-v3', { quality: 'turbo' }, [], '0.03'],
    ['openai/dall-e-3', {}, [], '0.04'],
    ['x-ai/grok-imagine-image-2.0', {}, [], '0.04'],
    ['x-ai/grok-imagine-image-2.0', {}, [SQUARE], '0.07'],
    ['x-ai/grok-imagine-image-2.0', { resolution: '2K', quality: 'low' }, [SQUARE], '0.07'],
    ['sourceful/riverflow-v2-pro', {}, [], '0.15'],
  ] as const

  for (const [id, request, references, total] of cases) {
    const charge = chargeLines(priceOfModel(id), { calls: [{ images: [SQUARE] }], request, references })
    assert.equal(formatUsd(charge.total), total, `${id} ${JSON.stringify(request)}`)
  }
})

test('a picture that no entry fits is charged the dearest, with a warning', () => {
  const price: PriceSnapshot = {
    version: '1',
    basis: 'image',
    confidence: 'high',
    entries: [
      { billable: 'output_image', unit: 'image', usd: '0.01', when: { quality: 'low', size: '8x8' } },
      { billable: 'output_image', unit: 'image', usd: '0.09', when: { quality: 'high', size: '8x8' } },
    ],
  }

  const charge = chargeLines(price, { calls: [{ images: [SQUARE] }], request: { quality: 'low' }, references: [] })

  assert.equal(formatUsd(charge.total), '0.09')
  assert.deepEqual(
    charge.warnings.map(({ code }) => code),
    ['price_approximated'],
  )
})

test('a free model has a line of nothing, an unpriced one cannot be charged at all', () => {
  const free = chargeLines(priceOfModel('inclusionai/ming-image-0.1-design'), once(undefined))

  assert.deepEqual(free.lines, [
    { billable: 'output_image', unit: 'image', quantity: '1', unit_price_usd: '0', usd: '0' },
  ])
  assert.throws(() => chargeLines(priceOfModel('midjourney/midjourney'), once(undefined)), RangeError)
})

test('a snapshot survives being written down, for every model', () => {
  for (const model of allModels) {
    const snapshot = snapshotOf(model)
    assert.deepEqual(JSON.parse(JSON.stringify(snapshot)), snapshot, model.id)
  }
})

test('the lines always sum to the total, and no line is for nothing', () => {
  const priced = allModels.filter(({ pricing }) => pricing.basis !== 'unpriced')
  const side = fc.integer({ min: 1, max: 5000 })
  const image = fc.record({ width: side, height: side })
  const count = fc.integer({ min: 0, max: 100_000 })
  const usage = fc.option(
    fc.tuple(count, count, count, count, count).map(([a, b, c, d, e]) => tokens(a, b, c, d, e)),
    { nil: undefined },
  )
  const call = fc.record({ images: fc.array(image, { maxLength: 3 }), usage })
  const request = fc.record(
    { resolution: fc.constantFrom('512', '1K', '2K', '4K'), quality: fc.constantFrom('low', 'high', 'auto', 'turbo') },
    { requiredKeys: [] },
  )

  fc.assert(
    fc.property(
      fc.constantFrom(...priced),
      fc.array(call, { maxLength: 4 }),
      request,
      fc.array(image, { maxLength: 3 }),
      (model, calls, traits, references) => {
        const { lines, total } = chargeLines(snapshotOf(model), { calls, request: traits, references })

        assert.equal(sum(lines.map((line) => usd(line.usd))), total)
        assert.ok(lines.every(({ quantity }) => BigInt(quantity) > 0n))
        assert.equal(
          lines.length > 0 || calls.every(({ images, usage: told }) => images.length === 0 || told !== undefined),
          true,
        )
      },
    ),
    { numRuns: 500 },
  )
})
