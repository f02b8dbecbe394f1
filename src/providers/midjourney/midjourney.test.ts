import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'

import { JsonBlob } from '../../core/json-blob.ts'
import type { Progress } from '../../core/receipt.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import { answer, callTo, cutOff, playback } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { bytesOf, failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { adapterOf, jobContract, PICTURE, type Play, playing, quickCall, watchedCall } from '../test-jobs.ts'
import { asked } from '../test-requests.ts'
import { reference } from '../test-submissions.ts'
import { makeMidjourney } from './provider.ts'

const MODEL = 'MID_JOURNEY'
const SUBMITTED = fixture('submitted.json')
const TASK = JSON.parse(fixture('task.json')) as Readonly<Record<string, unknown>> & { readonly buttons: unknown }
const TASK_ID = '1755000000000001'
const FETCH = `/mj/task/${TASK_ID}/fetch`
const HOOK = { url: 'https://gateway.example/hooks/secret', called: async () => {} }
const midjourney = adapterOf(makeMidjourney, MODEL)

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
    await using server = await playing(proxy({ tasks }))
    const { call, seen, progress } = watchedCall(server)

    const generated = await generate({ ...call, hook: HOOK })

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
    await using server = await playing(proxy({ submitted: answer(200, JSON.stringify(queued)) }))
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
    await using server = await playing(proxy({ submitted: answer(200, JSON.stringify(existing)) }))

    assert.ok((await generate(quickCall(server.url))).ok)
  })

  const endings: readonly [
    reason: string | null,
    status: string,
    kind: UpstreamFailure['kind'],
    billed: UpstreamFailure['billed'],
  ][] = [
    ['[Banned prompt detected] The word "x" is not allowed', 'FAILURE', 'refused', 'unknown'],
    ['The image was blocked by our AI moderator', 'FAILURE', 'refused', 'unknown'],
    ['可能包含敏感词', 'FAILURE', 'refused', 'unknown'],
    ['[Invalid parameter] Unrecognized parameter(s): `--foo`', 'FAILURE', 'rejected', 'no'],
    ['任务超时', 'FAILURE', 'unavailable', 'unknown'],
    [null, 'FAILURE', 'unavailable', 'unknown'],
    ['取消任务', 'CANCEL', 'unavailable', 'unknown'],
    [null, 'MODAL', 'unavailable', 'no'],
  ]
  jobContract(makeMidjourney, {
    model: MODEL,
    id: TASK_ID,
    places: [FETCH],
    deliveries: /^\/attachments\//,
    resumed: [`GET ${FETCH}`, 'GET /attachments/grid.png?ex=soon'],
    within: /^\/mj\/task\/[^/?]+\/fetch$/,
    done: () => proxy({}),
    pending: () => proxy({ tasks: [{ status: 'IN_PROGRESS' }] }),
    ended: ({ body }) => proxy({ tasks: [body] }),
    endings: endings.map(([failReason, status, kind, billed]) => ({
      name: `${status} and ${failReason ?? 'no reason'}`,
      body: { ...TASK, status, failReason, imageUrl: null },
      expect: { kind, billed },
      says: failReason ?? '',
    })),
    troubles: [
      ['a reset', (_, response) => response.socket?.resetAndDestroy()],
      ['a page of an edge', answer(502, '<html>Bad gateway</html>')],
      ['half an answer', cutOff(JSON.stringify(TASK))],
      ['an answer without a body', (_, response) => response.writeHead(204).end()],
      ['a task that is not known yet', answer(404, '{"code":3,"description":"关联任务不存在"}')],
      ['a status that nobody has heard of', answer(200, '{"status":"THINKING"}')],
      ['JSON that is no task', answer(200, '[]')],
    ],
    unknown: (_, response) => response.writeHead(404).end(),
  })

  test('that has succeeded without a picture was most likely charged', async () => {
    await using server = await playing(proxy({ tasks: [{ ...TASK, imageUrl: null }] }))

    const failure = failureOf(await generate(quickCall(server.url)))

    assert.deepEqual([failure.kind, failure.billed], ['no_image', 'yes'])
  })

  test('wakes to be asked after when the proxy says that it has changed, and is told where to say so', async () => {
    await using server = await playing(proxy({ tasks: [{ status: 'IN_PROGRESS' }, { status: 'IN_PROGRESS' }, TASK] }))
    const startedAt = performance.now()

    assert.ok((await generate({ ...callTo(server.url), hook: HOOK })).ok)

    const body = JSON.parse(server.requests[0]?.body ?? '') as Readonly<Record<string, unknown>>
    assert.equal(body['notifyHook'], HOOK.url)
    assert.ok(performance.now() - startedAt < 300)
  })

  test('of an open proxy is asked for without a secret', async () => {
    await using server = await playing(proxy({}))

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
      await using server = await playing(proxy({}))

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
    await using server = await playing(proxy({}))
    const told: unknown[] = []
    const split = async (picture: JsonBlob, ...how: readonly number[]): Promise<Result<JsonBlob[], string>> => {
      told.push(bytesOf(picture).equals(PICTURE), ...how)
      return ok(quarters)
    }

    await generate({ ...callTo(server.url), pixels: { ...cut, split } }, 3)

    assert.deepEqual(told, [true, 2, 2, 3])
  })

  test('that cannot be cut apart are handed over as the one that they came as', async () => {
    await using server = await playing(proxy({}))
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
      await using server = await playing(proxy({ tasks: [task] }))

      const generated = await generate({ ...callTo(server.url), pixels: cut }, 4)

      assert.equal(generated.ok && generated.value.images.length, pictures, action)
    }
  })

  test('that also come one by one are taken so, as many as are wanted', async () => {
    const imageUrls = ['1', '2', '3', '4'].map((name) => ({
      url: `{{origin}}/attachments/${name}.png`,
      thumbnail: 'x',
    }))
    await using server = await playing(proxy({ tasks: [{ ...TASK, imageUrls }] }))

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
    await using server = await playing(proxy({ tasks: [{ ...TASK, imageUrls }] }))

    const generated = await generate({ ...quickCall(server.url), pixels: cut }, 4)

    assert.deepEqual(generated.ok && generated.value.images.map(({ continuation }) => continuation?.split(' ')[2]), [
      '1',
      '3',
      '4',
    ])
  })
})

describe('a mask, for which a window has to be opened first', { concurrency: 2 }, () => {
  const source = { ...reference('photo'), continuation: 'midjourney 17 1 MJ::Inpaint::1::job::SOLO' }
  const masked = asked('a kite', [source], { mask: reference('mask', 'image/png', 'mask') })
  const opened = answer(200, JSON.stringify({ code: 21, description: 'Waiting', result: TASK_ID }))

  test('is paid for when the window is answered, not when it is opened', async () => {
    await using server = await playing(proxy({ opened }))
    const paid: string[][] = []
    const departing = () => void paid.push(server.requests.map(({ path }) => path))
    const call = callTo(server.url, { departing })

    const generated = await midjourney.generate(call, masked)

    assert.ok(generated.ok)
    assert.deepEqual(paid, [['/mj/submit/action']])
    assert.equal(server.requests[1]?.path, '/mj/submit/modal')
  })

  test('has cost nothing where the window did not open, whatever went wrong', async () => {
    await using server = await playing(proxy({ opened: answer(500, '{}') }))
    const failure = failureOf(await midjourney.generate(callTo(server.url), masked))

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

    assert.equal((await midjourney.found(call)).replace(/: .*/, ''), says)
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
function proxy({
  tasks = [TASK],
  submitted = answer(200, SUBMITTED),
  opened = submitted,
  picture = PICTURE,
}: Scene): Play {
  let asks = 0
  return (request) => {
    const path = request.url ?? ''
    if (request.method === 'POST') return path === '/mj/submit/action' ? opened : submitted
    if (path === FETCH) {
      const task = JSON.stringify(tasks[Math.min(asks, tasks.length - 1)])
      asks += 1
      return answer(200, task.replaceAll('{{origin}}', `http://${request.headers.host}`))
    }
    if (!path.startsWith('/attachments/') || path.includes('gone')) return answer(404, '{}')
    return (_, response) => response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
  }
}

function generate(call: Call, n?: number) {
  return midjourney.generate(call, asked('a kite', [], n === undefined ? {} : { n }))
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
