import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import type { Progress } from '../../core/receipt.ts'
import { acceptSocket } from '../../sandbox/comfyui/socket.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import type { Upstream } from '../http.ts'
import { answer, callTo, cutOff, formFields, playback, type Played, withUpstream } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import type { Call, Provider } from '../provider.ts'
import { bytesOf, failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { traitContract } from '../trait-contract.ts'
import { COMFYUI } from './entry.ts'
import { makeComfyUi } from './provider.ts'
import sdxl from './workflows/sdxl.json' with { type: 'json' }

const MODEL = 'sdxl'
const ID = '0b6c9f1e-63d5-4b0c-9a53-1d1f3c5b7e21'
const REQUEST: ImageRequest = { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }] }
const PICTURE = Buffer.alloc(70_000, 'picture')
const QUEUED = fixture('queued.json').replace('{{id}}', ID)
const ENDED: unknown = JSON.parse(fixture('ended.json').replaceAll('{{id}}', ID))

/** With every chance taken out, so that equal requests are equal bodies. */
const make = (upstream: Upstream) => makeComfyUi(upstream, { seed: () => 7, id: () => ID })

providerContract((upstream) => make(departingWithUploads(upstream)), {
  model: MODEL,
  path: '/prompt',
  credentialHeader: ['authorization', (credential) => `Bearer ${credential}`],
  smallestBody: {
    prompt: {
      ...sdxl,
      checkpoint: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'sd_xl_base_1.0.safetensors' } },
      positive: { class_type: 'CLIPTextEncode', inputs: { clip: ['checkpoint', 1], text: 'a red fox' } },
      negative: { class_type: 'CLIPTextEncode', inputs: { clip: ['checkpoint', 1], text: '' } },
      latent: { class_type: 'EmptyLatentImage', inputs: { width: 1024, height: 1024, batch_size: 1 } },
      sampler: {
        class_type: 'KSampler',
        inputs: {
          ...sdxl.sampler.inputs,
          seed: 7,
          steps: 30,
          cfg: 7,
          sampler_name: 'dpmpp_2m',
          scheduler: 'karras',
        },
      },
    },
    client_id: `plantain-${ID}`,
    prompt_id: ID,
  },
  answerWith: (base64) => QUEUED.replace('{{picture}}', base64),
  freeAnswer: (request, picture) => machine({ picture })(request),
  failures: recorded('refused.json') as RecordedFailure[],
})

traitContract(make, {
  model: MODEL,
  traits: COMFYUI.traits,
  freeAnswer: (request, picture) => machine({ picture })(request),
})

describe('the adapter of ComfyUI', { concurrency: 3 }, () => {
  describe('a job of ComfyUI', { concurrency: 4 }, () => {
    test('has its id written down before it is queued', async () => {
      await using server = await playback(playing(machine({})))
      const seen: string[] = []
      const submitted = async (upstreamId: string) => {
        await new Promise((resolve) => setTimeout(resolve, 30))
        seen.push(upstreamId, String(server.requests.length))
      }

      const generated = await generate({ ...callTo(server.url), submitted })

      assert.ok(generated.ok)
      assert.deepEqual(seen, [ID, '0'])
      assert.equal(generated.value.upstreamId, ID)
      assert.equal((JSON.parse(server.requests[0]?.body ?? '') as { prompt_id: string }).prompt_id, ID)
    })

    test('is known by the id that an older version gives it', async () => {
      const other = '7d0c1e52-1111-4b0c-9a53-1d1f3c5b7e21'
      const seen: string[] = []
      await using server = await playback((request, response) =>
        machine({ id: other, queued: answer(200, JSON.stringify({ prompt_id: other, number: 1 })) })(request)(
          request,
          response,
        ),
      )
      const submitted = async (id: string) => void seen.push(id)

      const generated = await generate({ ...callTo(server.url), submitted })

      assert.ok(generated.ok)
      assert.deepEqual([seen, generated.value.upstreamId], [[ID, other], other])
    })

    test('has its pictures sent ahead, under names that nobody can guess, to where ComfyUI throws them away', async () => {
      await using server = await playback(playing(machine({})))
      const blob = new JsonBlob('binary', [PICTURE], 'image/webp')
      const parts = [
        { type: 'image', picture: { field: 'image', source: { type: 'inline', blob } } },
        { type: 'text', text: 'at night' },
      ] as const
      const request: ImageRequest = { model: 'any', turns: [{ role: 'user', parts }] }

      const generated = await withUpstream({}, (upstream) =>
        makeComfyUi(upstream).generate(request, toModel(callTo(server.url))),
      )

      assert.ok(generated.ok)
      const [upload, queued] = server.requests
      assert.ok(upload !== undefined && queued?.path === '/prompt')
      const { image, ...fields } = (await formFields(upload)) as { image: { name: string; type: string } }
      assert.deepEqual(fields, { type: 'temp', subfolder: 'plantain' })
      assert.match(image.name, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\.webp$/)
      assert.equal(image.type, 'image/webp')
      const { prompt } = JSON.parse(queued.body) as { prompt: { image: { inputs: { image: string } } } }
      assert.equal(prompt.image.inputs.image, 'a.png [temp]')
    })

    test('is told of by its socket, which says nothing of other jobs, of nonsense and of what is no preview', async () => {
      const told = [
        { type: 'progress', data: { value: 9, max: 10, prompt_id: 'another', node: '1' } },
        { type: 'progress', data: { value: 1, max: 0, prompt_id: ID } },
        { type: 'crystools.monitor', data: null },
        { type: 'progress', data: { value: 7, max: 10, prompt_id: ID, node: '1' } },
      ]
      const preview = (type: number, words: string) =>
        Buffer.concat([Buffer.from([0, 0, 0, type, 0, 0, 0, 2]), Buffer.from(words)])
      const frames = [Buffer.from('no JSON'), ...told.map((event) => Buffer.from(JSON.stringify(event)))]
      const sound = machine({ entries: [undefined, ENDED], queues: [{ queue_running: [[1, ID, {}]] }] })
      const server = createServer((request, response) => sound(request)(request, response))
      server.on('upgrade', (request, stream) => {
        const socket = acceptSocket(request, stream, () => {})
        for (const frame of frames) socket?.sendText(frame.toString())
        for (const frame of [preview(3, 'words'), Buffer.of(0, 0), preview(1, 'one'), preview(1, 'two')])
          socket?.sendBinary(frame)
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const events: Progress[] = []
      const call = { ...toModel(callTo(url)), progress: (event: Progress) => void events.push(event) }

      const generated = await withComfy((comfy) => comfy.generate({ ...REQUEST, previews: 1 }, call))
      server.close()

      assert.ok(generated.ok)
      const seen = events.map((event) =>
        event.type === 'preview' ? bytesOf(event.picture).toString() : event.fraction,
      )
      assert.deepEqual(
        seen.filter((each) => each !== undefined),
        [0.7, 'one'],
      )
      const [shown] = events.flatMap((event) => (event.type === 'preview' ? [event] : []))
      assert.deepEqual([shown?.index, shown?.picture.mediaType], [0, 'image/png'])
    })

    test('hands over what was saved, and not what was only shown beside it', async () => {
      await using server = await playback(playing(machine({})))

      const generated = await generate(callTo(server.url))

      assert.ok(generated.ok)
      assert.ok(bytesOf(generated.value.images[0]?.blob).equals(PICTURE))
      assert.deepEqual(viewed(server.requests), ['/view?filename=fox_00001_.png&subfolder=kept&type=output'])
    })

    test('hands over the good pictures when another of them is gone', async () => {
      const images = ['a', 'b'].map((name) => ({ filename: `${name}.png`, subfolder: '', type: 'temp' }))
      const entry = { outputs: { show: { images } }, status: { status_str: 'success', messages: [] } }
      await using server = await playback((request, response) => {
        if (request.url?.includes('filename=b.png')) response.writeHead(403).end()
        else machine({ entries: [entry] })(request)(request, response)
      })

      const generated = await generate(callTo(server.url, { deadlineMs: 400 }))

      assert.ok(generated.ok)
      assert.equal(generated.value.images.length, 1)
    })

    test('sends no header at all where there is no credential', async () => {
      await using server = await playback(playing(machine({})))

      const generated = await generate({ ...callTo(server.url), credential: NO_CREDENTIAL })

      assert.ok(generated.ok)
      assert.ok(server.requests.length >= 4)
      assert.deepEqual(
        server.requests.filter(({ headers }) => headers.authorization !== undefined),
        [],
      )
    })

    test('tells its place in the queue, and that it is being made', async () => {
      const item = (number: number, id: string) => [number, id, {}, {}, []]
      const queues = [
        { queue_running: [item(1, 'x')], queue_pending: [item(9, 'y'), item(5, ID), item(3, 'z')] },
        { queue_running: [item(5, ID)], queue_pending: [item(9, 'y')] },
      ]
      await using server = await playback(playing(machine({ entries: [undefined, undefined, ENDED], queues })))
      const progress: Progress[] = []

      await generate({ ...callTo(server.url), progress: (event) => void progress.push(event) })

      assert.deepEqual(progress, [
        { type: 'status', message: 'Waiting in the queue, 2 before it.', queuePosition: 2 },
        { type: 'status', message: 'The picture is being made.' },
      ])
    })

    for (const { name, entry, expect, says } of recorded('failed.json') as (RecordedFailure & { entry: unknown })[]) {
      test(`that ends with ${name} is ${expect.kind}, billed ${expect.billed}`, async () => {
        await using server = await playback((request, response) =>
          machine({ entries: [entry] })(request)(request, response),
        )

        const failure = failureOf(await generate(callTo(server.url)))

        assert.deepEqual({ ...failure, ...expect, upstreamId: ID }, failure)
        assert.ok(failure.message.includes(says), failure.message)
        assert.equal(server.requests.filter(({ path }) => path === '/prompt').length, 1)
      })
    }

    for (const [name, trouble] of [
      ['a reset', (_, response) => response.socket?.resetAndDestroy()],
      ['a page of a proxy', answer(502, '<html>Bad gateway</html>')],
      ['half an answer', cutOff(JSON.stringify({ [ID]: ENDED }))],
    ] as const satisfies readonly (readonly [string, RequestListener])[]) {
      test(`outlives ${name} where its history and the queue should be`, async () => {
        const troubled = new Set<string>()
        const sound = machine({ entries: [undefined, ENDED] })
        await using server = await playback((request, response) => {
          const path = request.url ?? ''
          const isHit = /^\/(history|queue)/.test(path) && !troubled.has(path)
          troubled.add(path)
          if (isHit) trouble(request, response)
          else sound(request)(request, response)
        })

        const generated = await generate(callTo(server.url))

        assert.ok(generated.ok)
        assert.equal(server.requests.filter(({ path }) => path === '/prompt').length, 1)
      })
    }

    test('that the machine has forgotten is given up, and has cost nothing', async () => {
      await using server = await playback(playing(machine({ entries: [undefined] })))

      const resumed = failureOf(await resume(callTo(server.url)))

      assert.deepEqual([resumed.kind, resumed.billed, resumed.upstreamId], ['unavailable', 'no', ID])
      assert.equal(server.requests.filter(({ path }) => path.startsWith('/history/')).length, 3)
    })

    test('is taken off the machine when its deadline passes, and that is said', async () => {
      const queues = [{ queue_running: [[1, ID, {}]], queue_pending: [] }]
      await using server = await playback(playing(machine({ entries: [undefined], queues })))

      const failure = failureOf(await generate(callTo(server.url, { deadlineMs: 500 })))

      assert.deepEqual([failure.kind, failure.billed, failure.upstreamId], ['timeout', 'no', ID])
      assert.match(failure.message, /taken off the machine/)
      assert.deepEqual(orders(server.requests), [`/interrupt {"prompt_id":"${ID}"}`])
    })

    test('that cannot be taken off in time is unknown', async () => {
      await using server = await playback((request, response) => {
        if (request.method === 'POST' && request.url === '/interrupt') return
        machine({ entries: [undefined], queues: [{ queue_running: [[1, ID, {}]], queue_pending: [] }] })(request)(
          request,
          response,
        )
      })

      const failure = failureOf(await generate(callTo(server.url, { deadlineMs: 300 })))

      assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
    })
  })

  describe('a job of ComfyUI that another process began', () => {
    test('is asked after and fetched, never queued', async () => {
      await using server = await playback(playing(machine({})))

      const resumed = await resume(callTo(server.url))

      assert.ok(resumed.ok)
      assert.deepEqual(
        server.requests.filter(({ method }) => method !== 'GET'),
        [],
      )
      assert.ok(server.requests.some(({ path }) => path === `/ws?clientId=plantain-${ID}`))
    })

    test('under an id that could lead elsewhere, or with a credential that no header carries, is not asked after', async () => {
      await using server = await playback(playing(machine({ entries: [undefined] })))
      for (const id of ['../../secrets', '..', '']) {
        const failed = failureOf(await withComfy((comfy) => comfy.resume?.(id, REQUEST, toModel(callTo(server.url)))))
        assert.equal(failed.kind, 'rejected', id)
      }
      for (const call of [{ ...callTo(server.url), credential: 'schlüssel' }, callTo('not an address')]) {
        assert.ok(['unauthorized', 'rejected'].includes(failureOf(await resume(call)).kind))
      }
      assert.deepEqual(
        server.requests.filter(({ path }) => !path.startsWith('/ws?')),
        [],
      )
    })
  })

  describe('cancelling a job of ComfyUI', () => {
    const running = { queue_running: [[1, ID, {}]], queue_pending: [] }
    const pending = { queue_running: [], queue_pending: [[1, ID, {}]] }
    const gone = { queue_running: [], queue_pending: [] }
    const interrupted = { outputs: {}, status: { status_str: 'error', messages: [['execution_interrupted', {}]] } }
    const outcomes: readonly [
      what: string,
      queues: readonly object[],
      end: unknown,
      orders: readonly string[],
      verdict: string,
    ][] = [
      ['that waits', [pending, gone], undefined, [`/queue {"delete":["${ID}"]}`], 'cancelled'],
      ['that runs', [running, gone], interrupted, [`/interrupt {"prompt_id":"${ID}"}`], 'cancelled'],
      [
        'that begins in that moment',
        [pending, running, gone],
        interrupted,
        [`/queue {"delete":["${ID}"]}`, `/interrupt {"prompt_id":"${ID}"}`],
        'cancelled',
      ],
      ['that ends in that moment', [running, gone], ENDED, [`/interrupt {"prompt_id":"${ID}"}`], 'too_late'],
      ['that has ended', [gone], ENDED, [], 'too_late'],
      ['that never came', [gone], undefined, [], 'too_late'],
    ]
    for (const [what, queues, end, told, verdict] of outcomes) {
      test(`${what} is ${verdict}`, async () => {
        await using server = await playback(playing(machine({ entries: [end], queues })))

        assert.equal(await withComfy((comfy) => comfy.cancel?.(ID, toModel(callTo(server.url)))), verdict)
        assert.deepEqual(orders(server.requests), told)
      })
    }
  })
})

test('the free question tells what the machine is', async () => {
  const body = {
    system: { comfyui_version: '0.3.64' },
    devices: [{ name: 'RTX 4090', vram_total: 24 * 2 ** 30, vram_free: 6 * 2 ** 30 }],
  }
  await using server = await playback(answer(200, JSON.stringify(body)))
  await using other = await playback(answer(200, '{"hello":"world"}'))
  const check = (url: string) => withComfy((comfy) => comfy.check?.(callTo(url)))

  assert.deepEqual(await check(server.url), { ok: true, value: 'ComfyUI 0.3.64 on RTX 4090, 6.0 of 24.0 GB free' })
  assert.match(failureOf(await check(other.url)).message, /not ComfyUI/)
})

interface Scene {
  readonly id?: string
  readonly queued?: RequestListener
  /** What the history says of the job, one after the other; the last stays. Undefined: nothing yet. */
  readonly entries?: readonly unknown[]
  /** The same for the queue. */
  readonly queues?: readonly object[]
  readonly picture?: Buffer
}

/** What ComfyUI answers to everything about one job. It has no socket. */
function machine({
  id = ID,
  queued = answer(200, QUEUED),
  entries = [ENDED],
  queues = [{}],
  picture = PICTURE,
}: Scene) {
  const asked = { history: 0, queue: 0 }
  const next = <T>(all: readonly T[], what: keyof typeof asked): T | undefined => {
    asked[what] += 1
    return all[Math.min(asked[what], all.length) - 1]
  }
  return (request: IncomingMessage): RequestListener => {
    const path = request.url ?? ''
    if (request.method === 'POST') {
      if (path === '/prompt') return queued
      return path === '/upload/image' ? answer(200, '{"name":"a.png","subfolder":"","type":"temp"}') : answer(200, '')
    }
    if (path === `/history/${id}`) {
      const entry = next(entries, 'history')
      return answer(200, JSON.stringify(entry === undefined ? {} : { [id]: entry }))
    }
    if (path === '/queue')
      return answer(200, JSON.stringify({ queue_running: [], queue_pending: [], ...next(queues, 'queue') }))
    if (!path.startsWith('/view?')) return answer(404, '404: Not Found', 'text/plain')
    return (_, response) => response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
  }
}

function playing(listenerFor: (request: IncomingMessage) => RequestListener): RequestListener {
  return (request, response) => listenerFor(request)(request, response)
}

/**
 * The suite takes the first bytes of a request with a picture for the paid ones. Here an upload goes before them, which costs nothing: in
 * the suite alone it says its departure too.
 */
function departingWithUploads(upstream: Upstream): Upstream {
  return {
    ...upstream,
    requestJson: (call, sent) => upstream.requestJson(call, sent.form === undefined ? sent : { ...sent, paid: true }),
  }
}

function toModel(call: Call): Call {
  return { ...call, model: MODEL }
}

async function withComfy<T>(use: (comfy: Provider) => Promise<T> | undefined): Promise<T> {
  return await withUpstream({}, async (upstream) => {
    const used = await use(make(upstream))
    assert.ok(used !== undefined)
    return used
  })
}

function generate(call: Call) {
  return withComfy((comfy) => comfy.generate(REQUEST, toModel(call)))
}

function resume(call: Call) {
  return withComfy((comfy) => comfy.resume?.(ID, REQUEST, toModel(call)))
}

function viewed(requests: readonly Played[]): readonly string[] {
  return requests.map(({ path }) => path).filter((path) => path.startsWith('/view'))
}

function orders(requests: readonly Played[]): readonly string[] {
  const isOrder = ({ method, path }: Played) => method === 'POST' && path !== '/prompt'
  return requests.filter(isOrder).map(({ path, body }) => `${path} ${body}`)
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}

function recorded(name: string): readonly object[] {
  return JSON.parse(fixture(name)) as readonly object[]
}
