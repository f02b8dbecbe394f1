import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { type Sandbox, startSandbox } from '../simulators.ts'
import { acceptSocket } from './socket.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

type Graph = Record<string, { class_type?: string; inputs?: Record<string, unknown> }>

const GRAPH: Graph = {
  '1': { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'sd_xl_base_1.0.safetensors' } },
  '2': { class_type: 'CLIPTextEncode', inputs: { clip: ['1', 1], text: 'a fox' } },
  '3': { class_type: 'CLIPTextEncode', inputs: { clip: ['1', 1], text: '' } },
  '4': { class_type: 'EmptyLatentImage', inputs: { width: 64, height: 64, batch_size: 1 } },
  '5': {
    class_type: 'KSampler',
    inputs: {
      model: ['1', 0],
      positive: ['2', 0],
      negative: ['3', 0],
      latent_image: ['4', 0],
      seed: 7,
      steps: 30,
      cfg: 7,
      sampler_name: 'dpmpp_2m',
      scheduler: 'karras',
      denoise: 1,
    },
  },
  '6': { class_type: 'VAEDecode', inputs: { samples: ['5', 0], vae: ['1', 2] } },
  '7': { class_type: 'SaveImage', inputs: { images: ['6', 0], filename_prefix: 'gw' } },
}

/** The graph with inputs of one node changed; undefined takes one away. */
function changed(id: string, inputs: Record<string, unknown>): Graph {
  const all = { ...GRAPH[id]?.inputs, ...inputs }
  const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  return { ...GRAPH, [id]: { ...GRAPH[id], inputs: kept } }
}

describe('a graph that ComfyUI does not take', () => {
  const cases: readonly [what: string, graph: unknown, type: string, node?: string][] = [
    ['no dictionary', [1], 'invalid_prompt'],
    ['a node without a class', { ...GRAPH, '9': { inputs: {} } }, 'missing_node_type'],
    ['a class that nobody knows', { ...GRAPH, '9': { class_type: 'MyNode', inputs: {} } }, 'missing_node_type'],
    [
      'a class by the name of an object’s own',
      { ...GRAPH, '9': { class_type: 'toString', inputs: {} } },
      'missing_node_type',
    ],
    ['no output', { '1': GRAPH['1'] }, 'prompt_no_outputs'],
    ['a missing input', changed('5', { seed: undefined }), 'required_input_missing', '5'],
    ['an input that the class does not have', changed('5', { sampler: 'euler' }), 'unknown_input', '5'],
    ['half a link', changed('6', { samples: ['5'] }), 'bad_linked_input', '6'],
    ['a value where a link belongs', changed('6', { vae: 'ae.safetensors' }), 'bad_linked_input', '6'],
    ['a link to nowhere', changed('6', { samples: ['99', 0] }), 'exception_during_inner_validation', '6'],
    ['a link to another kind', changed('6', { vae: ['1', 0] }), 'return_type_mismatch', '6'],
    ['a seed that is a text', changed('5', { seed: '7' }), 'invalid_input_type', '5'],
    ['half a step', changed('5', { steps: 1.5 }), 'invalid_input_type', '5'],
    ['a size below its bounds', changed('4', { width: 8 }), 'value_smaller_than_min', '4'],
    ['a strength beyond its bounds', changed('5', { denoise: 1.1 }), 'value_bigger_than_max', '5'],
    ['a file that is not there', changed('1', { ckpt_name: 'mine.safetensors' }), 'value_not_in_list', '1'],
    [
      'a picture that was never sent',
      {
        ...GRAPH,
        '8': { class_type: 'LoadImage', inputs: { image: 'a.png' } },
        '6': { class_type: 'VAEEncode', inputs: { pixels: ['8', 0], vae: ['1', 2] } },
        '7': { class_type: 'PreviewImage', inputs: { images: ['8', 0] } },
      },
      'custom_validation_failed',
      '8',
    ],
  ]
  for (const [what, graph, type, node] of cases) {
    test(`${what} is ${type}${node === undefined ? '' : `, told of node ${node}`}`, async () => {
      const { status, body } = await submit({ prompt: graph })

      assert.equal(status, 400)
      const { error, node_errors: nodes } = body as {
        error: { type: string }
        node_errors: Record<string, { errors: { type: string }[]; dependent_outputs: string[] }>
      }
      if (node === undefined) assert.equal(error.type, type)
      else {
        assert.equal(error.type, 'prompt_outputs_failed_validation')
        assert.deepEqual(
          Object.entries(nodes).map(([id, { errors }]) => [id, errors.map((each) => each.type)]),
          [[node, [type]]],
        )
        assert.deepEqual(nodes[node]?.dependent_outputs, ['7'])
      }
    })
  }

  test('a node that no output needs may be as wrong as it likes', async () => {
    const { status } = await submit({
      prompt: { ...GRAPH, '9': { class_type: 'VAELoader', inputs: { vae_name: 'x' } } },
    })

    assert.equal(status, 200)
  })
})

describe('the door', () => {
  test('refuses what is no request of its own', async () => {
    for (const [body, status, type] of [
      [{}, 400, 'no_prompt'],
      [{ prompt: GRAPH, prompt_id: 'X' }, 400, 'invalid_prompt_id'],
      [{ prompt: GRAPH, prompt_id: randomUUID().toUpperCase() }, 400, 'invalid_prompt_id'],
      [{ prompt: GRAPH, workflow: {} }, 400, 'unknown_field'],
      [{ prompt: GRAPH, extra_data: { preview_method: 'often' } }, 400, 'unknown_field'],
    ] as const) {
      const answered = await submit(body)
      assert.deepEqual([answered.status, (answered.body as { error: { type: string } }).error.type], [status, type])
    }
    const id = randomUUID()
    assert.equal((await submit({ prompt: GRAPH, prompt_id: id })).status, 200)
    assert.equal((await submit({ prompt: GRAPH, prompt_id: id })).status, 409)
    assert.equal((await fetch(`${base()}/queue`, { headers: { authorization: 'Bearer invalid' } })).status, 401)
    assert.equal((await fetch(`${base()}/nothing`)).status, 404)
    assert.equal(sandbox.bill().billed_nanos, '0')
  })

  test('is under /api too', async () => {
    assert.equal((await fetch(`${base()}/api/queue`)).status, 200)
  })

  test('takes pictures into its own directories alone, and renames another of the same name', async () => {
    const one = await square('#f00')
    const two = await square('#00f')

    assert.deepEqual(await upload(one), { name: 'a.png', subfolder: 'x', type: 'temp' })
    assert.deepEqual(await upload(one), { name: 'a.png', subfolder: 'x', type: 'temp' })
    assert.deepEqual(await upload(two), { name: 'a (1).png', subfolder: 'x', type: 'temp' })
    assert.equal(await upload(one, { subfolder: '../x' }), 400)
    assert.equal(await upload(one, { type: 'models' }), 400)
    assert.equal(await upload(one, { image_name: 'x' }), 400)
    assert.equal(await upload(Buffer.from('no picture')), 400)
  })
})

describe('a job', () => {
  test('that was run before is not run again, and its files are listed all the same', async () => {
    const graph = changed('2', { text: 'slow [[fault:delay=400]]' })
    const first = await run(graph)
    const startedAt = performance.now()
    const second = await run(graph)

    assert.ok(performance.now() - startedAt < 400)

    const cached = (entry: Entry) =>
      entry.status.messages.find(([event]) => event === 'execution_cached')?.[1].nodes?.length
    assert.deepEqual([cached(first), cached(second)], [0, 7])
    assert.deepEqual(second.outputs, first.outputs)
    assert.deepEqual(first.outputs['7']?.images, [{ filename: 'gw_00001_.png', subfolder: '', type: 'output' }])
  })

  test('that is told to stop by another’s id goes on', async () => {
    const id = randomUUID()
    await submit({ prompt: changed('2', { text: 'x [[fault:delay=150]]' }), prompt_id: id })
    await post('/interrupt', { prompt_id: randomUUID() })
    await post('/queue', { delete: [randomUUID()] })

    assert.equal((await ended(id)).status.status_str, 'success')
  })

  test('waits for the one before it, unless it goes to the front', async () => {
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()]
    await submit({ prompt: changed('2', { text: 'a [[fault:delay=200]]' }), prompt_id: a })
    await submit({ prompt: changed('2', { text: 'b' }), prompt_id: b })
    await submit({ prompt: changed('2', { text: 'c' }), prompt_id: c, front: true })
    const { queue_running: running, queue_pending: pending } = (await (
      await fetch(`${base()}/queue`)
    ).json()) as Record<string, [number, string][]>

    assert.deepEqual(
      running?.map(([, id]) => id),
      [a],
    )
    assert.deepEqual(
      pending?.toSorted(([x], [y]) => x - y).map(([, id]) => id),
      [c, b],
    )
    await ended(b)
  })
})

describe('the socket', () => {
  test('writes frames of every length that another implementation reads, answers pings, and ends when asked', async () => {
    const sizes = [0, 1, 125, 126, 65_535, 65_536, 200_000]
    const server = createServer()
    server.on('upgrade', (request, stream) => {
      const socket = acceptSocket(request, stream, () => {})
      socket?.sendText('söckel')
      for (const size of sizes) socket?.sendBinary(Buffer.alloc(size, size % 251))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    client.binaryType = 'arraybuffer'
    const got: unknown[] = []
    for await (const [event] of eventsOf(client)) {
      got.push(event)
      if (got.length === sizes.length + 1) break
    }
    client.close(1000)
    await once(client, 'close')
    server.close()

    assert.equal(got[0], 'söckel')
    for (const [index, size] of sizes.entries()) {
      assert.ok(Buffer.from(got[index + 1] as ArrayBuffer).equals(Buffer.alloc(size, size % 251)), `${size} bytes`)
    }
  })

  test('is for those who shake hands properly, and for clients that mask', async () => {
    const { hostname, port } = new URL(base())
    const spoken = async (lines: readonly string[], more = Buffer.of()) => {
      const stream = connect(Number(port), hostname)
      stream.write(
        `${['GET /comfyui/ws?clientId=a HTTP/1.1', `host: ${hostname}`, 'connection: Upgrade', ...lines].join('\r\n')}\r\n\r\n`,
      )
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        if (more.length > 0 && chunks.length === 1) stream.write(more)
      })
      await once(stream, 'end')
      stream.destroy()
      return Buffer.concat(chunks)
    }
    const good = ['upgrade: websocket', 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version: 13']

    assert.match(String(await spoken(good.slice(0, 2))), /^HTTP\/1\.1 400/)
    assert.match(String(await spoken([...good, 'authorization: Bearer invalid'])), /^HTTP\/1\.1 400/)
    // The key and its answer are RFC 6455's own example; the frame after it lacks its mask, and so ends with 1002.
    const unmasked = await spoken(good, Buffer.from([0x81, 0x01, 0x61]))
    assert.match(String(unmasked), /^HTTP\/1\.1 101/)
    assert.match(String(unmasked), /s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/)
    assert.deepEqual([...unmasked.subarray(-4)], [0x88, 0x02, 0x03, 0xea])
  })
})

interface Entry {
  readonly outputs: Record<string, { images: object[] }>
  readonly status: { status_str: string; messages: [string, { nodes?: string[] }][] }
}

async function* eventsOf(client: WebSocket): AsyncGenerator<[unknown]> {
  const queue: [unknown][] = []
  let wake = () => {}
  client.addEventListener('message', ({ data }) => {
    queue.push([data])
    wake()
  })
  for (;;) {
    const next = queue.shift()
    if (next) yield next
    else await new Promise<void>((resolve) => (wake = resolve))
  }
}

function base(): string {
  return sandbox.baseUrlFor('comfyui') ?? ''
}

function post(path: string, body: object) {
  return fetch(`${base()}${path}`, { method: 'POST', body: JSON.stringify(body) })
}

async function submit(body: object): Promise<{ status: number; body: unknown }> {
  const response = await post('/prompt', body)
  return { status: response.status, body: await response.json() }
}

async function run(graph: Graph): Promise<Entry> {
  const id = randomUUID()
  await submit({ prompt: graph, prompt_id: id })
  return await ended(id)
}

async function ended(id: string): Promise<Entry> {
  for (;;) {
    const history = (await (await fetch(`${base()}/history/${id}`)).json()) as Record<string, Entry>
    const entry = history[id]
    if (entry !== undefined) return entry
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function square(background: string): Promise<Buffer> {
  return await sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .png()
    .toBuffer()
}

async function upload(bytes: Buffer, more: Record<string, string> = {}): Promise<unknown> {
  const form = new FormData()
  form.set('image', new File([new Uint8Array(bytes)], 'a.png'))
  for (const [name, value] of Object.entries({ type: 'temp', subfolder: 'x', ...more })) form.set(name, value)
  const response = await fetch(`${base()}/upload/image`, { method: 'POST', body: form })
  return response.ok ? await response.json() : response.status
}
