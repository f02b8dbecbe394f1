import { statfs } from 'node:fs/promises'

import { z } from 'zod'

import { Decoder } from '../assets/decoding/decoder.ts'
import { isolation } from '../assets/decoding/isolation.ts'
import { systemClock } from '../core/clock.ts'
import { PROVIDERS } from '../providers/registry.ts'
import { SETTINGS } from '../settings.ts'
import { settingsToSet } from '../setup.ts'
import { makeAgent, makeClient } from './client.ts'
import { findLocal } from './connect.ts'
import { CommandFailure, messageOf } from './failure.ts'
import { openStore } from './open.ts'
import type { Session } from './session.ts'

export interface Finding {
  readonly name: string
  /** `unsound`: the gateway would not start like this. `wrong`: it would, and something would fail later. */
  readonly state: 'ok' | 'wrong' | 'unsound'
  readonly text: string
}

/** Looks at everything a gateway needs, changing nothing but what a start would change, and goes on after what is wrong. */
export async function examine(session: Session): Promise<readonly Finding[]> {
  const { PLANTAIN_URL: url } = session.config.settings
  return [
    ...(session.problems.length === 0 ? [fine('settings', `${Object.keys(SETTINGS).length} known, all readable`)] : []),
    ...(await lookAtStore(session)),
    await lookAtDisk(session.config.settings.PLANTAIN_DATA),
    await lookAtDecoding(),
    ...lookAtProviders(session),
    await lookAtSandbox(),
    ...(url === undefined ? [] : [await lookAtGateway('remote', url)]),
  ]
}

/** Directory, catalogue, database and port together, as a start would find them; or the gateway that has them already. */
async function lookAtStore({ config, problems, terminal }: Session): Promise<readonly Finding[]> {
  const { PLANTAIN_DATA: directory, PLANTAIN_HOST: host, PLANTAIN_PORT: port, DATABASE_URL: url } = config.settings
  const running = await findLocal(config)
  if (running) {
    await running.close()
    const known = problems.map((text): Finding => ({ name: 'settings', state: 'unsound', text }))
    return [...known, fine('data', `${directory}, in use`), await lookAtGateway('gateway', running.url)]
  }
  const opened = await openStore(config, { listens: true, known: problems, onFatal: terminal.abort })
  if (!opened.ok) return opened.error.problems.map((text) => ({ name: 'start', state: 'unsound', text }))

  const { database, catalog } = opened.value
  const startedAt = systemClock.monotonic()
  await database.durable()
  const ms = (systemClock.monotonic() - startedAt).toFixed(1)
  await opened.value.close()
  const durability =
    url === undefined
      ? `SQLite, each promise synced to the disk first (now: ${ms} ms)`
      : 'PostgreSQL with fsync, full_page_writes and synchronous_commit on'
  return [
    fine('data', directory),
    fine('catalogue', `${catalog.models.length} models`),
    fine('database', durability),
    fine('port', `${host}:${port} is free`),
  ]
}

const GIB = 1024 ** 3

/** The same bounds as the store of pictures has: below them it takes no new work. */
async function lookAtDisk(directory: string): Promise<Finding> {
  try {
    const { bsize, blocks, bavail } = await statfs(directory)
    const free = bsize * bavail
    const wanted = Math.max(GIB, bsize * blocks * 0.05)
    const text = `${(free / GIB).toFixed(1)} GiB free, ${(wanted / GIB).toFixed(1)} GiB needed for new pictures`
    return { name: 'disk', state: free >= wanted ? 'ok' : 'wrong', text }
  } catch (error) {
    return { name: 'disk', state: 'wrong', text: `${directory} cannot be looked at: ${messageOf(error)}` }
  }
}

/** In which form pictures are decoded here, and whether they are: one is. */
async function lookAtDecoding(): Promise<Finding> {
  const decoder = new Decoder(systemClock)
  try {
    const job = { kind: 'clean', format: 'png', maxPixels: 1, maxBytes: 1024 } as const
    const made = await decoder.run(job, { byteLength: ONE_PIXEL.length, slices: [ONE_PIXEL] })
    if (!made.ok) return { name: 'decoding', state: 'wrong', text: made.error }
    const { form, reason } = await isolation()
    return form === 'namespaces'
      ? fine('decoding', 'in a process with user and network namespaces of its own')
      : fine('decoding', `in a plain process without environment: this system grants it no namespaces (${reason})`)
  } catch (error) {
    return { name: 'decoding', state: 'wrong', text: messageOf(error) }
  } finally {
    await decoder.close()
  }
}

/** A grey PNG. */
const ONE_PIXEL = Buffer.from(
  '89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c636800000082008177cd72b60000000049454e44ae426082',
  'hex',
)

/** One without a credential is no fault: test keys need none. */
function lookAtProviders({ config }: Session): readonly Finding[] {
  return Object.entries(PROVIDERS).map(([id, entry]) => {
    const places = config.providers[id]?.places ?? []
    const addresses = [...new Set(places.map(({ baseUrl }) => baseUrl))].join(', ')
    const count = places.length > 1 ? ` with ${places.length} credentials or addresses` : ''
    const text =
      places.length > 0
        ? `configured${count}, ${addresses}`
        : `not configured: set ${settingsToSet(entry).join(' or ')}`
    return fine('provider', `${id} ${text}`)
  })
}

async function lookAtSandbox(): Promise<Finding> {
  try {
    const { paint } = await import('../sandbox/painter.ts')
    const picture = await paint({ prompt: 'a plantain', width: 64, height: 64, format: 'png' })
    return fine('sandbox', `paints (${picture.length} bytes)`)
  } catch (error) {
    return { name: 'sandbox', state: 'wrong', text: `cannot paint: ${messageOf(error)}` }
  }
}

async function lookAtGateway(name: string, url: string): Promise<Finding> {
  const agent = makeAgent()
  try {
    await makeClient({ url: url.replace(/\/+$/, ''), key: 'none', agent }).get(
      '/ready',
      z.object({ status: z.string() }),
    )
    return fine(name, `${url} is ready`)
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    return { name, state: 'wrong', text: error.message }
  } finally {
    await agent.close()
  }
}

function fine(name: string, text: string): Finding {
  return { name, state: 'ok', text }
}
