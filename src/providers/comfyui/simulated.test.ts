import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import sharp from 'sharp'

import { systemClock } from '../../core/clock.ts'
import type { ImageRequest } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import type { Progress } from '../../core/receipt.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import { QUICK } from '../test-clock.ts'
import { bytesOf, failureOf } from '../test-fixtures.ts'
import { asked, probed, RED, solid } from '../test-requests.ts'
import { type FaultCase, sandboxForTests, throughSimulator, type Way } from '../test-simulated.ts'
import { makeComfyUi } from './provider.ts'

const red = probed(RED)
const blue = probed(await solid(64, 64, '#2030c0'))
const mask = probed(await solid(96, 64, '#ffffff00'))
const SMALL = { width: 128, height: 64 } as const

const usual = { model: 'sdxl', credential: 'sk-good' }
const { generate, resume, outcomeOf, everyFaultIsTold, callsNamed } = throughSimulator(
  await sandboxForTests(),
  'comfyui',
  makeComfyUi,
  { ...usual, clock: QUICK },
)
// What holds a machine up would hold up the other tests.
const own = throughSimulator(await sandboxForTests(), 'comfyui', makeComfyUi, usual)
const drawn = (prompt: string, more: Partial<ImageRequest> = {}) => asked(prompt, [], { size: SMALL, ...more })

describe('the adapter and the simulator', { concurrency: 3 }, () => {
  describe('every value in a slot counts', { concurrency: 3 }, () => {
    const text = (more: Partial<ImageRequest> = {}) => drawn('a red kite', { seed: 1, ...more })
    const edit = (more: Partial<ImageRequest> = {}) => asked('make it night', [red], { seed: 1, ...more })
    const cases: readonly [slot: string, model: string, one: ImageRequest, other: ImageRequest][] = [
      ['prompt', 'sdxl', text(), drawn('a blue kite', { seed: 1 })],
      ['negative', 'sd3.5', text(), text({ negativePrompt: 'clouds' })],
      ['seed', 'flux1', text(), text({ seed: 2 })],
      ['width and height', 'qwen-image', text(), text({ size: { width: 64, height: 128 } })],
      ['batch_size', 'sdxl', text(), text({ n: 2 })],
      ['steps', 'sdxl', text(), text({ providerOptions: { comfyui: { steps: 12 } } })],
      ['guidance', 'flux1', text(), text({ providerOptions: { comfyui: { guidance: 2 } } })],
      ['shift', 'sd3.5', text(), text({ providerOptions: { comfyui: { shift: 2 } } })],
      ['image', 'sdxl', edit(), asked('make it night', [blue], { seed: 1 })],
      ['image2', 'qwen-image-edit', edit(), asked('make it night', [red, blue], { seed: 1 })],
      ['mask', 'flux1', edit(), edit({ mask })],
      ['denoise', 'sdxl', edit(), edit({ providerOptions: { comfyui: { denoise: 0.3 } } })],
    ]
    for (const [slot, model, one, other] of cases) {
      test(`${slot} of ${model}`, async () => {
        const [first, changed] = [await outcomeOf(one, { model }), await outcomeOf(other, { model })]

        assert.match(first, /^1 pictures/, first)
        assert.match(changed, /^[12] pictures/, changed)
        assert.notEqual(changed, first)
      })
    }

    const fields: readonly [field: string, lacks: string][] = [
      ['prompt', 'nothing is made'],
      ['prompt_id', 'the job has another id than the one that was written down'],
      ['client_id', 'nobody is told of its steps'],
      ['extra_data', 'nothing is shown on the way'],
    ]
    for (const [field, lacks] of fields) {
      test(`and so does ${field} of the body: without it ${lacks}`, async () => {
        const everything = ['1 id', 'a preview', 'a step', 'made']

        assert.deepEqual(await shownBy(`whole ${field}`), everything)
        assert.notDeepEqual(await shownBy(`lacking ${field}`, { lost: field }), everything)
      })
    }

    /** Everything that a call lets be seen, in the order of the alphabet. */
    async function shownBy(prompt: string, way: Way = {}): Promise<readonly string[]> {
      const ids = new Set<string>()
      const shown = new Set<string>()
      const told: Way = {
        ...way,
        submitted: async (id: string) => void ids.add(id),
        progress: (event: Progress) =>
          void (event.type === 'preview' ? shown.add('a preview') : event.fraction && shown.add('a step')),
      }
      const result = await generate(drawn(`${prompt} [[fault:delay=80]]`, { seed: 1, previews: 1 }), told)
      return [`${ids.size} id`, ...shown, result.ok ? 'made' : result.error.kind].toSorted()
    }
  })

  describe('the simulator of ComfyUI, seen through the adapter', { concurrency: 2 }, () => {
    test('makes pictures by every workflow that ships, at the size that was asked', async () => {
      for (const [model, request] of [
        ['sdxl', asked('fox')],
        ['sdxl', asked('fox', [red])],
        ['sdxl', asked('fox', [red], { mask })],
        ['sd3.5?ckpt_name=sd3.5_medium.safetensors', asked('fox')],
        ['sd3.5', asked('fox', [red])],
        ['sd3.5', asked('fox', [red], { mask })],
        ['flux1?unet_name=flux1-schnell.safetensors&steps=4', asked('fox')],
        ['flux1', asked('fox', [red])],
        ['flux1', asked('fox', [red], { mask })],
        ['qwen-image', asked('fox')],
        ['qwen-image-edit', asked('fox', [red])],
        ['qwen-image-edit', asked('fox', [red, blue])],
        ['qwen-image-edit', asked('fox', [red, blue, red])],
      ] as const) {
        const result = await generate({ ...request, size: SMALL }, { model })

        assert.ok(result.ok, `${model}: ${JSON.stringify(result)}`)
        const { width, height, format } = await sharp(bytesOf(result.value.images[0]?.blob)).metadata()
        assert.deepEqual([width, height, format], [128, 64, 'png'], model)
      }
    })

    test('keeps the shape of a reference when no size is asked', async () => {
      const result = await generate(asked('at dusk', [red]))

      assert.ok(result.ok)
      const { width, height } = await sharp(bytesOf(result.value.images[0]?.blob)).metadata()
      assert.deepEqual([width, height], [96, 64])
    })

    test('shows what it is asked for on the way, at even distances, and tells how far it is', async () => {
      const events: Progress[] = []
      const request = drawn('slowly [[fault:delay=300]]', { previews: 2 })

      const result = await generate(request, { progress: (event) => void events.push(event) })

      assert.ok(result.ok)
      const told = events.map((event) => (event.type === 'preview' ? `preview ${event.index}` : event.fraction))
      const steps = told.filter((step) => step !== undefined)
      assert.deepEqual(steps, [0.25, 0.5, 'preview 0', 0.75, 'preview 1', 1])
      const [preview] = events.flatMap((event) => (event.type === 'preview' ? [event.picture] : []))
      assert.equal((await sharp(bytesOf(preview)).metadata()).format, 'jpeg')
      assert.equal(preview?.mediaType, 'image/jpeg')
    })

    test('makes the same picture again for the same seed without running, and another one without a seed', async () => {
      assert.equal(await outcomeOf(drawn('twice', { seed: 0 })), await outcomeOf(drawn('twice', { seed: 0 })))
      assert.notEqual(await outcomeOf(drawn('twice')), await outcomeOf(drawn('twice')))
    })

    test('runs a caller’s own workflow, and says what is wrong with it', async () => {
      const latent = { class_type: 'LoadImage', inputs: { image: '{{image}}' } }
      const workflow = (from: JsonValue): JsonValue => ({
        load: latent,
        scale: {
          class_type: 'ImageScale',
          inputs: { image: from, upscale_method: 'area', width: 64, height: 32, crop: 'center' },
        },
        words: { class_type: 'CLIPTextEncode', inputs: { clip: ['c', 1], text: '{{prompt}}' } },
        c: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'sd_xl_base_1.0.safetensors' } },
        save: { class_type: 'SaveImage', inputs: { images: ['scale', 0], filename_prefix: 'mine/{{seed}}' } },
      })
      const request = (from: JsonValue) =>
        asked('scaled', [red], { seed: 5, providerOptions: { comfyui: { workflow: workflow(from) } } })

      const good = await generate(request(['load', 0]), { model: 'sdxl?workflow=allow' })
      const bad = failureOf(await generate(request(['load', 1]), { model: 'sdxl?workflow=allow' }))

      assert.ok(good.ok)
      assert.equal((await sharp(bytesOf(good.value.images[0]?.blob)).metadata()).width, 64)
      assert.deepEqual([bad.kind, bad.billed, bad.code], ['rejected', 'no', 'return_type_mismatch'])
    })

    const faults: readonly FaultCase[] = [
      ['status=400', 'rejected', 'no', 0n, { outcome: 'rejected' }],
      ['status=429,retry-after=7', 'rate_limited', 'no', 0n, { outcome: 'rejected' }],
      ['status=500', 'unavailable', 'unknown', 0n, { outcome: 'failed' }],
      ['redirect=http://127.0.0.1:9/', 'unavailable', 'no', 0n, { outcome: 'rejected' }],
      ['html', 'no_image', 'yes', 0n, { outcome: 'rejected' }],
      ['reset=after-request', 'unavailable', 'unknown', 0n, { outcome: 'incomplete' }],
      ['invalid-json', 'no_image', 'yes', 0n, { outcome: 'answered' }],
      ['refusal=policy', 'rejected', 'no', 0n, { outcome: 'rejected' }],
      ['run-status=507', 'unavailable', 'no', 0n, { outcome: 'failed' }],
      ['run-status=500', 'unavailable', 'no', 0n, { outcome: 'failed' }],
      ['no-image=images-empty', 'no_image', 'yes', 0n, { outcome: 'blocked' }],
      ['no-image=images-missing', 'no_image', 'yes', 0n, { outcome: 'blocked' }],
    ]
    everyFaultIsTold(faults, drawn)

    for (const fault of ['delivery-gone=9', 'truncate=100']) {
      test(`${fault} leaves a picture that was made and cannot be had`, async () => {
        const request = drawn(`lost ${fault} [[fault:${fault}]]`)

        const failure = failureOf(await generate(request, { deadlineMs: 900, clock: systemClock }))

        assert.deepEqual([failure.billed, failure.kind], ['yes', 'timeout'])
        assert.equal(callsNamed(`lost ${fault}`)[0]?.images, 1)
      })
    }

    test('a download that fails at first is repeated, and the job is not', async () => {
      const result = await generate(drawn('flaky [[fault:delivery-gone=1]]'))

      assert.ok(result.ok)
      assert.equal(callsNamed('flaky').length, 1)
    })

    test('a key that the proxy in front of it does not know is refused, and none at all is welcome', async () => {
      for (const [credential, kind] of [
        ['sk-invalid', 'unauthorized'],
        ['sk-locked', 'unauthorized'],
      ] as const) {
        assert.equal(failureOf(await generate(drawn('x'), { credential })).kind, kind)
      }
      assert.ok((await generate(drawn('x'), { credential: NO_CREDENTIAL })).ok)
    })

    test('a file that is not installed is not the request’s fault', async () => {
      const failure = failureOf(await generate(drawn('x'), { model: 'sdxl?ckpt_name=mine.safetensors' }))

      assert.deepEqual([failure.kind, failure.code, failure.status], ['unavailable', 'not_installed', 400])
      assert.match(failure.message, /mine\.safetensors/)
    })

    test('what one process has queued another fetches, as often as it likes', async () => {
      const request = drawn('for somebody else')
      let upstreamId = ''
      await generate(request, { submitted: async (id) => void (upstreamId = id) })

      const fetched = await Promise.all([1, 2].map(() => resume(upstreamId, request)))

      const pictures = fetched.map((result) => (result.ok ? bytesOf(result.value.images[0]?.blob) : Buffer.of()))
      assert.ok(pictures[0] !== undefined && pictures[0].length > 0 && pictures[1]?.equals(pictures[0]))
      assert.equal(callsNamed('for somebody else').length, 1)
    })
  })

  describe('a job on the one machine', { concurrency: 1 }, () => {
    for (const fault of ['queue=5000', 'hang']) {
      test(`that is not done by its deadline (${fault}) is taken off it, so that the next one can run`, async () => {
        const request = drawn(`late ${fault} [[fault:${fault}]]`)

        const failure = failureOf(await own.generate(request, { deadlineMs: 400 }))
        const next = await own.generate(drawn('next'), { deadlineMs: 3_000 })

        assert.deepEqual([failure.kind, failure.billed], ['timeout', 'no'])
        assert.ok(next.ok)
        assert.deepEqual(
          (await own.endedCalls(`late ${fault}`)).map(({ outcome, images }) => [outcome, images]),
          [['incomplete', 0]],
        )
      })
    }

    for (const fault of ['queue=5000', 'hang', 'delay=400']) {
      test(`is cancelled for nothing while it lasts (${fault})`, async () => {
        const request = drawn(`cancelled ${fault} [[fault:${fault}]]`)
        const taken = new AbortController()
        const { failure, verdict } = await own.use(async (provider) => {
          const queued = Promise.withResolvers<string>()
          const submitted = async (id: string) => queued.resolve(id)
          const generating = provider.generate(request, own.callOf({ signal: taken.signal, submitted }))
          const id = await queued.promise
          await delay(80)
          const said = await provider.cancel?.(id, own.callOf())
          // As the engine does: who waits for it hears of the end from there, and from nowhere else before.
          taken.abort(new DOMException('cancelled', 'AbortError'))
          return { verdict: said, failure: failureOf(await generating) }
        })

        assert.deepEqual([verdict, failure.kind], ['cancelled', 'timeout'])
        assert.deepEqual(
          own.callsNamed(`cancelled ${fault}`).map(({ outcome }) => outcome),
          ['incomplete'],
        )
      })
    }
  })
})
