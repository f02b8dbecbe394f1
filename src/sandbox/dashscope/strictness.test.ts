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

const AT_ONCE = 'multimodal-generation/generation'
const MESSAGES = 'image-generation/generation'
const PROMPT = 'text2image/image-synthesis'
const QWEN = 'qwen-image-2.0'
const RED = await picture(384)
const TINY = await picture(64)

describe('a request that its model does not take', () => {
  const cases: readonly [what: string, path: string, body: object, says: RegExp][] = [
    ['a field beside the known ones', AT_ONCE, { ...at(QWEN), n: 2 }, /^n is not a known field/],
    ['a field beside the messages', AT_ONCE, at(QWEN, {}, { prompt: 'x' }), /^prompt is not a known field/],
    [
      'a parameter that it does not have',
      AT_ONCE,
      at(QWEN, { aspect_ratio: '1:1' }),
      /^aspect_ratio is not a parameter/,
    ],
    ['a parameter by the name of an object’s own', AT_ONCE, at(QWEN, { toString: 1 }), /^toString is not a parameter/],
    ['a size with an x', AT_ONCE, at(QWEN, { size: '1024x1024' }), /width\*height/],
    ['a size that is a tier', AT_ONCE, at(QWEN, { size: '1K' }), /width\*height/],
    ['a size that is too small', AT_ONCE, at(QWEN, { size: '256*256' }), /between 262144 and/],
    ['a size that is too large', AT_ONCE, at(QWEN, { size: '2048*2064' }), /between 262144 and/],
    ['a size that is too long', AT_ONCE, at(QWEN, { size: '4096*256' }), /ratio of at most 8:1/],
    ['a size out of the list', AT_ONCE, at('qwen-image-max', { size: '1024*1024' }), /one of 1664\*928/],
    ['4K of a model that stops at 2K', MESSAGES, at('wan2.7-image', { size: '4K' }), /width\*height/],
    ['seven pictures', AT_ONCE, at(QWEN, { n: 7 }), /must be 1 to 6/],
    ['a second picture', AT_ONCE, at('qwen-image-max', { n: 2 }), /must be 1 to 1/],
    ['a seed below zero', AT_ONCE, at(QWEN, { seed: -1 }), /^seed is not valid/],
    ['a seed with a fraction', AT_ONCE, at(QWEN, { seed: 1.5 }), /^seed is not valid/],
    ['a watermark that is a word', AT_ONCE, at(QWEN, { watermark: 'yes' }), /^watermark is not valid/],
    [
      'a long negative prompt',
      AT_ONCE,
      at(QWEN, { negative_prompt: 'x'.repeat(501) }),
      /^negative_prompt is not valid/,
    ],
    [
      'a negative prompt',
      MESSAGES,
      at('wan2.7-image', { negative_prompt: 'x' }),
      /^negative_prompt is not a parameter/,
    ],
    ['no words', AT_ONCE, message(QWEN, []), /must be a list and not be empty/],
    ['empty words', AT_ONCE, message(QWEN, [{ text: '' }]), /exactly one text/],
    ['words twice', AT_ONCE, message(QWEN, [{ text: 'a' }, { text: 'b' }]), /exactly one text/],
    ['an item of another kind', AT_ONCE, message(QWEN, [{ video: 'a' }]), /items of image or text/],
    ['two messages', AT_ONCE, { model: QWEN, input: { messages: [said('a'), said('b')] } }, /exactly one message/],
    [
      'a message of the model’s',
      AT_ONCE,
      { model: QWEN, input: { messages: [said('a', 'assistant')] } },
      /of the user/,
    ],
    ['no picture to edit', AT_ONCE, at('qwen-image-edit-plus'), /at least one image/],
    ['a fourth picture', AT_ONCE, message(QWEN, [...images(4), { text: 'x' }]), /at most 3/],
    ['a picture for a model without', AT_ONCE, message('z-image-turbo', [...images(1), { text: 'x' }]), /at most 0/],
    ['a picture that is too small', AT_ONCE, message(QWEN, [{ image: TINY }, { text: 'x' }]), /between 384 and 3072/],
    [
      'base64 without its label',
      AT_ONCE,
      message(QWEN, [{ image: 'iVBORw0KGgo=' }, { text: 'x' }]),
      /base64 of its type/,
    ],
    [
      'a picture that is none',
      AT_ONCE,
      message(QWEN, [{ image: 'data:image/png;base64,QUJD' }, { text: 'x' }]),
      /base64/,
    ],
    ['a PNG labelled JPEG', AT_ONCE, message(QWEN, [{ image: RED.replace('png', 'jpeg') }, { text: 'x' }]), /base64/],
    ['no prompt', PROMPT, { model: 'qwen-image', input: {}, parameters: {} }, /prompt must not be empty/],
    ['messages where a prompt goes', PROMPT, at('qwen-image'), /prompt must not be empty/],
    ['another model’s path', PROMPT, at(QWEN), /url error/],
    ['a list for a body', AT_ONCE, [], /not a JSON object/],
    ['parameters that are a list', AT_ONCE, { ...at(QWEN), parameters: [] }, /must be an object/],
  ]
  for (const [what, path, body, says] of cases) {
    test(`${what} ends as DashScope’s 400, and costs nothing`, async () => {
      const response = await post(path, body)

      const told = (await response.json()) as { code: string; message: string; request_id: string }
      assert.equal(response.status, 400, told.message)
      assert.ok(['InvalidParameter', 'InvalidURL'].includes(told.code) && told.request_id !== '')
      assert.match(told.message, says)
      assert.equal(sandbox.bill().billed_nanos, '0')
    })
  }
})

test('the door is closed to what is no model, no key, no credit, no JSON, or asked the wrong way', async () => {
  for (const [path, headers, body, status, code] of [
    [AT_ONCE, {}, at('qwen-image-9'), 404, 'ModelNotFound'],
    [AT_ONCE, { authorization: 'Key sk-a' }, at(QWEN), 401, 'InvalidApiKey'],
    [AT_ONCE, { authorization: 'Bearer sk-invalid' }, at(QWEN), 401, 'InvalidApiKey'],
    [AT_ONCE, { authorization: 'Bearer sk-empty' }, at(QWEN), 400, 'Arrearage'],
    [AT_ONCE, { 'x-dashscope-async': 'enable' }, at(QWEN), 403, 'AccessDenied'],
    [MESSAGES, { 'x-dashscope-async': '' }, at('wan2.7-image'), 403, 'AccessDenied'],
    [AT_ONCE, {}, '{"model":', 400, 'InvalidParameter'],
  ] as const) {
    const response = await post(path, body, headers)

    assert.deepEqual([response.status, ((await response.json()) as { code: string }).code], [status, code])
  }
})

test('a task is told as it stands, an unknown one too, and counted in the list', async () => {
  const body = {
    model: 'wan2.2-t2i-flash',
    input: { prompt: 'x [[fault:queue=300]]' },
    parameters: { size: '512*512', n: 1 },
  }
  const submitted = (await (await post(PROMPT, body)).json()) as { output: { task_id: string; task_status: string } }
  const { task_id: id, task_status: first } = submitted.output

  assert.equal(first, 'PENDING')
  assert.equal((await task(id)).output.task_status, 'PENDING')
  assert.equal((await task(`${id}0`)).output.task_status, 'UNKNOWN')
  const list = await fetch(`${sandbox.baseUrlFor('alibaba')}/api/v1/tasks?page_no=1&page_size=1`, KEY)
  assert.equal(((await list.json()) as { total: number }).total, 1)
})

function at(model: string, parameters: object = {}, more: object = {}): object {
  return { model, input: { messages: [said('x')], ...more }, parameters }
}

function message(model: string, content: readonly object[]): object {
  return { model, input: { messages: [{ role: 'user', content }] }, parameters: {} }
}

function said(text: string, role = 'user'): object {
  return { role, content: [{ text }] }
}

function images(count: number): readonly object[] {
  return Array.from({ length: count }, () => ({ image: RED }))
}

async function picture(side: number): Promise<string> {
  const bytes = await sharp({ create: { width: side, height: side, channels: 3, background: '#c03020' } })
    .png()
    .toBuffer()
  return `data:image/png;base64,${bytes.toString('base64')}`
}

const KEY = { headers: { authorization: 'Bearer sk-a' } }

function post(path: string, body: object | string, headers: Readonly<Record<string, string>> = {}) {
  const isTask = path !== AT_ONCE
  return fetch(`${sandbox.baseUrlFor('alibaba')}/api/v1/services/aigc/${path}`, {
    method: 'POST',
    headers: { ...KEY.headers, ...(isTask && { 'x-dashscope-async': 'enable' }), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

async function task(id: string) {
  const response = await fetch(`${sandbox.baseUrlFor('alibaba')}/api/v1/tasks/${id}`, KEY)
  return (await response.json()) as { output: { task_status: string } }
}
