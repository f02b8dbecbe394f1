import { Agent } from 'undici'

import { err, ok, type Result } from '../../core/result.ts'
import { makeDownload } from '../download.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import { type Upstream, UPSTREAM_LIMITS } from '../http.ts'
import type { Call, GeneratedImage, UpstreamFailure } from '../provider.ts'
import { credentialOf } from './server.ts'
import type { Ended, File } from './wire.ts'

/**
 * Files that a workflow has to hand over: what it saved, or else what it only showed. Pictures shown beside saved ones are steps on the
 * way.
 */
export function filesOf({ outputs }: Ended): readonly File[] {
  const all = Object.values(outputs).flatMap(({ images }) => images)
  const saved = all.filter(({ type = 'output' }) => type === 'output')
  return saved.length > 0 ? saved : all.filter(({ type }) => type === 'temp')
}

/** Fetches every picture at once. Good ones are handed over whatever became of the others. */
export async function fetchPictures(
  upstream: Upstream,
  call: Call,
  files: readonly File[],
): Promise<Result<readonly GeneratedImage[], UpstreamFailure>> {
  const download = call.credential === NO_CREDENTIAL ? upstream.download : downloadWithKey(call)
  const fetched = await Promise.all(files.map((file) => download(call, addressOf(call, file))))
  const images = fetched.flatMap((picture) => (picture.ok ? [{ blob: picture.value }] : []))
  const failed = fetched.find((picture) => !picture.ok)
  return images.length === 0 && failed !== undefined && !failed.ok ? err(failed.error) : ok(images)
}

function addressOf({ baseUrl }: Call, { filename, subfolder = '', type = 'output' }: File): string {
  return `${baseUrl.replace(/\/$/, '')}/view?${new URLSearchParams({ filename, subfolder, type }).toString()}`
}

const agent = new Agent({ connect: { timeout: UPSTREAM_LIMITS.connectMs } })

/**
 * A proxy that guards the machine guards its pictures too, and the shared download says no credential to anybody. The address is made of
 * the base URL, and nothing but that origin is asked.
 */
function downloadWithKey(call: Call): Upstream['download'] {
  // In the place of the headers that every download has.
  const headers = { accept: 'image/*', 'accept-encoding': 'identity', ...credentialOf(call) }
  const dispatcher = agent.compose((dispatch) => (options, handler) => dispatch({ ...options, headers }, handler))
  const download = makeDownload({ agent: dispatcher, limits: UPSTREAM_LIMITS, foreign: undefined, memory: undefined })
  return ({ deliveryOrigins: _, ...own }, address, hints) => download(own, address, hints)
}
