import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { makeKeyText, parseKey } from './keys.ts'

test('a key is its prefix, 43 characters of secret and 6 of checksum, and its hash is that of the full text', () => {
  for (const mode of ['live', 'test', 'admin'] as const) {
    const text = makeKeyText(mode, randomBytes(32))

    assert.match(text, new RegExp(`^sk-pl-${mode}-[0-9A-Za-z]{49}$`))
    assert.deepEqual(parseKey(text), {
      mode,
      hash: createHash('sha256').update(text).digest('hex'),
      label: `${text.slice(0, text.length - 45)}…${text.slice(-4)}`,
    })
  }
})

test('all 256 bits of the secret are in the text: 1,000 neighbours and both extremes differ', () => {
  const extremes = [Buffer.alloc(32, 0), Buffer.alloc(32, 255)]
  const neighbours = Array.from({ length: 1000 }, () => {
    const secret = randomBytes(32)
    const flipped = Buffer.from(secret)
    const at = randomBytes(1)[0] ?? 0
    flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7))
    return [secret, flipped]
  }).flat()
  const secrets = [...extremes, ...neighbours]

  const texts = new Set(secrets.map((secret) => makeKeyText('live', secret)))

  assert.equal(texts.size, new Set(secrets.map((secret) => secret.toString('hex'))).size)
  assert.throws(() => makeKeyText('live', randomBytes(31)), RangeError)
})

test('a mistyped, swapped or cut character is noticed without asking anyone', () => {
  const text = makeKeyText('test', Buffer.alloc(32, 7))

  assert.ok(parseKey(text))
  for (let at = 0; at < text.length; at += 1) {
    const other = text[at] === 'x' ? 'y' : 'x'
    assert.equal(parseKey(text.slice(0, at) + other + text.slice(at + 1)), undefined, `changed at ${at}`)
    assert.equal(parseKey(text.slice(0, at) + text.slice(at + 1)), undefined, `cut at ${at}`)
  }
  assert.equal(parseKey(text.replace('-test-', '-live-')), undefined)
  assert.equal(parseKey(`${text} `), undefined)
  assert.equal(parseKey(`${text}\n`), undefined)
})

test('any text at all is parsed or refused, never thrown over', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      assert.equal(parseKey(text), undefined)
      assert.equal(parseKey(`sk-pl-live-${text}`), undefined)
    }),
    { numRuns: 300 },
  )
})
