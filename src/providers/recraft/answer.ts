import type { JsonBlob } from '../../core/json-blob.ts'
import { type Nanos, usd } from '../../core/money.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import type { Outcome } from '../fetch-pictures.ts'
import type { UpstreamFailure } from '../provider.ts'
import { readReply, type Reply } from './wire.ts'

/** `data.0.b64_json`. */
export function isPicture(path: readonly (string | number)[]): boolean {
  return path.at(-1) === 'b64_json'
}

/** The pictures of a 2xx answer, or why there are none. */
export function readOutcome({ status, value, raw }: Answer): Result<Outcome, UpstreamFailure> {
  const reply = readReply(value)
  const found = (reply?.data ?? []).flatMap(({ b64_json: blob, url }): readonly (JsonBlob | string)[] => {
    if (blob !== undefined && blob.byteLength > 0) return [blob]
    return url === undefined || url === '' ? [] : [url]
  })
  const facts = reply === undefined ? {} : factsOf(reply)
  if (found.length > 0) return ok({ found, facts })
  const billed = facts.cost === undefined || facts.cost > 0n ? 'yes' : 'no'
  return err({ ...facts, kind: 'no_image', billed, status, message: 'Recraft answered without a picture.', raw })
}

/** There is no id of the request; the first picture has one by which Recraft knows it. */
function factsOf({ credits, data }: Reply): Outcome['facts'] {
  const upstreamId = data.find(({ image_id: id }) => id !== undefined)?.image_id
  return {
    ...(upstreamId !== undefined && { upstreamId }),
    ...(credits !== undefined && credits >= 0 && { cost: dollarsOf(credits) }),
  }
}

/** A thousand API units are a dollar. */
export function dollarsOf(units: number): Nanos {
  return usd((units / 1000).toFixed(9))
}
