import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener } from 'node:http'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import type { Progress } from '../../core/receipt.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import { answer, callTo, cutOff, playback, withUpstream } from '../playback.ts'
import { bytesOf, failureOf, providerContract, type RecordedFailure } from '../provider-contract.ts'
import type { Call, Provider } from '../provider.ts'
import { makeMidjourney } from './provider.ts'

const MODEL = 'MID_JOURNEY'
const SUBMITTED = fixture('submitted.json')
const TASK = JSON.parse(fixture('task.json')) as Readonly<Record<string, unknown>> & { readonly buttons: unknown }
const TASK_ID = '1755000000000001'
const FETCH = `/mj/task/${TASK_ID}/fetch`
const REQUEST = { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }] } as const
const PICTURE = Buffer.alloc(70_000, 'picture')

providerContract(makeMidjourney, {
  model: MODEL,
  path: '/mj/submit/imagine',
  credentialHeader: ['mj-api-secret', (credential) => credential],
  smallestBody: { prompt: 'a red fox', botType: 'MID_JOURNEY' },
  answerWith: (base64) => SUBMITTED.replace('{{picture}}', base64),
  freeAnswer: (request, picture) => proxy({ picture })(request),
  deliveries: /^\/attachments\//,
  failures: JSON.parse(fixture('submit-errors.json')) as RecordedFailure[],
})

describe('a task of Midjourney', { concurrency: 4 }, () => {
  test('is written down before it is first asked after, told of while it runs, and fetched once it is done', async () => {
    const tasks = [
      { status: '', progress: '' },
      { status: 'NOT_START', progress: '0%' },
      { status: 'IN_PROGRESS', progress: '37%', imageUrl: 'https://preview.invalid/x.webp' },
      { status: 'IN_PROGRESS', progress: '37%' },
      { status: 'IN_PROGRESS', progress: 'Waiting for a slot' },
      { status: 'IN_PROGRESS', progress: '93%' },
      TASK,
    ]
    await using server = await playing({ tasks })
    const seen: string[] = []
    const progress: Progress[] = []
    const call = {
      ...callTo(server.url),
      hook: { url: 'https://gateway.example/hooks/secret', called: async () => {} },
      submitted: async (upstreamId: string) => {
        await new Promise((resolve) => setTimeout(resolve, 50))
        seen.push(upstreamId, ...server.requests.map(({ method }) => method))
      },
      progress: (event: Progress) => progress.push(event),
    }

    const generated = await generate(call)

    assert.ok(generated.ok)
    assert.deepEqual(seen, [TASK_ID, 'POST'])
    assert.ok(bytesOf(generated.value.images[0]?.blob).equals(PICTURE))
    assert.deepEqual([generated.value.upstreamId, generated.value.modelVersion], [TASK_ID, 'v 7'])
    assert.deepEqual(
      progress.map((event) => event.type === 'status' && event.fraction),
      [0.37, 0.93],
    )
  })

  test('says how many wait before it, where the proxy does', async () => {
    const queued = { code: 22, description: '排队中', result: TASK_ID, properties: { numberOfQueues: 3 } }
    await using server = await playing({ submitted: answer(200, JSON.stringify(queued)) })
    const progress: Progress[] = []

    await generate({ ...callTo(server.url), progress: (event) => progress.push(event) })

    assert.equal(progress[0]?.type === 'status' && progress[0].queuePosition, 3)
  })

  test('that exists already is as good as a new one', async () => {
    const existing = {
      code: 21,
      description: '任务已存在',
      result: 1_755_000_000_000_001,
      properties: { status: 'SUCCESS' },
    }
    await using server = await playing({ submitted: answer(200, JSON.stringify(existing)) })

    assert.ok((await generate(callTo(server.url))).ok)
  })

  const endings: readonly [reason: string | null, status: string, kind: string, billed: string][] = [
    ['[Banned prompt detected] The word "x" is not allowed', 'FAILURE', 'refused', 'unknown'],
    ['The image was blocked by our AI moderator', 'FAILURE', 'refused', 'unknown'],
    ['可能包含敏感词', 'FAILURE', 'refused', 'unknown'],
    ['[Invalid parameter] Unrecognized parameter(s): `--foo`', 'FAILURE', 'rejected', 'no'],
    ['任务超时', 'FAILURE', 'unavailable', 'unknown'],
    [null, 'FAILURE', 'unavailable', 'unknown'],
    ['取消任务', 'CANCEL', 'unavailable', 'unknown'],
    [null, 'MODAL', 'unavailable', 'no'],
  ]
  for (const [failReason, status, kind, billed] of endings) {
    test(`that ends ${status} with ${failReason ?? 'no reason'} is ${kind}, billed ${billed}`, async () => {
      await using server = await playing({ tasks: [{ ...TASK, status, failReason, imageUrl: null }] })

      const failure = failureOf(await generate(callTo(server.url)))

      assert.deepEqual([failure.kind, failure.billed, failure.upstreamId], [kind, billed, TASK_ID])
      assert.ok(failure.message.includes(failReason ?? ''), failure.message)
    })
  }

  test('that has succeeded without a picture was most likely charged', async () => {
    await using server = await playing({ tasks: [{ ...TASK, imageUrl: null }] })

    const failure = failureOf(await generate(callTo(server.url)))

    assert.deepEqual([failure.kind, failure.billed], ['no_image', 'yes'])
  })

  for (const [name, trouble] of [
    ['a reset', (_, response) => response.socket?.resetAndDestroy()],
    ['a page of an edge', answer(502, '<html>Bad gateway</html>')],
    ['half an answer', cutOff(JSON.stringify(TASK))],
    ['an answer without a body', (_, response) => response.writeHead(204).end()],
    ['a task that is not known yet', answer(404, '{"code":3,"description":"关联任务不存在"}')],
    ['a status that nobody has heard of', answer(200, '{"status":"THINKING"}')],
    ['JSON that is no task', answer(200, '[]')],
  ] as const satisfies readonly (readonly [string, RequestListener])[]) {
    test(`outlives ${name} where it should be`, async () => {
      let times = 0
      await using server = await playback((request, response) => {
        const isFirst = request.url === FETCH && times++ === 0
        if (isFirst) trouble(request, response)
        else proxy({})(request)(request, response)
      })

      const generated = await generate(callTo(server.url))

      assert.ok(generated.ok, 'the picture was fetched')
      assert.equal(server.requests.filter(({ method }) => method === 'POST').length, 1)
    })
  }

  test('that is not done by the deadline is unknown, and keeps its id', async () => {
    await using server = await playing({ tasks: [{ status: 'IN_PROGRESS' }] })

    const failure = failureOf(await generate(callTo(server.url, { deadlineMs: 400 })))

    assert.deepEqual([failure.kind, failure.billed, failure.upstreamId], ['timeout', 'unknown', TASK_ID])
  })

  test('that another process began is asked after and fetched, never submitted', async () => {
    await using server = await playing({})

    const resumed = await withMidjourney((midjourney) => midjourney.resume?.(TASK_ID, REQUEST, callTo(server.url)))

    assert.ok(resumed.ok)
    assert.deepEqual(
      server.requests.map(({ method, path }) => `${method} ${path}`),
      [`GET ${FETCH}`, 'GET /attachments/grid.png?ex=soon'],
    )
  })

  test('that the proxy does not know, however often it is asked, is unknown', async () => {
    await using server = await playback((_, response) => response.writeHead(404).end())

    const failure = failureOf(
      await withMidjourney((midjourney) => midjourney.resume?.(TASK_ID, REQUEST, callTo(server.url))),
    )

    assert.deepEqual([failure.kind, failure.billed, server.requests.length], ['unavailable', 'unknown', 3])
  })

  test('wakes to be asked after when the proxy says that it has changed, and is told where to say so', async () => {
    await using server = await playing({ tasks: [{ status: 'IN_PROGRESS' }, { status: 'IN_PROGRESS' }, TASK] })
    const hook = { url: 'https://gateway.example/hooks/secret', called: async () => {} }
    const startedAt = performance.now()

    assert.ok((await generate({ ...callTo(server.url), hook })).ok)

    const body = JSON.parse(server.requests[0]?.body ?? '') as Readonly<Record<string, unknown>>
    assert.equal(body['notifyHook'], hook.url)
    assert.ok(performance.now() - startedAt < 300)
  })

  test('of an open proxy is asked for without a secret', async () => {
    await using server = await playing({})

    assert.ok((await generate({ ...callTo(server.url), credential: NO_CREDENTIAL })).ok)
    assert.ok(server.requests.every(({ headers }) => headers['mj-api-secret'] === undefined))
  })
})

describe('four pictures in one', { concurrency: 4 }, () => {
  const quarters = ['a', 'b', 'c', 'd'].map((name) => new JsonBlob('binary', [Buffer.from(name)], 'image/png'))
  const cut = {
    split: async (_: JsonBlob, columns: number, rows: number, count: number) =>
      ok(quarters.slice(0, Math.min(count, columns * rows))),
    stencil: async (mask: JsonBlob) => ok(mask),
  }

  for (const [n, expected] of [
    [4, 'abcd'],
    [2, 'ab'],
    [undefined, 'a'],
  ] as const) {
    test(`are cut apart, and ${n ?? 'one'} of them handed over`, async () => {
      await using server = await playing({})

      const generated = await generate({ ...callTo(server.url), pixels: cut }, n)

      assert.ok(generated.ok)
      assert.equal(generated.value.images.map(({ blob }) => bytesOf(blob).toString()).join(''), expected)
      assert.deepEqual(
        generated.value.images.map(({ continuation = '' }) => continuation.split(' ').slice(0, 3)),
        Array.from(expected, (_, index) => ['midjourney', TASK_ID, String(index + 1)]),
      )
    })
  }

  test('are cut two by two', async () => {
    await using server = await playing({})
    const asked: unknown[] = []
    const split = async (picture: JsonBlob, ...how: readonly number[]): Promise<Result<JsonBlob[], string>> => {
      asked.push(bytesOf(picture).equals(PICTURE), ...how)
      return ok(quarters)
    }

    await generate({ ...callTo(server.url), pixels: { ...cut, split } }, 3)

    assert.deepEqual(asked, [true, 2, 2, 3])
  })

  test('that cannot be cut apart are handed over as the one that they came as', async () => {
    await using server = await playing({})
    const split = async () => err('The picture could not be cut.')

    const generated = await generate({ ...callTo(server.url), pixels: { ...cut, split } }, 4)

    assert.ok(generated.ok)
    assert.equal(generated.value.images.length, 1)
    assert.ok(bytesOf(generated.value.images[0]?.blob).equals(PICTURE))
    assert.equal(generated.value.images[0]?.continuation, undefined)
  })

  test('of a proxy without buttons are known by the task’s action', async () => {
    for (const [action, pictures] of [
      ['IMAGINE', 4],
      ['VARIATION', 4],
      ['REROLL', 4],
      ['UPSCALE', 1],
    ] as const) {
      const { buttons: _, ...task } = { ...TASK, action }
      await using server = await playing({ tasks: [task] })

      const generated = await generate({ ...callTo(server.url), pixels: cut }, 4)

      assert.equal(generated.ok && generated.value.images.length, pictures, action)
    }
  })

  test('that also come one by one are taken so, as many as are wanted', async () => {
    const imageUrls = ['1', '2', '3', '4'].map((name) => ({
      url: `{{origin}}/attachments/${name}.png`,
      thumbnail: 'x',
    }))
    await using server = await playing({ tasks: [{ ...TASK, imageUrls }] })

    const generated = await generate({ ...callTo(server.url), pixels: cut }, 3)

    assert.ok(generated.ok)
    assert.deepEqual(
      server.requests.map(({ path }) => path).filter((path) => path.startsWith('/attachments/')),
      ['/attachments/1.png', '/attachments/2.png', '/attachments/3.png'],
    )
    assert.equal(generated.value.images[2]?.continuation?.split(' ')[2], '3')
  })

  test('of which one is gone are still three', async () => {
    const imageUrls = ['1', 'gone', '3', '4'].map((name) => ({ url: `{{origin}}/attachments/${name}.png` }))
    await using server = await playing({ tasks: [{ ...TASK, imageUrls }] })

    const generated = await generate({ ...callTo(server.url, { deadlineMs: 600 }), pixels: cut }, 4)

    assert.deepEqual(generated.ok && generated.value.images.map(({ continuation }) => continuation?.split(' ')[2]), [
      '1',
      '3',
      '4',
    ])
  })
})

describe('a mask, for which a window has to be opened first', { concurrency: 2 }, () => {
  const picture = (field: string) =>
    ({ field, source: { type: 'inline', blob: new JsonBlob('binary', [PICTURE], 'image/png') } }) as const
  const source = { ...picture('image'), continuation: 'midjourney 17 1 MJ::Inpaint::1::job::SOLO' }
  const masked: ImageRequest = {
    model: 'any',
    turns: [
      {
        role: 'user',
        parts: [
          { type: 'image', picture: source },
          { type: 'text', text: 'a kite' },
        ],
      },
    ],
    mask: picture('mask'),
  }
  const opened = answer(200, JSON.stringify({ code: 21, description: 'Waiting', result: TASK_ID }))

  test('is paid for when the window is answered, not when it is opened', async () => {
    await using server = await playing({ opened })
    const paid: string[][] = []
    const departing = () => void paid.push(server.requests.map(({ path }) => path))
    const call = { ...callTo(server.url, { departing }), model: MODEL }

    const generated = await withMidjourney((midjourney) => midjourney.generate(masked, call))

    assert.ok(generated.ok)
    assert.deepEqual(paid, [['/mj/submit/action']])
    assert.equal(server.requests[1]?.path, '/mj/submit/modal')
  })

  test('has cost nothing where the window did not open, whatever went wrong', async () => {
    await using server = await playing({ opened: answer(500, '{}') })
    const call = { ...callTo(server.url), model: MODEL }

    const failure = failureOf(await withMidjourney((midjourney) => midjourney.generate(masked, call)))

    assert.deepEqual([failure.kind, failure.billed, server.requests.length], ['unavailable', 'no', 1])
  })
})

test('the free question is answered in words, and costs nothing', async () => {
  for (const [play, says] of [
    [answer(200, '[]'), 'the proxy answers and takes the secret'],
    [(_, response) => response.writeHead(401).end(), 'unauthorized'],
    [answer(403, '未登录', 'text/plain'), 'unauthorized'],
  ] as const satisfies readonly (readonly [RequestListener, string])[]) {
    await using server = await playback(play)
    let departed = false
    const call = callTo(server.url, { departing: () => void (departed = true) })

    const found = await withMidjourney((midjourney) => midjourney.check?.(call))

    assert.equal(found.ok ? found.value : found.error.kind, says)
    assert.deepEqual([departed, server.requests[0]?.body], [false, '{"ids":[]}'])
  }
})

interface Scene {
  /** One after the other; the last stays. */
  readonly tasks?: readonly unknown[]
  readonly submitted?: RequestListener
  /** What a pressed button comes to. */
  readonly opened?: RequestListener
  readonly picture?: Buffer
}

/** What a proxy answers to everything about one task. */
function proxy({ tasks = [TASK], submitted = answer(200, SUBMITTED), opened = submitted, picture = PICTURE }: Scene) {
  let asked = 0
  return (request: IncomingMessage): RequestListener => {
    const path = request.url ?? ''
    if (request.method === 'POST') return path === '/mj/submit/action' ? opened : submitted
    if (path === FETCH) {
      const task = JSON.stringify(tasks[Math.min(asked, tasks.length - 1)])
      asked += 1
      return answer(200, task.replaceAll('{{origin}}', `http://${request.headers.host}`))
    }
    if (!path.startsWith('/attachments/') || path.includes('gone')) return answer(404, '{}')
    return (_, response) => response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
  }
}

function playing(scene: Scene) {
  const answers = proxy(scene)
  return playback((request, response) => answers(request)(request, response))
}

async function withMidjourney<T>(use: (midjourney: Provider) => Promise<T> | undefined): Promise<T> {
  return await withUpstream({}, async (upstream) => {
    const used = await use(makeMidjourney(upstream))
    assert.ok(used !== undefined)
    return used
  })
}

function generate(call: Call, n?: number) {
  const request = { ...REQUEST, ...(n !== undefined && { n }) }
  return withMidjourney((midjourney) => midjourney.generate(request, { ...call, model: MODEL }))
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
