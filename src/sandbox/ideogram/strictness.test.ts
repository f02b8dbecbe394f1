import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

const RED = await picture(64, '#c03020')
const WIDE = await picture(96, '#ffffff')
const BLACK = await picture(64, '#000000')
const WHITE = await picture(64, '#ffffff')
const CLEAR = await picture(64, '#00000000')

type Fields = Readonly<Record<string, string | Buffer | readonly (string | Buffer)[]>>

describe('what Ideogram does not take is a 400 that names the field, and costs nothing', { concurrency: 4 }, () => {
  const bodies: readonly [what: string, path: string, body: object, field: string][] = [
    ['no prompt', 'generate/ideogram-3', {}, 'prompt'],
    ['a long prompt', 'generate/ideogram-3', { prompt: 'x'.repeat(10_001) }, 'prompt'],
    ['an unknown field', 'generate/ideogram-3', { prompt: 'x', n: 2 }, 'n'],
    ['a field by an object’s own name', 'generate/ideogram-3', { prompt: 'x', toString: 1 }, 'toString'],
    ['nine pictures', 'generate/ideogram-3', { prompt: 'x', num_images: 9 }, 'num_images'],
    ['a seed too large', 'generate/ideogram-3', { prompt: 'x', seed: 2 ** 31 }, 'seed'],
    ['the words of version 1', 'generate/ideogram-3', { prompt: 'x', rendering_speed: 'TURBO' }, 'rendering_speed'],
    ['a ratio with a colon', 'generate/ideogram-3', { prompt: 'x', aspect_ratio: '16:9' }, 'aspect_ratio'],
    ['a size of another model', 'generate/ideogram-3', { prompt: 'x', resolution: '2048x2048' }, 'resolution'],
    [
      'a size and a ratio',
      'generate/ideogram-3',
      { prompt: 'x', resolution: '1024x1024', aspect_ratio: '1x1' },
      'resolution',
    ],
    ['codes of four digits', 'generate/ideogram-3', { prompt: 'x', style_codes: ['0a1b'] }, 'style_codes'],
    [
      'two ways to say a style',
      'generate/ideogram-3',
      { prompt: 'x', style_codes: ['0a1b2c3d'], style_type: 'design' },
      'style_codes',
    ],
    ['an unknown preset', 'generate/ideogram-3', { prompt: 'x', style_preset: 'ART_DECO' }, 'style_preset'],
    ['an unknown palette', 'generate/ideogram-3', { prompt: 'x', color_palette: { name: 'rust' } }, 'color_palette'],
    ['a hook without TLS', 'generate/ideogram-3', { prompt: 'x', webhook_url: 'http://a.example' }, 'webhook_url'],
    ['a ratio', 'generate/ideogram-4', { prompt: 'x', aspect_ratio: '1x1' }, 'aspect_ratio'],
    ['a negative prompt', 'generate/ideogram-4', { prompt: 'x', negative_prompt: 'y' }, 'negative_prompt'],
    ['a speed', 'generate/ideogram-4-5', { prompt: 'x', rendering_speed: 'turbo' }, 'rendering_speed'],
    ['the quality of edits', 'generate/ideogram-4-5', { prompt: 'x', quality: 'very_low' }, 'quality'],
    ['a size of the fourth model alone', 'generate/ideogram-4-5', { prompt: 'x', size: '512x1536' }, 'size'],
  ]
  for (const [what, path, body, field] of bodies) {
    test(`${what} for ${path}`, async () => await refused(await postJson(path, body), field))
  }

  const forms: readonly [what: string, path: string, fields: Fields, field: string][] = [
    ['no picture', 'remix/ideogram-3', { prompt: 'x' }, 'image'],
    ['a text as a picture', 'remix/ideogram-3', { prompt: 'x', image: 'red' }, 'image'],
    ['two pictures', 'remix/ideogram-3', { prompt: 'x', image: [RED, RED] }, 'image'],
    ['a weight of nothing', 'remix/ideogram-3', { prompt: 'x', image: RED, image_weight: '0' }, 'image_weight'],
    ['a ratio of its choice', 'remix/ideogram-3', { prompt: 'x', image: RED, aspect_ratio: 'auto' }, 'aspect_ratio'],
    ['a seed', 'remix/ideogram-4', { prompt: 'x', image: RED, seed: '1' }, 'seed'],
    ['no mask', 'inpaint/ideogram-3', { prompt: 'x', image: RED }, 'mask'],
    ['a mask of another size', 'inpaint/ideogram-3', { prompt: 'x', image: RED, mask: WIDE }, 'mask'],
    ['a mask that is see-through', 'inpaint/ideogram-3', { prompt: 'x', image: RED, mask: CLEAR }, 'mask'],
    ['a mask that opens nothing', 'inpaint/ideogram-3', { prompt: 'x', image: RED, mask: WHITE }, 'mask'],
    ['a mask that opens all', 'precise-edit/ideogram-4-5', { prompt: 'x', image: RED, mask: BLACK }, 'mask'],
    [
      'a fifth picture beside it',
      'precise-edit/ideogram-4-5',
      { prompt: 'x', image: RED, reference_images: [RED, RED, RED, RED, RED] },
      'reference_images',
    ],
    ['a size', 'precise-edit/ideogram-4-5', { prompt: 'x', image: RED, size: '2048x2048' }, 'size'],
  ]
  for (const [what, path, fields, field] of forms) {
    test(`${what} for ${path}`, async () => await refused(await postForm(path, fields), field))
  }
})

test('what is no endpoint, no key, no credit, no JSON or no generation is refused in its own way', async () => {
  const good = { prompt: 'x' }
  for (const [path, key, body, status, reason] of [
    ['generate/ideogram-2', 'key', good, 404, undefined],
    ['generate/ideogram-3', '', good, 401, undefined],
    ['generate/ideogram-3', 'invalid', good, 401, undefined],
    ['generate/ideogram-3', 'empty', good, 402, 'insufficient_funds'],
    ['remix/ideogram-3', 'key', good, 400, undefined],
    ['generate/ideogram-3', 'key', { prompt: 'x [[fault:misspelt]]' }, 400, undefined],
  ] as const) {
    const answer = await postJson(path, body, key)
    assert.equal(answer.status, status, `${path} ${key}`)
    assert.equal(((await answer.json()) as { reject_reason?: string }).reject_reason, reason)
  }
  assert.equal((await ask('/v2/generations/nobody')).status, 404)
  assert.equal((await ask('/v2/generations/nobody', 'invalid')).status, 401)
  assert.equal((await ask('/v2/account/api-keys')).status, 404)
  assert.equal((await ask('/v2/account/api-keys', 'admin')).status, 200)
  assert.equal(sandbox.bill().billed_nanos, '0')
})

test('pictures are waited for, unless they are asked after', async () => {
  const fields = { prompt: 'a kite', image: RED, mask: BLACK, rendering_speed: 'turbo' }

  const waited = (await (await postForm('inpaint/ideogram-3', fields)).json()) as Generation
  const accepted = (await (await postForm('inpaint/ideogram-3', { ...fields, async: 'true' })).json()) as Generation
  const completed = await generation(accepted.generation_id)

  assert.equal(accepted.data, undefined)
  assert.equal(completed.status, 'completed')
  const urls = [...(waited.data ?? []), ...(completed.data ?? [])].map(({ url }) => url)
  assert.equal(urls.length, 2)
  for (const url of urls) assert.equal((await fetch(url)).headers.get('content-type'), 'image/png')
  assert.equal((await fetch(urls[0] ?? '', { headers: { 'api-key': 'key' } })).status, 400)
  assert.equal(sandbox.bill().billed_nanos, '60000000')
})

interface Generation {
  readonly generation_id: string
  readonly status?: string
  readonly data?: readonly { readonly url: string }[]
}

async function generation(id: string): Promise<Generation> {
  for (;;) {
    const state = (await (await ask(`/v2/generations/${id}`)).json()) as Generation
    if (state.status !== 'pending') return state
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function refused(answer: Response, field: string): Promise<void> {
  assert.equal(answer.status, 400)
  const { error } = (await answer.json()) as { error: string }
  assert.ok(error.startsWith(`Invalid input: ${field}: `), error)
}

async function picture(side: number, background: string): Promise<Buffer> {
  return await sharp({
    create: { width: side, height: side, channels: background.length > 7 ? 4 : 3, background },
  })
    .png()
    .toBuffer()
}

function base(): string {
  return sandbox.baseUrlFor('ideogram') ?? ''
}

function ask(path: string, key = 'key'): Promise<Response> {
  return fetch(`${base()}${path}`, { headers: { 'api-key': key } })
}

function postJson(path: string, body: object, key = 'key'): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...(key !== '' && { 'api-key': key }) }
  return fetch(`${base()}/v2/image/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

function postForm(path: string, fields: Fields): Promise<Response> {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (typeof each === 'string') body.append(name, each)
      else body.append(name, new Blob([new Uint8Array(each as Buffer)], { type: 'image/png' }), `${name}.png`)
    }
  }
  return fetch(`${base()}/v2/image/${path}`, { method: 'POST', headers: { 'api-key': 'key' }, body })
}
