import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, test } from 'node:test'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { err, ok } from '../../core/result.ts'
import { bytesOf } from '../test-fixtures.ts'
import { toJob } from './request.ts'
import { fillSlots } from './slots.ts'
import { readModel } from './templates.ts'

type Node = { readonly class_type: string; readonly inputs: Readonly<Record<string, JsonValue>> }

describe('a slot', () => {
  const cases: readonly [written: string, values: Record<string, string | number>, becomes: JsonValue][] = [
    ['{{seed}}', { seed: 7 }, 7],
    ['{{prompt}}', { prompt: '7' }, '7'],
    ['{{steps|30}}', {}, 30],
    ['{{steps|30}}', { steps: 4 }, 4],
    ['{{cfg|-1.5}}', {}, -1.5],
    ['{{negative|}}', {}, ''],
    ['{{ckpt_name|sd_xl_base_1.0.safetensors}}', {}, 'sd_xl_base_1.0.safetensors'],
    ['an oil painting of {{prompt}}, {{style|plain}}', { prompt: 'a fox' }, 'an oil painting of a fox, plain'],
    ['{{prompt}}', { prompt: 'say {{seed}} and $& and {{other}}', seed: 7 }, 'say {{seed}} and $& and {{other}}'],
    ['x {{prompt}}', { prompt: 'say {{seed}} and $&', seed: 7 }, 'x say {{seed}} and $&'],
    ['{{ seed }} {{Seed}} {{}}', { seed: 7 }, '{{ seed }} {{Seed}} {{}}'],
  ]
  for (const [written, values, becomes] of cases) {
    test(`${written} with ${JSON.stringify(values)} becomes ${JSON.stringify(becomes)}`, () => {
      assert.deepEqual(fillSlots({ a: [written, null, true, ['b', 0]] }, values), {
        ok: true,
        value: { a: [becomes, null, true, ['b', 0]] },
      })
    })
  }

  test('that has neither a value nor a default is named', () => {
    assert.deepEqual(fillSlots({ a: '{{one|1}} {{two}}', b: '{{three}}' }, {}), { ok: false, error: { slot: 'two' } })
  })
})

describe('a model id', () => {
  test('is a template, with the operator’s values behind it', () => {
    const model = readModel('sdxl?ckpt_name=SDXL%5Cjuggernaut%20XL.safetensors&steps=40&cfg=5.5&workflow=allow')

    assert.ok(model.ok)
    assert.deepEqual(model.value.settings, { ckpt_name: 'SDXL\\juggernaut XL.safetensors', steps: 40, cfg: 5.5 })
    assert.equal(model.value.takesWorkflows, true)
  })

  for (const [id, says] of [
    ['juggernautXL.safetensors', 'There are: sdxl, sd3.5, flux1, qwen-image, qwen-image-edit.'],
    ['toString', 'no workflow template "toString"'],
    ['sdxl?step=40', 'the template sdxl has no such slot'],
    ['sdxl?workflow=yes', 'workflow to something but allow'],
  ] as const) {
    test(`${id} is a mistake that is told`, () => {
      const model = readModel(id)

      assert.ok(!model.ok && model.error.includes(says), JSON.stringify(model))
    })
  }

  test('leads to every workflow that is there, and each of them is a graph of links that lead somewhere', () => {
    const graphs = ['sdxl', 'sd3.5', 'flux1', 'qwen-image', 'qwen-image-edit'].flatMap((id) => {
      const model = readModel(id)
      assert.ok(model.ok)
      const { fromText, fromPictures, fromMask } = model.value.template
      return [fromText, ...fromPictures, fromMask].filter((graph) => graph !== undefined)
    })
    const files = readdirSync(new URL('workflows', import.meta.url)).filter((name) => name.endsWith('.json'))

    assert.equal(new Set(graphs).size, files.length)
    for (const graph of graphs as unknown as readonly Record<string, Node>[]) {
      const links = Object.values(graph).flatMap(({ inputs }) => Object.values(inputs).filter(Array.isArray))
      assert.ok(links.length > 5)
      for (const [id] of links) assert.ok(Object.hasOwn(graph, id), String(id))
    }
  })
})

describe('the size', () => {
  const first = { width: 2000, height: 1000 }
  const cases: readonly [what: string, model: string, request: Partial<ImageRequest>, width: number, height: number][] =
    [
      ['that was asked', 'sdxl', { size: { width: 640, height: 480 } }, 640, 480],
      ['of a ratio, at the pixels of the model', 'sdxl', { aspectRatio: '16:9' }, 1360, 768],
      ['of a ratio, in steps of 16', 'flux1', { aspectRatio: '3:2' }, 1248, 832],
      ['of a tier', 'qwen-image', { resolution: '512' }, 512, 512],
      ['of a tier and a ratio', 'sdxl', { resolution: '2K', aspectRatio: '1:2' }, 1448, 2896],
      ['of a template that was asked for nothing', 'qwen-image', {}, 1328, 1328],
      ['of the reference, at the pixels of the model', 'sdxl', { turns: turns(picture(first)) }, 1448, 720],
      ['of a small reference, as it is', 'sdxl', { turns: turns(picture({ width: 203, height: 99 })) }, 200, 96],
      ['of the reference, at a tier', 'flux1', { turns: turns(picture(first)), resolution: '512' }, 720, 352],
      [
        'that was asked, whatever the reference is',
        'sdxl',
        { turns: turns(picture(first)), size: { width: 64, height: 64 } },
        64,
        64,
      ],
    ]
  for (const [what, model, request, width, height] of cases) {
    test(`${what} is ${width} by ${height}`, async () => {
      const nodes = Object.values(await graphFor(request, {}, model))
      const sized = nodes.find(({ class_type: type }) => type === 'ImageScale' || type.startsWith('Empty'))

      assert.deepEqual([sized?.inputs['width'], sized?.inputs['height']], [width, height])
    })
  }
})

describe('what the caller asks for', () => {
  test('goes before what the operator sets, and that before the template’s own', async () => {
    const inputs = async (options: Record<string, JsonValue>) =>
      (await graphFor({}, options, 'sdxl?steps=40&cfg=5'))['sampler']?.inputs
    const { steps, cfg, scheduler } = (await inputs({})) ?? {}

    assert.deepEqual([steps, cfg, scheduler], [40, 5, 'karras'])
    assert.equal((await inputs({ steps: 12 }))?.['steps'], 12)
  })

  test('without a seed gets another one each time, and with one gets that one, be it zero', async () => {
    let next = 100
    const chance = { randomSeed: () => (next += 1), pixels: undefined }
    const seeds: unknown[] = []
    for (const request of [{}, {}, { seed: 0 }, { seed: 5 }]) {
      const job = await toJob({ ...words(), ...request }, {}, 'sdxl', chance)
      assert.ok(job.ok)
      seeds.push((job.value.graph({}) as Record<string, Node>)['sampler']?.inputs['seed'])
    }

    assert.deepEqual(seeds, [101, 102, 0, 5])
  })

  test('with pictures is the template for so many, each in its own slot', async () => {
    const two = await graphFor({ turns: turns(picture(), picture()) }, {}, 'qwen-image-edit')

    assert.deepEqual(
      [two['image']?.inputs['image'], two['image2']?.inputs['image']],
      ['name of image', 'name of image2'],
    )
  })

  test('with a mask sends it in black and white, white where the picture may be repainted', async () => {
    const made = new JsonBlob('binary', [Buffer.from('stencil')], 'image/png')
    const asked: unknown[] = []
    const stencil = async (blob: JsonBlob, marked: string) => {
      asked.push([bytesOf(blob).toString(), marked])
      return ok(made)
    }
    const pixels = { stencil, split: async () => err('nothing is to be cut') }
    const request = { ...words(), turns: turns(picture()), mask: picture('mask') }
    const job = await toJob(request, {}, 'flux1', { randomSeed: () => 7, pixels })
    const blind = { ...pixels, stencil: async () => err('The pixels cannot be decoded.') }
    const failed = await toJob(request, {}, 'flux1', { randomSeed: () => 7, pixels: blind })

    assert.ok(job.ok)
    assert.deepEqual(asked, [['x', 'white']])
    assert.deepEqual(
      job.value.uploads.map(({ slot, blob }) => [slot, bytesOf(blob).toString()]),
      [
        ['image', 'x'],
        ['mask', 'stencil'],
      ],
    )
    const graph = job.value.graph({ image: 'a', mask: 'b' }) as Record<string, Node>
    assert.deepEqual(graph['mask'], { class_type: 'LoadImageMask', inputs: { image: 'b', channel: 'red' } })
    assert.ok(!failed.ok && failed.error.includes('mask at mask cannot be used'), JSON.stringify(failed))
  })

  const refused: readonly [
    what: string,
    model: string,
    request: Partial<ImageRequest>,
    options: Record<string, JsonValue>,
    says: string,
  ][] = [
    [
      'two references of a template for one',
      'sdxl',
      { turns: turns(picture(), picture('input_references.1')) },
      {},
      'input_references.1',
    ],
    [
      'a mask over two references',
      'sdxl',
      { turns: turns(picture(), picture()), mask: picture('mask') },
      {},
      'The picture at mask',
    ],
    ['a reference of a template for words', 'qwen-image', { turns: turns(picture()) }, {}, 'input_references.0'],
    ['nothing to edit', 'qwen-image-edit', {}, {}, 'the request has none'],
    [
      'an address',
      'sdxl',
      { turns: turns({ field: 'image', source: { type: 'url', url: 'https://x/y' } }) },
      {},
      'at image is an address',
    ],
    [
      'a negative prompt of a template without one',
      'flux1',
      { negativePrompt: 'fog' },
      {},
      'negative_prompt cannot be sent',
    ],
    [
      'several edits of a template that makes one',
      'qwen-image-edit',
      { turns: turns(picture()), n: 2 },
      {},
      'n cannot be sent',
    ],
    ['a strength for words alone', 'sdxl', {}, { denoise: 0.5 }, 'provider.options.comfyui.denoise cannot be sent'],
    ['a list of steps', 'sdxl', {}, { steps: [1, 2] }, 'provider.options.comfyui.steps is neither'],
    ['a workflow where none is allowed', 'sdxl', {}, { workflow: ownWorkflow() }, 'not allowed on this route'],
    ['a workflow that is a text', 'sdxl?workflow=allow', {}, { workflow: '{}' }, 'not a workflow in API format'],
    ['a workflow without nodes', 'sdxl?workflow=allow', {}, { workflow: {} }, 'not a workflow in API format'],
    [
      'a workflow as the editor saves it',
      'sdxl?workflow=allow',
      {},
      { workflow: { nodes: [], links: [] } },
      'not a workflow in API format',
    ],
    [
      'a workflow without a place for the prompt',
      'sdxl?workflow=allow',
      {},
      { workflow: ownWorkflow('words') },
      'prompt cannot be sent',
    ],
    [
      'a seed that a workflow has no slot for',
      'sdxl?workflow=allow',
      { seed: 5 },
      { workflow: ownWorkflow() },
      'seed cannot be sent',
    ],
    [
      'a workflow that needs what nobody gave',
      'sdxl?workflow=allow',
      {},
      { workflow: ownWorkflow('{{prompt}} {{lora}}') },
      'its slot {{lora}}',
    ],
  ]
  for (const [what, model, request, options, says] of refused) {
    test(`${what} is refused, with its name`, async () => {
      const job = await toJob({ ...words(), ...request }, options, model, { randomSeed: () => 7, pixels: undefined })

      assert.ok(!job.ok && job.error.includes(says), JSON.stringify(job))
    })
  }

  test('with a workflow of its own is that workflow, where the operator allows it', async () => {
    const graph = await graphFor(
      { size: { width: 64, height: 96 } },
      { workflow: ownWorkflow() },
      'sdxl?workflow=allow',
    )

    assert.deepEqual(graph, ownWorkflow('a fox', 64, 96))
  })
})

function ownWorkflow(
  text = 'ink, {{prompt}}',
  width: string | number = '{{width|512}}',
  height: string | number = '{{height|512}}',
) {
  const said = text === 'a fox' ? 'ink, a fox' : text
  return {
    a: { class_type: 'Mine', inputs: { words: said, width, height } },
    b: { class_type: 'SaveImage', inputs: { images: ['a', 0] } },
  }
}

function words(): ImageRequest {
  return { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a fox' }] }] }
}

async function graphFor(
  request: Partial<ImageRequest>,
  options: Record<string, JsonValue>,
  model: string,
): Promise<Record<string, Node>> {
  const job = await toJob({ ...words(), ...request }, options, model, { randomSeed: () => 7, pixels: undefined })
  assert.ok(job.ok, JSON.stringify(job))
  const names = Object.fromEntries(job.value.uploads.map(({ slot }) => [slot, `name of ${slot}`]))
  return job.value.graph(names) as Record<string, Node>
}

function turns(...pictures: readonly Picture[]): ImageRequest['turns'] {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return [{ role: 'user', parts: [...images, { type: 'text', text: 'make it night' }] }]
}

function picture(place: string | { readonly width: number; readonly height: number } = 'input_references.0'): Picture {
  const field = typeof place === 'string' ? place : 'input_references.0'
  const size = typeof place === 'string' ? { width: 64, height: 64 } : place
  const blob = new JsonBlob('binary', [Buffer.from('x')], 'image/png')
  return { field, source: { type: 'inline', blob }, facts: { sha256: 'x', mediaType: 'image/png', bytes: 1, ...size } }
}
