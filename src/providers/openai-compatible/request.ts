import { type ImageRequest, promptText, references } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { dataUrl } from '../../core/json-blobs.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { FormPart } from '../form.ts'
import { filePart, inlinePicture } from '../inline-picture.ts'
import { toStencil } from '../mask.ts'
import type { Call } from '../provider.ts'
import { toPrompt } from './prompt.ts'
import type { Endpoint, Quirks } from './quirks.ts'
import { shapeOf } from './shape.ts'

type Fields = Readonly<Record<string, JsonValue>>

/** Where a request goes, and what is in it: a document or a form. */
export type Post = { readonly path: string } & ({ readonly body: Fields } | { readonly form: readonly FormPart[] })

/** What the caller left out is left out; what this server has no field for is an error, in one sentence that names it. */
export async function toPost(
  request: ImageRequest,
  options: Fields,
  { model, pixels }: Pick<Call, 'model' | 'pixels'>,
  quirks: Quirks,
): Promise<Result<Post, string>> {
  const endpoint = endpointFor(request, quirks)
  if (typeof endpoint === 'string') return err(endpoint)
  const path = pathOf(endpoint, model, quirks)
  if (path === undefined) return err('The model has an id that is none of such a server.')
  const passed = Object.entries(options).filter(([key]) => quirks.passThrough.includes(key))
  const stranger = passed.find(([key]) => endpoint.passes?.includes(key) === false)?.[0]
  if (stranger !== undefined) return err(unknownThere(`provider.options.${quirks.slug}.${stranger}`))
  const unsaid = beyond(request, endpoint)
  if (unsaid !== undefined) return err(unknownThere(unsaid))
  const prompt = toPrompt(request, promptText(request), Object.fromEntries(passed), endpoint.prompt)
  if (!prompt.ok) return prompt
  const fields: Fields = {
    ...(endpoint.prompt === 'arguments in a tag' ? {} : Object.fromEntries(passed)),
    ...(endpoint.names.model !== undefined && { [endpoint.names.model]: model }),
    prompt: prompt.value,
    ...named(request, endpoint),
    ...shapeOf(request, endpoint.shape),
    ...endpoint.always,
  }
  return endpoint.as === 'json'
    ? toBody(path, fields, request, endpoint, model)
    : toForm(path, fields, request, endpoint, pixels)
}

function endpointFor(request: ImageRequest, { words, edits, masked }: Quirks): Endpoint | string {
  const [first] = references(request)
  if (request.mask !== undefined) return masked ?? unknownThere(request.mask.field)
  if (first === undefined) return words
  return edits ?? unknownThere(first.field)
}

/** Two names, as on the Hugging Face Hub. */
const HUB_ID = /^\w[\w.-]*\/\w[\w.-]*$/

/** That, one name, or a directory. */
const LOADED_ID = /^\/?(?!\.{1,2}(\/|$))[\w.-]+(\/(?!\.{1,2}(\/|$))[\w.-]+)*\/?$/

/** Undefined for an id that would lead elsewhere, or could not be what a server has loaded. */
function pathOf({ path }: Endpoint, model: string, { ignoresModel = false }: Quirks): string | undefined {
  if (path.includes('{model}')) return HUB_ID.test(model) ? path.replace('{model}', model) : undefined
  return ignoresModel && !LOADED_ID.test(model) ? undefined : path
}

/** The first thing asked for that the endpoint has no way to be asked, as the caller knows it. */
function beyond(request: ImageRequest, { names, prompt, shape }: Endpoint): string | undefined {
  const { n, seed, negativePrompt, quality, background, size, aspectRatio, resolution } = request
  const tells = { seed: prompt === 'arguments in a tag', negativePrompt: prompt !== undefined }
  if (n !== undefined && n > 1 && names.n === undefined) return 'n'
  if (seed !== undefined && names.seed === undefined && !tells.seed) return 'seed'
  if (negativePrompt !== undefined && names.negativePrompt === undefined && !tells.negativePrompt)
    return 'negative_prompt'
  if (quality !== undefined && names.quality === undefined) return 'quality'
  if (background === 'transparent' && names.background === undefined) return 'background'
  if (shape !== undefined) return undefined
  if (size !== undefined) return 'size'
  if (resolution !== undefined) return 'resolution'
  return aspectRatio !== undefined && aspectRatio !== 'auto' ? 'aspect_ratio' : undefined
}

function unknownThere(field: string): string {
  return `${field} cannot be sent: this server has no field for it in such a request.`
}

/** A format that cannot be asked for is made here from what comes, with its compression. */
function named(
  { n, seed, negativePrompt, quality, background, format, compression }: ImageRequest,
  endpoint: Endpoint,
): Fields {
  const { names, formats } = endpoint
  const isMade = format !== undefined && format !== 'svg' && formats?.includes(format) === true
  const values: Readonly<Partial<Record<keyof typeof names, JsonValue | undefined>>> = {
    n,
    seed,
    negativePrompt,
    quality,
    background,
    format: isMade ? format : undefined,
    compression: isMade || format === undefined ? compression : undefined,
  }
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => {
      const name = names[key as keyof typeof names]
      return name === undefined || value === undefined ? [] : [[name, value] as const]
    }),
  )
}

function toBody(
  path: string,
  fields: Fields,
  request: ImageRequest,
  endpoint: Endpoint,
  model: string,
): Result<Post, string> {
  const pictures = references(request)
  const rule = endpoint.references?.find(({ models }) => models?.test(model) !== false)
  if (rule === undefined || pictures.length === 0) return ok({ path, body: fields })
  const surplus = rule.takes === 'one' ? pictures[1] : undefined
  if (surplus !== undefined) return err(unknownThere(surplus.field))
  const written: JsonValue[] = []
  for (const picture of pictures) {
    const sent = inlinePicture(picture)
    if (!sent.ok) return sent
    written.push(rule.written === 'data URL' ? dataUrl(sent.value.blob, sent.value.mediaType) : sent.value.blob)
  }
  const [only = null] = written
  return ok({ path, body: { ...fields, [rule.field]: rule.takes === 'one' ? only : written } })
}

async function toForm(
  path: string,
  fields: Fields,
  request: ImageRequest,
  endpoint: Endpoint,
  pixels: Call['pixels'],
): Promise<Result<Post, string>> {
  const form: FormPart[] = []
  for (const [name, value] of Object.entries(fields)) {
    const text = textOf(value)
    if (text === undefined) return err(`${name} is more than one value, and cannot be part of a form.`)
    form.push({ name, value: text })
  }
  const rule = endpoint.references?.[0]
  const pictures = references(request)
  const surplus = rule?.takes === 'one' ? pictures[1] : undefined
  if (surplus !== undefined) return err(unknownThere(surplus.field))
  const name = pictures.length > 1 ? (rule?.fieldOfSeveral ?? rule?.field) : rule?.field
  for (const [index, picture] of pictures.entries()) {
    const sent = inlinePicture(picture)
    if (!sent.ok) return sent
    form.push(filePart(name ?? 'image', String(index), sent.value))
  }
  const mask = await maskOf(request, endpoint, pixels)
  if (!mask.ok) return mask
  return ok({ path, form: [...form, ...mask.value] })
}

async function maskOf(
  { mask }: ImageRequest,
  endpoint: Endpoint,
  pixels: Call['pixels'],
): Promise<Result<readonly FormPart[], string>> {
  if (mask === undefined || endpoint.mask === undefined) return ok([])
  const { field, repaints } = endpoint.mask
  const sent = inlinePicture(mask)
  if (!sent.ok) return sent
  if (repaints !== 'white') return ok([filePart(field, 'mask', sent.value)])
  const stencil = await toStencil(mask, 'white', pixels)
  if (!stencil.ok) return stencil
  const mediaType = stencil.value === sent.value.blob ? sent.value.mediaType : 'image/png'
  return ok([filePart(field, 'mask', { blob: stencil.value, mediaType })])
}

function textOf(value: JsonValue): string | undefined {
  return typeof value === 'object' ? undefined : String(value)
}
