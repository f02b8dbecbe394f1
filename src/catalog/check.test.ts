import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ImageRequest, Part, Picture } from '../core/image-request.ts'
import { catalogOf } from './catalog.ts'
import { checkRequest } from './check.ts'
import type { Model } from './model.ts'
import { allModels } from './models/all-models.ts'
import { documentedSizes } from './sizes.ts'

const catalog = catalogOf(allModels)

function modelOf(id: string): Model {
  const model = catalog.find(id)
  assert.ok(model, id)
  return model
}

function picture(field: string): Picture {
  return { field, source: { type: 'url', url: 'https://example.com/a.png' } }
}

/** A request that names the model itself, with so many references, and more. */
function asking(id: string, more: Partial<ImageRequest> = {}, pictures = 0): ImageRequest {
  const images = Array.from({ length: pictures }, (_, index): Part => ({
    type: 'image',
    picture: picture(`input_references.${index}`),
  }))
  return { model: id, turns: [{ role: 'user', parts: [{ type: 'text', text: 'a fox' }, ...images] }], ...more }
}

function check(id: string, more: Partial<ImageRequest> = {}, pictures = 0) {
  return checkRequest(modelOf(id), asking(id, more, pictures))
}

const BANANA = 'google/gemini-nano-banana-2.1'

test('a bare prompt is accepted by every model that makes pictures from text, as it is', () => {
  for (const model of allModels.filter(({ modes }) => modes.includes('generate'))) {
    const request = asking(model.id)

    const checked = checkRequest(model, request)

    assert.ok(checked.ok, model.id)
    assert.deepEqual(checked.value, {
      resolution: undefined,
      aspectRatio: undefined,
      request,
      leftOut: [],
      warnings: [],
    })
  }
})

test('every tier, ratio, size and quality that a model lists is accepted', () => {
  for (const model of allModels) {
    const pictures = model.modes.includes('generate') ? 0 : 1
    const wishes: Partial<ImageRequest>[] = [
      ...(model.tiers ?? []).map((resolution) => ({ resolution })),
      ...(typeof model.aspectRatios === 'object' ? model.aspectRatios : []).map((aspectRatio) => ({ aspectRatio })),
      ...(model.supports.quality ?? []).map((quality) => ({ quality })),
      ...documentedSizes(model).map(({ size: [width, height] }) => ({ size: { width, height } })),
    ]
    for (const wish of wishes) {
      const checked = checkRequest(model, asking(model.id, wish, pictures))
      assert.ok(checked.ok, `${model.id} ${JSON.stringify(wish)}`)
      assert.deepEqual(checked.value.warnings, [], `${model.id} ${JSON.stringify(wish)}`)
    }
  }
})

test('what would change the picture is refused, naming the field and what is accepted', () => {
  const cases: readonly (readonly [string, Partial<ImageRequest>, number, string, RegExp])[] = [
    [BANANA, { resolution: '512' }, 0, 'resolution', /Accepted: 1K, 2K, 4K/],
    ['google/gemini-3.1-flash-lite-image', { resolution: '2K' }, 0, 'resolution', /Accepted: 1K\./],
    ['black-forest-labs/flux.2-pro', { resolution: '2K' }, 0, 'resolution', /no resolution tiers/],
    [BANANA, { aspectRatio: '5:2' }, 0, 'aspect_ratio', /Accepted: 1:1, 2:3/],
    ['google/gemini-3-pro-image', { aspectRatio: '1:8' }, 0, 'aspect_ratio', /21:9\./],
    ['black-forest-labs/flux.2-pro', { aspectRatio: 'wide' }, 0, 'aspect_ratio', /like 16:9/],
    ['black-forest-labs/flux.1-fill-pro', { aspectRatio: '1:1' }, 1, 'aspect_ratio', /follow the reference/],
    [BANANA, { size: { width: 1000, height: 1000 } }, 0, 'size', /nearest sizes that it makes: 1024x1024/],
    ['openai/gpt-image-1', { size: { width: 2048, height: 2048 } }, 0, 'size', /1024x1024, 1536x1024, 1024x1536/],
    ['openai/gpt-image-2', { size: { width: 1000, height: 1000 } }, 0, 'size', /multiples of 16/],
    ['openai/gpt-image-2', { size: { width: 640, height: 640 } }, 0, 'size', /at least 655360 pixels/],
    ['openai/gpt-image-2', { size: { width: 3840, height: 960 } }, 0, 'size', /1:3 to 3:1/],
    ['openai/gpt-image-2', { size: { width: 4096, height: 2048 } }, 0, 'size', /at most 3840/],
    [
      'stabilityai/stable-image-core',
      { size: { width: 1024, height: 1024 } },
      0,
      'size',
      /no exact pixels. Use resolution/,
    ],
    ['midjourney/midjourney', { size: { width: 1024, height: 1024 } }, 0, 'size', /no exact pixels/],
    [BANANA, { n: 11 }, 0, 'n', /from 1 to 10/],
    [BANANA, { n: 0 }, 0, 'n', /from 1 to 10/],
    [BANANA, { n: 1.5 }, 0, 'n', /whole number/],
    [BANANA, {}, 15, 'input_references.14', /at most 14 references; this request has 15/],
    ['google/gemini-2.5-flash-image', {}, 4, 'input_references.3', /at most 3 references/],
    ['google/imagen-4', {}, 1, 'input_references.0', /text alone/],
    ['runwayml/gen4-image-turbo', {}, 0, 'input_references', /at least one reference/],
    [BANANA, { mask: picture('mask') }, 1, 'mask', /takes no mask/],
    ['openai/gpt-image-2', { mask: picture('mask') }, 0, 'mask', /needs the picture/],
    ['openai/gpt-image-2', { background: 'transparent' }, 0, 'background', /auto, opaque/],
    ['openai/gpt-image-1', { background: 'transparent', format: 'jpeg' }, 0, 'output_format', /png or webp/],
    [BANANA, { format: 'svg' }, 0, 'output_format', /png, jpeg, webp/],
  ]

  for (const [id, more, pictures, field, message] of cases) {
    const checked = check(id, more, pictures)
    assert.ok(!checked.ok, `${id} ${JSON.stringify(more)}`)
    assert.equal(checked.error.code, 'invalid_request')
    assert.equal(checked.error.field, field, `${id} ${JSON.stringify(more)}`)
    assert.match(checked.error.message, message)
  }
})

test('what a model takes of these is accepted', () => {
  const cases: readonly (readonly [string, Partial<ImageRequest>, number])[] = [
    [BANANA, { n: 10 }, 14],
    ['openai/gpt-image-1', { mask: picture('mask'), background: 'transparent', format: 'webp' }, 16],
    ['openai/gpt-image-2', { size: { width: 3840, height: 2160 } }, 0],
    ['openai/dall-e-3', { size: { width: 1024, height: 1792 }, quality: 'hd' }, 0],
    ['black-forest-labs/flux.2-pro', { size: { width: 2048, height: 2048 }, aspectRatio: '2.35:1' }, 0],
    ['recraft/recraft-v4-vector', { format: 'svg' }, 0],
    ['microsoft/mai-image-2.5', { size: { width: 1365, height: 768 } }, 0],
    ['openai/gpt-5.4-image-2', { aspectRatio: '7:3', size: { width: 100, height: 100 } }, 0],
  ]

  for (const [id, more, pictures] of cases) assert.ok(check(id, more, pictures).ok, `${id} ${JSON.stringify(more)}`)
})

test('exact pixels of a model that is asked by tier become its tier and ratio', () => {
  const cases = [
    [BANANA, 1376, 768, '1K', '16:9'],
    [BANANA, 4096, 4096, '4K', '1:1'],
    ['google/gemini-3.1-flash-image', 512, 512, '512', '1:1'],
    ['google/gemini-3-pro-image', 1696, 2528, '2K', '2:3'],
    ['google/gemini-2.5-flash-image', 1344, 768, '1K', '16:9'],
  ] as const

  for (const [id, width, height, resolution, aspectRatio] of cases) {
    const checked = check(id, { size: { width, height } })
    assert.ok(checked.ok, `${id} ${width}x${height}`)
    assert.equal(checked.value.resolution, resolution)
    assert.equal(checked.value.aspectRatio, aspectRatio)
    assert.deepEqual(checked.value.request, asking(id, { resolution, aspectRatio }))
  }
})

test('the pixels of one generation of models are not those of another', () => {
  assert.ok(!check('google/gemini-2.5-flash-image', { size: { width: 1376, height: 768 } }).ok)
  assert.ok(!check(BANANA, { size: { width: 1344, height: 768 } }).ok)
})

test('pixels that contradict the tier or ratio beside them are refused, agreeing ones accepted', () => {
  const size = { width: 2048, height: 2048 }

  assert.ok(!check(BANANA, { size, resolution: '1K' }).ok)
  assert.ok(!check(BANANA, { size, aspectRatio: '16:9' }).ok)
  assert.ok(check(BANANA, { size, resolution: '2K', aspectRatio: '1:1' }).ok)
})

test('exact pixels that a model takes stay exact pixels', () => {
  const checked = check('openai/gpt-image-1', { size: { width: 1536, height: 1024 }, resolution: '1K' })

  assert.ok(checked.ok)
  assert.equal(checked.value.resolution, undefined)
  assert.deepEqual(checked.value.request.size, { width: 1536, height: 1024 })
})

test('what only steers the picture is left out with a warning each', () => {
  const checked = check('x-ai/grok-imagine-image-2.0', {
    seed: 0,
    negativePrompt: 'blur',
    quality: 'ultra',
    ignored: ['temperature'],
  })

  assert.ok(checked.ok)
  assert.deepEqual(
    checked.value.warnings.map(({ code, field }) => [code, field]),
    [
      ['parameter_ignored', 'temperature'],
      ['parameter_ignored', 'seed'],
      ['parameter_ignored', 'negative_prompt'],
      ['parameter_ignored', 'quality'],
    ],
  )
  assert.ok(
    !('seed' in checked.value.request) &&
      !('negativePrompt' in checked.value.request) &&
      !('quality' in checked.value.request),
  )
  assert.match(checked.value.warnings.find(({ field }) => field === 'quality')?.message ?? '', /auto, low, medium/)
})

test('what was left out is named, for whoever has to refuse it', () => {
  const cases: readonly (readonly [Partial<ImageRequest>, string])[] = [
    [{ seed: 7 }, 'seed'],
    [{ negativePrompt: 'blur' }, 'negative_prompt'],
    [{ quality: 'ultra' }, 'quality'],
    [{ ignored: ['temperature'] }, 'temperature'],
  ]

  for (const [more, field] of cases) {
    const checked = check('x-ai/grok-imagine-image-2.0', more)
    assert.ok(checked.ok)
    assert.deepEqual(checked.value.leftOut, [field])
  }
})

test('auto is no wish: it is accepted everywhere and left out where the model has no such word', () => {
  const checked = check(BANANA, {
    quality: 'auto',
    aspectRatio: 'auto',
    background: 'auto',
  })
  const known = check('x-ai/grok-imagine-image-2.0', { quality: 'auto', aspectRatio: 'auto' })

  assert.ok(checked.ok && known.ok)
  assert.deepEqual([checked.value.leftOut, checked.value.warnings], [[], []])
  assert.ok(!('quality' in checked.value.request) && !('aspectRatio' in checked.value.request))
  assert.equal(known.value.request.aspectRatio, 'auto')
  assert.equal(known.value.request.quality, 'auto')
})

test('a model that stands in for another takes the nearest tier that it has, with a warning', () => {
  const asked = asking('google/gemini-3.1-flash-image-preview', { resolution: '512' })

  const checked = checkRequest(modelOf(BANANA), asked)

  assert.ok(checked.ok)
  assert.equal(checked.value.resolution, '1K')
  assert.equal(checked.value.request.resolution, '1K')
  assert.deepEqual(
    checked.value.warnings.map(({ code, field }) => [code, field]),
    [['resolution_changed', 'resolution']],
  )
})

test('a model named by an alias, without its author or with a route suffix stands in for nobody', () => {
  for (const name of ['google/nano-banana-2.1', 'Gemini-Nano-Banana-2.1', 'google/gemini-nano-banana-2.1:floor']) {
    assert.ok(!checkRequest(modelOf(BANANA), asking(name, { resolution: '512' })).ok, name)
  }
})

test('pictures of earlier turns count as references', () => {
  const turn = { role: 'user', parts: [{ type: 'image', picture: picture('messages.0.content.0') }] } as const
  const request: ImageRequest = {
    model: 'openai/dall-e-2',
    turns: [turn, { role: 'assistant', parts: [{ type: 'image', picture: picture('messages.1.images.0') }] }],
  }

  const checked = checkRequest(modelOf('openai/dall-e-2'), request)

  assert.ok(!checked.ok)
  assert.equal(checked.error.field, 'messages.1.images.0')
  assert.match(checked.error.message, /at most 1 reference; this request has 2/)
})
