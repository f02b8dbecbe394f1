import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { loadConfig } from '../config.ts'
import { scratchDirectory } from '../db/test-database.ts'
import { serve } from './serve.ts'
import { fakeTerminal } from './test-command.ts'

test('a gateway can be asked to stop from its first word that it listens on', async () => {
  const config = loadConfig({
    PLANTAIN_DATA: join(scratchDirectory(), 'data'),
    PLANTAIN_PORT: '0',
    PLANTAIN_LOG_LEVEL: 'silent',
  })
  assert.ok(config.ok)
  const happened: string[] = []
  const { terminal } = fakeTerminal({
    interrupted: async () => {
      happened.push('listens for signals')
    },
  })

  const code = await serve(config.value, terminal, {
    known: [],
    onListening: () => happened.push('says that it listens'),
  })

  assert.equal(code, 0)
  assert.deepEqual(happened, ['listens for signals', 'says that it listens'])
})
