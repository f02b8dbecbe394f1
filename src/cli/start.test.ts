import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { after, test } from 'node:test'

import { request } from 'undici'

import { Place } from './test-command.ts'

const place = new Place()
after(() => place.leave())

test('everything that keeps a gateway from starting is named at once, each by its setting', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  writeFileSync(place.file('a-file'), '')

  const { code, stdout, stderr } = await place.run(['serve'], {
    PLANTAIN_PORT: String(port),
    PLANTAIN_DATA: place.file('a-file/data'),
    PLANTAIN_CATALOG: place.file('no-such.json'),
    PLANTAIN_DRAIN_S: 'soon',
    PLANTAIN_COLOUR: 'yellow',
    PLANTAIN_GOOGLE_BASE_URL: 'nowhere',
  })
  taken.close()

  assert.equal(code, 3)
  assert.equal(stdout, '')
  const named = stderr
    .trimEnd()
    .split('\n')
    .map((line) => /^plantain: (\w+): /.exec(line)?.[1])
  assert.deepEqual(
    new Set(named),
    new Set([
      'PLANTAIN_CATALOG',
      'PLANTAIN_COLOUR',
      'PLANTAIN_DATA',
      'PLANTAIN_DRAIN_S',
      'PLANTAIN_GOOGLE_BASE_URL',
      'PLANTAIN_PORT',
    ]),
  )
  assert.match(stderr, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: .*EADDRINUSE`))
  assert.match(stderr, /a-file\/data cannot be written: .*ENOTDIR/)
})

test('a malformed database URL is never answered with a database of another kind', async () => {
  const { code, stderr } = await place.run(['serve'], { DATABASE_URL: 'mysql://root@localhost/x', PLANTAIN_PORT: '0' })

  assert.equal(code, 3)
  assert.match(stderr, /^plantain: DATABASE_URL: must be a postgres:\/\/ or postgresql:\/\/ URL/)
  assert.equal(existsSync(`${place.data}/plantain.db`), false)
})

test('a database server that is not there is named, with a port that is taken', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }

  const { code, stderr } = await place.run(['serve'], {
    DATABASE_URL: 'postgres://user@127.0.0.1:9/plantain',
    PLANTAIN_PORT: String(port),
  })
  taken.close()

  assert.equal(code, 3)
  assert.match(stderr, /^plantain: PLANTAIN_PORT: .*EADDRINUSE.*\nplantain: DATABASE_URL: .*ECONNREFUSED.*\n$/)
})

const postgres = process.env['TEST_DATABASE_URL']

test(
  'a PostgreSQL that may forget what it promised is refused',
  { skip: postgres === undefined && 'TEST_DATABASE_URL is not set' },
  async () => {
    const url = new URL(postgres ?? '')
    url.searchParams.set('options', '-c synchronous_commit=off')

    const { code, stderr } = await place.run(['serve'], { DATABASE_URL: url.href, PLANTAIN_PORT: '0' })

    assert.equal(code, 3)
    assert.match(stderr, /^plantain: DATABASE_URL: PostgreSQL cannot be used: synchronous_commit is off/)
  },
)

test('settings that cannot be read stop every command, as JSON where that was asked for', async () => {
  const { code, stdout, stderr } = await place.runHere(['credits', '--json'], { PLANTAIN_PORT: 'x', PLANTAIN_URL: 'y' })

  assert.equal(code, 3)
  const { error } = JSON.parse(stdout)
  assert.deepEqual(error.messages, [
    'PLANTAIN_PORT: must be a whole number',
    'PLANTAIN_URL: must be an http or https URL',
  ])
  assert.equal(stderr.trimEnd().split('\n').length, 2)
})

test('an address without a key is half a setting', async () => {
  const { code, stderr } = await place.runHere(['credits'], { PLANTAIN_URL: 'http://127.0.0.1:9' })

  assert.equal(code, 3)
  assert.equal(stderr, 'PLANTAIN_API_KEY: must be set too, since PLANTAIN_URL is.\n')
})

test('doctor goes on after what is wrong and says that a start would fail', async () => {
  const { code, stdout } = await place.runHere(['doctor'], { PLANTAIN_DRAIN_S: 'soon', PLANTAIN_PORT: '0' })

  assert.equal(code, 3)
  assert.match(stdout, /^✗ start {6}PLANTAIN_DRAIN_S: must be a whole number$/m)
  assert.match(stdout, /^✓ sandbox {4}paints/m)
})

test('the sandbox alone serves other people’s tests until it is told to stop', async () => {
  const child = place.start(['sandbox', '--port', '0', '--json'])
  let text = ''
  for await (const piece of child.stdout.setEncoding('utf8')) {
    text += String(piece)
    if (text.endsWith('}\n')) break
  }
  const { url, providers } = JSON.parse(text)

  const bill = await request(`${url}/_sandbox/bill`)
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')

  assert.equal(bill.statusCode, 200)
  await bill.body.dump()
  assert.ok(providers.some(({ base_url }: { base_url: string }) => base_url === `${url}/google-ai-studio`))
  assert.equal(code, 0)
})
