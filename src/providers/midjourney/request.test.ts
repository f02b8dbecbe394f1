import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { err, ok } from '../../core/result.ts'
import { picturesMadeBy, toContinuation } from './actions.ts'
import { isFollowUp, toFollowUp } from './follow-up.ts'
import { toImagine } from './request.ts'

type Options = Readonly<Record<string, JsonValue>>

describe('the prompt of a new task', () => {
  const cases: readonly [says: string, request: Partial<ImageRequest>, options: Options, prompt: string][] = [
    ['nothing that was not said', {}, {}, 'a kite'],
    ['a ratio', { aspectRatio: '16:9' }, {}, 'a kite --ar 16:9'],
    ['a ratio with fractions in whole numbers', { aspectRatio: '2.35:1' }, {}, 'a kite --ar 235:100'],
    ['a seed, zero as any other', { seed: 0 }, {}, 'a kite --seed 0'],
    ['what is not wanted', { negativePrompt: 'clouds, birds' }, {}, 'a kite --no clouds, birds'],
    [
      'all of it, fields before options',
      { aspectRatio: '3:2', seed: 7, negativePrompt: 'text' },
      { v: 7, stylize: 250 },
      'a kite --ar 3:2 --no text --seed 7 --v 7 --stylize 250',
    ],
    ['a switch without a value', {}, { tile: true, raw: false }, 'a kite --tile'],
    ['several values', {}, { sref: ['https://a.example/x.png', '123'] }, 'a kite --sref https://a.example/x.png 123'],
    ['no option of its own', {}, { niji: '7', other: 'x' }, 'a kite --niji 7'],
  ]
  for (const [says, request, options, prompt] of cases) {
    test(`says ${says}`, () => {
      assert.deepEqual(toImagine(asking(request), options, 'MID_JOURNEY'), ok({ prompt, botType: 'MID_JOURNEY' }))
    })
  }

  const refused: readonly [what: string, request: Partial<ImageRequest>, options: Options, says: RegExp][] = [
    ['exact pixels', { size: { width: 512, height: 512 } }, {}, /^size cannot be sent/],
    ['a tier', { resolution: '2K' }, {}, /^resolution cannot be sent/],
    ['a quality', { quality: 'high' }, {}, /^quality cannot be sent/],
    ['transparency', { background: 'transparent' }, {}, /^background cannot be sent/],
    ['vector graphics', { format: 'svg' }, {}, /^output_format cannot be sent/],
    ['a seed that is none', { seed: 1.5 }, {}, /^seed cannot be sent/],
    ['a seed beyond the range', { seed: 4_294_967_296 }, {}, /^seed cannot be sent/],
    [
      'a parameter hidden in what is not wanted',
      { negativePrompt: 'x --turbo' },
      {},
      /^negative_prompt cannot be sent/,
    ],
    ['a parameter hidden in an option', {}, { style: 'raw --turbo' }, /^provider\.options\.midjourney\.style cannot/],
    ['an option that is a parameter', {}, { sref: '--turbo' }, /^provider\.options\.midjourney\.sref cannot/],
    ['an option that is an object', {}, { v: { a: 1 } }, /^provider\.options\.midjourney\.v cannot/],
  ]
  for (const [what, request, options, says] of refused) {
    test(`has no place for ${what}`, () => {
      const made = toImagine(asking(request), options, 'MID_JOURNEY')

      assert.ok(!made.ok)
      assert.match(made.error, says)
    })
  }

  for (const words of ['a kite --turbo', '--repeat 4 a kite', 'a kite —fast', 'a kite --r 10', 'x --q 4', 'x --HD']) {
    test(`may not decide what is charged: ${words}`, () => {
      const made = toImagine(asking({}, words), {}, 'MID_JOURNEY')

      assert.ok(!made.ok)
      assert.match(made.error, /^The prompt cannot have --\w+: it would change what is charged\.$/)
    })
  }

  test('may have every other parameter that the caller writes by hand', () => {
    const made = toImagine(asking({}, 'a fast-food kite --chaos 20 --raw'), {}, 'MID_JOURNEY')

    assert.ok(made.ok)
    assert.equal(made.value['prompt'], 'a fast-food kite --chaos 20 --raw')
  })

  test('goes with its pictures, in their order, to the bot that was asked for', () => {
    const made = toImagine(asking({}, 'both', [picture('one'), picture('two')]), {}, 'NIJI_JOURNEY')

    assert.ok(made.ok)
    const { botType, base64Array } = made.value
    assert.deepEqual([botType, Array.isArray(base64Array) && base64Array.length], ['NIJI_JOURNEY', 2])
  })

  test('goes to no bot by the name of something else, and takes no picture by its address', () => {
    const address: Picture = { field: 'input_references.0', source: { type: 'url', url: 'https://example.com/a.png' } }

    assert.equal(toImagine(asking(), {}, '../secrets').ok, false)
    assert.equal(toImagine(asking({}, 'x', [address]), {}, 'MID_JOURNEY').ok, false)
  })
})

const GRID = toContinuation({
  taskId: '17',
  index: 2,
  buttons: [1, 2, 3, 4]
    .flatMap((index) => [`MJ::JOB::upsample::${index}::0f`, `MJ::JOB::variation::${index}::0f`])
    .concat('MJ::JOB::reroll::0::0f::SOLO'),
})
const SINGLE = toContinuation({
  taskId: '18',
  index: 1,
  buttons: [
    'MJ::JOB::upsample_v7_2x_subtle::1::0f::SOLO',
    'MJ::JOB::upsample_v7_2x_creative::1::0f::SOLO',
    'MJ::JOB::low_variation::1::0f::SOLO',
    'MJ::JOB::high_variation::1::0f::SOLO',
    'MJ::Inpaint::1::0f::SOLO',
    'MJ::Outpaint::50::1::0f::SOLO',
    'MJ::Outpaint::75::1::0f::SOLO',
    'MJ::JOB::pan_left::1::0f::SOLO',
    'MJ::JOB::pan_up::1::0f::SOLO',
  ],
})
const BUTTONLESS = toContinuation({ taskId: '19', index: 3, buttons: [] })

describe('what is done with a picture that was made here', () => {
  const pressed: readonly [action: string, continuation: string, path: string, body: object][] = [
    ['upscale', GRID, 'action', { taskId: '17', customId: 'MJ::JOB::upsample::2::0f' }],
    ['variation', GRID, 'action', { taskId: '17', customId: 'MJ::JOB::variation::2::0f' }],
    ['reroll', GRID, 'action', { taskId: '17', customId: 'MJ::JOB::reroll::0::0f::SOLO' }],
    ['upscale_subtle', SINGLE, 'action', { taskId: '18', customId: 'MJ::JOB::upsample_v7_2x_subtle::1::0f::SOLO' }],
    ['upscale_creative', SINGLE, 'action', { taskId: '18', customId: 'MJ::JOB::upsample_v7_2x_creative::1::0f::SOLO' }],
    ['variation_subtle', SINGLE, 'action', { taskId: '18', customId: 'MJ::JOB::low_variation::1::0f::SOLO' }],
    ['variation_strong', SINGLE, 'action', { taskId: '18', customId: 'MJ::JOB::high_variation::1::0f::SOLO' }],
    ['zoom_out', SINGLE, 'action', { taskId: '18', customId: 'MJ::Outpaint::50::1::0f::SOLO' }],
    ['zoom_out_1_5', SINGLE, 'action', { taskId: '18', customId: 'MJ::Outpaint::75::1::0f::SOLO' }],
    ['pan_left', SINGLE, 'action', { taskId: '18', customId: 'MJ::JOB::pan_left::1::0f::SOLO' }],
    ['upscale', BUTTONLESS, 'change', { taskId: '19', action: 'UPSCALE', index: 3 }],
    ['variation', BUTTONLESS, 'change', { taskId: '19', action: 'VARIATION', index: 3 }],
    ['reroll', BUTTONLESS, 'change', { taskId: '19', action: 'REROLL' }],
  ]
  for (const [action, continuation, path, body] of pressed) {
    test(`${action} of ${continuation.slice(11, 13)} presses its button`, async () => {
      const made = await toFollowUp(asking({}, 'x', [picture('one', continuation)]), { action }, {})

      assert.deepEqual(made, ok({ press: { path: `/mj/submit/${path}`, body }, window: undefined }))
    })
  }

  const refused: readonly [
    what: string,
    request: Partial<ImageRequest>,
    options: Options,
    picture: Picture | undefined,
    says: RegExp,
  ][] = [
    [
      'no such action',
      {},
      { action: 'explode' },
      picture('one', GRID),
      /^provider\.options\.midjourney\.action is one of upscale, /,
    ],
    [
      'an action that is no word',
      {},
      { action: 7 },
      picture('one', GRID),
      /^provider\.options\.midjourney\.action is one of/,
    ],
    [
      'a picture from elsewhere',
      {},
      { action: 'upscale' },
      picture('one'),
      /and the one at input_references\.one is not\.$/,
    ],
    [
      'another maker’s picture',
      {},
      { action: 'upscale' },
      picture('one', 'sig 1 2'),
      /^upscale needs a picture that Midjourney made here/,
    ],
    ['no picture', {}, { action: 'upscale' }, undefined, /and the request has none\.$/],
    [
      'a button of a grid on a single one',
      {},
      { action: 'upscale' },
      picture('one', SINGLE),
      /offers no upscale for this picture\. It offers: upscale_subtle, /,
    ],
    [
      'a button that older proxies lack',
      {},
      { action: 'zoom_out' },
      picture('one', BUTTONLESS),
      /knows no zoom_out\.$/,
    ],
    [
      'more than the one it gives',
      { n: 4 },
      { action: 'upscale' },
      picture('one', GRID),
      /^n cannot be 4: upscale gives one picture\.$/,
    ],
    ['a ratio', { aspectRatio: '1:1' }, { action: 'reroll' }, picture('one', GRID), /^aspect_ratio cannot be sent/],
    ['a seed', { seed: 0 }, { action: 'reroll' }, picture('one', GRID), /^seed cannot be sent/],
    [
      'a parameter',
      {},
      { action: 'reroll', v: 7 },
      picture('one', GRID),
      /^provider\.options\.midjourney\.v cannot be sent/,
    ],
    [
      'a mask',
      { mask: picture('mask') },
      { action: 'upscale' },
      picture('one', GRID),
      /^input_references\.mask cannot be sent: upscale takes no mask\.$/,
    ],
    ['nothing to paint over', {}, { action: 'inpaint' }, picture('one', SINGLE), /^inpaint needs a mask\.$/],
  ]
  for (const [what, request, options, given, says] of refused) {
    test(`cannot be done with ${what}`, async () => {
      const made = await toFollowUp(asking(request, 'x', given ? [given] : []), options, {})

      assert.ok(!made.ok)
      assert.match(made.error, says)
    })
  }

  test('is done with one picture at a time', async () => {
    const two = [picture('one', GRID), picture('two', GRID)]

    const made = await toFollowUp(asking({}, 'x', two), { action: 'upscale' }, {})

    assert.ok(!made.ok)
    assert.match(made.error, /input_references\.two is one too many/)
  })
})

describe('a mask', () => {
  const request = asking({ mask: picture('mask') }, 'a hat', [picture('one', SINGLE)])
  const STENCIL = new JsonBlob('binary', [Buffer.from('stencil')], 'image/png')

  test('is a window that is answered with words and what is white in it', async () => {
    const asked: unknown[] = []
    const stencil = async (mask: JsonBlob, marked: string) => {
      asked.push(mask.slices[0]?.toString(), marked)
      return ok(STENCIL)
    }

    const made = await toFollowUp(request, {}, { pixels: { split: async () => err(''), stencil } })

    assert.ok(made.ok)
    assert.equal(made.value.press.body['customId'], 'MJ::Inpaint::1::0f::SOLO')
    assert.equal(made.value.window?.['prompt'], 'a hat')
    assert.equal(JSON.stringify(made.value.window?.['maskBase64']).includes('mask'), false)
    assert.deepEqual(asked, ['mask', 'white'])
  })

  test('that cannot be looked at is told about', async () => {
    const stencil = async () => err('The pixels cannot be decoded.')

    const made = await toFollowUp(request, {}, { pixels: { split: async () => err(''), stencil } })

    assert.deepEqual(made, err('The mask at input_references.mask cannot be used: The pixels cannot be decoded.'))
  })

  test('makes a request a follow-up, and so does an action', () => {
    assert.deepEqual(
      [isFollowUp(request, {}), isFollowUp(asking(), { action: 'upscale' }), isFollowUp(asking(), { v: 7 })],
      [true, true, false],
    )
  })
})

test('an upscale makes one picture, everything else what the model makes', () => {
  assert.deepEqual(
    ['upscale', 'upscale_subtle', 'upscale_creative', 'variation', 'inpaint', 'toString', undefined].map((action) =>
      picturesMadeBy({ action }),
    ),
    [1, 1, 1, undefined, undefined, undefined, undefined],
  )
})

function asking(more: Partial<ImageRequest> = {}, words = 'a kite', pictures: readonly Picture[] = []): ImageRequest {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [...images, { type: 'text', text: words }] }], ...more }
}

function picture(name: string, continuation?: string): Picture {
  const blob = new JsonBlob('binary', [Buffer.from(name)], 'image/png')
  const field = `input_references.${name}`
  return { field, source: { type: 'inline', blob }, ...(continuation !== undefined && { continuation }) }
}
