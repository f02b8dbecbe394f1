import assert from 'node:assert/strict'
import { test } from 'node:test'

import { answer, callTo, CREDENTIAL, playback, withUpstream } from './playback.ts'
import type { Call } from './provider.ts'
import { departures, failureOf, SMALLEST, type Subject } from './test-fixtures.ts'

/** The credential reaches its provider alone, whatever answers, redirects or addresses say. */
export function credentialCases({ make, fixtures, goodPlay, good, paid, generate }: Subject): void {
  const { deliveries = /^$/ } = fixtures

  test('the credential is in its own header and nowhere else', async () => {
    await using server = await playback(goodPlay)

    await generate(callTo(server.url))

    const [name, value] = fixtures.credentialHeader
    assert.ok(server.requests.length > 0)
    for (const sent of server.requests) {
      assert.equal(sent.headers[name], deliveries.test(sent.path) ? undefined : value(CREDENTIAL))
      const elsewhere = { ...sent, headers: { ...sent.headers, [name]: undefined } }
      assert.ok(!JSON.stringify(elsewhere).includes(CREDENTIAL))
    }
  })

  for (const status of [301, 302, 303, 307, 308]) {
    test(`a ${status} is not followed, and its target never learns the credential`, async () => {
      await using target = await playback(answer(200, good))
      await using server = await playback((_, response) =>
        response.writeHead(status, { location: `${target.url}/stolen` }).end('{}'),
      )

      const failure = failureOf(await generate(callTo(server.url)))

      assert.deepEqual([failure.kind, failure.billed, failure.status], ['unavailable', 'no', status])
      assert.deepEqual([server.requests.length, target.requests.length], [1, 0])
    })
  }

  test('a provider that repeats the credential does not get it into a failure', async () => {
    const echo = {
      error: { code: 403, message: `${CREDENTIAL} is not allowed`, status: CREDENTIAL, padding: 'x'.repeat(9000) },
    }
    for (const [status, type] of [
      [403, 'json'],
      [200, 'html'],
      [502, 'html'],
    ] as const) {
      const text = type === 'json' ? JSON.stringify(echo) : `<p>${CREDENTIAL}</p>${'é'.repeat(5000)}`
      await using server = await playback(answer(status, text))

      const failure = failureOf(await generate(callTo(server.url)))

      assert.ok(!JSON.stringify(failure).includes(CREDENTIAL.slice(0, 20)))
      assert.ok(failure.raw.includes('[credential]'))
      assert.ok(Buffer.byteLength(failure.raw) <= 4096)
    }
  })

  test('a model id or base URL that leads elsewhere is refused unsent', async () => {
    await using server = await playback(answer(200, good))
    for (const model of [
      '../../secrets',
      'a/../../b',
      '..',
      'x?key=1',
      'x#y',
      'x\r\nhost: evil',
      '',
      'a\\b',
      '%2e%2e',
      'é/..',
    ]) {
      const result = await withUpstream({}, (upstream) =>
        make(upstream).generate(SMALLEST, { ...callTo(server.url), model }),
      )
      if (server.requests.length > 0) {
        const path = server.requests.pop()?.path ?? ''
        assert.equal(path.split('/').length, fixtures.path.split('/').length, `${model} → ${path}`)
      } else assert.deepEqual([failureOf(result).kind, failureOf(result).billed], ['rejected', 'no'])
    }
    for (const baseUrl of [
      `${server.url}?x=`,
      `${server.url}/#`,
      'ftp://127.0.0.1',
      'not a url',
      server.url.replace('//', '//me:pw@'),
    ]) {
      assert.equal(failureOf(await generate({ ...callTo(server.url), baseUrl })).kind, 'rejected')
    }
    for (const credential of ['', 'a b', 'x\r\nhost: evil', 'schlüssel']) {
      assert.equal(failureOf(await generate({ ...callTo(server.url), credential })).kind, 'unauthorized')
    }
    assert.equal(server.requests.length, 0)
  })

  test('its free question, where it has one, costs nothing and tells a bad credential from a silent provider', async () => {
    await using server = await playback(answer(401, '{}'))
    const left = departures()
    const check = (call: Call) =>
      withUpstream({}, async (upstream) => make(upstream).check?.({ ...call, model: fixtures.model }))

    const refused = await check(callTo(server.url, left))
    const silent = await check(callTo('http://plantain.invalid', left))

    if (refused === undefined || silent === undefined) return
    assert.equal(failureOf(refused).kind, 'unauthorized')
    assert.equal(failureOf(silent).kind, 'unavailable')
    assert.equal(server.requests[0]?.headers[fixtures.credentialHeader[0]], fixtures.credentialHeader[1](CREDENTIAL))
    assert.deepEqual([left.count(), paid(server.requests).length], [0, 0])
  })
}
