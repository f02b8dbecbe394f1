import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

const PICTURE = await picture(64, '#c03020')
const SMALL = '--v 1'

interface Answer {
  readonly code: number
  readonly description: string
  readonly result?: string
}

interface Task {
  readonly status: string
  readonly failReason: string | null
  readonly imageUrl: string
  readonly imageUrls?: readonly unknown[]
  readonly buttons?: readonly { readonly customId: string }[]
}

describe('a submission that the proxy does not take', () => {
  const cases: readonly [what: string, endpoint: string, body: object, code: number, says: RegExp][] = [
    ['no prompt', 'imagine', {}, 4, /prompt cannot be empty/],
    ['nothing but blanks', 'imagine', { prompt: ' ' }, 4, /prompt cannot be empty/],
    ['an unknown field', 'imagine', { prompt: 'x', n: 4 }, 4, /field n is not one of/],
    ['an unknown bot', 'imagine', { prompt: 'x', botType: 'DALLE' }, 4, /botType/],
    ['pictures that are no list', 'imagine', { prompt: 'x', base64Array: PICTURE }, 4, /base64/],
    ['a picture without its type', 'imagine', { prompt: 'x', base64Array: [PICTURE.split(',')[1]] }, 4, /base64/],
    [
      'a picture of another type',
      'imagine',
      { prompt: 'x', base64Array: [PICTURE.replace('png', 'webp')] },
      4,
      /base6/,
    ],
    ['a hook that is no address', 'imagine', { prompt: 'x', notifyHook: 'here' }, 4, /notifyHook/],
    ['no task to act upon', 'action', { customId: 'MJ::JOB::upsample::1::a' }, 4, /taskId/],
    ['a task that nobody knows', 'action', { taskId: '17', customId: 'MJ::JOB::upsample::1::a' }, 3, /not exist/],
    ['a change of a task that nobody knows', 'change', { taskId: '17', action: 'REROLL' }, 3, /not exist/],
    ['an answer to no window', 'modal', { taskId: '17', prompt: 'x' }, 3, /not exist/],
  ]
  for (const [what, endpoint, body, code, says] of cases) {
    test(`${what} is code ${code}, and costs nothing`, async () => {
      const answer = await submitted(endpoint, body)

      assert.equal(answer.code, code)
      assert.match(answer.description, says)
      assert.equal(sandbox.bill().billed_nanos, '0')
    })
  }
})

describe('a prompt that Midjourney cannot read', { concurrency: 8 }, () => {
  for (const [flag, says] of [
    ['--wings 2', 'Unrecognized parameter(s): `--wings`'],
    ['--toString', 'Unrecognized parameter(s): `--toString`'],
    ['--ar 1.5:1', 'Invalid value provided for argument `--ar`: 1.5:1'],
    ['--v 9', 'Invalid value provided for argument `--v`: 9'],
    ['--seed 4294967296', 'Invalid value provided for argument `--seed`'],
    ['--stylize 1001', 'Invalid value provided for argument `--stylize`: 1001'],
    ['--tile 1', 'Invalid value provided for argument `--tile`: 1'],
    ['--tile --tile', '`--tile` was given twice'],
  ] as const) {
    test(`${flag} is taken, and fails: ${says}`, async () => {
      const { code, result = '' } = await submitted('imagine', { prompt: `a kite ${flag}` })
      const { status, failReason } = await ended(result)

      assert.deepEqual([code, status, failReason], [1, 'FAILURE', `[Invalid parameter] ${says}`])
    })
  }
})

test('buttons are pressed below pictures that are there, and windows answered once they are open', async () => {
  const { result: taskId = '' } = await submitted('imagine', { prompt: `a kite ${SMALL}` })
  const { buttons = [] } = await ended(taskId)
  const [first] = buttons
  assert.ok(first !== undefined)
  const single = await submitted('action', { taskId, customId: first.customId })
  const singleId = single.result ?? ''
  const below = (await ended(singleId)).buttons ?? []
  const inpaint = below.find(({ customId }) => customId.startsWith('MJ::Inpaint'))?.customId
  const window = await submitted('action', { taskId: singleId, customId: inpaint })
  const prompt = 'a door'
  const [white, grey, wide, clear] = await Promise.all([
    picture(64, '#ffffff'),
    picture(64, '#808080'),
    picture(96, '#ffffff'),
    picture(64, '#ffffff80'),
  ])

  assert.deepEqual(
    buttons.map(({ customId }) => customId.split('::').slice(2, 4).join(' ')),
    [1, 2, 3, 4]
      .flatMap((index) => [`upsample ${index}`])
      .concat(
        'reroll 0',
        [1, 2, 3, 4].map((n) => `variation ${n}`),
      ),
  )
  assert.deepEqual([single.code, window.code], [1, 21])
  for (const [what, endpoint, body, code] of [
    ['a button of another picture', 'action', { taskId: singleId, customId: first.customId }, 4],
    ['no button', 'action', { taskId }, 4],
    ['the same button again', 'action', { taskId, customId: first.customId }, 21],
    ['a change by an unknown name', 'change', { taskId, action: 'ZOOM' }, 4],
    ['a change without saying which', 'change', { taskId, action: 'VARIATION' }, 4],
    ['a change of a single picture', 'change', { taskId: singleId, action: 'REROLL' }, 4],
    ['no window', 'modal', { taskId: singleId, prompt, maskBase64: white }, 4],
    ['no mask', 'modal', { taskId: window.result, prompt }, 4],
    ['a grey mask', 'modal', { taskId: window.result, prompt, maskBase64: grey }, 4],
    ['a mask of another size', 'modal', { taskId: window.result, prompt, maskBase64: wide }, 4],
    ['a mask that is see-through', 'modal', { taskId: window.result, prompt, maskBase64: clear }, 4],
    ['a mask', 'modal', { taskId: window.result, prompt, maskBase64: white }, 1],
  ] as const) {
    assert.equal((await submitted(endpoint, body)).code, code, what)
  }
})

test('the secret decides who is served, and by which proxy', async () => {
  const prompt = `a kite ${SMALL}`
  for (const [secret, status] of [
    ['', 401],
    ['invalid', 401],
    ['empty', 200],
  ] as const) {
    const response = await post('imagine', { prompt }, secret)
    assert.equal(response.status, status)
    if (status === 200) assert.equal(((await response.json()) as Answer).code, 3)
  }
  const { result: bare = '' } = await submitted('imagine', { prompt }, 'original')
  const original = await ended(bare, 'original')
  const { result: apart = '' } = await submitted('imagine', { prompt }, 'singles')

  assert.deepEqual([original.buttons, original.imageUrls], [undefined, undefined])
  assert.equal((await ended(apart, 'singles')).imageUrls?.length, 4)
  for (const endpoint of ['action', 'modal'])
    assert.equal((await post(endpoint, { taskId: bare }, 'original')).status, 404, endpoint)
  assert.equal((await asked('17')).status, 204)
  assert.equal((await asked('17', 'original')).status, 200)
  assert.equal((await asked(bare, 'invalid')).status, 401)
})

test('tasks are listed by their ids', async () => {
  const { result = '' } = await submitted('imagine', { prompt: `a kite ${SMALL}` })

  const listed = await fetch(`${base()}/mj/task/list-by-condition`, {
    method: 'POST',
    headers: { 'mj-api-secret': 'secret' },
    body: JSON.stringify({ ids: [result, 'nobody'] }),
  })

  assert.deepEqual(
    ((await listed.json()) as readonly { id: string }[]).map(({ id }) => id),
    [result],
  )
})

async function picture(side: number, background: string): Promise<string> {
  const bytes = await sharp({
    create: { width: side, height: side, channels: background.length > 7 ? 4 : 3, background },
  })
    .png()
    .toBuffer()
  return `data:image/png;base64,${bytes.toString('base64')}`
}

function base(): string {
  return sandbox.baseUrlFor('midjourney') ?? ''
}

function post(endpoint: string, body: object, secret = 'secret'): Promise<Response> {
  return fetch(`${base()}/mj/submit/${endpoint}`, {
    method: 'POST',
    headers: secret === '' ? {} : { 'mj-api-secret': secret },
    body: JSON.stringify(body),
  })
}

async function submitted(endpoint: string, body: object, secret?: string): Promise<Answer> {
  return (await (await post(endpoint, body, secret)).json()) as Answer
}

function asked(taskId: string, secret = 'secret'): Promise<Response> {
  return fetch(`${base()}/mj/task/${taskId}/fetch`, { headers: { 'mj-api-secret': secret } })
}

async function ended(taskId: string, secret?: string): Promise<Task> {
  for (;;) {
    const task = (await (await asked(taskId, secret)).json()) as Task
    if (task.status === 'SUCCESS' || task.status === 'FAILURE') return task
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
