import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import { startSandbox } from '../simulators.ts'
import type { Sandbox } from '../simulators.ts'

// Stability has no client on npm, so its own examples are followed: a form, and `accept: application/json`.
let sandbox: Sandbox
let base: string

before(async () => {
  sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
  base = sandbox.baseUrlFor('stability') ?? ''
})
after(() => sandbox.close())

const PNG = await sharp({ create: { width: 96, height: 64, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
const TINY = await sharp(PNG).resize(63, 64).png().toBuffer()

type Fields = Readonly<Record<string, string | Blob>>

async function post(service: string, fields: Fields | FormData, headers: Record<string, string> = {}) {
  const form = fields instanceof FormData ? fields : new FormData()
  if (!(fields instanceof FormData)) for (const [name, value] of Object.entries(fields)) form.set(name, value)
  const answer = await fetch(`${base}/v2beta/stable-image/${service}`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-some', accept: 'application/json', ...headers },
    body: form,
  })
  const json = (await answer.json()) as {
    id?: string
    name?: string
    errors?: string[]
    image?: string
    finish_reason?: string
    seed?: number
  }
  return { status: answer.status, type: answer.headers.get('content-type'), json }
}

function file(bytes = PNG, type = 'image/png'): Blob {
  return new File([new Uint8Array(bytes)], 'picture.png', { type })
}

const WORDS = { prompt: 'a lighthouse' }
const PICTURE = { ...WORDS, image: file() }

function twice(): FormData {
  const form = new FormData()
  form.append('prompt', 'one')
  form.append('prompt', 'two')
  return form
}

const REFUSED: readonly (readonly [what: string, service: string, fields: Fields | FormData, error: RegExp])[] = [
  ['no prompt', 'generate/core', {}, /^prompt: is required$/u],
  ['an empty prompt', 'generate/core', { prompt: '' }, /^prompt: cannot be empty$/u],
  ['a prompt of 10,001 letters', 'generate/core', { prompt: 'x'.repeat(10_001) }, /cannot be longer than 10000/u],
  ['a field twice', 'generate/core', twice(), /^prompt: is given twice$/u],
  ['a size', 'generate/core', { ...WORDS, width: '1024' }, /^width: is not a field/u],
  ['a number of pictures', 'generate/core', { ...WORDS, samples: '2' }, /^samples: is not a field/u],
  ['a picture for words alone', 'generate/core', PICTURE, /^image: is not a field/u],
  ['4:3, which it does not have', 'generate/core', { ...WORDS, aspect_ratio: '4:3' }, /^aspect_ratio: must be one of/u],
  ['a style in capitals', 'generate/core', { ...WORDS, style_preset: 'Anime' }, /^style_preset: must be one of/u],
  ['a seed below zero', 'generate/core', { ...WORDS, seed: '-1' }, /^seed: must be between 0 and 4294967294$/u],
  ['a broken seed', 'generate/core', { ...WORDS, seed: '1.5' }, /^seed: must be a number$/u],
  ['a seed of words', 'generate/core', { ...WORDS, seed: '' }, /^seed: must be a number$/u],
  [
    'WebP from Stable Diffusion',
    'generate/sd3',
    { ...WORDS, output_format: 'webp' },
    /^output_format: must be one of jpeg, png$/u,
  ],
  ['an unknown model', 'generate/sd3', { ...WORDS, model: 'sd4' }, /^model: must be one of/u],
  ['guidance over 10', 'generate/sd3', { ...WORDS, cfg_scale: '11' }, /^cfg_scale: must be between 1 and 10$/u],
  [
    'a picture without the mode',
    'generate/sd3',
    { ...PICTURE, strength: '0.5' },
    /image: is not allowed in this mode/u,
  ],
  [
    'a picture without the strength',
    'generate/sd3',
    { ...PICTURE, mode: 'image-to-image' },
    /^strength: is required$/u,
  ],
  [
    'a ratio beside a picture',
    'generate/sd3',
    { ...PICTURE, mode: 'image-to-image', strength: '0.5', aspect_ratio: '1:1' },
    /^aspect_ratio: is not allowed in this mode$/u,
  ],
  ['a picture alone for Ultra', 'generate/ultra', PICTURE, /^strength: is required$/u],
  ['a strength alone for Ultra', 'generate/ultra', { ...WORDS, strength: '0.5' }, /^image: is required$/u],
  ['nothing to edit', 'edit/inpaint', WORDS, /^image: is required$/u],
  ['a picture as text', 'edit/inpaint', { ...WORDS, image: 'iVBORw0KGgo=' }, /^image: must be a file$/u],
  ['a prompt as a file', 'edit/inpaint', { prompt: file(), image: file() }, /^prompt: must be a text$/u],
  ['a GIF', 'edit/inpaint', { ...WORDS, image: file(PNG, 'image/gif') }, /^image: has an unsupported content type/u],
  ['a PNG as JPEG', 'edit/inpaint', { ...WORDS, image: file(PNG, 'image/jpeg') }, /^image: is labelled image\/jpeg/u],
  ['a torn picture', 'edit/inpaint', { ...WORDS, image: file(PNG.subarray(0, 60)) }, /^image: cannot be read/u],
  ['a side of 63', 'edit/inpaint', { ...WORDS, image: file(TINY) }, /^image: every side must be at least 64 pixels$/u],
  ['nothing to look for', 'edit/search-and-replace', PICTURE, /^search_prompt: is required$/u],
  ['nowhere to grow', 'edit/outpaint', { image: file() }, /^left: at least one side/u],
]

for (const [what, service, fields, error] of REFUSED) {
  test(`${what} is a 400 that names it`, async () => {
    const { status, json } = await post(service, fields)

    assert.deepEqual([status, json.name], [400, 'bad_request'])
    assert.match(json.id ?? '', /^[0-9a-f]{32}$/u)
    assert.ok(
      json.errors?.some((each) => error.test(each)),
      json.errors?.join('; '),
    )
  })
}

test('all complaints come at once', async () => {
  const { json } = await post('generate/core', { seed: 'x', width: '1' })

  assert.deepEqual(json.errors, [
    'seed: must be a number',
    'width: is not a field of this service',
    'prompt: is required',
  ])
})

const OTHERWISE: readonly (readonly [what: string, headers: Record<string, string>, status: number, name: string])[] = [
  ['without a key', { authorization: '' }, 401, 'unauthorized'],
  ['with a key of another scheme', { authorization: 'Key sk-some' }, 401, 'unauthorized'],
  ['with a bad key', { authorization: 'Bearer sk-invalid' }, 401, 'unauthorized'],
  ['with a key without credits', { authorization: 'Bearer sk-empty' }, 402, 'payment_required'],
  ['for the bytes alone', { accept: 'image/*' }, 400, 'bad_request'],
  ['as JSON', { 'content-type': 'application/json' }, 400, 'bad_request'],
]
for (const [what, headers, status, name] of OTHERWISE) {
  test(`asked ${what} it answers ${status} ${name}`, async () => {
    const { status: told, json } = await post('generate/core', WORDS, headers)

    assert.deepEqual([told, json.name], [status, name])
  })
}

test('a service that there is not is a 404, and more than 10 MiB a 413', async () => {
  const large = { ...WORDS, image: file(Buffer.alloc(10 * 1024 * 1024)) }

  assert.equal((await post('edit/teleport', WORDS)).status, 404)
  assert.deepEqual([(await post('edit/inpaint', large)).json.name], ['payload_too_large'])
})

test('the same seed gives the same picture, none a seed of its own that is told', async () => {
  const [first, again, other, open] = await Promise.all(
    ['7', '7', '8', undefined].map(
      async (seed) => await post('edit/inpaint', { ...PICTURE, ...(seed && { seed }), mask: file() }),
    ),
  )

  assert.ok(first?.json.image !== undefined && first.json.image === again?.json.image)
  assert.notEqual(first.json.image, other?.json.image)
  assert.deepEqual([first.json.seed, first.json.finish_reason], [7, 'SUCCESS'])
  assert.ok((open?.json.seed ?? 0) > 0)
  assert.equal(first.type, 'application/json; type=image/png')
})

test('a picture that its rules find unfit is blurred, and on the bill', async () => {
  const earlier = BigInt(sandbox.bill().billed_nanos)
  const words = (refusal: string) => ({ ...PICTURE, prompt: `a lighthouse ${refusal}`, mask: file() })
  const plain = await post('edit/inpaint', words(''))
  const blurred = await post('edit/inpaint', words('[[fault:refusal=output]]'))
  const flagged = await post('edit/inpaint', words('[[fault:refusal=prompt]]'))

  assert.deepEqual([blurred.status, blurred.json.finish_reason], [200, 'CONTENT_FILTERED'])
  assert.notEqual(blurred.json.image, plain.json.image)
  assert.deepEqual([flagged.status, flagged.json.name], [403, 'content_moderation'])
  assert.equal(BigInt(sandbox.bill().billed_nanos) - earlier, 100_000_000n)
})

test('the balance is told to who has a key, even where nothing is left', async () => {
  const ask = async (key: string) => {
    const answer = await fetch(`${base}/v1/user/balance`, { headers: { authorization: `Bearer ${key}` } })
    return [answer.status, ((await answer.json()) as { credits?: number }).credits]
  }

  assert.deepEqual(await ask('sk-some'), [200, 742.5])
  assert.deepEqual(await ask('sk-empty'), [200, 0])
  assert.deepEqual(await ask('sk-invalid'), [401, undefined])
})
