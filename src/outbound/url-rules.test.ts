import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { allowedUrl } from './url-rules.ts'

const NONE = { trusted: new Set<string>() }

describe('S2: a URL on its own', () => {
  const ALLOWED = {
    'http://public.example': 'http://public.example/',
    'HTTPS://Public.Example.:443/a%20b': 'https://public.example/a%20b',
    'https://public.example:80/': 'https://public.example:80/',
    'http://public.example:443/?q=1#part': 'http://public.example:443/?q=1',
    'https://bücher.example/': 'https://xn--bcher-kva.example/',
    'http://a_b.example/': 'http://a_b.example/',
    'http://local.example/': 'http://local.example/',
    'http://notlocal/': 'http://notlocal/',
    'http://93.184.215.14/': 'http://93.184.215.14/',
  }
  for (const [text, href] of Object.entries(ALLOWED)) {
    test(`${text} may be asked for as ${href}`, () => {
      assert.equal(allowedUrl(text, NONE)?.href, href)
    })
  }

  const REFUSED = [
    '',
    'public.example',
    '//public.example',
    'https:',
    'https://',
    'ftp://public.example',
    'http://user@public.example',
    'http://:password@public.example',
    'http://public.example:8080',
    'http://public.example:0',
    'http://localhost',
    'http://a.localhost',
    'http://printer.local',
    'http://a.internal',
    'http://router.home.arpa.',
    'http://public.example..',
    'http://.public.example',
    'http://public..example',
    'http://127.0.0.1..',
    'http://public.example.1x2!',
    `http://${'a'.repeat(64)}.example`,
    `http://${'a.'.repeat(126)}example`,
    `http://public.example/${'a'.repeat(8192)}`,
    ' http://public.example',
    'http://public.example\n',
    'http://public.example/a b',
    'http://public.example\\a',
  ]
  for (const text of REFUSED) {
    test(`${encodeURI(text).slice(0, 60)} is refused`, () => {
      assert.equal(allowedUrl(text, NONE), undefined)
    })
  }
})

describe('a redirect', () => {
  const from = new URL('https://public.example/a/b')

  test('may be relative', () => {
    assert.equal(allowedUrl('c?d', NONE, from)?.href, 'https://public.example/a/c?d')
    assert.equal(allowedUrl('//other.example/e', NONE, from)?.href, 'https://other.example/e')
  })

  test('from https to http is refused, the other way is not', () => {
    assert.equal(allowedUrl('http://public.example/', NONE, from), undefined)
    assert.equal(
      allowedUrl('https://public.example/', NONE, new URL('http://public.example/'))?.href,
      'https://public.example/',
    )
  })
})

describe('an origin that the operator named', () => {
  const origins = { trusted: new Set(['http://localhost:9000', 'http://127.0.0.1:9000']) }

  test('may have any port and any name', () => {
    assert.equal(allowedUrl('http://localhost:9000/a', origins)?.href, 'http://localhost:9000/a')
    assert.equal(allowedUrl('http://127.1:9000/a', origins)?.href, 'http://127.0.0.1:9000/a')
  })

  test('is that scheme, host and port alone, without credentials', () => {
    for (const text of [
      'https://localhost:9000/',
      'http://localhost/',
      'http://localhost:9001/',
      'http://a@localhost:9000/',
    ]) {
      assert.equal(allowedUrl(text, origins), undefined, text)
    }
  })
})
