import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { err, ok } from '../../core/result.ts'
import type { FormPart } from '../form.ts'
import type { Call } from '../provider.ts'
import { bytesOf } from '../test-fixtures.ts'
import { type Post, toPost } from './request.ts'

const PHOTO = picture('input_references.0', 'photo')
const OTHER = picture('input_references.1', 'other')
const MASK = picture('mask', 'mask')

/** Says what it was asked for. */
const PIXELS: NonNullable<Call['pixels']> = {
  split: async () => err('Nothing is to be cut.'),
  stencil: async (mask, marked) =>
    ok(new JsonBlob('binary', [Buffer.from(`${marked} ${bytesOf(mask).toString()}`)], 'image/png')),
}

describe('what Ideogram is sent', () => {
  const options = (more: Readonly<Record<string, JsonValue>>) => ({ providerOptions: { ideogram: more } })
  const bodies: readonly [what: string, model: string, more: Partial<ImageRequest>, path: string, body: object][] = [
    ['the words alone', 'ideogram-3', {}, 'generate/ideogram-3', {}],
    [
      'every wish',
      'ideogram-3',
      { n: 3, seed: 0, negativePrompt: 'clouds', quality: 'low', aspectRatio: '16:9', resolution: '1K' },
      'generate/ideogram-3',
      { num_images: 3, seed: 0, negative_prompt: 'clouds', rendering_speed: 'turbo', aspect_ratio: '16x9' },
    ],
    ['pixels', 'ideogram-3', { size: { width: 1312, height: 736 } }, 'generate/ideogram-3', { resolution: '1312x736' }],
    ['no ratio where none is wished', 'ideogram-3', { aspectRatio: 'auto' }, 'generate/ideogram-3', {}],
    [
      'what is passed through, and nothing else',
      'ideogram-3',
      options({ style_type: 'design', style_codes: ['0a1b2c3d'], private: true, other: 1 }),
      'generate/ideogram-3',
      { style_type: 'design', style_codes: ['0a1b2c3d'], private: true },
    ],
    [
      'a ratio as its pixels',
      'ideogram-4',
      { aspectRatio: '3:2', resolution: '2K', quality: 'high', seed: 7 },
      'generate/ideogram-4',
      { resolution: '2496x1664', rendering_speed: 'quality', seed: 7 },
    ],
    [
      'a speed by its usual name',
      'ideogram-4',
      { quality: 'medium' },
      'generate/ideogram-4',
      { rendering_speed: 'default' },
    ],
    ['an upright ratio', 'ideogram-4', { aspectRatio: '9:16' }, 'generate/ideogram-4', { resolution: '1440x2560' }],
    [
      'the last model’s own names',
      'ideogram-4-5',
      { aspectRatio: '1:1', quality: 'high', n: 2 },
      'generate/ideogram-4-5',
      { size: '2048x2048', quality: 'high', num_images: 2 },
    ],
  ]
  for (const [what, model, more, path, body] of bodies) {
    test(`by ${model} is ${what}`, async () => {
      assert.deepEqual(await sent(asked([], more), model), {
        path: `/v2/image/${path}`,
        body: { prompt: 'a kite', async: true, ...body },
      })
    })
  }

  const forms: readonly [
    what: string,
    model: string,
    request: ImageRequest,
    path: string,
    texts: object,
    files: object,
  ][] = [
    [
      'a picture to go by',
      'ideogram-3',
      asked([PHOTO], {
        n: 2,
        aspectRatio: '1:3',
        negativePrompt: 'rain',
        ...options({
          image_weight: 40,
          style_codes: ['0a1b2c3d', '4e5f6071'],
          color_palette: { name: 'ember' },
          enable_copyright_detection: false,
        }),
      }),
      'remix/ideogram-3',
      {
        num_images: ['2'],
        aspect_ratio: ['1x3'],
        negative_prompt: ['rain'],
        image_weight: ['40'],
        style_codes: ['0a1b2c3d', '4e5f6071'],
        color_palette: ['{"name":"ember"}'],
        enable_copyright_detection: ['false'],
      },
      { image: ['photo'] },
    ],
    [
      'a picture with a mask, black where it was transparent',
      'ideogram-3',
      asked([PHOTO], { mask: MASK, seed: 5, quality: 'turbo' }),
      'inpaint/ideogram-3',
      { seed: ['5'], rendering_speed: ['turbo'] },
      { image: ['photo'], mask: ['black mask'] },
    ],
    [
      'a picture and its pixels',
      'ideogram-4',
      asked([PHOTO], { aspectRatio: '1:1' }),
      'remix/ideogram-4',
      { resolution: ['2048x2048'] },
      { image: ['photo'] },
    ],
    [
      'a picture, others beside it, and a mask',
      'ideogram-4-5',
      asked([PHOTO, OTHER, OTHER, OTHER], { mask: MASK, quality: 'very_low', seed: 1 }),
      'precise-edit/ideogram-4-5',
      { quality: ['very_low'], seed: ['1'] },
      { image: ['photo'], mask: ['black mask'], reference_images: ['other', 'other', 'other'] },
    ],
  ]
  for (const [what, model, request, path, texts, files] of forms) {
    test(`by ${model} is ${what}`, async () => {
      const post = await sent(request, model)

      assert.ok('form' in post)
      assert.equal(post.path, `/v2/image/${path}`)
      assert.deepEqual(textsIn(post.form), { prompt: ['a kite'], async: ['true'], ...texts })
      assert.deepEqual(filesIn(post.form), files)
    })
  }

  test('names a hook that the world can reach, and no other', async () => {
    for (const [url, named] of [
      ['https://plantain.example/hooks/1', { webhook_url: 'https://plantain.example/hooks/1' }],
      ['http://plantain.example/hooks/1', {}],
    ] as const) {
      const made = await toPost(asked([]), {}, { model: 'ideogram-3', hook: { url, called: async () => {} } })

      assert.ok(made.ok && 'body' in made.value)
      assert.deepEqual(made.value.body, { prompt: 'a kite', async: true, ...named })
    }
  })

  test('has its files with a name and a type', async () => {
    const post = await sent(asked([PHOTO], { mask: MASK }), 'ideogram-3')

    assert.ok('form' in post)
    const files = post.form.flatMap((part) => ('blob' in part ? [[part.name, part.fileName, part.mediaType]] : []))
    assert.deepEqual(files, [
      ['image', 'image.png', 'image/png'],
      ['mask', 'mask.png', 'image/png'],
    ])
  })
})

describe('what Ideogram has no place for is refused by its name', () => {
  const size = { width: 1024, height: 1024 }
  const far = { field: 'input_references.0', source: { type: 'url', url: 'https://example.com/a.png' } } as const
  const cases: readonly [
    model: string,
    request: ImageRequest,
    says: RegExp,
    options?: Readonly<Record<string, JsonValue>>,
  ][] = [
    ['V_3', asked([]), /id that is none of Ideogram’s/],
    ['constructor', asked([]), /id that is none of Ideogram’s/],
    ['ideogram-3', asked([], { mask: MASK }), /^mask cannot be sent without the picture/],
    ['ideogram-3', asked([PHOTO, OTHER]), /^input_references\.1 cannot be sent/],
    ['ideogram-3', asked([], { resolution: '2K' }), /^resolution cannot be sent/],
    ['ideogram-3', asked([], { background: 'transparent' }), /^background cannot be sent/],
    ['ideogram-3', asked([], { format: 'svg' }), /^output_format cannot be sent/],
    ['ideogram-3', asked([]), /^provider\.options\.ideogram\.image_weight cannot be sent/, { image_weight: 50 }],
    ['ideogram-3', asked([PHOTO], { mask: MASK, negativePrompt: 'x' }), /^negative_prompt cannot be sent/],
    ['ideogram-3', asked([PHOTO], { mask: MASK, size }), /^size cannot be sent/],
    ['ideogram-3', asked([PHOTO], { mask: MASK, aspectRatio: '1:1' }), /^aspect_ratio cannot be sent/],
    ['ideogram-3', asked([PHOTO], { mask: MASK, resolution: '1K' }), /^resolution cannot be sent/],
    ['ideogram-3', asked([far]), /input_references\.0 is an address/],
    ['ideogram-4', asked([PHOTO], { mask: MASK }), /^mask cannot be sent/],
    ['ideogram-4', asked([PHOTO], { seed: 1 }), /^seed cannot be sent/],
    ['ideogram-4', asked([], { negativePrompt: 'x' }), /^negative_prompt cannot be sent/],
    ['ideogram-4', asked([], { aspectRatio: '21:9' }), /^aspect_ratio cannot be 21:9/],
    ['ideogram-4', asked([], { resolution: '1K' }), /^resolution cannot be sent/],
    ['ideogram-4', asked([], { quality: 'xhigh' }), /^quality cannot be xhigh/],
    ['ideogram-4', asked([], { quality: 'constructor' }), /^quality cannot be constructor/],
    ['ideogram-4', asked([]), /^provider\.options\.ideogram\.style_type cannot be sent/, { style_type: 'design' }],
    ['ideogram-4-5', asked([PHOTO], { size }), /^size cannot be sent/],
    ['ideogram-4-5', asked([PHOTO, OTHER, OTHER, OTHER, OTHER, OTHER]), /^input_references\.1 cannot be sent/],
    ['ideogram-4-5', asked([PHOTO, OTHER, OTHER, OTHER, OTHER], { mask: MASK }), /^input_references\.1 cannot be/],
    ['ideogram-4-5', asked([]), /^provider\.options\.ideogram\.magic_prompt cannot be sent/, { magic_prompt: 'on' }],
  ]
  for (const [model, request, says, options = {}] of cases) {
    test(`${model}: ${says.source}`, async () => {
      const post = await toPost(request, options, { model, pixels: PIXELS })

      assert.ok(!post.ok)
      assert.match(post.error, says)
    })
  }

  test('a mask that cannot be looked at is told about', async () => {
    const pixels = { ...PIXELS, stencil: async () => err('The pixels cannot be decoded.') }

    const post = await toPost(asked([PHOTO], { mask: MASK }), {}, { model: 'ideogram-3', pixels })

    assert.deepEqual(post, err('The mask at mask cannot be used: The pixels cannot be decoded.'))
  })
})

function asked(pictures: readonly Picture[], more: Partial<ImageRequest> = {}): ImageRequest {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [...images, { type: 'text', text: 'a kite' }] }], ...more }
}

function picture(field: string, name: string): Picture {
  return { field, source: { type: 'inline', blob: new JsonBlob('binary', [Buffer.from(name)], 'image/png') } }
}

async function sent(request: ImageRequest, model: string): Promise<Post> {
  const post = await toPost(request, request.providerOptions?.['ideogram'] ?? {}, { model, pixels: PIXELS })
  assert.ok(post.ok, post.ok ? '' : post.error)
  return post.value
}

/** The values of each text. */
function textsIn(form: readonly FormPart[]): object {
  return grouped(form.flatMap((part) => ('value' in part ? [[part.name, part.value] as const] : [])))
}

function filesIn(form: readonly FormPart[]): object {
  return grouped(form.flatMap((part) => ('blob' in part ? [[part.name, bytesOf(part.blob).toString()] as const] : [])))
}

function grouped(entries: readonly (readonly [string, string])[]): object {
  const groups: Record<string, string[]> = {}
  for (const [name, value] of entries) (groups[name] ??= []).push(value)
  return groups
}
