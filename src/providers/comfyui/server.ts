import { NO_CREDENTIAL } from '../entry.ts'
import type { Result } from '../../core/result.ts'
import { err, ok } from '../../core/result.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import type { Answer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { errorFailure } from './errors.ts'
import { type Ended, endOf, type Place, placeIn } from './wire.ts'

/** ComfyUI itself asks for nothing; a proxy in front of it may. */
export function credentialOf({ credential }: Call): Readonly<Record<string, string>> {
  return credential === NO_CREDENTIAL ? {} : { authorization: `Bearer ${credential}` }
}

/** A job that has ended, and the answer that told so. */
export interface Told {
  readonly end: Ended
  readonly answer: Answer
}

/** Undefined: the history does not have it, as it waits, runs, or never came. */
export function askHistory(
  upstream: Upstream,
  promptId: string,
  call: Call,
): Promise<Result<Told | undefined, UpstreamFailure>> {
  return upstream.requestJson<Told | undefined>(call, {
    method: 'GET',
    path: `/history/${encodeURIComponent(promptId)}`,
    headers: credentialOf(call),
    read: (answer) => {
      if (answer.status >= 300) return err(errorFailure(answer, call.clock))
      const end = endOf(answer.value, promptId)
      return ok(end && { end, answer })
    },
  })
}

export function askPlace(upstream: Upstream, promptId: string, call: Call): Promise<Result<Place, UpstreamFailure>> {
  return upstream.requestJson(call, {
    method: 'GET',
    path: '/queue',
    headers: credentialOf(call),
    read: (answer) => {
      const place = answer.status < 300 ? placeIn(answer.value, promptId) : undefined
      return place === undefined ? err(errorFailure(answer, call.clock)) : ok(place)
    },
  })
}

/** Takes one job out of the queue, or stops it if it is the one that runs. Both answer 200 with nothing in it. */
export async function stop(upstream: Upstream, promptId: string, { is }: Place, call: Call): Promise<boolean> {
  if (is === 'absent') return false
  // By its id, and only after the queue has said that it runs: older versions do not read the id and stop whatever runs.
  const [path, body]: [string, JsonValue] =
    is === 'running' ? ['/interrupt', { prompt_id: promptId }] : ['/queue', { delete: [promptId] }]
  const answered = await upstream.requestJson(call, {
    method: 'POST',
    path,
    headers: credentialOf(call),
    body,
    read: ({ status }) => ok(status === 200),
  })
  return answered.ok ? answered.value : answered.error.status === 200
}
