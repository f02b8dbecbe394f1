import { type ImageRequest, promptText, references } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { toDataUris } from '../inline-picture.ts'

type JsonObject = Readonly<Record<string, JsonValue | undefined>>

/**
 * Midjourney's own parameters, as options of `provider.options.midjourney`. Left out on purpose are those that decide what a picture
 * costs: quality and speed, which is the operator's by the address of his proxy, and `repeat`, which would order several tasks at once.
 * Source: https://docs.midjourney.com/hc/en-us/articles/32859204029709-Parameter-List (read 2026-11-22).
 */
const FLAGS = [
  'v',
  'niji',
  'style',
  'raw',
  'draft',
  'stylize',
  'chaos',
  'weird',
  'exp',
  'stop',
  'tile',
  'iw',
  'sref',
  'sw',
  'sv',
  'cref',
  'cw',
  'oref',
  'ow',
  'p',
] as const

/** Of these `action` is the adapter's own: what is to be done with a picture that was made here. */
export const PASS_THROUGH: readonly string[] = [...FLAGS, 'action']

/** Flags within a prompt that would change what it costs, or what comes of it. */
const COSTLY = /(?:^|\s)(?:--|—)(turbo|fast|relax|repeat|r|quality|q|hd|video)(?=\s|$)/i

const MOST_SEED = 4_294_967_295

/** The body of `/mj/submit/imagine`, or in a sentence what of the request it has no place for. */
export function toImagine(request: ImageRequest, options: JsonObject, model: string): Result<JsonObject, string> {
  if (!/^[A-Z][A-Z_]*$/.test(model)) return err('The model has an id that is none of the proxy’s bots.')
  const prompt = toPrompt(request, options)
  if (!prompt.ok) return prompt
  const pictures = toDataUris(references(request))
  if (!pictures.ok) return pictures
  return ok({
    prompt: prompt.value,
    botType: model,
    ...(pictures.value.length > 0 && { base64Array: pictures.value }),
  })
}

/** Words first, then what the request says in fields, as flags. */
function toPrompt(request: ImageRequest, options: JsonObject): Result<string, string> {
  const { aspectRatio, negativePrompt, seed } = request
  const field = unknownField(request)
  if (field !== undefined) return err(`${field} cannot be sent: Midjourney has no parameter for it.`)
  const words = safeWords(request)
  if (!words.ok) return words
  if (negativePrompt !== undefined && /--|—/.test(negativePrompt))
    return err('negative_prompt cannot be sent: two dashes in it would begin another parameter.')
  if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed <= MOST_SEED))
    return err(`seed cannot be sent: it is a whole number from 0 to ${MOST_SEED}.`)
  const flags = toFlags(options)
  if (!flags.ok) return flags
  return ok(
    [
      words.value,
      ...(aspectRatio === undefined ? [] : [`--ar ${wholeRatio(aspectRatio)}`]),
      ...(negativePrompt === undefined ? [] : [`--no ${negativePrompt}`]),
      ...(seed === undefined ? [] : [`--seed ${seed}`]),
      ...flags.value,
    ].join(' '),
  )
}

/** The caller's words, unless they hold a flag that is not the caller's to set. */
export function safeWords(request: ImageRequest): Result<string, string> {
  const words = promptText(request)
  const costly = COSTLY.exec(words)?.[1]
  return costly === undefined ? ok(words) : err(`The prompt cannot have --${costly}: it would change what is charged.`)
}

function unknownField({ size, resolution, quality, background, format }: ImageRequest): string | undefined {
  if (size !== undefined) return 'size'
  if (resolution !== undefined) return 'resolution'
  if (quality !== undefined) return 'quality'
  if (background === 'transparent') return 'background'
  return format === 'svg' ? 'output_format' : undefined
}

/** `--ar` takes whole numbers alone: 2.35:1 is 235:100. */
function wholeRatio(ratio: string): string {
  if (!ratio.includes('.')) return ratio
  return ratio
    .split(':')
    .map((side) => String(Math.round(Number(side) * 100)))
    .join(':')
}

function toFlags(options: JsonObject): Result<readonly string[], string> {
  const flags: string[] = []
  for (const name of FLAGS) {
    const value = options[name]
    if (value === undefined || value === false) continue
    const words = value === true ? [] : [value].flat()
    if (!words.every(isWord))
      return err(`provider.options.midjourney.${name} cannot be sent: it is no parameter’s value.`)
    flags.push([`--${name}`, ...words].join(' '))
  }
  return ok(flags)
}

/** One word, so that no value can bring a parameter of its own along. */
function isWord(value: JsonValue | undefined): value is string | number {
  return typeof value === 'number' || (typeof value === 'string' && /^(?!-|—)[^\s—]+$/.test(value))
}
