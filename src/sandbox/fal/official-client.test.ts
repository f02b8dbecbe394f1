import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { ApiError, createFalClient, type FalClient, ValidationError } from '@fal-ai/client'
import sharp from 'sharp'

import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

// fal's own client drives the simulator: what it can submit, ask after and read is what fal answers.
let sandbox: Sandbox
let client: FalClient

before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
  client = clientWith('id:secret')
})
after(() => sandbox.close())

/** The client knows its hosts by heart: only the way there is bent. */
function clientWith(credentials: string): FalClient {
  return createFalClient({
    credentials,
    fetch: (input, init) =>
      fetch(addressOf(input).replace('https://queue.fal.run', sandbox.baseUrlFor('fal') ?? ''), init),
    retry: { maxRetries: 0 },
  })
}

const red = await sharp({ create: { width: 640, height: 320, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
const RED = `data:image/png;base64,${red.toString('base64')}`

describe('fal’s own client', () => {
  test('subscribes, is told of the queue, and gets a picture of the size that it asked for', async () => {
    const statuses: string[] = []
    const { data, requestId } = await client.subscribe('fal-ai/flux-2-pro', {
      input: {
        prompt: 'A paper lantern [[fault:queue=120,delay=150]]',
        image_size: { width: 512, height: 256 },
        seed: 0,
      },
      pollInterval: 50,
      onQueueUpdate: ({ status }) => statuses.push(status),
    })

    assert.deepEqual([...new Set(statuses)], ['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED'])
    assert.match(requestId, /^[0-9a-f-]{36}$/)
    const { format, width, height } = await sharp(await pictureAt(data.images[0]?.url)).metadata()
    assert.deepEqual([format, width, height, data.images[0]?.width], ['jpeg', 512, 256, 512])
    assert.equal(data.seed, 0)
  })

  test('submits, asks, fetches the result twice, and finds it the same', async () => {
    const endpoint = 'fal-ai/nano-banana-2/edit'
    const { request_id: requestId } = await client.queue.submit(endpoint, {
      input: { prompt: 'Make it blue', image_urls: [RED], resolution: '0.5K', output_format: 'webp' },
    })
    await client.queue.subscribeToStatus(endpoint, { requestId, pollInterval: 20 })

    const first = await client.queue.result(endpoint, { requestId })
    const second = await client.queue.result(endpoint, { requestId })

    assert.deepEqual(first.data, second.data)
    assert.equal(first.data.description, 'Here is the picture you asked for.')
    const pictures = await Promise.all([first, second].map(({ data }) => pictureAt(data.images[0]?.url)))
    const { format, width, height } = await sharp(pictures[0]).metadata()
    assert.deepEqual([format, width, height], ['webp', 720, 368])
    assert.ok(pictures[0]?.equals(pictures[1] ?? Buffer.of()))
  })

  test('cancels what waits, for nothing', async () => {
    const endpoint = 'fal-ai/flux/dev'
    const calls = sandbox.bill()
    const { request_id: requestId } = await client.queue.submit(endpoint, {
      input: { prompt: 'a kite [[fault:queue=100]]' },
    })

    await client.queue.cancel(endpoint, { requestId })

    await assert.rejects(client.queue.status(endpoint, { requestId }), isApiError(404))
    await new Promise((resolve) => setTimeout(resolve, 150))
    assert.equal(sandbox.bill().billed_nanos, calls.billed_nanos)
    assert.equal(sandbox.bill().calls, calls.calls + 1)
  })

  test('cannot cancel what is done', async () => {
    const endpoint = 'fal-ai/flux/schnell'
    const { request_id: requestId } = await client.queue.submit(endpoint, { input: { prompt: 'a kite' } })
    await client.queue.subscribeToStatus(endpoint, { requestId, pollInterval: 20 })

    await assert.rejects(client.queue.cancel(endpoint, { requestId }), isApiError(400))
  })

  test('has a ValidationError with the fields by name', async () => {
    const call = client.subscribe('fal-ai/flux/dev', {
      input: { prompt: 'a kite', num_images: 9, image_size: 'enormous' as 'square' },
      pollInterval: 20,
    })

    await assert.rejects(call, (error) => {
      assert.ok(error instanceof ValidationError)
      assert.equal(error.getFieldErrors('num_images')[0]?.type, 'less_than_equal')
      assert.equal(error.getFieldErrors('image_size').length, 1)
      return true
    })
  })

  for (const [status, credentials, prompt, detail] of [
    [401, 'invalid:key', 'a kite', /not valid/],
    [403, 'locked:key', 'a kite', /Exhausted balance/],
    [429, 'id:key', 'a kite [[fault:status=429,retry-after=3]]', /429/],
    [422, 'id:key', 'a kite [[fault:refusal=policy]]', /content checker/],
    [503, 'id:key', 'a kite [[fault:run-status=503]]', /No runner/],
  ] as const) {
    test(`has an ApiError of ${status} for ${credentials} and ${prompt}`, async () => {
      const call = clientWith(credentials).queue.submit('fal-ai/flux/dev', { input: { prompt } })
      const result = call.then(async ({ request_id: requestId }) => {
        await client.queue.subscribeToStatus('fal-ai/flux/dev', { requestId, pollInterval: 20 })
        return await client.queue.result('fal-ai/flux/dev', { requestId })
      })

      await assert.rejects(result, (error) => {
        assert.ok(error instanceof ApiError)
        assert.equal(error.status, status)
        assert.match(JSON.stringify(error.body), detail)
        return true
      })
    })
  }

  test('knows a start that came too late for the one that it asked for', async () => {
    const endpoint = 'fal-ai/flux/dev'
    const { request_id: requestId } = await client.queue.submit(endpoint, {
      input: { prompt: 'a kite [[fault:queue=60000]]' },
      startTimeout: 1.1,
    })
    await client.queue.subscribeToStatus(endpoint, { requestId, pollInterval: 100 })

    await assert.rejects(
      client.queue.result(endpoint, { requestId }),
      (error) => error instanceof ApiError && error.isUserTimeout,
    )
  })
})

function addressOf(input: string | URL | Request): string {
  return input instanceof Request ? input.url : input.toString()
}

function isApiError(status: number) {
  return (error: unknown) => error instanceof ApiError && error.status === status
}

async function pictureAt(url: string | undefined): Promise<Buffer> {
  assert.ok(url)
  const response = await fetch(url)
  assert.equal(response.status, 200)
  return Buffer.from(await response.arrayBuffer())
}
