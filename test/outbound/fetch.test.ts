import assert from 'node:assert/strict'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'

import type { GuardedFetchParts } from '../../src/outbound/guarded-fetch.ts'
import { NOT_ALLOWED } from '../../src/outbound/refusal.ts'
import { certificateFor } from '../support/certificate.ts'
import { openSinkhole, type Sinkhole } from '../support/sinkhole.ts'
import { PUBLIC_ADDRESS, PUBLIC_HOST } from './matrix.ts'
import { outboundInto, publicCertificate } from './public-host.ts'
import { get, visit } from './visit.ts'

const SITE = `http://${PUBLIC_HOST}/`

describe('S3: a connection', () => {
  test('is made to the checked address, with the name in SNI and Host', async () => {
    let seen: { host: string | undefined; sni: string | false | null } | undefined
    const site: RequestListener = ({ headers, socket }, response) => {
      assert.ok(socket instanceof TLSSocket)
      // Node's types leave the name out on the server's side.
      seen = { host: headers.host, sni: Reflect.get(socket, 'servername') as string }
      response.end('fine')
    }

    const { result, asked } = await visit(site, `https://${PUBLIC_HOST}/`)

    assert.equal(result, 'fine')
    assert.deepEqual(seen, { host: PUBLIC_HOST, sni: PUBLIC_HOST })
    assert.deepEqual(asked, [`${PUBLIC_ADDRESS}:443`])
  })

  test('whose other end is not the checked address is given up before a byte is sent', async () => {
    let requests = 0
    const lying = (sinkhole: Sinkhole): Partial<GuardedFetchParts> => ({
      connect: async (...asked) => ({ ...(await sinkhole.connect(...asked)), peer: '10.0.0.1' }),
    })

    const { result } = await visit((_, response) => response.end(`${++requests}`), SITE, { parts: lying })

    assert.equal(result, 'unreachable')
    assert.equal(requests, 0)
  })

  test('goes to the next address when one does not answer', async () => {
    const halfDead = (sinkhole: Sinkhole): Partial<GuardedFetchParts> => {
      sinkhole.name('half.example', [['93.184.215.99', PUBLIC_ADDRESS]])
      return {
        connect: async (address, ...rest) => {
          if (address === '93.184.215.99') throw new Error('no route')
          return sinkhole.connect(address, ...rest)
        },
      }
    }

    const { result, asked } = await visit((_, response) => response.end('fine'), 'http://half.example/', {
      parts: halfDead,
    })

    assert.equal(result, 'fine')
    assert.deepEqual(asked, [`${PUBLIC_ADDRESS}:80`])
  })

  test('with a certificate for another name, or from nobody known, is given up', async () => {
    for (const certificate of [publicCertificate, certificateFor('other.example')]) {
      const other = async (sinkhole: Sinkhole): Promise<Partial<GuardedFetchParts>> => {
        await sinkhole.host('other.example', ['93.184.215.20'], (_, response) => response.end('!'), certificate)
        return {}
      }

      const { result, message } = await visit(() => {}, 'https://other.example/', { parts: other })

      assert.equal(result, 'unreachable')
      assert.match(message, /certificate/)
    }
  })

  test('to a name that does not exist is refused in the same words as one to a forbidden address', async () => {
    const empty = (sinkhole: Sinkhole): Partial<GuardedFetchParts> => {
      sinkhole.name('nowhere.example', [[]])
      return {}
    }

    const { result, message } = await visit(() => {}, 'http://nowhere.example/', { parts: empty })

    assert.equal(result, 'not_allowed')
    assert.equal(message, NOT_ALLOWED.message)
  })
})

describe('a request', () => {
  test('says who fetches and what is wanted, and carries nothing of its caller, redirected or not', async () => {
    const seen: IncomingHttpHeaders[] = []
    const site: RequestListener = ({ url, headers }, response) => {
      seen.push(headers)
      if (url === '/')
        response.writeHead(302, { location: '/there', 'set-cookie': 'a=b', 'www-authenticate': 'Basic' }).end()
      else response.setHeader('content-type', 'image/png').end('fine')
    }

    const { result } = await visit(site, SITE, { options: { accept: ['image/png'] } })

    assert.equal(result, 'fine')
    const headers = {
      host: PUBLIC_HOST,
      connection: 'close',
      accept: 'image/png',
      'accept-encoding': 'identity',
      'user-agent': 'plantain',
      'x-plantain-fetch': '1',
    }
    assert.deepEqual(
      seen.map((each) => ({ ...each })),
      [headers, headers],
    )
  })
})

describe('S3: a redirect', () => {
  test('is followed three times and not a fourth', async () => {
    const chain: RequestListener = ({ url = '' }, response) => {
      const left = Number(url.slice(1))
      if (left > 0) response.writeHead(307, { location: `/${left - 1}` })
      response.end(left > 0 ? '' : 'fine')
    }

    assert.equal((await visit(chain, `${SITE}3`)).result, 'fine')
    const fourth = await visit(chain, `${SITE}4`)
    assert.equal(fourth.result, 'bad_status')
    assert.equal(fourth.asked.length, 4)
  })

  test('from https to http is refused', async () => {
    const down: RequestListener = (_, response) => response.writeHead(301, { location: SITE }).end()

    const { result, asked } = await visit(down, `https://${PUBLIC_HOST}/`)

    assert.equal(result, 'not_allowed')
    assert.equal(asked.length, 1)
  })

  test('without a place to go to, or another 3xx, is no picture', async () => {
    for (const status of [300, 302, 304, 305]) {
      const { result } = await visit((_, response) => response.writeHead(status).end(), SITE)

      assert.equal(result, 'bad_status')
    }
  })
})

describe('S7: what the operator opens', () => {
  const internal = async (sinkhole: Sinkhole): Promise<void> => {
    await sinkhole.host('pictures.corp.example', ['10.1.2.3'], ({ url }, response) => {
      if (url === '/away') response.writeHead(302, { location: 'http://10.9.9.9/' })
      if (url === '/metadata') response.writeHead(302, { location: 'http://169.254.169.254/' })
      response.end('inside')
    })
  }

  test('by range is fetched from, and a redirect out of it is judged as ever', async () => {
    const parts = async (sinkhole: Sinkhole): Promise<Partial<GuardedFetchParts>> => {
      await internal(sinkhole)
      return { allowedRanges: ['10.1.0.0/16'] }
    }
    const ends = async (path: string) =>
      (await visit(() => {}, `http://pictures.corp.example${path}`, { parts })).result

    assert.deepEqual(await Promise.all(['/', '/away', '/metadata'].map(ends)), ['inside', 'not_allowed', 'not_allowed'])
  })

  test('by origin is fetched from, and a redirect off it is judged as ever', async () => {
    const parts = async (sinkhole: Sinkhole): Promise<Partial<GuardedFetchParts>> => {
      await internal(sinkhole)
      return {}
    }
    const options = { trustedOrigins: ['http://pictures.corp.example'] }
    const ends = async (path: string) =>
      (await visit(() => {}, `http://pictures.corp.example${path}`, { parts, options })).result

    assert.deepEqual(await Promise.all(['/', '/away', '/metadata'].map(ends)), ['inside', 'not_allowed', 'not_allowed'])
    assert.equal((await visit(() => {}, 'http://10.1.2.3/', { parts, options })).result, 'not_allowed')
  })

  test('by origin is never a metadata service', async () => {
    const options = { trustedOrigins: ['http://metadata.corp.example', 'http://169.254.169.254'] }
    const parts = (sinkhole: Sinkhole): Partial<GuardedFetchParts> => {
      sinkhole.name('metadata.corp.example', [['169.254.169.254']])
      return { allowedRanges: ['169.254.0.0/16'] }
    }

    for (const url of options.trustedOrigins) {
      const { result, caught } = await visit(() => {}, url, { parts, options })

      assert.equal(result, 'not_allowed')
      assert.deepEqual(caught, [])
    }
  })
})

test('S6: refusals take the same time, whatever the reason: medians within 50 ms over 1,000 tries', async () => {
  await using sinkhole = await openSinkhole()
  const slow = async (name: string, signal: AbortSignal): Promise<readonly string[]> => {
    await delay(name === 'unknown.example' ? 120 : 30)
    return name === 'unknown.example' ? [] : sinkhole.resolve(name, signal)
  }
  const outbound = await outboundInto(sinkhole, { resolve: slow })
  const kinds = ['not a URL', 'http://10.0.0.1/', 'http://database/', 'http://unknown.example/']
  const times = new Map<string, number[]>(kinds.map((kind) => [kind, []]))

  for (let round = 0; round < 10; round += 1) {
    const tries = Array.from({ length: 100 }, (_, index) => kinds[index % kinds.length] ?? '')
    await Promise.all(
      tries.map(async (url) => {
        const startedAt = performance.now()
        const fetched = await get(outbound, url)
        times.get(url)?.push(performance.now() - startedAt)
        assert.deepEqual(!fetched.ok && fetched.error, NOT_ALLOWED)
      }),
    )
  }

  const medians = [...times.values()].map(median)
  assert.ok(Math.max(...medians) - Math.min(...medians) < 50, `the medians are ${medians.join(', ')} ms`)
})

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN
}
