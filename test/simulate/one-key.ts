import assert from 'node:assert/strict'

import { dice } from '../../src/ledger/test-ledger.ts'
import { checkEndings } from './endings.ts'
import { FINE } from './fates.ts'
import { MODELS } from './goods.ts'
import type { Process } from './process.ts'
import type { Figures, Run } from './run.ts'
import { inWorld } from './world.ts'

const CALLERS = 100
/** Of 100 seeds: the process that was first dies. */
const CRASHES = 30
/** The latest that it dies, in steps after its hold was made: by then it has ended, more often than not. */
const LATEST_DEATH = 400

/** M7: a hundred callers with one key, over all nodes: one call, one charge, equal answers, whoever dies in between. */
export async function oneKey({ seed, database, nodes }: Run): Promise<Figures> {
  const random = dice(seed)
  const wish = { models: [random.take([...MODELS])], n: 1, prompt: 'a fox' }
  const diesAfter = random.roll(100) < CRASHES && nodes > 1 ? 1 + random.roll(LATEST_DEATH) : undefined
  const options = { seed, database, nodes, weather: FINE, keys: { key: {} }, balance: 1_000_000_000n }
  return await inWorld(options, async (world) => {
    const { scheduler } = world
    await scheduler.run(() => world.ready().length === nodes)
    const told: string[] = []
    let left = CALLERS

    const ask = async ({ engine }: Process): Promise<string> => {
      const idempotency = { key: 'once', scope: 'POST /v1/images/generations', fingerprint: 'the same' }
      const started = await engine.start(world.ask(0, wish), world.owner(0, 'key', { idempotency }))
      if (!started.ok) return JSON.stringify(started.error)
      const ended = await engine.wait(started.value.id, new AbortController().signal)
      return JSON.stringify(ended.ok ? ended.value.receipt : [started.value.id, ended.error])
    }
    /** Who is cut off asks another process. */
    const live = async (caller: number): Promise<void> => {
      for (;;) {
        const ready = world.ready()
        const process = ready[caller % ready.length] ?? assert.fail('somebody is alive')
        const answer = await Promise.race([ask(process), process.died])
        if (answer === undefined) continue
        told.push(answer)
        left -= 1
        return
      }
    }
    for (let caller = 0; caller < CALLERS; caller += 1) live(caller).catch(scheduler.fail)

    let heldAt: number | undefined
    const crash = (): void => {
      const [leader] = world.beganBy.values()
      if (leader === undefined || diesAfter === undefined) return
      heldAt ??= scheduler.steps()
      if (!leader.isAlive() || scheduler.steps() < heldAt + diesAfter) return
      scheduler.note(`${leader.id} dies`)
      world.kill(leader)
    }
    await scheduler.run(() => left === 0, crash)

    assert.equal(told.length, CALLERS)
    assert.equal(new Set(told).size, 1, [...new Set(told)].join('\n'))
    const received = world.upstream.orders.filter(({ endsAt }) => endsAt !== undefined)
    assert.ok(received.length <= 1, `${received.length} paid calls left`)
    const endings = await checkEndings(world)
    assert.equal(endings.settled + endings.voided, world.beganBy.size)
    assert.ok(endings.settled <= 1, 'one charge')
    if (diesAfter === undefined) assert.deepEqual([received.length, endings.settled, endings.voided], [1, 1, 0])
    return {
      steps: scheduler.steps(),
      trace: scheduler.trace,
      counts: { crashes: diesAfter === undefined ? 0 : 1, ...endings },
    }
  })
}
