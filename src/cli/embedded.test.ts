import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'

import sharp from 'sharp'

import { Place } from './test-command.ts'

const place = new Place()
after(() => place.leave())

test('the first command of all makes a real PNG, tells its price, and puts the first keys where only this user reads them', async () => {
  const { code, stdout, stderr } = await place.run(['generate', 'A serene mountain lake at sunrise.', '-o', 'lake.png'])

  assert.equal(code, 0, stderr)
  assert.match(stdout, /^lake\.png  1024×1024 PNG, converted from image\/jpeg  0\.0\d+ USD \(test money\)  gen-\S+\n$/)
  const { format, width, height } = await sharp(place.file('lake.png')).metadata()
  assert.deepEqual({ format, width, height }, { format: 'png', width: 1024, height: 1024 })
  assert.equal(statSync(join(place.data, 'first-keys')).mode & 0o777, 0o600)
  assert.match(stderr, /^The first keys are in .*first-keys\.\n$/)
  assert.deepEqual(
    readdirSync(place.directory).filter((name) => name.endsWith('.part')),
    [],
  )
})

test('the next command goes on with the same data, numbers its pictures and lets their name decide the format', async () => {
  const { code, stdout, stderr } = await place.run(['generate', 'A fox', '-n', '2', '--size', '1K', '-o', 'fox.webp'])

  assert.equal(code, 0, stderr)
  assert.equal(stderr, '')
  assert.match(stdout, /^fox-1\.webp {2}1024×1024 WebP.*\nfox-2\.webp {2}.*\n0\.07\d+ USD \(test money\) {2}gen-\S+\n$/)
  for (const name of ['fox-1.webp', 'fox-2.webp'])
    assert.equal((await sharp(place.file(name)).metadata()).format, 'webp')
  const { stdout: list } = await place.runHere(['generations', 'list', '--json'])
  assert.equal(JSON.parse(list).data.length, 2)
})

test('an edit changes a picture and answers as one JSON document', async () => {
  const edited = await place.run(['edit', 'Make it winter', 'lake.png', '--json'])

  assert.equal(edited.code, 0, edited.stderr)
  const { files, receipt } = JSON.parse(edited.stdout)
  assert.deepEqual(files, [`plantain-${receipt.id}.jpg`])
  assert.equal(receipt.mode, 'test')
  assert.ok(receipt.lines.some(({ billable }: { billable: string }) => billable === 'input_image'))
  const [before, now] = await Promise.all(
    ['lake.png', ...files].map((name) => sharp(place.file(name)).resize(8, 8).removeAlpha().raw().toBuffer()),
  )
  assert.notDeepEqual(now, before)
})

test('live money needs a provider: refused with what to set, exit code 1, and as JSON too', async () => {
  const { code, stdout, stderr } = await place.run(['generate', 'A fox', '--live', '--json', '-o', 'live.png'])

  assert.equal(code, 1)
  const { error } = JSON.parse(stdout)
  assert.equal(error.code, 'no_endpoints')
  assert.equal(error.exit_code, 1)
  assert.match(stderr, /^plantain: .*GEMINI_API_KEY.* \[no_endpoints, (field model, )?request req-\S+\]\n$/)
  assert.equal(existsSync(place.file('live.png')), false)
})

test('two commands that want the data at once both get their turn', async () => {
  const ended = await Promise.all(['a.jpg', 'b.jpg'].map((name) => place.run(['generate', 'A race', '-o', name])))

  assert.deepEqual(
    ended.map(({ code }) => code),
    [0, 0],
    ended.map(({ stderr }) => stderr).join(''),
  )
  assert.ok(['a.jpg', 'b.jpg'].every((name) => existsSync(place.file(name))))
})

test('a local key that a crash left behind is passed over', async () => {
  writeFileSync(join(place.data, 'local-key'), `http://127.0.0.1:9\nlocal-${'0'.repeat(64)}\n`)

  const { code, stdout } = await place.runHere(['credits', '--json'])

  assert.equal(code, 0)
  assert.equal(JSON.parse(stdout).data.length, 2)
})

test('the books are right after all that, and one wrong balance is found', async () => {
  const clean = await place.run(['doctor', 'ledger'])
  assert.deepEqual(
    { code: clean.code, stdout: clean.stdout },
    { code: 0, stdout: '✓ ledger: every sum is right, every charged picture is there\n' },
  )

  const database = new DatabaseSync(join(place.data, 'plantain.db'))
  database.exec("update balances set balance_nanos = balance_nanos + 1 where account like '%available'")
  database.close()
  const broken = await place.runHere(['doctor', 'ledger', '--json'])

  assert.equal(broken.code, 1)
  assert.ok(JSON.parse(broken.stdout).findings.length > 0)
})
