import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { ROOT } from './support/child.ts'
import { attemptAll, misfit } from './sabotage/attempt.ts'
import { SABOTAGES } from './sabotage/list.ts'

test('every sabotage still fits the code: its text stands there once, and what it makes of it is a program', () => {
  const problems = SABOTAGES.flatMap(({ edits }) =>
    edits.flatMap((edit) => misfit(readFileSync(join(ROOT, edit.file), 'utf8'), edit) ?? []),
  )

  assert.deepEqual(problems, [])
})

test('a few of them, tried in a copy of the tree, turn their tests red', async () => {
  const verdicts = await attemptAll(SABOTAGES.filter(({ quick }) => quick))

  assert.ok(verdicts.length > 5)
  assert.deepEqual(
    verdicts
      .filter(({ colour }) => colour !== 'red')
      .map(({ sabotage, colour, told }) => [sabotage.deed, colour, told]),
    [],
  )
})
