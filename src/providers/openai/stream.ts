import { err } from '../../core/result.ts'
import type { EventReader } from '../events.ts'
import type { Answer } from '../failure.ts'
import type { Call, Generated, UpstreamFailure } from '../provider.ts'
import { readFinal } from './answer.ts'
import { errorFailure } from './errors.ts'
import { readError, readImageEvent } from './wire.ts'

/**
 * A stream of the Images API: whole pictures as previews, then the picture with its usage. A preview has taken tokens, so that nothing
 * which goes wrong after one is known to be free.
 * Source: openai-node 7.57.0 `resources/images.ts`, https://platform.openai.com/docs/api-reference/images-streaming (read 2026-11-22).
 */
export function imageEvents(call: Call): EventReader<Generated> {
  let previews = 0
  return {
    isFinal: (event) => event?.endsWith('.completed') === true,
    event(answer) {
      const event = readImageEvent(answer.value)
      if (event?.type?.endsWith('.completed') === true) return readFinal(answer, event)
      if (event?.type?.endsWith('.partial_image') === true) {
        const { b64_json: picture, partial_image_index: index = previews } = event
        previews += 1
        if (picture !== undefined) call.progress({ type: 'preview', index, picture })
        return undefined
      }
      return readError(answer.value) === undefined ? undefined : err(brokenOff(answer, previews, call))
    },
  }
}

function brokenOff(answer: Answer, previews: number, { clock }: Call): UpstreamFailure {
  const failure = errorFailure(answer, clock)
  return previews > 0 && failure.billed === 'no' ? { ...failure, billed: 'unknown' } : failure
}
