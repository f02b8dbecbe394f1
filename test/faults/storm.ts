import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Mishap } from '../support/road.ts'
import type { Experiment } from './experiment.ts'
import { answered, edge, goodAnswer, PICTURE } from './raw-answers.ts'
import { openScene } from './scene.ts'
import { CHARGE } from './table.ts'

const PER_SECOND = 50
const SECONDS = { short: 5, long: 600 }
const EXTRA_SHARE = 0.12
const AMBIGUOUS_SHARE = 0.02
/** The floor of §3: whatever the share says, so many per provider. */
const AMBIGUOUS_FLOOR = 3

/** So much of what comes back is a failure: a storm in which no breaker can be sure, so that the budgets have to hold. */
const STORM_SHARE = 0.45

/** What a provider says while it falls over. */
const STORM: readonly Mishap[] = [{ fault: 'status=500' }, { fault: 'status=503' }, edge(502), edge(503), edge(504)]

/** Everybody fails at once: what keeps us from making it worse, and dearer. */
export const STORMS: readonly Experiment[] = [
  {
    promise: 'M14',
    claim:
      'in a storm of 5xx at every provider at most 12 % more calls are made, and at most 2 % after one that may be billed',
    async run(stage) {
      await using scene = await openScene({ ...stage, providers: ['google', 'openrouter'] })
      const random = generator(stage.seed)
      const kept = { ...kinds(await goodAnswer(stage.simulator)) }
      for (const name of ['google', 'openrouter'] as const)
        scene.roads[name].always(() => {
          const failure = STORM[Math.floor(random() * STORM.length)] as Mishap
          return random() < STORM_SHARE ? failure : kept[name]
        })

      const base = PER_SECOND * (stage.isLong ? SECONDS.long : SECONDS.short)
      const underWay: Promise<number>[] = []
      const startedAt = performance.now()
      for (let count = 0; count < base; count += 1) {
        await sleep(Math.max(0, startedAt + (count * 1000) / PER_SECOND - performance.now()))
        underWay.push(scene.buy({ body: { prompt: `a heron in storm ${count}` } }).then(({ status }) => status))
      }
      const statuses = await Promise.all(underWay)

      await scene.books()
      const rows = await scene.gateway.database.db
        .selectFrom('attempts')
        .select(['generation_id', 'n', 'state', 'provider'])
        .orderBy('generation_id')
        .orderBy('n')
        .execute()
      const extra = rows.filter(({ n }) => n > 1)
      const afterAmbiguous = extra.flatMap(({ generation_id: id, n }) =>
        rows.filter((row) => row.generation_id === id && row.n === n - 1 && row.state === 'unknown'),
      )
      const posts = scene.roads.google.posts() + scene.roads.openrouter.posts()
      assert.equal(posts, rows.length, 'the providers saw what the ledger knows of')
      assert.ok(extra.length > 0, 'something was tried again')
      assert.ok(extra.length <= EXTRA_SHARE * base, `${extra.length} more calls for ${base}`)
      for (const [provider, own] of Map.groupBy(rows, (row) => row.provider)) {
        const used = afterAmbiguous.filter((row) => row.provider === provider).length
        const most = Math.max(AMBIGUOUS_FLOOR, Math.floor(AMBIGUOUS_SHARE * own.length))
        assert.ok(used <= most, `${used} after ambiguous ones of ${provider} for ${own.length} calls there`)
      }
      assert.ok(
        statuses.every((status) => [200, 429, 502, 503].includes(status)),
        [...new Set(statuses)].join(),
      )
      return {
        calls: base,
        extra: extra.length,
        extraShare: round(extra.length / base),
        afterAmbiguous: afterAmbiguous.length,
        ambiguousShare: round(afterAmbiguous.length / base),
        served: statuses.filter((status) => status === 200).length,
        unsent: base - new Set(rows.map((row) => row.generation_id)).size,
      }
    },
  },
]

/** A good answer of each provider, ready to be sent: nothing has to be painted for it. */
function kinds(gemini: string): Readonly<Record<'google' | 'openrouter', Mishap>> {
  const b64 = /"data": ?"([^"]+)"/.exec(gemini)?.[1] ?? ''
  const images = { created: 1, data: [{ b64_json: b64, media_type: 'image/jpeg' }], usage: { cost: 0.0336 } }
  const type = 'content-type: application/json'
  return {
    google: answered('HTTP/1.1 200 OK', gemini, CHARGE, type),
    openrouter: answered('HTTP/1.1 200 OK', JSON.stringify(images), PICTURE, type),
  }
}

function round(share: number): number {
  return Math.round(share * 10_000) / 10_000
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
