import assert from 'node:assert/strict'
import { test } from 'node:test'

import { run } from './cli.ts'
import { fakeTerminal } from './test-command.ts'

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /Usage: plantain/],
  [['paint'], /unknown command 'paint'/],
  [['generate'], /missing required argument 'prompt'/],
  [['generate', 'a fox', '--colour', 'red'], /unknown option '--colour'/],
  [['generate', 'a fox', '-n', 'two'], /must be a whole number/],
  [['generate', 'a fox', '-o', 'fox.tiff'], /fox\.tiff: pictures are written as \.png, \.jpg/],
  [['generate', 'a fox', '-o', 'fox.png', '--format', 'jpeg'], /--format jpeg contradicts the name of fox\.png/],
  [['generate', 'a fox', '-o', '/no/such/place/fox.png'], /\/no\/such\/place cannot be written to/],
  [['edit', 'make it blue'], /missing required argument 'picture'/],
  [['edit', 'make it blue', 'no-such.png'], /no-such\.png cannot be read: ENOENT/],
  [['edit', 'make it blue', 'src/cli/cli.ts'], /cli\.ts is not a PNG, JPEG or WebP picture/],
  [['edit', 'make it blue', 'src'], /src is not a file/],
  [['keys', 'create', '--name', 'x'], /required option '--mode <mode>'/],
  [['keys', 'create', '--name', 'x', '--mode', 'root'], /Allowed choices are test, live, admin/],
  [['keys', 'create', '--name', 'x', '--mode', 'test', '--limit', 'lots'], /--limit must be US dollars/],
  [['keys', 'create', '--name', 'x', '--mode', 'test', '--expires', 'soon'], /--expires must be 2027-12-31/],
  [['credits', 'add', '-5'], /US dollars above 0/],
  [['credits', 'add', '0'], /US dollars above 0/],
  [['credits', 'refill'], /required option '--test'/],
]

for (const [argv, said] of WRONG) {
  test(`plantain ${argv.join(' ')}: wrong usage, exit code 2, nothing on standard output`, async () => {
    const { terminal, said: lines } = fakeTerminal()

    const code = await run(argv, terminal)

    assert.equal(code, 2)
    assert.match(lines.map(({ text }) => text).join('\n'), said)
    assert.ok(lines.every(({ how }) => how !== 'print'))
  })
}

const COMMANDS = [
  ['generate'],
  ['edit'],
  ['estimate'],
  ['generations', 'list'],
  ['generations', 'show'],
  ['generations', 'fetch'],
  ['models'],
  ['keys', 'create'],
  ['keys', 'list'],
  ['keys', 'disable'],
  ['keys', 'enable'],
  ['keys', 'delete'],
  ['credits'],
  ['credits', 'add'],
  ['credits', 'refill'],
  ['serve'],
  ['sandbox'],
  ['doctor'],
  ['doctor', 'ledger'],
  ['doctor', 'providers'],
]

test('every command explains itself with an example and speaks JSON', async () => {
  for (const command of COMMANDS) {
    const { terminal, said } = fakeTerminal()

    const code = await run([...command, '--help'], terminal)

    const help = said.map(({ text }) => text).join('\n')
    assert.equal(code, 0)
    assert.match(help, new RegExp(`Examples?:[^]*plantain ${command.join(' ')}`), command.join(' '))
    assert.match(help, /--json/, command.join(' '))
  }
})
