import assert from 'node:assert/strict'

import { bearer, fetchedHash, listReceipts, until } from '../support/generations.ts'
import type { Experiment } from './experiment.ts'
import { PROMPT } from './raw-answers.ts'
import { MODEL, openScene, type ProviderName, type Scene } from './scene.ts'

const DAY_MS = 24 * 3_600_000
const MINUTE_MS = 60_000

/** Callers that go away, and callers that say that they no longer want it. test/disconnect.test.ts has the twelve moments of it. */
export const LEAVING: readonly Experiment[] = [
  {
    promise: 'M12',
    claim: 'who leaves finds his picture for a day, even where the disk is meant for nothing',
    async run(stage) {
      await using scene = await openScene({
        ...stage,
        environment: { PLANTAIN_ASSETS_MAX: '1', PLANTAIN_KEEP_IMAGES_DAYS: '1' },
      })
      const id = await leave(scene, 'google', 'delay=300')
      const receipt = await ended(scene, id)
      const { sha256 = '' } = receipt.images[0] ?? {}
      const { assets } = scene.gateway.gateway
      const finishedAt = Date.parse(receipt.finished_at ?? '')

      await assets.collect(finishedAt + DAY_MS - MINUTE_MS)
      assert.equal(await fetchedHash(scene.gateway, id), sha256)
      await assets.collect(finishedAt + DAY_MS + MINUTE_MS)
      assert.equal(await pictureStatus(scene, id), 404, 'nor is it kept for ever')

      const books = await scene.books()
      assert.equal(books.revenue, books.billed)
      return { keptHours: 24 }
    },
  },
  {
    promise: 'M12',
    claim: 'leaving cancels nothing upstream, and asking to cancel does so only where that is free',
    async run(stage) {
      await using left = await openScene({ ...stage, providers: ['fal'] })
      const stayed = await leave(left, 'fal', 'queue=600')
      assert.equal((await ended(left, stayed)).status, 'settled')
      assert.deepEqual(cancels(left), [], 'who leaves cancels nothing')
      const books = await left.books()
      assert.deepEqual([books.revenue, books.billed], [books.providerCost, books.providerCost])

      const outcomes: string[] = []
      for (const [provider, fault, free] of [
        ['fal', 'queue=5000', true],
        ['fal', 'queue=0,delay=1500', false],
        ['google', 'delay=1500', false],
        ['openrouter', 'delay=1500', false],
      ] as const) {
        await using scene = await openScene({ ...stage, providers: [provider] })
        const id = await leave(scene, provider, fault)
        const answer = await fetch(`${scene.gateway.url}/api/v1/generations/${id}/cancel`, {
          method: 'POST',
          headers: bearer(scene.gateway.keys.live),
        })
        const receipt = await ended(scene, id)
        assert.deepEqual(
          [answer.status, receipt.status, cancels(scene).length],
          free ? [200, 'voided', 1] : [409, 'settled', 0],
          `${provider} ${fault}`,
        )
        const { recent } = await stage.simulator.bill()
        const calls = recent.filter((call) => call.header_names.includes(scene.roads[provider].mark))
        assert.ok(
          free || calls.every((call) => call.answer_complete),
          `${provider} ${fault}: its answer was read to the end`,
        )
        const money = await scene.books()
        assert.equal(money.loss, 0n, `${provider} ${fault}`)
        assert.equal(money.revenue, free ? 0n : money.billed, `${provider} ${fault}`)
        outcomes.push(`${provider} ${fault}: ${answer.status}`)
      }
      return { outcomes: outcomes.join('; ') }
    },
  },
]

/** Asks for a picture and hangs up as soon as the provider has the call. */
async function leave(scene: Scene, provider: ProviderName, fault: string): Promise<string> {
  const road = scene.roads[provider]
  road.meet({ fault })
  const leaving = new AbortController()
  const asked = fetch(`${scene.gateway.url}/api/v1/images`, {
    method: 'POST',
    headers: { ...bearer(scene.gateway.keys.live), 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, prompt: PROMPT }),
    signal: leaving.signal,
  })
  // A queue is asked after the job once it has taken it.
  const isTaken = () =>
    provider === 'fal'
      ? road.passages.some(({ asked: all }) => all.some(({ line }) => line.startsWith('GET')))
      : road.posts() > 0
  await until('the call at the provider', () => (isTaken() ? true : undefined))
  leaving.abort()
  await assert.rejects(asked)
  const [receipt] = await listReceipts(scene.gateway)
  assert.ok(receipt)
  return receipt.id
}

async function ended({ gateway }: Scene, id: string) {
  return await until('the end of it', async () => {
    const receipt = (await listReceipts(gateway)).find((one) => one.id === id)
    return receipt?.finished_at ? receipt : undefined
  })
}

function cancels({ roads }: Scene): readonly string[] {
  return Object.values(roads).flatMap(({ passages }) =>
    passages.flatMap(({ asked }) => asked.map(({ line }) => line).filter((line) => line.includes('/cancel'))),
  )
}

async function pictureStatus({ gateway }: Scene, id: string): Promise<number> {
  const headers = bearer(gateway.keys.live)
  return (await fetch(`${gateway.url}/api/v1/generations/${id}/images/0`, { headers })).status
}
