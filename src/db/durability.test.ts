import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { after, test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { openDatabase } from './open.ts'
import { scratchDirectory } from './test-database.ts'

const directory = scratchDirectory()
after(() => rmSync(directory, { recursive: true }))

const ROUNDS = 4
const ACKNOWLEDGED_PER_ROUND = 150

test('a process that is killed while it commits loses nothing that it acknowledged', async () => {
  const acknowledged: string[] = []

  for (let round = 0; round < ROUNDS; round += 1) {
    acknowledged.push(...(await commitUntilKilled(`${round}`, ACKNOWLEDGED_PER_ROUND + round * 37)))
  }
  const database = await openDatabase({ directory, clock: systemClock, onFatal: assert.fail })
  const rows = await database.db.selectFrom('settings').select('name').execute()
  await database.close()

  const found = new Set(rows.map(({ name }) => name))
  assert.ok(acknowledged.length >= ROUNDS * ACKNOWLEDGED_PER_ROUND)
  assert.deepEqual(
    acknowledged.filter((name) => !found.has(name)),
    [],
  )
})

/** Commits from eight loops at once in a process of its own, kills it after so many acknowledgements and returns all it wrote out. */
async function commitUntilKilled(round: string, killAfter: number): Promise<string[]> {
  const [openModule, clockModule] = ['open.ts', '../core/clock.ts'].map((file) => new URL(file, import.meta.url).href)
  const script = `
    import { writeSync } from 'node:fs'
    import { openDatabase } from ${JSON.stringify(openModule)}
    import { systemClock } from ${JSON.stringify(clockModule)}
    const database = await openDatabase({ directory: ${JSON.stringify(directory)}, clock: systemClock, onFatal: (error) => { throw error } })
    let next = 0
    async function loop() {
      for (;;) {
        const name = '${round}-' + next++
        await database.transaction((trx) => trx.insertInto('settings').values({ name, value: 'x'.repeat(300) }).execute())
        await database.durable()
        writeSync(1, name + '\\n')
      }
    }
    await Promise.all(Array.from({ length: 8 }, loop))
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = once(child, 'exit')
  let text = ''
  for await (const chunk of child.stdout) {
    text += String(chunk)
    if (text.split('\n').length > killAfter) child.kill('SIGKILL')
  }
  await gone
  // The last line may be cut off by the kill; what is whole was acknowledged.
  return text.split('\n').slice(0, -1)
}
