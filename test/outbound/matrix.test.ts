import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { after, describe, test } from 'node:test'

import { readAll } from '../../src/outbound/fetched.ts'
import type { GuardedFetch } from '../../src/outbound/guarded-fetch.ts'
import { NOT_ALLOWED } from '../../src/outbound/refusal.ts'
import { openSinkhole } from '../support/sinkhole.ts'
import { MATRIX, PUBLIC_ADDRESS, PUBLIC_HOST, type Row } from './matrix.ts'
import { BODY, outboundInto, publicCertificate } from './public-host.ts'

const REDIRECTS = [301, 302, 303, 307, 308]

/** Every socket that anything in this process opens, whoever opens it. */
let opened = 0
channel('net.client.socket').subscribe(() => (opened += 1))
let asked = 0
after(() => assert.equal(opened, asked, 'a socket was opened beside the connector'))

test('the matrix is whole: 92 rows, none left out', () => {
  assert.deepEqual(
    [...new Set(MATRIX.map(({ row }) => row))],
    Array.from({ length: 92 }, (_, index) => index + 1),
  )
})

describe('S1: a hostile URL connects to nothing inside', { concurrency: 48 }, () => {
  for (const row of MATRIX) {
    test(`${row.row}, as it is: ${nameOf(row)}`, async () => {
      const { ended, caught } = await outcome(row, row.url)

      assert.deepEqual(caught, [])
      assert.deepEqual(ended, row.ends ?? NOT_ALLOWED)
    })

    for (const status of REDIRECTS) {
      test(`${row.row}, by a redirect with ${status}: ${nameOf(row)}`, async () => {
        const to = encodeURIComponent(row.url)
        const { ended, caught, asked: connections } = await outcome(row, `http://${PUBLIC_HOST}/${status}?to=${to}`)

        assert.deepEqual(caught, [])
        assert.deepEqual(ended, row.ends ?? NOT_ALLOWED)
        assert.equal(connections[0], `${PUBLIC_ADDRESS}:80`)
      })
    }
  }
})

describe('an ordinary URL is fetched', { concurrency: true }, () => {
  const ordinary = [
    `http://${PUBLIC_HOST}`,
    `https://${PUBLIC_HOST}/pictures/a%20b.png?size=2&x=%40`,
    `https://${PUBLIC_HOST.toUpperCase()}.:443/#part`,
    `https://${PUBLIC_ADDRESS}/a.png`,
    'http://[2606:4700::1111]/a.png',
    'https://bücher.example/ü.png',
    `http://${PUBLIC_HOST}/301?to=https://${PUBLIC_HOST}/302?to=/303?to=//${PUBLIC_HOST}/a.png`,
  ]
  for (const url of ordinary) {
    test(url, async () => {
      const { ended, caught } = await outcome({ row: 0, url }, url)

      assert.equal(ended, 'fetched')
      assert.deepEqual(caught, [])
    })
  }
})

async function outcome({ url, answers }: Row, start: string) {
  await using sinkhole = await openSinkhole()
  const outbound = await outboundInto(sinkhole, { totalMs: answers === 'never' ? 300 : 10_000 })
  await sinkhole.host(
    'xn--bcher-kva.example',
    ['93.184.215.16'],
    (_, response) => response.end(BODY),
    publicCertificate,
  )
  await sinkhole.host('six.example', ['2606:4700::1111'], (_, response) => response.end(BODY), publicCertificate)
  if (answers !== undefined) sinkhole.name(new URL(url).hostname, answers)

  const ended = await endOf(outbound, start)
  asked += sinkhole.asked().length
  return { ended, caught: sinkhole.caught(), asked: sinkhole.asked() }
}

/** The refusal where it is the common one, its reason where it is another, or `fetched` for the public bytes. */
async function endOf(outbound: GuardedFetch, url: string) {
  const fetched = await outbound.get(url, { signal: AbortSignal.timeout(20_000), maxBytes: 1000 })
  if (!fetched.ok) return fetched.error.reason === 'not_allowed' ? fetched.error : fetched.error.reason
  const pieces = await readAll(fetched.value)
  assert.ok(pieces.ok)
  assert.equal(Buffer.concat(pieces.value).toString(), BODY)
  return 'fetched'
}

/** What a test report can print. */
function nameOf({ url }: Row): string {
  return encodeURI(url).slice(0, 100)
}
