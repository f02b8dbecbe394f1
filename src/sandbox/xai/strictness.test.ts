import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { type Sandbox, startSandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

const GOOD = { model: 'grok-imagine-image-2.0', prompt: 'a kite' }
const PIXEL = `data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==`

const refused: readonly (readonly [what: string, path: string, body: object, status: number, says: string])[] = [
  ['a size', 'generations', { ...GOOD, size: '1024x1024' }, 400, 'Argument not supported: size'],
  ['a seed, which is passed over', 'generations', { ...GOOD, seed: 7 }, 400, 'Argument not supported: seed'],
  ['a reference for a new picture', 'generations', { ...GOOD, image: { url: PIXEL } }, 400, 'not supported: image'],
  ['a mask', 'edits', { ...GOOD, image: { url: PIXEL }, mask: { url: PIXEL } }, 400, 'not supported: mask'],
  ['a tier in capitals', 'generations', { ...GOOD, resolution: '1K' }, 422, 'unknown variant `\\"1K\\"`'],
  ['a ratio of its own', 'generations', { ...GOOD, aspect_ratio: '21:9' }, 422, 'aspect_ratio: unknown variant'],
  ['a quality that no model has', 'generations', { ...GOOD, quality: 'hd' }, 422, 'expected one of `low`'],
  ['high quality', 'generations', { ...GOOD, quality: 'high' }, 400, 'Quality high is not supported'],
  [
    'a choice of quality of a model without one',
    'generations',
    { ...GOOD, model: 'grok-imagine-image', quality: 'low' },
    400,
    'not supported: quality',
  ],
  ['eleven pictures', 'generations', { ...GOOD, n: 11 }, 400, 'n must be between 1 and 10'],
  ['half a picture', 'generations', { ...GOOD, n: 0.5 }, 422, 'n: invalid type'],
  ['no prompt', 'generations', { model: GOOD.model }, 422, 'missing field `prompt`'],
  ['an empty prompt', 'generations', { ...GOOD, prompt: ' ' }, 400, 'Prompt cannot be empty'],
  ['no model', 'generations', { prompt: 'a kite' }, 400, 'Model is required'],
  ['a model of OpenRouter', 'generations', { ...GOOD, model: 'x-ai/grok-imagine-image' }, 404, 'does not exist'],
  ['a user that is a number', 'generations', { ...GOOD, user: 7 }, 422, 'user: invalid type'],
  ['an edit of nothing', 'edits', GOOD, 400, 'An input image is required'],
  ['an edit of bare base64', 'edits', { ...GOOD, image: PIXEL }, 422, 'expected struct ImageUrl'],
  ['an edit of what is no picture', 'edits', { ...GOOD, image: { url: 'data:image/png;base64,QUJD' } }, 400, 'decoded'],
  ['one and several', 'edits', { ...GOOD, image: { url: PIXEL }, images: [{ url: PIXEL }] }, 400, 'Only one of'],
  ['four references', 'edits', { ...GOOD, images: [1, 2, 3, 4].map(() => ({ url: PIXEL })) }, 400, 'At most 3 images'],
  ['a ratio for one', 'edits', { ...GOOD, image: { url: PIXEL }, aspect_ratio: '1:1' }, 400, 'detected from the input'],
]
for (const [what, path, body, status, says] of refused) {
  test(`refuses ${what}`, async () => {
    const { answer, text } = await ask(`/images/${path}`, body)

    assert.equal(answer.status, status, text)
    assert.ok(text.includes(says), text)
    assert.equal(sandbox.bill().recent.at(-1)?.billed_nanos, '0')
  })
}

test('refuses a request without a key, and one that is no JSON', async () => {
  const keyless = await ask('/images/generations', GOOD, {})
  const broken = await ask('/images/generations', 'oops')

  assert.deepEqual([keyless.answer.status, broken.answer.status], [401, 400])
})

test('tells of a key without credit that it is good, and of a blocked one that it is blocked', async () => {
  const facts = async (key: string) => {
    const answer = await fetch(`${sandbox.baseUrlFor('xai')}/api-key`, { headers: { authorization: `Bearer ${key}` } })
    return [answer.status, ((await answer.json()) as { api_key_blocked?: boolean }).api_key_blocked]
  }

  assert.deepEqual(await facts('xai-empty'), [200, false])
  assert.deepEqual(await facts('xai-blocked'), [200, true])
  assert.deepEqual(await facts('xai-invalid'), [400, undefined])
})

async function ask(
  path: string,
  body: unknown,
  headers: Record<string, string> = { authorization: 'Bearer xai-good' },
) {
  const answer = await fetch(`${sandbox.baseUrlFor('xai')}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { answer, text: await answer.text() }
}
