import sharp from 'sharp'

import type { InputPicture } from '../input-picture.ts'
import { complain, type Fields, fieldsOf } from '../openai-compatible/fields.ts'
import { readPictures } from '../openai-compatible/given.ts'
import type { Received } from '../paid-call.ts'
import { isRefusal, type Refusal } from '../simulator.ts'
import { type Endpoint, textOf } from './endpoints.ts'
import { invalid, refused } from './errors.ts'
import { sizeOfRatio } from './sizes.ts'

/** What is to be made, checked. */
export interface Order {
  readonly prompt: string
  readonly count: number
  readonly width: number
  readonly height: number
  /** The one that is edited, then those beside it. */
  readonly pictures: readonly InputPicture[]
  /** Black where it is repainted. */
  readonly mask: InputPicture | undefined
  /** Everything else that was said: each has its effect on the whole. */
  readonly look: Fields
  readonly isAsync: boolean
}

/** Fields that have an effect of their own. */
const ELSEWHERE = new Set([
  'prompt',
  'num_images',
  'async',
  'webhook_url',
  'image',
  'mask',
  'reference_images',
  'resolution',
  'size',
  'aspect_ratio',
])
const PALETTES = new Set(['ember', 'fresh', 'jungle', 'magic', 'melon', 'mosaic', 'pastel', 'ultramarine'])

/** Fields by name: of a form, or of JSON where the endpoint takes that. */
export async function readFields(
  endpoint: Endpoint,
  { headers, json, form }: Received,
): Promise<Record<string, unknown> | Refusal> {
  if (headers['content-type']?.startsWith('multipart/form-data') === true) {
    const body = await form()
    return body === undefined ? refused(400, 'The form cannot be read') : unpacked(fieldsOf(body, endpoint.rules))
  }
  const body = endpoint.isJson ? json() : undefined
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { ...body }
  return refused(400, endpoint.isJson ? 'The JSON cannot be read' : 'This endpoint takes multipart/form-data')
}

/** A form has its objects as JSON, and lists of one as that one. */
function unpacked(fields: Record<string, unknown>): Record<string, unknown> {
  const { color_palette: palette, style_codes: codes } = fields
  return {
    ...fields,
    ...(typeof palette === 'string' && { color_palette: objectIn(palette) }),
    ...(typeof codes === 'string' && { style_codes: [codes] }),
  }
}

function objectIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export async function readOrder(endpoint: Endpoint, fields: Fields): Promise<Order | Refusal> {
  const found = complain(endpoint.rules, endpoint.required, fields)
  if (found !== undefined) return invalid(found.field, found.says)
  const odd = oddField(fields)
  if (odd !== undefined) return invalid(...odd)
  const pictures = await readFiles(endpoint, fields)
  if (isRefusal(pictures)) return pictures
  const { all, mask } = pictures
  const { prompt, num_images: count = 1, async: isAsync = false, webhook_url: hook } = fields
  const [width = 0, height = 0] = sizeOf(endpoint, fields, all[0])
  return {
    prompt: String(prompt),
    count: Number(count),
    width,
    height,
    pictures: all,
    mask,
    look: Object.fromEntries(Object.entries(fields).filter(([name]) => !ELSEWHERE.has(name))),
    isAsync: isAsync === true || hook !== undefined,
  }
}

/** What goes beyond one field's type: the first that is wrong, and why. */
function oddField(fields: Fields): readonly [field: string, says: string] | undefined {
  const { prompt, resolution, aspect_ratio: ratio, webhook_url: hook, style_codes: codes } = fields
  const { style_preset: preset, style_type: type, color_palette: palette } = fields
  if (String(prompt).length > 10_000) return ['prompt', 'longer than 10000 characters']
  if (resolution !== undefined && ratio !== undefined) return ['resolution', 'not together with aspect_ratio']
  if (hook !== undefined && textOf(fields, 'webhook_url')?.startsWith('https://') !== true)
    return ['webhook_url', 'not an HTTPS URL']
  if (codes !== undefined && !isCodes(codes)) return ['style_codes', 'not a list of 8 hexadecimal digits each']
  if (codes !== undefined && (preset !== undefined || type !== undefined))
    return ['style_codes', 'not together with style_preset or style_type']
  return palette !== undefined && !isPalette(palette) ? ['color_palette', 'neither a name nor members'] : undefined
}

function isCodes(codes: unknown): boolean {
  return Array.isArray(codes) && codes.length > 0 && codes.every((code) => /^[0-9A-Fa-f]{8}$/.test(String(code)))
}

function isPalette(palette: unknown): boolean {
  if (typeof palette !== 'object' || palette === null) return false
  if ('name' in palette) return PALETTES.has(String(palette.name))
  return 'members' in palette && Array.isArray(palette.members) && palette.members.length > 0
}

async function readFiles(
  { mostBeside, needsBothColours }: Endpoint,
  { image, mask, reference_images: beside }: Fields,
): Promise<{ readonly all: readonly InputPicture[]; readonly mask: InputPicture | undefined } | Refusal> {
  const [first, others, masks] = await Promise.all([image, beside, mask].map((value) => readPictures(value, 'file')))
  if (first === undefined || first.length > 1) return invalid('image', 'not one picture')
  if (others === undefined) return invalid('reference_images', 'not pictures')
  if (masks === undefined || masks.length > 1) return invalid('mask', 'not one picture')
  const [over] = masks
  const most = over === undefined ? mostBeside : mostBeside - 1
  if (others.length > Math.max(0, most)) return invalid('reference_images', `more than ${most}`)
  const says = over && (await wrongMask(over, first[0], needsBothColours))
  return says === undefined ? { all: [...first, ...others], mask: over } : invalid('mask', says)
}

async function wrongMask(
  mask: InputPicture,
  picture: InputPicture | undefined,
  needsBoth: boolean,
): Promise<string | undefined> {
  if (mask.width !== picture?.width || mask.height !== picture.height) return 'not of the size of the image'
  if (mask.hasAlpha) return 'an alpha channel says nothing here'
  const values = await sharp(mask.bytes).toColourspace('b-w').extractChannel(0).raw().toBuffer()
  if (!values.some((value) => value < 128)) return 'nothing in it is black'
  return needsBoth && !values.some((value) => value >= 128) ? 'nothing in it is white' : undefined
}

function sizeOf(endpoint: Endpoint, fields: Fields, picture: InputPicture | undefined): readonly number[] {
  if (endpoint.size === 'input') return [picture?.width ?? 0, picture?.height ?? 0]
  const ratio = textOf(fields, 'aspect_ratio') ?? 'auto'
  const size = textOf(fields, 'resolution') ?? textOf(fields, 'size') ?? 'auto'
  const named = ratio === 'auto' ? endpoint.size : sizeOfRatio(ratio)
  return (size === 'auto' ? named : size).split('x').map(Number)
}
