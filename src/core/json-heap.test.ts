import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

/** Runs in a process of its own, so that nothing else is on its heap. Prints how far `heapUsed` rose above its start, in bytes. */
const MEASURE = `
import { ANSWER_LIMITS, readJson, writeJson } from ${JSON.stringify(new URL('json-blobs.ts', import.meta.url).href)}

async function* answer(bytes, sample) {
  yield Buffer.from('{"data":[{"b64_json":"')
  for (let sent = 0; sent < bytes; sent += 65536) {
    yield Buffer.from(new Uint8Array(65536).fill(81).buffer)
    sample()
  }
  yield Buffer.from('"}]}')
}

async function relay(bytes, sample) {
  const read = await readJson(answer(bytes, sample), { mode: 'answer', limits: ANSWER_LIMITS })
  if (!read.ok) throw new Error(read.error.message)
  sample()
  const body = writeJson(read.value.value)
  let sent = 0
  for (const chunk of body.chunks) {
    sent += chunk.length
    sample()
  }
  sample()
  if (sent !== body.byteLength || sent < bytes) throw new Error('not all was written')
}

await relay(1_000_000, () => {})
gc()
const before = process.memoryUsage().heapUsed
let peak = before
await relay(30_000_000, () => { peak = Math.max(peak, process.memoryUsage().heapUsed) })
console.log(peak - before)
`

test('P1: a 30 MB answer, read and written, raises heapUsed by at most 4 MiB', async () => {
  const args = ['--expose-gc', '--input-type=module', '--eval', MEASURE]
  const { stdout } = await promisify(execFile)(process.execPath, args)

  const risen = Number(stdout)
  assert.ok(risen <= 4 * 1024 * 1024, `rose by ${(risen / 1024 / 1024).toFixed(2)} MiB`)
})
