import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startSandbox } from '../sandbox/simulators.ts'
import { callTo, withUpstream } from './playback.ts'
import { failureOf } from './test-fixtures.ts'
import { makeProviders } from './registry.ts'

const checks: readonly [provider: string, credential: string, says: string][] = [
  ['google-ai-studio', 'good', 'the key is good, and sees'],
  ['google-ai-studio', 'nobilling', 'the key is good, and sees'],
  ['google-ai-studio', 'invalid', 'unauthorized: API key not valid'],
  ['openrouter', 'good', 'the key is good and has no limit of its own, 0 USD used so far'],
  ['openrouter', 'locked', 'the key is good and has no limit of its own'],
  ['openrouter', 'empty', 'unauthorized: The key has spent its limit, 0 USD used so far.'],
  ['openrouter', 'invalid', 'unauthorized: User not found'],
  ['xai', 'good', 'the key “sandbox” is good'],
  ['xai', 'empty', 'the key “sandbox” is good'],
  ['xai', 'blocked', 'unauthorized: The key is blocked.'],
  ['xai', 'invalid', 'unauthorized: Incorrect API key provided'],
]

for (const [provider, credential, says] of checks) {
  test(`the free question to ${provider} with a key that is ${credential}: ${says}`, async () => {
    const sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
    try {
      const call = { ...callTo(sandbox.baseUrlFor(provider) ?? ''), credential: `sk-${credential}` }
      const found = await withUpstream({}, async (upstream) => makeProviders(upstream).get(provider)?.check?.(call))

      assert.ok(found !== undefined)
      const words = found.ok ? found.value : `${failureOf(found).kind}: ${failureOf(found).message}`
      assert.equal(words.slice(0, says.length), says)
      assert.equal(sandbox.bill().billed_nanos, '0')
    } finally {
      await sandbox.close()
    }
  })
}
