import { picture } from '../../core/blob-fields.ts'
import type { JsonBlob } from '../../core/json-blob.ts'
import { type Nanos, usd } from '../../core/money.ts'
import type { TokenUsage } from '../../core/receipt.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import type { Outcome } from '../fetch-pictures.ts'
import type { UpstreamFailure } from '../provider.ts'
import type { Quirks } from './quirks.ts'
import { readReply, type Reply, type Usage } from './wire.ts'

/** `data.0.b64_json`, `data.0.url` where that is a data URL, DeepInfra's `images.0`. */
export function isPicture(path: readonly (string | number)[]): boolean {
  const [parent, own] = path.slice(-2)
  return own === 'b64_json' || own === 'url' || (parent === 'images' && typeof own === 'number')
}

/** The pictures of a 2xx answer, those that are not to be shown already dropped, or why there are none. */
export function readOutcome(answer: Answer, { isOwn }: Quirks): Result<Outcome, UpstreamFailure> {
  const reply = readReply(answer.value)
  const facts = reply === undefined ? {} : factsOf(reply)
  const all = reply === undefined ? [] : picturesOf(reply)
  const found = all.flatMap(({ picture: each, isFlagged }) => (isFlagged ? [] : [each]))
  if (found.length > 0) return ok({ found, facts })
  const base = { ...facts, status: answer.status, raw: answer.raw, billed: billedBy(facts.cost, isOwn ? 'no' : 'yes') }
  if (all.length > 0) {
    const message = 'The provider flagged every picture that it made as not to be shown.'
    return err({ ...base, kind: 'refused', code: 'nsfw_content_detected', message })
  }
  return err({ ...base, kind: 'no_image', message: 'The provider answered without a picture.' })
}

interface Found {
  readonly picture: JsonBlob | string
  readonly isFlagged: boolean
}

function picturesOf({ data, images, nsfw_content_detected: flags }: Reply): readonly Found[] {
  const all = [...data.map(({ b64_json: blob, url }) => blob ?? pictureAt(url)), ...images]
  return all.flatMap((each, index) =>
    each === undefined || isEmpty(each) ? [] : [{ picture: each, isFlagged: flags[index] === true }],
  )
}

/** An address stays one; what is in it already is a picture. */
function pictureAt(url: string | JsonBlob | undefined): JsonBlob | string | undefined {
  if (typeof url === 'string' && /^data:/i.test(url)) return picture().safeParse(url).data
  return url
}

function isEmpty(each: JsonBlob | string): boolean {
  return typeof each === 'string' ? each === '' : each.byteLength === 0
}

function factsOf({ id, request_id: requestId, model, usage, inference_status: status }: Reply): Outcome['facts'] {
  const upstreamId = id ?? requestId
  const tokens = usage && tokensOf(usage)
  return {
    ...(upstreamId !== undefined && { upstreamId }),
    ...(model !== undefined && { modelVersion: model }),
    ...(tokens && { usage: tokens }),
    ...(status?.cost !== undefined && { cost: nanosOf(status.cost) }),
  }
}

/** Undefined where nothing was counted: some servers report zeros whatever they did. */
function tokensOf(reported: Usage): TokenUsage | undefined {
  const { input_tokens: input = 0, output_tokens: output = 0 } = reported
  const { input_tokens_details: inputDetails, output_tokens_details: outputDetails } = reported
  if (input + output === 0) return undefined
  const inputImageTokens = Math.min(input, inputDetails?.image_tokens ?? 0)
  return {
    inputTokens: input,
    inputTextTokens: input - inputImageTokens,
    inputImageTokens,
    outputTokens: output,
    outputImageTokens: Math.min(output, outputDetails?.image_tokens ?? 0),
    thoughtTokens: 0,
  }
}

/** To the nearest nano, exactly: `toFixed` is defined on the double's true value. */
function nanosOf(dollars: number): Nanos {
  return usd(dollars.toFixed(9))
}

function billedBy(cost: Nanos | undefined, otherwise: UpstreamFailure['billed']): UpstreamFailure['billed'] {
  if (cost === undefined) return otherwise
  return cost > 0n ? 'yes' : 'no'
}
