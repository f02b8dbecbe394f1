import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import type { Progress } from '../../core/receipt.ts'
import { type Sandbox, startSandbox } from '../../sandbox/simulators.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import type { JsonRequest } from '../http.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { makeComfyUi } from './provider.ts'

// The adapter against the simulator, which was written from ComfyUI's sources without it: what is lost on the way shows.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve' })
})
after(() => sandbox.close())

const RED = await drawn('#c03020', 96, 64, 1)
const BLUE = await drawn('#2030c0', 64, 64, 1)
const HOLE = await drawn('#ffffff', 96, 64, 0)
const SMALL = { width: 128, height: 64 } as const

describe('the adapter and the simulator', { concurrency: 3 }, () => {
  describe('every value in a slot counts', { concurrency: 3 }, () => {
    const text = (more: Partial<ImageRequest> = {}): ImageRequest => ({
      ...asked('a red kite'),
      size: SMALL,
      seed: 1,
      ...more,
    })
    const edit = (more: Partial<ImageRequest> = {}): ImageRequest => ({
      ...asked('make it night', [RED]),
      seed: 1,
      ...more,
    })
    const cases: readonly [slot: string, model: string, one: ImageRequest, other: ImageRequest][] = [
      ['prompt', 'sdxl', text(), { ...text(), turns: asked('a blue kite').turns }],
      ['negative', 'sd3.5', text(), text({ negativePrompt: 'clouds' })],
      ['seed', 'flux1', text(), text({ seed: 2 })],
      ['width and height', 'qwen-image', text(), text({ size: { width: 64, height: 128 } })],
      ['batch_size', 'sdxl', text(), text({ n: 2 })],
      ['steps', 'sdxl', text(), text({ providerOptions: { comfyui: { steps: 12 } } })],
      ['guidance', 'flux1', text(), text({ providerOptions: { comfyui: { guidance: 2 } } })],
      ['shift', 'sd3.5', text(), text({ providerOptions: { comfyui: { shift: 2 } } })],
      ['image', 'sdxl', edit(), { ...edit(), turns: asked('make it night', [BLUE]).turns }],
      ['image2', 'qwen-image-edit', edit(), { ...edit(), turns: asked('make it night', [RED, BLUE]).turns }],
      ['mask', 'flux1', edit(), edit({ mask: picture(HOLE) })],
      ['denoise', 'sdxl', edit(), edit({ providerOptions: { comfyui: { denoise: 0.3 } } })],
    ]
    for (const [slot, model, one, other] of cases) {
      test(`${slot} of ${model}`, async () => {
        const [first, changed] = [await outcomeOf(model, one), await outcomeOf(model, other)]

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
        assert.deepEqual(await shownBy(`whole ${field}`, (body) => body), ['1 id', 'a preview', 'a step', 'made'])
        assert.notDeepEqual(await shownBy(`lacking ${field}`, (body) => without(body, field)), [
          '1 id',
          'a preview',
          'a step',
          'made',
        ])
      })
    }

    /** Everything that a call lets be seen, in the order of the alphabet. */
    async function shownBy(prompt: string, change: (body: JsonValue) => JsonValue): Promise<readonly string[]> {
      const ids = new Set<string>()
      const shown = new Set<string>()
      const told = {
        submitted: async (id: string) => void ids.add(id),
        progress: (event: Progress) =>
          void (event.type === 'preview' ? shown.add('a preview') : event.fraction && shown.add('a step')),
      }
      const request = text({ previews: 1, turns: asked(`${prompt} [[fault:delay=80]]`).turns })
      const result = await generated('sdxl', request, told, change)
      return [`${ids.size} id`, ...shown, result.ok ? 'made' : result.error.kind].toSorted()
    }
  })

  describe('the simulator of ComfyUI, seen through the adapter', { concurrency: 2 }, () => {
    test('makes pictures by every workflow that ships, at the size that was asked', async () => {
      for (const [model, request] of [
        ['sdxl', asked('fox')],
        ['sdxl', asked('fox', [RED])],
        ['sdxl', { ...asked('fox', [RED]), mask: picture(HOLE) }],
        ['sd3.5?ckpt_name=sd3.5_medium.safetensors', asked('fox')],
        ['sd3.5', asked('fox', [RED])],
        ['sd3.5', { ...asked('fox', [RED]), mask: picture(HOLE) }],
        ['flux1?unet_name=flux1-schnell.safetensors&steps=4', asked('fox')],
        ['flux1', asked('fox', [RED])],
        ['flux1', { ...asked('fox', [RED]), mask: picture(HOLE) }],
        ['qwen-image', asked('fox')],
        ['qwen-image-edit', asked('fox', [RED])],
        ['qwen-image-edit', asked('fox', [RED, BLUE])],
        ['qwen-image-edit', asked('fox', [RED, BLUE, RED])],
      ] as const) {
        const result = await generated(model, { ...request, size: SMALL })

        assert.ok(result.ok, `${model}: ${JSON.stringify(result)}`)
        const { width, height, format } = await sharp(bytesOf(result.value.images[0]?.blob)).metadata()
        assert.deepEqual([width, height, format], [128, 64, 'png'], model)
      }
    })

    test('keeps the shape of a reference when no size is asked', async () => {
      const result = await generated('sdxl', asked('at dusk', [RED]))

      assert.ok(result.ok)
      const { width, height } = await sharp(bytesOf(result.value.images[0]?.blob)).metadata()
      assert.deepEqual([width, height], [96, 64])
    })

    test('shows what it is asked for on the way, at even distances, and tells how far it is', async () => {
      const events: Progress[] = []
      const request = { ...asked('slowly [[fault:delay=300]]'), size: SMALL, previews: 2 }

      const result = await generated('sdxl', request, { progress: (event) => void events.push(event) })

      assert.ok(result.ok)
      const told = events.map((event) => (event.type === 'preview' ? `preview ${event.index}` : event.fraction))
      const steps = told.filter((step) => step !== undefined)
      assert.deepEqual(steps, [0.25, 0.5, 'preview 0', 0.75, 'preview 1', 1])
      const [preview] = events.flatMap((event) => (event.type === 'preview' ? [event.picture] : []))
      assert.equal((await sharp(bytesOf(preview)).metadata()).format, 'jpeg')
      assert.equal(preview?.mediaType, 'image/jpeg')
    })

    test('makes the same picture again for the same seed without running, and another one without a seed', async () => {
      const shaOf = async (request: ImageRequest) => await outcomeOf('sdxl', { ...request, size: SMALL })

      assert.equal(await shaOf({ ...asked('twice'), seed: 0 }), await shaOf({ ...asked('twice'), seed: 0 }))
      assert.notEqual(await shaOf(asked('twice')), await shaOf(asked('twice')))
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
      const request = (from: JsonValue): ImageRequest => ({
        ...asked('scaled', [RED]),
        seed: 5,
        providerOptions: { comfyui: { workflow: workflow(from) } },
      })

      const good = await generated('sdxl?workflow=allow', request(['load', 0]))
      const bad = failureOf(await generated('sdxl?workflow=allow', request(['load', 1])))

      assert.ok(good.ok)
      assert.equal((await sharp(bytesOf(good.value.images[0]?.blob)).metadata()).width, 64)
      assert.deepEqual([bad.kind, bad.billed, bad.code], ['rejected', 'no', 'return_type_mismatch'])
    })

    const faults: readonly [fault: string, kind: string, billed: string, outcome: string, calls?: number][] = [
      ['status=400', 'rejected', 'no', 'rejected'],
      ['status=429,retry-after=7', 'rate_limited', 'no', 'rejected'],
      ['status=500', 'unavailable', 'unknown', 'failed'],
      ['redirect=http://127.0.0.1:9/', 'unavailable', 'no', 'rejected'],
      ['html', 'no_image', 'yes', 'rejected'],
      ['reset=after-request', 'unavailable', 'unknown', 'incomplete'],
      ['invalid-json', 'no_image', 'yes', 'answered'],
      ['refusal=policy', 'rejected', 'no', 'rejected'],
      ['run-status=507', 'unavailable', 'no', 'failed'],
      ['run-status=500', 'unavailable', 'no', 'failed'],
      ['no-image=images-empty', 'no_image', 'yes', 'blocked'],
      ['no-image=images-missing', 'no_image', 'yes', 'blocked'],
    ]
    for (const [fault, kind, billed, outcome] of faults) {
      test(`${fault} is ${kind}, billed ${billed}, of one call that cost nothing`, async () => {
        const name = `faulty ${fault}`

        const failure = failureOf(await generated('sdxl', { ...asked(`${name} [[fault:${fault}]]`), size: SMALL }))

        assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
        if (fault.includes('retry-after')) assert.equal(failure.retryAfterMs, 7_000)
        await settled(name)
        assert.deepEqual(
          callsNamed(name).map((call) => [call.outcome, call.billed_nanos]),
          [[outcome, '0']],
        )
      })
    }

    for (const fault of ['delivery-gone=9', 'truncate=100']) {
      test(`${fault} leaves a picture that was made and cannot be had`, async () => {
        const request = { ...asked(`lost ${fault} [[fault:${fault}]]`), size: SMALL }

        const failure = failureOf(await generated('sdxl', request, { deadlineMs: 900 }))

        assert.deepEqual([failure.billed, failure.kind], ['yes', 'timeout'])
        assert.equal(callsNamed(`lost ${fault}`)[0]?.images, 1)
      })
    }

    test('a download that fails at first is repeated, and the job is not', async () => {
      const result = await generated('sdxl', { ...asked('flaky [[fault:delivery-gone=1]]'), size: SMALL })

      assert.ok(result.ok)
      assert.equal(callsNamed('flaky').length, 1)
    })

    test('a key that the proxy in front of it does not know is refused, and none at all is welcome', async () => {
      for (const [credential, kind] of [
        ['sk-invalid', 'unauthorized'],
        ['sk-locked', 'unauthorized'],
      ] as const) {
        assert.equal(failureOf(await generated('sdxl', { ...asked('x'), size: SMALL }, { credential })).kind, kind)
      }
      assert.ok((await generated('sdxl', { ...asked('x'), size: SMALL }, { credential: NO_CREDENTIAL })).ok)
    })

    test('a file that is not installed is not the request’s fault', async () => {
      const failure = failureOf(await generated('sdxl?ckpt_name=mine.safetensors', { ...asked('x'), size: SMALL }))

      assert.deepEqual([failure.kind, failure.code, failure.status], ['unavailable', 'not_installed', 400])
      assert.match(failure.message, /mine\.safetensors/)
    })

    test('what one process has queued another fetches, as often as it likes', async () => {
      const request = { ...asked('for somebody else'), size: SMALL }
      const call = callOf('sdxl')
      let upstreamId = ''
      await withUpstream({}, (upstream) =>
        makeComfyUi(upstream).generate(request, { ...call, submitted: async (id) => void (upstreamId = id) }),
      )

      const fetched = await Promise.all(
        [1, 2].map(() =>
          withUpstream(
            {},
            async (upstream) => await makeComfyUi(upstream).resume?.(upstreamId, request, callOf('sdxl')),
          ),
        ),
      )

      const pictures = fetched.map((result) => (result?.ok ? bytesOf(result.value.images[0]?.blob) : Buffer.of()))
      assert.ok(pictures[0] !== undefined && pictures[0].length > 0 && pictures[1]?.equals(pictures[0]))
      assert.equal(callsNamed('for somebody else').length, 1)
    })
  })

  describe('a job on the one machine', () => {
    // What holds a machine up would hold up the other tests.
    let own: Sandbox
    before(async () => {
      own = await startSandbox({ retired: 'serve' })
    })
    after(() => own.close())

    for (const fault of ['queue=5000', 'hang']) {
      test(`that is not done by its deadline (${fault}) is taken off it, so that the next one can run`, async () => {
        const request = { ...asked(`late ${fault} [[fault:${fault}]]`), size: SMALL }

        const failure = failureOf(await generated('sdxl', request, { deadlineMs: 400, on: own }))
        const next = await generated('sdxl', { ...asked('next'), size: SMALL }, { deadlineMs: 3_000, on: own })

        assert.deepEqual([failure.kind, failure.billed], ['timeout', 'no'])
        assert.ok(next.ok)
        await settled(`late ${fault}`, own)
        assert.deepEqual(
          callsNamed(`late ${fault}`, own).map(({ outcome, images }) => [outcome, images]),
          [['incomplete', 0]],
        )
      })
    }

    for (const fault of ['queue=5000', 'hang', 'delay=400']) {
      test(`is cancelled for nothing while it lasts (${fault})`, async () => {
        const request = { ...asked(`cancelled ${fault} [[fault:${fault}]]`), size: SMALL }
        const taken = new AbortController()
        const call = { ...callOf('sdxl', { on: own }), signal: taken.signal }
        const { failure, verdict } = await withUpstream({}, async (upstream) => {
          const comfy = makeComfyUi(upstream)
          const queued = Promise.withResolvers<string>()
          const generating = comfy.generate(request, { ...call, submitted: async (id) => queued.resolve(id) })
          const id = await queued.promise
          await new Promise((resolve) => setTimeout(resolve, 80))
          const said = await comfy.cancel?.(id, callOf('sdxl', { on: own }))
          // As the engine does: who waits for it hears of the end from there, and from nowhere else before.
          taken.abort(new DOMException('cancelled', 'AbortError'))
          return { verdict: said, failure: failureOf(await generating) }
        })

        assert.deepEqual([verdict, failure.kind], ['cancelled', 'timeout'])
        assert.deepEqual(
          callsNamed(`cancelled ${fault}`, own).map(({ outcome }) => outcome),
          ['incomplete'],
        )
      })
    }
  })
})

async function drawn(background: string, width: number, height: number, alpha: number): Promise<Buffer> {
  const image = sharp({ create: { width, height, channels: 3, background } }).ensureAlpha(alpha)
  return await image.png().toBuffer()
}

function asked(prompt: string, pictures: readonly Buffer[] = []): ImageRequest {
  const images = pictures.map((bytes) => ({ type: 'image', picture: picture(bytes) }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }] }
}

function picture(bytes: Buffer): Picture {
  const blob = new JsonBlob('binary', [bytes], 'image/png')
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
  const facts = { sha256: 'x', mediaType: 'image/png', width, height, bytes: bytes.length }
  return { field: 'image', source: { type: 'inline', blob }, facts }
}

interface Options {
  readonly on?: Sandbox
  readonly deadlineMs?: number
  readonly credential?: string
  readonly progress?: (event: Progress) => void
  readonly submitted?: (id: string) => Promise<void>
}

function callOf(model: string, { deadlineMs = 20_000, on = sandbox, ...options }: Options = {}): Call {
  const base = callTo(on.baseUrlFor('comfyui') ?? '', { deadlineMs })
  return { ...base, model, credential: 'sk-good', ...options }
}

function generated(model: string, request: ImageRequest, options: Options = {}, change = (body: JsonValue) => body) {
  const altered = <T>(sent: JsonRequest<T>) =>
    sent.paid && sent.body !== undefined ? { ...sent, body: change(sent.body) } : sent
  return withUpstream({}, (upstream) => {
    const comfy = makeComfyUi({ ...upstream, requestJson: (call, sent) => upstream.requestJson(call, altered(sent)) })
    return comfy.generate(request, callOf(model, options))
  })
}

function without(body: JsonValue, field: string): JsonValue {
  return Object.fromEntries(Object.entries(body as object).filter(([name]) => name !== field))
}

/** Number and bytes of the pictures, or the failure. */
async function outcomeOf(model: string, request: ImageRequest): Promise<string> {
  const result = await generated(model, request)
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const hashes = result.value.images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${hashes.join(' ')}`
}

/** What the bill has of jobs whose prompt begins so. */
function callsNamed(name: string, on = sandbox) {
  return on.bill().recent.filter(({ request }) => JSON.stringify(request ?? '').includes(`"${name}`))
}

/** A job that nobody waited for has ended by then. */
async function settled(name: string, on = sandbox): Promise<void> {
  for (let tries = 0; callsNamed(name, on).length === 0 && tries < 50; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
}
