import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { type Simulator, startSimulator } from '../../test/support/simulator.ts'
import { Place } from './test-command.ts'

const place = new Place()
let simulator: Simulator

before(async () => {
  simulator = await startSimulator('refuse')
})
after(async () => {
  place.leave()
  await simulator.stop()
})

const addresses = () => ({
  PLANTAIN_GOOGLE_BASE_URL: simulator.google,
  PLANTAIN_OPENROUTER_BASE_URL: simulator.openrouter,
  PLANTAIN_FAL_BASE_URL: simulator.fal,
})
const doctor = (settings: Readonly<Record<string, string>>, ...more: readonly string[]) =>
  place.runHere(['doctor', 'providers', ...more], { ...addresses(), ...settings })

test('good credentials are told from providers that have no free question', async () => {
  const { code, stdout } = await doctor({ GEMINI_API_KEY: 'good', OPENROUTER_API_KEY: 'good', FAL_KEY: 'good' })

  assert.equal(code, 0)
  const [google, openrouter, fal] = stdout.split('\n')
  assert.match(
    google ?? '',
    new RegExp(`^✓ google-ai-studio: ${simulator.google}: the key is good, and sees \\d+ models$`),
  )
  assert.match(
    openrouter ?? '',
    /^✓ openrouter: http:.*: the key is good and has no limit of its own, 0 USD used so far$/,
  )
  assert.match(fal ?? '', /^– fal: http:.* has no free question; --spend proves it with a picture$/)
})

const WRONG: readonly (readonly [what: string, settings: Readonly<Record<string, string>>, line: RegExp])[] = [
  ['a bad key', { GEMINI_API_KEY: 'invalid' }, /^✗ google-ai-studio: .*: bad credential: API key not valid/],
  [
    'a key without credit',
    { OPENROUTER_API_KEY: 'empty' },
    /^✗ openrouter: .*: the credential is refused: .*spent its limit/,
  ],
  [
    'a key that may not',
    { GEMINI_API_KEY: 'forbidden' },
    /^✗ google-ai-studio: .*: locked or not allowed: Requests to/,
  ],
  [
    'an address where nobody is',
    { GEMINI_API_KEY: 'good', PLANTAIN_GOOGLE_BASE_URL: 'http://127.0.0.1:9' },
    /^✗ google-ai-studio: http:\/\/127\.0\.0\.1:9: unreachable: .*ECONNREFUSED/,
  ],
  [
    'an address of somebody else',
    { GEMINI_API_KEY: 'good', PLANTAIN_GOOGLE_BASE_URL: 'http://127.0.0.1:9/?x' },
    /^✗ google-ai-studio: .*: The base URL of the provider is not a plain/,
  ],
  [
    'the second of two keys',
    { OPENROUTER_API_KEY: 'good,invalid' },
    /^✓ openrouter \(1 of 2\): .*\n✗ openrouter \(2 of 2\): .*: bad credential: User not found/,
  ],
]
for (const [what, settings, line] of WRONG) {
  test(`${what} is named, and the exit code is 1`, async () => {
    const { code, stdout } = await doctor(settings)

    assert.equal(code, 1)
    assert.match(stdout, line)
  })
}

test('without a provider there is nothing to ask', async () => {
  const { code, stdout } = await doctor({})

  assert.deepEqual([code, stdout.startsWith('No provider is configured.')], [0, true])
})

const GOOD = { GEMINI_API_KEY: 'sk-good', OPENROUTER_API_KEY: 'sk-good', FAL_KEY: 'sk-good' }

test('--spend has each provider make one cheap picture, says before what that costs at most, and what it did cost', async () => {
  await simulator.reset()

  const { code, stdout, stderr } = await place.run(['doctor', 'providers', '--spend', '--json'], {
    ...addresses(),
    ...GOOD,
  })

  assert.equal(code, 0, stdout)
  const proven: readonly Proven[] = JSON.parse(stdout).findings.slice(3)
  const texts = proven.map(({ text, generation }) => text.replace(generation, 'gen'))
  assert.match(texts[0] ?? '', /^made a picture with google\/gemini-nano-banana-2\.1 for 0\.03\d+ USD, gen$/)
  // The cheapest of the catalogue are not known there, which costs nothing; the first that is makes the only picture.
  assert.match(texts[1] ?? '', /^made a picture with openai\/gpt-image-2 for 0\.006\d+ USD, gen$/)
  assert.equal(texts[2], 'made a picture with black-forest-labs/flux.1-schnell for 0.003 USD, gen')
  assert.match(stderr, /One picture at each of 3 providers, in all usually 0\.0416 USD, at most 0\.\d+ USD:/)
  assert.match(stderr, /  fal: black-forest-labs\/flux\.1-schnell, else .*; usually 0\.003 USD, at most 0\.075 USD/)
  const { models } = await simulator.bill()
  const paid = Object.values(models).filter(({ billed_nanos: nanos }) => nanos !== '0')
  assert.deepEqual(
    paid.map(({ images }) => images),
    [1, 1, 1],
  )
  const shown = await place.runHere(['generations', 'show', proven[2]?.generation ?? '', '--live', '--json'])
  const { mode, charge_usd: charge } = JSON.parse(shown.stdout)
  assert.deepEqual([mode, charge], ['live', proven[2]?.charge])
})

interface Proven {
  readonly provider: string
  readonly state: string
  readonly text: string
  readonly generation: string
  readonly charge: string
}

test('--spend finds the account that every free question takes for good, and asks it for no second picture', async () => {
  await simulator.reset()
  const settings = { GEMINI_API_KEY: 'sk-nobilling', OPENROUTER_API_KEY: 'sk-locked', FAL_KEY: 'sk-locked' }

  const { code, stdout } = await place.run(['doctor', 'providers', '--spend'], { ...addresses(), ...settings })

  assert.equal(code, 1)
  const lines = stdout.trim().split('\n')
  assert.deepEqual(
    lines.map((line) => line.slice(0, 5)),
    ['✓ goo', '✓ ope', '– fal', '✗ goo', '✗ ope', '✗ fal'],
  )
  assert.match(lines[3] ?? '', /no quota for this model; it needs billing.* \[provider_unconfigured, gen-/)
  assert.match(lines[4] ?? '', /Insufficient credits/)
  assert.match(lines[5] ?? '', /User is locked\. Reason: Exhausted balance/)
  const { calls, billed_nanos: billed } = await simulator.bill()
  assert.deepEqual([calls, billed], [3, '0'])
})

test('--spend asks nothing more of a provider whose key is bad', async () => {
  await simulator.reset()

  const { code, stderr } = await place.run(['doctor', 'providers', '--spend'], {
    ...addresses(),
    GEMINI_API_KEY: 'invalid',
  })

  assert.equal(code, 1)
  assert.match(stderr, /One picture at each of 0 providers, in all usually 0 USD, at most 0 USD/)
  assert.equal((await simulator.bill()).calls, 0)
})
