import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { Place, type Served } from './test-command.ts'

const place = new Place()
/** Without data of its own: everything goes to the gateway it is told. */
const elsewhere = new Place()
let served: Served

before(async () => {
  served = await place.serve()
})
after(() => {
  place.leave()
  elsewhere.leave()
})

const json = async (args: readonly string[]) => {
  const { code, stdout, stderr } = await place.runHere([...args, '--json'])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

test('a gateway that serves is found by commands of the same user, whose pictures can be fetched again', async () => {
  assert.equal(statSync(join(place.data, 'local-key')).mode & 0o777, 0o600)

  const { receipt } = JSON.parse((await place.run(['generate', 'A fox', '-o', 'fox.png', '--json'])).stdout)
  const { files } = await json(['generations', 'fetch', receipt.id, '-o', place.file('again.png')])
  const shown = await place.runHere(['generations', 'show', receipt.id])

  assert.deepEqual(files, [place.file('again.png')])
  assert.deepEqual(readFileSync(place.file('again.png')), readFileSync(place.file('fox.png')))
  assert.match(shown.stdout, new RegExp(`charge +${receipt.charge_usd} USD \\(test money\\)`))
})

test('a second gateway on the same data is refused with the process and the address of the first', async () => {
  const { code, stderr } = await place.run(['serve'], { PLANTAIN_PORT: '0' })

  assert.equal(code, 3)
  assert.match(stderr, new RegExp(`is in use by the gateway with process id ${served.pid} at ${served.address}\\.`))
})

test('a key is shown once, works from elsewhere, stops when it is disabled and works again when enabled', async () => {
  const made = await place.run([
    'keys',
    'create',
    '--mode',
    'test',
    '--name',
    'laptop',
    '--limit',
    '1.5',
    '--expires',
    '3d',
  ])
  assert.equal(made.code, 0)
  const key = made.stdout.trim()
  assert.match(key, /^sk-pl-test-\w+$/)
  const remote = { PLANTAIN_URL: served.address, PLANTAIN_API_KEY: key }
  const { data } = await json(['keys', 'list'])
  const [{ hash, limit, name }] = data
  assert.deepEqual({ limit, name }, { limit: 1.5, name: 'laptop' })
  assert.doesNotMatch(JSON.stringify(data), new RegExp(key))

  const working = await elsewhere.runHere(['credits', '--json'], remote)
  await json(['keys', 'disable', hash.slice(0, 8)])
  const disabled = await elsewhere.runHere(['credits'], remote)
  await json(['keys', 'enable', hash.slice(0, 8)])
  const enabled = await elsewhere.runHere(['credits'], remote)

  assert.deepEqual(
    JSON.parse(working.stdout).data.map(({ mode }: { mode: string }) => mode),
    ['test'],
  )
  assert.equal(disabled.code, 3)
  assert.match(disabled.stderr, /^This API key is disabled\. \[invalid_api_key, request req-/)
  assert.equal(enabled.code, 0)
  assert.equal(existsSync(elsewhere.data), false)
})

test('an admin key is made on the spot and manages from elsewhere, but makes no more of its kind', async () => {
  const { key } = await json(['keys', 'create', '--mode', 'admin', '--name', 'dashboard'])
  const remote = { PLANTAIN_URL: served.address, PLANTAIN_API_KEY: key }

  const managed = await elsewhere.runHere(['keys', 'create', '--mode', 'live', '--name', 'shop', '--json'], remote)
  const bred = await elsewhere.runHere(['keys', 'create', '--mode', 'admin', '--name', 'heir', '--json'], remote)

  assert.match(JSON.parse(managed.stdout).key, /^sk-pl-live-/)
  assert.equal(bred.code, 1)
  assert.equal(JSON.parse(bred.stdout).error.code, 'forbidden')
  const { data } = await json(['keys', 'list'])
  assert.equal(data.filter(({ mode }: { mode: string }) => mode === 'admin').length, 1)
})

test('a live key is not spent without --live, and --live not answered with a test key', async () => {
  const { key: live } = await json(['keys', 'create', '--mode', 'live', '--name', 'a'])
  const { key: testing } = await json(['keys', 'create', '--mode', 'test', '--name', 'b'])
  const url = { PLANTAIN_URL: served.address }

  const careless = await elsewhere.runHere(['generate', 'A fox'], { ...url, PLANTAIN_API_KEY: live })
  const confused = await elsewhere.runHere(['generate', 'A fox', '--live'], { ...url, PLANTAIN_API_KEY: testing })

  assert.equal(careless.code, 2)
  assert.match(careless.stderr, /is a live key: say --live/)
  assert.equal(confused.code, 2)
})

test('the test balance is filled up to 100 and no further; prepaid credit changes who pays', async () => {
  const balances = async (): Promise<readonly string[]> =>
    (await json(['credits'])).data.map(
      ({ mode, available_usd: available }: { mode: string; available_usd: string }) => `${mode} ${available}`,
    )
  assert.notDeepEqual(await balances(), ['live 0', 'test 100'])

  await json(['credits', 'refill', '--test'])
  await json(['credits', 'refill', '--test'])
  assert.deepEqual(await balances(), ['live 0', 'test 100'])

  const added = await json(['credits', 'add', '12.5', '--prepaid'])
  assert.deepEqual(added, { mode: 'live', available_usd: '12.5', held_usd: '0', live_mode: 'prepaid' })
  assert.deepEqual(await balances(), ['live 12.5', 'test 100'])
})

test('models tell their price and what is missing, an estimate which way it would go', async () => {
  const { stdout: models } = await place.runHere(['models', 'nano-banana-2.1'])
  const { stdout: route } = await place.runHere(['estimate', 'A fox', '-n', '2'])

  assert.match(
    models,
    /^google\/gemini-nano-banana-2\.1 .* 0\.0336 +yes +simulated, needs GEMINI_API_KEY or (\w+ or )*OPENROUTER_API_KEY$/m,
  )
  assert.match(route, /^typical {2}0\.0672 USD/m)
  assert.match(route, /^route {4}✓ google-ai-studio/m)
})

test('a gateway whose local key does not work is named with its process and address, at once', async () => {
  const file = join(place.data, 'local-key')
  const right = readFileSync(file)
  writeFileSync(file, `${served.address}\nlocal-${'0'.repeat(64)}\n`)

  const { code, stderr } = await place.runHere(['credits'])
  writeFileSync(file, right)

  assert.equal(code, 3)
  assert.match(stderr, new RegExp(`process id ${served.pid} at ${served.address}\\.`))
})

test('doctor sees the gateway that runs', async () => {
  const { ok, findings } = await json(['doctor'])

  assert.equal(ok, true, JSON.stringify(findings))
  assert.ok(findings.some(({ text }: { text: string }) => text === `${served.address} is ready`))
})

test('a stopped gateway takes its local key with it, and a gateway that is not there is a matter of connection', async () => {
  assert.equal(await served.stop(), 0)
  assert.equal(existsSync(join(place.data, 'local-key')), false)

  const gone = await elsewhere.run(['credits'], { PLANTAIN_URL: served.address, PLANTAIN_API_KEY: 'sk-pl-test-x' })

  assert.equal(gone.code, 3)
  assert.match(gone.stderr, /cannot be reached: connect ECONNREFUSED/)
})
