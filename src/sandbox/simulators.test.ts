import assert from 'node:assert/strict'
import { test } from 'node:test'

import { PROVIDERS } from '../providers/registry.ts'
import { startSandbox } from './simulators.ts'

test('a sandbox listens on loopback, names its simulators and forgets its bill on request', async () => {
  const sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
  try {
    const base = sandbox.baseUrlFor('google-ai-studio')
    await fetch(`${base}/v1beta/models/gemini-3-pro-image:generateContent`, {
      method: 'POST',
      headers: { 'x-goog-api-key': 'k' },
      body: '{}',
    })
    const before = sandbox.bill().calls
    const reset = await fetch(`${sandbox.url}/_sandbox/reset`, { method: 'POST' })
    const stray = await fetch(`${sandbox.url}/nobody/v1/images`)

    assert.match(sandbox.url, /^http:\/\/127\.0\.0\.1:\d+$/u)
    assert.equal(base, `${sandbox.url}/google-ai-studio`)
    assert.deepEqual(
      sandbox.simulated.map(({ provider }) => provider).toSorted(),
      Object.keys(PROVIDERS).toSorted(),
      'every provider has a simulator',
    )
    assert.equal(sandbox.baseUrlFor('openrouter'), `${sandbox.url}/openrouter/api/v1`)
    assert.deepEqual([before, reset.status, sandbox.bill().calls], [1, 204, 0])
    assert.equal(stray.status, 404)
  } finally {
    await sandbox.close()
  }
})

test('closing cuts off a call that hangs, and closing twice is harmless', async () => {
  const sandbox = await startSandbox({ retired: 'serve', pictures: 'coarse' })
  const hanging = fetch(`${sandbox.baseUrlFor('google-ai-studio')}/v1beta/models/gemini-3-pro-image:generateContent`, {
    method: 'POST',
    headers: { 'x-goog-api-key': 'k', 'x-sandbox-fault': 'delay=60000' },
    body: JSON.stringify({ contents: [{ parts: [{ text: 'x' }] }] }),
  })
  const cut = assert.rejects(hanging)
  await new Promise((resolve) => setTimeout(resolve, 50))

  await sandbox.close()
  await sandbox.close()

  await cut
})

test('a port that is taken rejects', async () => {
  const first = await startSandbox({ retired: 'serve', pictures: 'coarse' })
  try {
    await assert.rejects(
      startSandbox({ retired: 'serve', pictures: 'coarse', port: Number(new URL(first.url).port) }),
      {
        code: 'EADDRINUSE',
      },
    )
  } finally {
    await first.close()
  }
})
