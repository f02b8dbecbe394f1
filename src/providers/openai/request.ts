import type { SizeRule } from '../../catalog/model.ts'
import { type ImageRequest, type Picture, promptText, references } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { FormPart } from '../form.ts'
import { sizeFor } from './sizes.ts'

/**
 * Keys of `provider.options.openai` and `provider.options.azure` that are sent on; the model refuses what it does not know. Left out on
 * purpose: what asks for another kind of file (`frame_count`, `svg`), whose price the catalogue does not have.
 */
export const PASS_THROUGH: readonly string[] = ['moderation', 'complexity', 'input_fidelity']

/** What Azure and OpenAI do not have in common, and what is known of the model. */
export interface Dialect {
  /** In the body; undefined where the path names it. */
  readonly model: string | undefined
  readonly sizes: SizeRule
  /** The field for the caller's own end user. */
  readonly userField: 'safety_identifier' | 'user'
  /** `provider.options` of this provider. */
  readonly options: Readonly<Record<string, JsonValue>>
}

/** One call of the Images API. */
export interface ImagesCall {
  readonly operation: 'generations' | 'edits'
  readonly content: { readonly body: JsonValue } | { readonly form: readonly FormPart[] }
  readonly isStream: boolean
}

type Fields = Readonly<Record<string, string | number | boolean>>

/**
 * A request in the words of the Images API, or, in words, why it cannot be sent. What the caller left out is left out. Pictures make an
 * edit of it, which is a form; a conversation becomes one text, with the pictures of all its turns.
 */
export function toImagesCall(request: ImageRequest, dialect: Dialect): Result<ImagesCall, string> {
  const fields = toFields(request, dialect)
  if (!fields.ok) return fields
  const isStream = isStreamed(request)
  const { mask } = request
  const given = references(request)
  if (given.length === 0) {
    if (mask !== undefined)
      return err(`The mask at ${mask.field} cannot be sent without the picture that it lies over.`)
    return ok({ operation: 'generations', content: { body: fields.value }, isStream })
  }
  const files: FormPart[] = []
  for (const [index, picture] of [...given, ...(mask === undefined ? [] : [mask])].entries()) {
    const file = picture === mask ? toFile(picture, 'mask', 'mask') : toFile(picture, 'image[]', `image-${index + 1}`)
    if (!file.ok) return file
    files.push(file.value)
  }
  const texts = Object.entries(fields.value).map(([name, value]) => ({ name, value: String(value) }))
  return ok({ operation: 'edits', content: { form: [...texts, ...files] }, isStream })
}

/** Of several pictures, the events do not say which is which, so that previews come with one picture alone. */
export function isStreamed({ previews = 0, n = 1 }: ImageRequest): boolean {
  return previews > 0 && n === 1
}

function toFields(request: ImageRequest, { model, sizes, userField, options }: Dialect): Result<Fields, string> {
  const { n, quality, background, format, compression, previews, user } = request
  if (format === 'svg') return err('output_format svg cannot be asked for: the catalogue has no price for it.')
  const size = sizeFor(request, sizes)
  if (!size.ok) return size
  const passed = toPassed(options)
  if (!passed.ok) return passed
  return ok({
    ...(model !== undefined && { model }),
    prompt: promptText(request),
    ...(n !== undefined && { n }),
    ...(size.value !== undefined && { size: size.value }),
    ...(quality !== undefined && { quality }),
    ...(background !== undefined && { background }),
    ...(format !== undefined && { output_format: format }),
    ...(compression !== undefined && { output_compression: compression }),
    ...(user !== undefined && { [userField]: user }),
    ...passed.value,
    ...(isStreamed(request) && previews !== undefined && { stream: true, partial_images: previews }),
  })
}

function toPassed(options: Dialect['options']): Result<Fields, string> {
  const kept: Record<string, string | number | boolean> = {}
  for (const name of PASS_THROUGH) {
    const value = options[name]
    if (value === undefined || value === null) continue
    if (typeof value === 'object') return err(`${name} in provider.options has to be a text.`)
    kept[name] = value
  }
  return ok(kept)
}

const EXTENSIONS: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' }

/** Always as bytes: the provider would fetch an address itself, past the rules that hold for addresses here. */
function toFile({ field, source, facts }: Picture, name: string, stem: string): Result<FormPart, string> {
  if (source.type === 'url') return err(`The picture at ${field} is an address, and this provider is only sent bytes.`)
  const mediaType = facts?.mediaType ?? source.blob.mediaType
  const extension = EXTENSIONS[mediaType ?? '']
  if (mediaType === undefined || extension === undefined) {
    return err(`The picture at ${field} is neither PNG, JPEG nor WebP, the only ones that the provider takes.`)
  }
  return ok({ name, blob: source.blob, fileName: `${stem}.${extension}`, mediaType })
}
