/**
 * Load and cost, side by side: Plantain with everything on and with the asset store off, between the floor of the runtime (a plain
 * Node pipe) and a peer. Caller, contestants and upstream share one machine, so only the ratios within one run count; each is the
 * median over interleaved repeats. `node bench/main.ts [--quick] [--write]`: `--write` puts the table into the README.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { portOf, start } from './children.ts'
import { type Contestant, pipe, plantain, portkey } from './contestants.ts'
import type { Job, Sample } from './load.ts'
import { measureStartup, startupText } from './startup.ts'
import { type Measured, table, withTable } from './table.ts'

const isQuick = process.argv.includes('--quick')
const REPEATS = isQuick ? 1 : 5
const SECONDS = isQuick ? 1 : 3
const IN_FLIGHT = 32

/** Weight of the picture; its base64 is a third more. */
const SIZES = { '1 KiB': 768, '2 MB': 1_500_000, '11 MB': 8_250_000 } as const

const measured: Measured[] = []
for (const [size, bytes] of Object.entries(SIZES)) {
  const upstream = start(new URL('./upstream.ts', import.meta.url), [String(bytes)])
  const port = await portOf(upstream)
  const contestants = [await pipe(port), await plantain(port, 'off'), await plantain(port, 'on'), await portkey(port)]
  for (const contestant of contestants) await load(contestant, 2, 0.5)
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    for (const contestant of contestants) {
      const sample = await measure(contestant, size, repeat)
      measured.push(sample)
      process.stderr.write(`${size} · ${contestant.name} · ${sample.perSecond.toFixed(0)}/s\n`)
    }
  }
  for (const contestant of contestants) await contestant.stop()
  await upstream.stop()
}

const text = `${table(measured)}\n\n${startupText(await measureStartup())}`
process.stdout.write(`${text}\n`)
mkdirSync(new URL('./results', import.meta.url), { recursive: true })
writeFileSync(new URL('./results/latest.json', import.meta.url), `${JSON.stringify(measured, null, 1)}\n`)
if (process.argv.includes('--write')) {
  const readme = new URL('../README.md', import.meta.url)
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), text))
}

async function measure(contestant: Contestant, size: string, repeat: number): Promise<Measured> {
  const alone = await load(contestant, 1, SECONDS / 3)
  const { child } = contestant
  child.reset()
  const before = await child.vitals()
  let peak = before.rss
  const watching = setInterval(() => void child.vitals().then(({ rss }) => (peak = Math.max(peak, rss))), 200)
  const loaded = await load(contestant, IN_FLIGHT, SECONDS)
  clearInterval(watching)
  await sleep(50)
  const after = await child.vitals()
  return {
    contestant: contestant.name,
    size,
    repeat,
    perSecond: loaded.answers / loaded.seconds,
    p50Alone: alone.p50,
    cpuMs: (after.cpu - before.cpu) / loaded.answers,
    peakRss: Math.max(peak, after.rss),
    delayP99: after.delayP99,
  }
}

async function load({ origin, path, headers, body }: Contestant, inFlight: number, seconds: number): Promise<Sample> {
  const caller = fork(new URL('./load.ts', import.meta.url), [], { execArgv: [] })
  const job: Job = { origin, path, headers, body, inFlight, seconds }
  caller.send(job)
  const answered = await Promise.race([once(caller, 'message'), once(caller, 'exit').then(() => undefined)])
  if (answered === undefined) throw new Error(`the load on ${origin} failed`)
  caller.disconnect()
  return answered[0] as Sample
}
