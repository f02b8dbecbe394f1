import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { TIERS } from '../core/image-request.ts'
import { formatUsd, sum, usd } from '../core/money.ts'
import { catalogOf } from './catalog.ts'
import { chargeLines, snapshotOf } from './charge.ts'
import type { Model } from './model.ts'
import { allModels } from './models/all-models.ts'
import { quote, type QuoteRequest } from './quote.ts'
import { areaOf } from './tier.ts'

const catalog = catalogOf(allModels)

function modelOf(id: string): Model {
  const model = catalog.find(id)
  assert.ok(model, id)
  return model
}

function asked(more: Partial<QuoteRequest> = {}): QuoteRequest {
  return { n: 1, promptBytes: 0, references: 0, ...more }
}

test('a hold is the prompt’s bytes, the references, the picture’s tokens and the text allowance', () => {
  // 1,120 × 0.00003 + 4,096 × 0.0000075 + (120 bytes + 2 × 1,120) × 0.0000015
  const { hold, typical, lines } = quote(
    modelOf('gemini-nano-banana-2.1'),
    asked({ resolution: '1K', promptBytes: 120, references: 2 }),
  )

  assert.equal(formatUsd(hold), '0.06786')
  assert.equal(formatUsd(typical), '0.0336')
  assert.equal(sum(lines.map((line) => usd(line.usd))), hold)
})

test('the hold of a bare prompt of 120 bytes is that of the documented receipt', () => {
  const { hold } = quote(modelOf('gemini-nano-banana-2.1'), asked({ resolution: '1K', promptBytes: 120 }))

  assert.equal(formatUsd(hold), '0.0645')
})

test('n pictures by n calls send the prompt and the references n times', () => {
  const one = quote(modelOf('gemini-nano-banana-2.1'), asked({ promptBytes: 500, references: 3 }))
  const four = quote(modelOf('gemini-nano-banana-2.1'), asked({ n: 4, promptBytes: 500, references: 3 }))

  assert.equal(four.hold, 4n * one.hold)
})

test('n pictures by one call send them once', () => {
  const one = quote(modelOf('gpt-image-2'), asked({ n: 1, quality: 'low', size: '1024x1024', promptBytes: 500 }), 0)
  const ten = quote(modelOf('gpt-image-2'), asked({ n: 10, quality: 'low', size: '1024x1024', promptBytes: 500 }), 0)

  assert.equal(formatUsd(one.hold), '0.0085')
  assert.equal(formatUsd(ten.hold), '0.0625')
})

test('holds of single pictures are worked out by hand', () => {
  const cases: readonly (readonly [string, Partial<QuoteRequest>, number, string, string])[] = [
    // Google's pages disagree on 4K: the larger count is held.
    ['google/gemini-nano-banana-2.1', { resolution: '4K' }, 0, '0.1134', '0.0756'],
    ['google/gemini-nano-banana-2.1', { resolution: '2K' }, 0, '0.0504', '0.0504'],
    // No tier named: the provider makes 1K.
    ['google/gemini-3.1-flash-image', {}, 0, '0.0672', '0.0672'],
    ['google/gemini-3.1-flash-image', { resolution: '512' }, 1000, '0.04782', '0.04482'],
    // Quality and size left open: the dearest picture is held, a medium square one is usual.
    ['openai/gpt-image-1', {}, 0, '0.2496', '0.04224'],
    ['openai/gpt-image-1', { quality: 'auto', size: '1024x1024' }, 0, '0.1664', '0.04224'],
    ['openai/gpt-image-1', { quality: 'low', size: '1536x1024' }, 0, '0.016', '0.016'],
    // 1,767 tokens per megapixel × 2.1: sizes outside the table are estimated by area.
    ['openai/gpt-image-2', { quality: 'medium', size: '2048x1088' }, 0, '0.11265', '0.11265'],
    // The first megapixel, three more at most, and four for the reference.
    ['black-forest-labs/flux.2-pro', { references: 1 }, 0, '0.135', '0.03'],
    ['black-forest-labs/flux.2-pro', { size: '1024x1024' }, 0, '0.03', '0.03'],
    ['ideogram/ideogram-v3', {}, 0, '0.06', '0.06'],
    ['qwen/qwen-image-3-pro', {}, 0, '0.075', '0.075'],
    ['qwen/qwen-image-3-pro', { resolution: '1K' }, 0, '0.04', '0.04'],
    ['inclusionai/ming-image-0.1-design', {}, 0, '0', '0'],
  ]

  for (const [id, request, allowance, hold, typical] of cases) {
    const quoted = quote(modelOf(id), asked(request), allowance)
    assert.equal(formatUsd(quoted.hold), hold, `${id} ${JSON.stringify(request)} hold`)
    assert.equal(formatUsd(quoted.typical), typical, `${id} ${JSON.stringify(request)} typical`)
  }
})

test('a quality that no price list knows holds as much as one left open', () => {
  for (const id of ['openai/gpt-image-2.6-sunburst', 'openai/gpt-image-1', 'ideogram/ideogram-v3']) {
    const open = quote(modelOf(id), asked())

    for (const quality of ['constructor', '__proto__', 'ultra', 'auto', '']) {
      assert.equal(quote(modelOf(id), asked({ quality })).hold, open.hold, `${id} ${quality}`)
    }
  }
})

test('a model without a price has no quote', () => {
  assert.throws(() => quote(modelOf('midjourney/midjourney'), asked()), RangeError)
})

test('the hold covers the charge of every usage that keeps within what the catalogue knows', () => {
  const priced = allModels.filter(({ pricing }) => pricing.basis !== 'unpriced')
  const wish = fc.record({
    n: fc.integer({ min: 1, max: 10 }),
    tier: fc.option(fc.constantFrom(...TIERS), { nil: undefined }),
    quality: fc.option(fc.constantFrom('auto', 'low', 'medium', 'high', 'max', 'turbo', 'hd', 'premium'), {
      nil: undefined,
    }),
    promptBytes: fc.integer({ min: 0, max: 10_000 }),
    references: fc.integer({ min: 0, max: 4 }),
    text: fc.integer({ min: 0, max: 4096 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })

  fc.assert(
    fc.property(
      fc.constantFrom(...priced),
      wish,
      (model, { n, tier, quality, promptBytes, references, text, share }) => {
        const resolution = tier !== undefined && model.tiers?.includes(tier) ? tier : undefined
        const known =
          quality !== undefined && (model.supports.quality?.includes(quality) ?? false) ? quality : undefined
        const brought = model.modes.includes('edit') ? references : 0
        const traits = { ...(resolution && { resolution }), ...(known && { quality: known }) }
        const { hold } = quote(model, { n, promptBytes, references: brought, ...traits })

        const price = snapshotOf(model)
        const pixels = Math.sqrt(areaOf(resolution ?? model.defaults?.resolution ?? '1K'))
        const image = { width: Math.floor(pixels), height: Math.floor(pixels) }
        const callCount = Math.ceil(n / model.maxNPerCall)
        const images = Array.from({ length: n }, () => image)
        const calls = Array.from({ length: callCount }, (_, index) => {
          const made = images.slice(index * model.maxNPerCall, (index + 1) * model.maxNPerCall)
          const pictureTokens = made.length * (model.tokens?.outputPerImage[resolution ?? '1K'] ?? 0)
          const prompt = Math.floor(promptBytes * share)
          const pictures = brought * (model.tokens?.inputPerImage ?? 0)
          return {
            images: made,
            usage:
              pictureTokens === 0
                ? undefined
                : {
                    inputTokens: prompt + pictures,
                    inputTextTokens: prompt,
                    inputImageTokens: pictures,
                    outputTokens: pictureTokens + text,
                    outputImageTokens: pictureTokens,
                    thoughtTokens: 0,
                  },
          }
        })
        const { total } = chargeLines(price, {
          calls,
          request: traits,
          references: Array.from({ length: brought }, () => ({ width: 2048, height: 2048 })),
        })

        assert.ok(total <= hold, `${model.id}: ${formatUsd(total)} charged, ${formatUsd(hold)} held`)
      },
    ),
    { numRuns: 1000 },
  )
})
