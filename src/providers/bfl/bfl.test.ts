import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import type { JsonValue } from '../../core/json-blob.ts'
import type { Upstream } from '../http.ts'
import { answer, callTo, playback } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import { bytesOf, type RecordedFailure } from '../test-fixtures.ts'
import { adapterOf, jobContract, KITE, PICTURE, type Play, playing, watchedCall } from '../test-jobs.ts'
import { BFL } from './entry.ts'
import { makeBfl } from './provider.ts'

const MODEL = 'flux-2-pro'
const SUBMITTED = fixture('submitted.json')
const ID = '9f2d3c1e-7a55-4c0e-8b1f-2f0a6f1c9d11'
const ASKED = `/v1/get_result?id=${ID}`
const REGIONAL = `https://api.us1.bfl.ai/v1/get_result?id=${ID}`
const { generate, found } = adapterOf(makeBfl, MODEL)

providerContract(makeBfl, {
  model: MODEL,
  path: `/v1/${MODEL}`,
  credentialHeader: ['x-key', (credential) => credential],
  smallestBody: { prompt: 'a red fox' },
  answerWith: (base64) => SUBMITTED.replace('{{picture}}', base64),
  freeAnswer: (request, picture) => task({ picture })(request),
  deliveries: /^\/files\//,
  failures: JSON.parse(fixture('submit-errors.json')) as RecordedFailure[],
  traits: BFL.traits,
  ableModels: { mask: 'flux-pro-1.0-fill' },
})

describe('a task of Black Forest Labs', { concurrency: 4 }, () => {
  test('is written down before it is first asked after, told of while it is worked on, and fetched once it is ready', async () => {
    await using server = await playing(
      task({ results: [{ status: 'Pending' }, { status: 'Generating', progress: 0.5 }, { status: 'Ready', cost: 4 }] }),
    )
    const { call, seen, progress } = watchedCall(server)

    const generated = await generate(call)

    assert.ok(generated.ok)
    assert.deepEqual(seen, [ID, 'POST'])
    assert.ok(bytesOf(generated.value.images[0]?.blob).equals(PICTURE))
    assert.deepEqual([generated.value.upstreamId, generated.value.cost], [ID, 40_000_000n])
    assert.deepEqual(progress, [
      { type: 'status', message: 'The task is pending.' },
      { type: 'status', message: 'The task is generating.', fraction: 0.5 },
    ])
  })

  test('costs what its submission said, where its end says nothing', async () => {
    await using server = await playing(task({}))

    const generated = await generate(callTo(server.url))

    assert.ok(generated.ok)
    assert.equal(generated.value.cost, 45_000_000n)
  })

  jobContract(makeBfl, {
    model: MODEL,
    id: ID,
    places: [ASKED],
    resumed: [`GET ${ASKED}`, 'GET /files/kite.jpg'],
    within: /^\/v1\/get_result\?id=[^&]*$/,
    done: () => task({ results: [{ status: 'Ready', cost: 3 }] }),
    cost: 30_000_000n,
    pending: () => task({ results: [{ status: 'Pending' }] }),
    ended:
      ({ status = 200, body }) =>
      ({ method }) =>
        method === 'POST' ? answer(200, SUBMITTED) : answer(status, JSON.stringify(body)),
    endings: JSON.parse(fixture('results.json')) as RecordedFailure[],
    troubles: [
      ['a reset', (_, response) => response.socket?.resetAndDestroy()],
      ['a page of an edge', answer(502, '<html>Bad gateway</html>')],
      ['a pause that was asked for', answer(503, '{"detail":"Busy"}')],
      ['an id that is not known yet', answer(404, '{"detail":"Not Found"}')],
      ['a status that nobody has heard of', answer(200, '{"status":"Dreaming"}')],
    ],
    unknown: answer(404, '{"detail":"Not Found"}'),
  })
})

describe('the place where a task is asked after', () => {
  const base = 'https://api.bfl.ai'
  const cases: readonly [what: string, baseUrl: string, told: string | null, asked: string, remembered: string][] = [
    ['the region that took it', base, REGIONAL, REGIONAL, REGIONAL],
    ['the address that the id alone leads to', base, `${base}${ASKED}`, `${base}${ASKED}`, ID],
    ['the base URL, where none is told', base, null, `${base}${ASKED}`, ID],
    ['no other vendor’s host', base, 'https://api.bfl.ai.example.com/v1/x?id=1', `${base}${ASKED}`, ID],
    ['no host that only ends alike', base, 'https://evilbfl.ai/v1/get_result?id=1', `${base}${ASKED}`, ID],
    ['nowhere without encryption', base, REGIONAL.replace('https', 'http'), `${base}${ASKED}`, ID],
    [
      'no vendor’s host, for somebody else’s credential',
      'https://proxy.test',
      REGIONAL,
      `https://proxy.test${ASKED}`,
      ID,
    ],
    ['nothing that is no address', base, 'file:///etc/passwd', `${base}${ASKED}`, ID],
  ]
  for (const [what, baseUrl, told, asked, remembered] of cases) {
    test(`is ${what}`, async () => {
      const { upstream, sent } = scripted({ id: ID, polling_url: told })
      const ids: string[] = []
      const call = { ...callTo(baseUrl), model: MODEL, submitted: async (id: string) => void ids.push(id) }

      await makeBfl(upstream).generate(KITE, call)
      await makeBfl(upstream).resume?.(ids[0] ?? '', KITE, call)

      assert.deepEqual(ids, [remembered])
      assert.deepEqual(sent, [`${baseUrl}/v1/${MODEL}`, asked, asked])
    })
  }
})

for (const [credits, says] of [
  ['{"credits":420.5}', 'the key is good, 4.205 USD of credit left'],
  ['{"credits":0}', 'unauthorized: The account has no credit left.'],
  ['{"balance":"?"}', 'the key is good; what is left of its credit is not told'],
] as const) {
  test(`the free question reads ${credits}`, async () => {
    await using server = await playback(answer(200, credits))

    assert.equal(await found(callTo(server.url)), says)
    assert.equal(server.requests[0]?.path, '/v1/credits')
  })
}

interface Scene {
  /** One after the other; the last stays. */
  readonly results?: readonly Readonly<Record<string, JsonValue>>[]
  readonly picture?: Buffer
}

/** What is answered to everything about one task. */
function task({ results = [{ status: 'Ready' }], picture = PICTURE }: Scene): Play {
  let asked = 0
  return (request) => {
    const sample = `http://${request.headers.host}/files/kite.jpg`
    if (request.method === 'POST') return answer(200, SUBMITTED)
    if (request.url === ASKED) {
      const told = results[Math.min(asked++, results.length - 1)]
      return answer(200, JSON.stringify({ ...told, ...(told?.['status'] === 'Ready' && { result: { sample } }) }))
    }
    if (request.url !== '/files/kite.jpg') return answer(404, '{"detail":"Not Found"}')
    return (_, response) => response.writeHead(200, { 'content-type': 'image/jpeg' }).end(picture)
  }
}

/** An upstream that is never reached: what would be asked of whom, answered by hand. */
function scripted(submission: JsonValue): { upstream: Upstream; sent: string[] } {
  const sent: string[] = []
  const reading: Upstream['requestJson'] = async (call, { path, query = {}, read }) => {
    const search = new URLSearchParams(query).toString()
    sent.push(`${call.baseUrl}${path}${search === '' ? '' : `?${search}`}`)
    const value = sent.length === 1 ? submission : { status: 'Content Moderated' }
    return read({ status: 200, headers: {}, value, raw: '', ms: 1 })
  }
  const upstream: Upstream = {
    requestJson: reading,
    postJson: (call, post) => reading(call, { ...post, method: 'POST', paid: true }),
    requestEvents: () => Promise.reject(new Error('it sends no events')),
    download: () => Promise.reject(new Error('there is no picture')),
    close: async () => {},
  }
  return { upstream, sent }
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
