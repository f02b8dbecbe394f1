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

const plain = (side: number, background: string) =>
  sharp({ create: { width: side, height: side, channels: 3, background } })
    .png()
    .toBuffer()
const RED = await plain(256, '#c03020')
const SMALL = await plain(64, '#c03020')
const WHITE = await plain(256, '#fff')

describe('what Recraft does not take is refused for nothing', () => {
  const words: readonly [what: string, body: object, says: RegExp][] = [
    ['no prompt', {}, /"code":"invalid_request_parameter","message":"prompt/],
    ['an unknown field', { prompt: 'x', seed: 1 }, /seed: Extra inputs/],
    ['an unknown model', { prompt: 'x', model: 'recraft-v3' }, /unknown model recraft-v3/],
    [
      'a size of another family',
      { prompt: 'x', model: 'recraftv4', size: '1365x1024' },
      /size 1365x1024 is not supported/,
    ],
    ['a small size for a Pro model', { prompt: 'x', model: 'recraftv4_pro', size: '1024x1024' }, /not supported/],
    ['seven pictures', { prompt: 'x', n: 7 }, /less than or equal to 6/],
    ['JPEG', { prompt: 'x', image_format: 'jpeg' }, /image_format/],
    [
      'a negative prompt for V4',
      { prompt: 'x', model: 'recraftv4', negative_prompt: 'y' },
      /negative_prompt is not supported/,
    ],
    ['a style for Flash', { prompt: 'x', model: 'recraftv4_1_flash', style: 'icon' }, /style is not supported/],
    ['two styles at once', { prompt: 'x', model: 'recraftv3', style: 'icon', style_id: 'u' }, /exclude each other/],
    ['a long prompt for V3', { prompt: 'x'.repeat(1_001), model: 'recraftv3' }, /prompt is too long/],
  ]
  for (const [what, body, says] of words) {
    test(what, async () => {
      await refused('/images/generations', { body: JSON.stringify(body) }, 400, says)
    })
  }

  const forms: readonly [
    what: string,
    path: string,
    fields: Readonly<Record<string, string | Buffer>>,
    says: RegExp,
  ][] = [
    ['no strength', '/images/imageToImage', { prompt: 'x', image: RED }, /strength: Field required/],
    [
      'too much strength',
      '/images/imageToImage',
      { prompt: 'x', image: RED, strength: '1.5' },
      /less than or equal to 1/,
    ],
    [
      'a size for an edit',
      '/images/imageToImage',
      { prompt: 'x', image: RED, strength: '0.5', size: '1:1' },
      /size: Extra/,
    ],
    [
      'a picture that is too small',
      '/images/imageToImage',
      { prompt: 'x', image: SMALL, strength: '0.5' },
      /from 256 to 4096/,
    ],
    [
      'an edit with Flash',
      '/images/imageToImage',
      { prompt: 'x', image: RED, strength: '0.5', model: 'recraftv4_1_flash' },
      /does not support image to image/,
    ],
    [
      'a mask for V4',
      '/images/inpaint',
      { prompt: 'x', image: RED, mask: WHITE, model: 'recraftv4' },
      /does not support inpainting/,
    ],
    [
      'a mask of another size',
      '/images/inpaint',
      { prompt: 'x', image: RED, mask: SMALL, model: 'recraftv3' },
      /another size/,
    ],
    [
      'a mask in colours',
      '/images/inpaint',
      { prompt: 'x', image: RED, mask: RED, model: 'recraftv3' },
      /black or white/,
    ],
  ]
  for (const [what, path, fields, says] of forms) {
    test(what, async () => {
      const body = new FormData()
      for (const [name, value] of Object.entries(fields)) {
        if (typeof value === 'string') body.append(name, value)
        else body.append(name, new Blob([new Uint8Array(value)], { type: 'image/png' }), `${name}.png`)
      }
      await refused(path, { body }, 400, says)
    })
  }

  test('a path that it lacks, and no key at all, are told in plain text', async () => {
    await refused('/images/edits', { body: '{}' }, 404, /^404 page not found$/)
    await refused('/images/generations', { body: '{}', headers: {} }, 401, /^request unauthorized$/)
  })
})

async function refused(path: string, init: RequestInit, status: number, says: RegExp): Promise<void> {
  const response = await fetch(`${sandbox.baseUrlFor('recraft')}${path}`, {
    method: 'POST',
    headers: { authorization: 'Bearer any' },
    ...init,
  })

  assert.equal(response.status, status)
  assert.match(await response.text(), says)
  assert.equal(sandbox.bill().billed_nanos, '0')
}
