import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import type { Progress } from '../../core/receipt.ts'
import { err, ok } from '../../core/result.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import type { Upstream } from '../http.ts'
import { answer, callTo, CREDENTIAL, playback, withUpstream } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { bytesOf, failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { AUTOMATIC1111 } from './entry.ts'
import { makeAutomatic1111 } from './provider.ts'
import { toPost } from './request.ts'

const MODEL = 'sd_xl_base_1.0'
const MADE = fixture('made.json')
const BASIC = `Basic ${Buffer.from(CREDENTIAL).toString('base64')}`

const make = (upstream: Upstream) => makeAutomatic1111(upstream, () => 'task-1')

providerContract((upstream) => make(withoutQuestions(upstream)), {
  model: MODEL,
  path: '/sdapi/v1/txt2img',
  credentialHeader: ['authorization', (credential) => `Basic ${Buffer.from(credential).toString('base64')}`],
  smallestBody: {
    prompt: 'a red fox',
    override_settings: { sd_model_checkpoint: MODEL },
    force_task_id: 'task-1',
  },
  answerWith: (base64) => MADE.replace('{{picture}}', base64),
  failures: JSON.parse(fixture('errors.json')) as RecordedFailure[],
  traits: AUTOMATIC1111.traits,
})

describe('an answer of the web UI', () => {
  const cases: readonly [wished: string, name: string | undefined, hash: string | undefined, isTaken: boolean][] = [
    ['sd_xl_base_1.0', 'sd_xl_base_1.0', '31e35c80fc', true],
    ['SDXL/sd_xl_base_1.0.safetensors', 'sd_xl_base_1.0', undefined, true],
    ['SDXL\\sd_xl_base_1.0.safetensors [31e35c80fc]', 'SD_XL_base_1.0', '31e35c80fc', true],
    ['31e35c80fc', 'sd_xl_base_1.0', '31e35c80fc', true],
    ['31e35c80fc', 'sd_xl_base_1.0', '6ce0161689', false],
    ['sd_xl_base_1.0', 'sd_xl_base_1.0_inpainting', '31e35c80fc', false],
    ['sd_xl_base_1.0', undefined, undefined, true],
  ]
  for (const [wished, name, hash, isTaken] of cases) {
    test(`that names ${name} ${hash} ${isTaken ? 'is' : 'is not'} one for ${wished}`, async () => {
      const info = JSON.stringify({ sd_model_name: name, sd_model_hash: hash })
      await using server = await playback(answer(200, JSON.stringify({ images: ['QUJD'], info })))

      const made = await generate({ ...callTo(server.url), model: wished })

      assert.equal(made.ok, isTaken)
      if (made.ok && name !== undefined) {
        assert.equal(made.value.modelVersion, hash === undefined ? name : `${name} [${hash}]`)
      }
    })
  }

  test('has our pictures first, and behind them what an extension added, which is left out', async () => {
    const images = ['QUFB', 'QkJC', 'Q0ND']
    await using server = await playback(answer(200, JSON.stringify({ images, info: 'no JSON' })))

    const made = await generate(callTo(server.url), { ...asked(), n: 2 })

    assert.ok(made.ok)
    assert.deepEqual(
      made.value.images.map(({ blob }) => bytesOf(blob).toString()),
      ['AAA', 'BBB'],
    )
  })

  test('may say a great deal of itself, and have its pictures in data URIs', async () => {
    const info = JSON.stringify({ sd_model_name: MODEL, infotexts: ['"quoted" \\ words\n'.repeat(2_000)] })
    await using server = await playback(answer(200, JSON.stringify({ images: ['data:image/webp;base64,QUJD'], info })))

    const made = await generate(callTo(server.url))

    assert.ok(made.ok)
    assert.deepEqual([made.value.modelVersion, made.value.images[0]?.blob.mediaType], [MODEL, 'image/webp'])
  })
})

test('a machine that asks for nothing is sent no header, and one that echoes ours does not get it into a failure', async () => {
  await using server = await playback((request, response) =>
    answer(500, `<pre>${request.headers.authorization}</pre>`, 'text/html')(request, response),
  )

  const failure = failureOf(await generate(callTo(server.url)))
  await generate({ ...callTo(server.url), credential: NO_CREDENTIAL })

  assert.ok(!failure.raw.includes(BASIC.slice('Basic '.length)) && failure.raw.includes('[credential]'), failure.raw)
  assert.deepEqual(
    server.requests.map(({ headers }) => headers.authorization),
    [BASIC, undefined],
  )
})

describe('while the picture is being made', { concurrency: 3 }, () => {
  const live = (number: number, progress: number) => ({
    active: true,
    queued: false,
    completed: false,
    progress,
    live_preview: `data:image/jpeg;base64,${Buffer.from(`preview ${number}`).toString('base64')}`,
    id_live_preview: number,
  })

  test('its task is asked after by its name, told, and shown as often as it was wished', async () => {
    const told = [{ active: false, queued: true, completed: false }, live(3, 0.25), live(9, 0.75)]
    await using server = await playback(
      slowly(1_750, { '/internal/progress': told.map((body) => answer(200, JSON.stringify(body))) }),
    )
    const progress: Progress[] = []

    const made = await generate(
      { ...callTo(server.url), progress: (event) => void progress.push(event) },
      { ...asked(), previews: 1 },
    )

    assert.ok(made.ok)
    assert.deepEqual(
      progress.map((event) =>
        event.type === 'preview' ? bytesOf(event.picture).toString() : (event.fraction ?? event.message),
      ),
      ['The machine is at another picture.', 0.25, 0.75, 'preview 9'],
    )
    const questions = server.requests
      .filter(({ path }) => path === '/internal/progress')
      .map(({ body }) => JSON.parse(body) as object)
    assert.deepEqual(questions[0], { id_task: 'task-1', id_live_preview: -1, live_preview: true })
  })

  for (const [what, play] of [
    ['does not know the task', answer(200, JSON.stringify({ active: false, queued: false, completed: false }))],
    ['was started without the web UI', answer(404, '{"detail":"Not Found"}')],
  ] as const) {
    test(`a machine that ${what} tells how far it is itself, and none of its pictures is shown`, async () => {
      const body = { progress: 0.4, eta_relative: 3, state: {}, current_image: 'QUJD', textinfo: null }
      await using server = await playback(
        slowly(700, {
          '/internal/progress': [play],
          '/sdapi/v1/progress?skip_current_image=true': [answer(200, JSON.stringify(body))],
        }),
      )
      const progress: Progress[] = []

      await generate(
        { ...callTo(server.url), progress: (event) => void progress.push(event) },
        { ...asked(), previews: 3 },
      )

      assert.deepEqual(progress, [{ type: 'status', fraction: 0.4, message: 'The machine is at work.' }])
    })
  }

  test('nothing that goes wrong with such a question spoils the picture, and none outlives it', async () => {
    await using server = await playback(slowly(600, { '/internal/progress': [() => {}] }))

    const startedAt = performance.now()
    const made = await generate(callTo(server.url))

    assert.ok(made.ok)
    assert.ok(performance.now() - startedAt < 1_500)
    await server.allClosed()
  })
})

describe('a picture whose deadline passes', { concurrency: 3 }, () => {
  const cases: readonly [what: string, task: RequestListener, interrupts: number, billed: string, says: RegExp][] = [
    [
      'is stopped if the machine says that it is at it',
      answer(200, '{"active":true,"queued":false}'),
      1,
      'no',
      /told to stop/,
    ],
    [
      'is left alone while it waits for another',
      answer(200, '{"active":false,"queued":true}'),
      0,
      'unknown',
      /left alone/,
    ],
    [
      'is left alone on a machine that knows no tasks',
      answer(404, '{"detail":"Not Found"}'),
      0,
      'unknown',
      /left alone/,
    ],
    ['is left alone by a machine that says nothing', () => {}, 0, 'unknown', /left alone/],
  ]
  for (const [what, task, interrupts, billed, says] of cases) {
    test(what, async () => {
      await using server = await playback(
        slowly(60_000, {
          '/internal/progress': [task],
          '/sdapi/v1/interrupt': [(_, response) => response.writeHead(204).end()],
        }),
      )

      const startedAt = performance.now()
      const failure = failureOf(await generate(callTo(server.url, { deadlineMs: 200 })))

      assert.deepEqual([failure.kind, failure.billed], ['timeout', billed])
      assert.match(failure.message, says)
      assert.equal(server.requests.filter(({ path }) => path === '/sdapi/v1/interrupt').length, interrupts)
      assert.ok(performance.now() - startedAt < 1_200)
    })
  }

  test('or that is taken back by somebody else is not asked after', async () => {
    await using server = await playback(slowly(60_000, {}))
    const taken = new AbortController()
    const generating = generate({ ...callTo(server.url), signal: taken.signal })
    await new Promise((resolve) => setTimeout(resolve, 100))
    taken.abort(new DOMException('cancelled', 'AbortError'))

    assert.equal(failureOf(await generating).kind, 'timeout')
    assert.equal(server.requests.length, 1)
  })
})

describe('the request', () => {
  const body = async (
    request: Partial<ImageRequest>,
    options: Record<string, JsonValue> = {},
    model = MODEL,
    pixels?: Call['pixels'],
  ) => {
    const post = await toPost({ ...asked(), ...request }, options, model, { taskId: 'task-1', pixels })
    assert.ok(post.ok, JSON.stringify(post))
    const { prompt: _, force_task_id: __, override_settings: ___, ...rest } = post.value.body
    return rest
  }

  test('has what the caller said before what the operator set, and nothing else', async () => {
    const model = `${MODEL}?width=1024&height=768&steps=30&cfg_scale=5.5&sampler_name=DPM%2B%2B%202M&tiling=true`

    assert.deepEqual(await body({}, {}, model), {
      steps: 30,
      cfg_scale: 5.5,
      sampler_name: 'DPM++ 2M',
      tiling: true,
      width: 1024,
      height: 768,
    })
    assert.deepEqual(
      await body(
        { seed: 0, n: 2, negativePrompt: 'fog', size: { width: 640, height: 512 } },
        { steps: 8, n_iter: 9 },
        model,
      ),
      {
        steps: 8,
        cfg_scale: 5.5,
        sampler_name: 'DPM++ 2M',
        tiling: true,
        negative_prompt: 'fog',
        seed: 0,
        batch_size: 2,
        width: 640,
        height: 512,
      },
    )
  })

  const sizes: readonly [
    what: string,
    request: Partial<ImageRequest>,
    model: string,
    size: readonly (number | undefined)[],
  ][] = [
    ['nothing', {}, MODEL, [undefined, undefined]],
    ['a ratio', { aspectRatio: '16:9' }, MODEL, [1360, 768]],
    ['a ratio, of a smaller model', { aspectRatio: '16:9' }, `${MODEL}?width=512&height=512`, [680, 384]],
    ['a tier', { resolution: '512' }, MODEL, [512, 512]],
    ['an edit', { turns: turns(picture(2000, 1000)) }, MODEL, [1448, 720]],
    ['an edit of something small', { turns: turns(picture(96, 64)) }, `${MODEL}?width=1024&height=1024`, [96, 64]],
    ['an edit at a ratio', { turns: turns(picture(96, 64)), aspectRatio: '1:1' }, MODEL, [1024, 1024]],
    ['auto', { aspectRatio: 'auto' }, MODEL, [undefined, undefined]],
  ]
  for (const [what, request, model, size] of sizes) {
    test(`asks for ${size.join(' by ')} where ${what} was asked`, async () => {
      const { width, height } = await body(request, {}, model)
      assert.deepEqual([width, height], size)
    })
  }

  test('of an edit has its mask in black and white, white where it may be repainted', async () => {
    const stencil = async (_: JsonBlob, marked: string) => ok(new JsonBlob('binary', [Buffer.from(marked)]))
    const pixels = { stencil, split: async () => err('nothing is to be cut') }
    const request = { turns: turns(picture(64, 64)), mask: picture(64, 64, 'mask') }

    const { mask, init_images: images } = await body(request, {}, MODEL, pixels)
    const blind = { ...pixels, stencil: async () => err('The pixels cannot be decoded.') }
    const failed = await toPost({ ...asked(), ...request }, {}, MODEL, { taskId: 'task-1', pixels: blind })

    assert.ok(mask instanceof JsonBlob && Array.isArray(images))
    assert.deepEqual([bytesOf(mask).toString(), mask.mediaType], ['white', 'image/png'])
    assert.ok(!failed.ok && failed.error.includes('mask at mask cannot be used'), JSON.stringify(failed))
  })

  const refused: readonly [what: string, request: Partial<ImageRequest>, model: string, says: string][] = [
    [
      'two references',
      { turns: turns(picture(8, 8), picture(8, 8, 'input_references.1')) },
      MODEL,
      'input_references.1',
    ],
    ['a mask over nothing', { mask: picture(8, 8, 'mask') }, MODEL, 'mask at mask'],
    [
      'an address',
      { turns: turns({ field: 'here', source: { type: 'url', url: 'https://x' } }) },
      MODEL,
      'at here is an address',
    ],
    ['a route with a misspelt setting', {}, `${MODEL}?step=3`, 'The route sets step'],
    ['a route that names nothing', {}, '?steps=3', 'names no checkpoint'],
  ]
  for (const [what, request, model, says] of refused) {
    test(`is refused unsent for ${what}`, async () => {
      const post = await toPost({ ...asked(), ...request }, {}, model, { taskId: 'task-1', pixels: undefined })
      assert.ok(!post.ok && post.error.includes(says), JSON.stringify(post))
    })
  }
})

test('the free question counts the checkpoints', async () => {
  await using server = await playback(answer(200, JSON.stringify([{ title: 'a [b]', model_name: 'a' }])))
  await using closed = await playback(answer(404, '{"detail":"Not Found"}'))
  const check = (url: string) =>
    withUpstream(
      {},
      async (upstream) => (await make(upstream).check?.(callTo(url))) ?? ({ ok: true, value: 'none' } as const),
    )

  assert.deepEqual(await check(server.url), { ok: true, value: 'the machine answers, and has 1 checkpoint' })
  assert.match(failureOf(await check(closed.url)).message, /--api/)
})

/** Makes the picture after so long, and answers other questions one after the other; the last answer stays. */
function slowly(ms: number, others: Readonly<Record<string, readonly RequestListener[]>>): RequestListener {
  const counts = new Map<string, number>()
  return (request, response) => {
    const path = request.url ?? ''
    if (path.startsWith('/sdapi/v1/txt2img')) {
      const timer = setTimeout(() => answer(200, MADE.replace('{{picture}}', 'QUJD'))(request, response), ms)
      response.on('close', () => clearTimeout(timer))
      return
    }
    const times = counts.get(path) ?? 0
    counts.set(path, times + 1)
    const listeners = others[path] ?? [answer(404, '{"detail":"Not Found"}')]
    listeners[Math.min(times, listeners.length - 1)]?.(request, response)
  }
}

/** The suite counts every request. What is asked while a picture is made, and after its deadline, has tests of its own. */
function withoutQuestions(upstream: Upstream): Upstream {
  const silent = err({ kind: 'unavailable', billed: 'no', message: 'not asked', raw: '' } as const)
  return {
    ...upstream,
    requestJson: async (call, sent) =>
      sent.paid === true || sent.path === '/sdapi/v1/sd-models' ? await upstream.requestJson(call, sent) : silent,
  }
}

function asked(): ImageRequest {
  return { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }] }
}

function turns(...pictures: readonly Picture[]): ImageRequest['turns'] {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return [{ role: 'user', parts: [...images, { type: 'text', text: 'at night' }] }]
}

function picture(width: number, height: number, field = 'input_references.0'): Picture {
  const blob = new JsonBlob('binary', [Buffer.from('x')], 'image/png')
  return {
    field,
    source: { type: 'inline', blob },
    facts: { sha256: 'x', mediaType: 'image/png', width, height, bytes: 1 },
  }
}

function generate(call: Call, request = asked()) {
  const model = call.model === 'any' ? MODEL : call.model
  return withUpstream({}, (upstream) => make(upstream).generate(request, { ...call, model }))
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
