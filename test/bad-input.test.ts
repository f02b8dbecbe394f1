import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before as beforeAll, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import type { BadKeys } from './support/bad-asks.ts'
import { BAD_REFERENCES, CANNOT_EDIT } from './support/bad-references.ts'
import { BAD_REQUESTS } from './support/bad-requests.ts'
import { books } from './support/books.ts'
import { startGateway, type TestGatewayHere } from './support/gateway.ts'
import { makeHome } from './support/home.ts'
import { poorKey } from './support/keys.ts'

const home = await makeHome()
let gateway: TestGatewayHere
let keys: BadKeys

beforeAll(async () => {
  const catalog = join(home.directory, 'catalog.json')
  const routes = [{ provider: 'google-ai-studio', model: 'gemini-nano-banana-2.1' }]
  writeFileSync(catalog, JSON.stringify([{ id: CANNOT_EDIT, routes }]))
  gateway = await startGateway({ home, environment: { PLANTAIN_CATALOG: catalog } })
  keys = await makeKeys(gateway)
})

after(async () => {
  await gateway.stop()
  await home.remove()
})

async function makeKeys(started: TestGatewayHere): Promise<BadKeys> {
  const { accounts } = started.gateway
  const make = async (name: string, more = {}) => {
    const made = await accounts.createKey({ name, mode: 'test', ...more })
    assert.ok(made.ok)
    return made.value
  }
  const [deleted, disabled] = [await make('deleted'), await make('disabled')]
  await accounts.deleteKey(deleted.facts.hash)
  await accounts.updateKey(disabled.facts.hash, { disabled: true })
  const { key: expired } = await make('expired', { expiresAt: 1 })
  return { ...started.keys, deleted: deleted.key, disabled: disabled.key, expired, poor: await poorKey(started) }
}

for (const { what, asks, status, says, authorization, contentType = 'application/json' } of [
  ...BAD_REQUESTS,
  ...BAD_REFERENCES,
]) {
  test(`${what}: ${status}, and nothing is held, billed or written`, async () => {
    for (const { path, body, field } of typeof asks === 'function' ? asks() : asks) {
      const earlier = await books(gateway)

      const given = authorization ? authorization(keys) : `Bearer ${keys.test}`
      const response = await fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': contentType, ...(given !== undefined && { authorization: given }) },
        body: typeof body === 'string' ? body : Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body),
      })
      const answer = (await response.json()) as { error: { message: string } }

      assert.equal(response.status, status, `${path}: ${JSON.stringify(answer)}`)
      assert.equal(response.headers.get('x-error-retryable'), 'false')
      checkEnvelope(path, answer, status, field)
      for (const words of says) {
        if (typeof words === 'string')
          assert.ok(answer.error.message.includes(words), `${path}: ${answer.error.message} lacks ${words}`)
        else assert.match(answer.error.message, words)
      }
      await nothingHappenedSince(earlier)
    }
  })
}

/** Temporary files are unlinked by the disk worker, which nobody waits for: they may be there a moment longer. */
async function nothingHappenedSince(earlier: Awaited<ReturnType<typeof books>>): Promise<void> {
  for (let look = 0; look < 50; look++) {
    const { files } = await books(gateway)
    if (files.length === earlier.files.length) break
    await sleep(10)
  }
  assert.deepEqual(await books(gateway), earlier)
}

/** The dialect's own form: OpenRouter's integer code, OpenAI's four fields. */
function checkEnvelope(path: string, answer: unknown, status: number, field: string | undefined): void {
  if (path.startsWith('/v1/')) {
    const { error } = answer as { error: Record<string, unknown> }
    assert.deepEqual(Object.keys(error).toSorted(), ['code', 'message', 'param', 'type'])
    assert.equal(typeof error['code'], 'string')
    if (field !== undefined) assert.equal(error['param'], field)
    return
  }
  const { error } = answer as { error: { code: number; metadata: Record<string, unknown> } }
  assert.equal(error.code, status)
  assert.equal(typeof error.metadata['error_type'], 'string')
  if (field !== undefined) assert.equal(error.metadata['field'], field, path)
}
