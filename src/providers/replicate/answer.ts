import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Poll } from '../poll.ts'
import type { Call, GeneratedImage, UpstreamFailure } from '../provider.ts'
import { errorFailure } from './errors.ts'
import { type Prediction, readPrediction } from './wire.ts'

/** A prediction that succeeded. */
export interface Outcome {
  /** Addresses and pictures, in the order of the output; at least one. */
  readonly places: readonly (string | JsonBlob)[]
  readonly version: string | undefined
}

/** Said of a prediction that is not over; how far it is, if its log tells. */
export type Tell = (status: string, fraction: number | undefined) => void

/** What models say of pictures that they will not make: `NSFW content detected`, `flagged as sensitive (E005)`. */
const POLICY = /nsfw|\be005\b|sensitive|flagged|moderat|safety/i

/** How one question after a prediction is to be read. */
export function readPoll(answer: Answer, { clock }: Call, tell: Tell): Result<Poll<Outcome>, UpstreamFailure> {
  const prediction = answer.status < 300 ? readPrediction(answer.value) : undefined
  if (prediction === undefined) {
    if (answer.status === 404) return ok({ is: 'over', failure: unknownPrediction(answer), sure: false })
    return err(errorFailure(answer, clock))
  }
  const { status, error = '' } = prediction
  const over = (failure: Pick<UpstreamFailure, 'kind' | 'billed' | 'message'>): Result<Poll<Outcome>, never> => {
    const code = /\bE\d{3,4}\b/.exec(error)?.[0] ?? status
    const known = { status: answer.status, code, raw: answer.raw, ...versionOf(prediction) }
    return ok({ is: 'over', failure: { ...known, ...failure }, sure: true })
  }
  const because = error === '' ? '.' : `: ${error.trim().replace(/\.$/, '')}.`
  switch (status) {
    case 'succeeded': {
      const places = placesIn(prediction.output)
      return places.length > 0
        ? ok({ is: 'done', value: { places, version: versionOf(prediction).modelVersion } })
        : over({ kind: 'no_image', billed: 'yes', message: 'The prediction succeeded, but its output has no picture.' })
    }
    case 'failed':
      return POLICY.test(error)
        ? over({ kind: 'refused', billed: 'unknown', message: `The model refused to make the picture${because}` })
        : over({ kind: 'unavailable', billed: 'unknown', message: `The prediction failed${because}` })
    case 'canceled':
      return over({ kind: 'unavailable', billed: 'unknown', message: `The prediction was cancelled${because}` })
    case 'aborted':
      return over({ kind: 'timeout', billed: 'no', message: 'The prediction had not begun in time, and was given up.' })
    default:
      // `starting`, `processing`, and whatever else may come to be said of a prediction that is not over.
      tell(status, fractionIn(prediction.logs))
      return ok({ is: 'waiting' })
  }
}

/** Official models have a version that is `hidden`. */
function versionOf({ version }: Prediction): { readonly modelVersion?: string } {
  return version === undefined || version === 'hidden' ? {} : { modelVersion: version }
}

/** The last step that a progress bar in the log has come to: ` 46%|████▋     | 13/28`. */
function fractionIn(logs = ''): number | undefined {
  const percent = [...logs.matchAll(/\b(\d{1,3})%\|/g)].at(-1)?.[1]
  return percent === undefined ? undefined : Math.min(1, Number(percent) / 100)
}

/** Every address and picture in an output, whatever it is made of. */
function placesIn(output: JsonValue | undefined): readonly (string | JsonBlob)[] {
  if (output instanceof JsonBlob) return [output]
  if (typeof output === 'string') return /^(https?:\/\/|data:)/.test(output) ? [output] : []
  if (typeof output !== 'object' || output === null) return []
  return Object.values(output).flatMap(placesIn)
}

/**
 * Fetches every picture at once, as addresses do not live for ever. The good ones are handed over; only where there is none is what went
 * wrong with the first of them told.
 */
export async function fetchPictures(
  upstream: Upstream,
  call: Call,
  { places }: Outcome,
): Promise<Result<readonly GeneratedImage[], UpstreamFailure>> {
  const fetched = await Promise.all(places.map((place) => pictureOf(upstream, call, place)))
  const images = fetched.flatMap((picture) => (picture.ok ? [{ blob: picture.value }] : []))
  const bad = fetched.find((picture) => !picture.ok)
  return images.length === 0 && bad !== undefined ? bad : ok(images)
}

async function pictureOf(
  upstream: Upstream,
  call: Call,
  place: string | JsonBlob,
): Promise<Result<JsonBlob, UpstreamFailure>> {
  if (place instanceof JsonBlob) return ok(place)
  const [, type, base64] = /^data:([^;,]*);base64,(.*)$/s.exec(place) ?? []
  return base64 === undefined
    ? await upstream.download(call, place)
    : ok(new JsonBlob('base64', [Buffer.from(base64)], type))
}

function unknownPrediction({ raw }: Answer): UpstreamFailure {
  const message = 'Replicate knows no such prediction, or not any more.'
  return { kind: 'unavailable', billed: 'unknown', status: 404, message, raw }
}
