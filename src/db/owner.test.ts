import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { after, test } from 'node:test'

import { acquireOwner } from './owner.ts'
import { scratchDirectory } from './test-database.ts'

const directories: string[] = []
after(() => directories.forEach((directory) => rmSync(directory, { recursive: true })))

test('R14: a second process is refused with the pid and address of the first', async () => {
  const directory = scratch()
  const first = await ownerProcess(directory, 'http://127.0.0.1:7878')

  const second = acquireOwner(directory, { pid: process.pid, address: '' })

  assert.deepEqual(second, { ok: false, error: { pid: first.pid, address: 'http://127.0.0.1:7878' } })
  await kill(first)
})

test('R14: after SIGKILL the next start succeeds at once, again and again', async () => {
  const directory = scratch()

  for (let round = 0; round < 3; round += 1) {
    const owner = await ownerProcess(directory, 'http://127.0.0.1:1')
    assert.equal(acquireOwner(directory, { pid: 1, address: '' }).ok, false)
    await kill(owner)
  }
  const next = acquireOwner(directory, { pid: process.pid, address: '' })

  assert.ok(next.ok)
  next.value.release()
})

test('the same process cannot own a directory twice, and can again after releasing it', () => {
  const directory = scratch()
  const first = acquireOwner(directory, { pid: 11, address: '' })
  assert.ok(first.ok)

  first.value.announce('http://127.0.0.1:9999')
  const second = acquireOwner(directory, { pid: 12, address: '' })
  first.value.release()
  first.value.release()
  const third = acquireOwner(directory, { pid: 13, address: '' })

  assert.deepEqual(second, { ok: false, error: { pid: 11, address: 'http://127.0.0.1:9999' } })
  assert.ok(third.ok)
  third.value.release()
})

test('directories are owned one by one', () => {
  const [one, two] = [
    acquireOwner(scratch(), { pid: 1, address: '' }),
    acquireOwner(scratch(), { pid: 2, address: '' }),
  ]

  assert.ok(one.ok && two.ok)
  one.value.release()
  two.value.release()
})

function scratch(): string {
  const directory = scratchDirectory()
  directories.push(directory)
  return directory
}

/** A process of its own that owns the directory until it is killed. */
async function ownerProcess(directory: string, address: string): Promise<ChildProcess> {
  const script = `
    import { acquireOwner } from ${JSON.stringify(new URL('owner.ts', import.meta.url).href)}
    const owner = acquireOwner(${JSON.stringify(directory)}, { pid: process.pid, address: ${JSON.stringify(address)} })
    console.log(owner.ok ? 'owner' : 'refused')
    setInterval(() => owner, 1000)
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  assert.equal(line.toString().trim(), 'owner')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
