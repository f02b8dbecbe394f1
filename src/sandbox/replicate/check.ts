import { type InputPicture, isOpaque, readBase64 } from '../input-picture.ts'
import type { Refusal } from '../simulator.ts'
import { type Complaint, complaints } from './errors.ts'
import { pixelsOf } from './pixels.ts'
import type { PictureRule, Rule, SimulatedModel } from './schema.ts'

/** An input that its model takes. */
export interface Task {
  readonly fields: Readonly<Record<string, unknown>>
  readonly prompt: string
  /** To be redrawn, in order; the mask is none of them. */
  readonly pictures: readonly InputPicture[]
  readonly mask: InputPicture | undefined
  readonly width: number
  readonly height: number
  readonly count: number
  readonly format: 'jpeg' | 'png' | 'webp'
  readonly output: 'one' | 'list'
  /** Nano-dollars. */
  readonly nanos: bigint
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads an input as strictly as the model's schema is written, and more strictly than the API in this: what would have no effect is
 * refused instead of passed over, be it a field that the model does not have, a ratio beside a picture that decides, pixels without
 * `custom`, or a mask that is see-through instead of black and white.
 */
export async function checkInput(model: SimulatedModel, input: unknown): Promise<Task | Refusal> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return complaints([{ field: 'input', says: 'Invalid type. Expected: object' }])
  }
  const fields = input as Fields
  const found: Complaint[] = []
  const pictures = new Map<string, readonly InputPicture[]>()
  for (const name of model.required) {
    if (!(name in fields)) found.push({ field: 'input', says: `${name} is required` })
  }
  for (const [name, value] of Object.entries(fields)) {
    const rule = Object.hasOwn(model.rules, name) ? model.rules[name] : undefined
    const says =
      rule === undefined
        ? 'Additional property is not allowed'
        : rule.is === 'picture' || rule.is === 'pictures'
          ? await readPictures(name, rule, value, pictures)
          : complain(rule, value)
    if (says !== undefined) found.push({ field: `input.${name}`, says })
  }
  if (found.length === 0) found.push(...(await wholeComplaints(model, fields, pictures)))
  return found.length > 0 ? complaints(found) : taskOf(model, fields, pictures)
}

function complain(rule: Exclude<Rule, PictureRule>, value: unknown): string | undefined {
  switch (rule.is) {
    case 'text':
      return typeof value === 'string' ? undefined : 'Invalid type. Expected: string'
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'Invalid type. Expected: boolean'
    case 'size':
      return typeof value === 'string' && /^([12]K|\d{3,4}\*\d{3,4})$/.test(value) ? undefined : 'Invalid size'
    case 'choice':
      return typeof value === 'string' && rule.of.includes(value)
        ? undefined
        : `Must be one of the following: ${rule.of.map((each) => `"${each}"`).join(', ')}`
    case 'number':
      if (typeof value !== 'number' || (rule.whole === true && !Number.isInteger(value)))
        return `Invalid type. Expected: ${rule.whole ? 'integer' : 'number'}`
      if (value < rule.from) return `Must be greater than or equal to ${rule.from}`
      if (value > rule.to) return `Must be less than or equal to ${rule.to}`
      return rule.step !== undefined && value % rule.step !== 0 ? `Must be a multiple of ${rule.step}` : undefined
    default:
      return rule satisfies never
  }
}

async function readPictures(
  name: string,
  rule: PictureRule,
  value: unknown,
  into: Map<string, readonly InputPicture[]>,
): Promise<string | undefined> {
  const isList = rule.is === 'pictures'
  if (isList !== Array.isArray(value)) return `Invalid type. Expected: ${isList ? 'array' : 'string'}`
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (isList && texts.length > rule.most) return `Array must have at most ${rule.most} items`
  const read: InputPicture[] = []
  for (const text of texts) {
    const picture = typeof text === 'string' ? await decoded(text) : undefined
    if (picture === undefined) return "Does not match format 'uri'"
    read.push(picture)
  }
  into.set(name, read)
  return undefined
}

/** Data URIs alone: the sandbox fetches no addresses. The type that they name has to be the picture's own. */
async function decoded(text: string): Promise<InputPicture | undefined> {
  const [, type, base64] = /^data:image\/(\w+);base64,(.+)$/s.exec(text) ?? []
  const picture = await readBase64(base64)
  return picture?.format === type ? picture : undefined
}

/** What no field can be blamed for alone. */
async function wholeComplaints(
  { rules, follows }: SimulatedModel,
  { width, height, aspect_ratio: ratio, size }: Fields,
  pictures: ReadonlyMap<string, readonly InputPicture[]>,
): Promise<readonly Complaint[]> {
  const hasPixels = width !== undefined || height !== undefined
  const isCustom = ratio === 'custom' || size === 'custom'
  if (isCustom && (width === undefined || height === undefined))
    return [{ field: 'input', says: 'width and height are required' }]
  if (hasPixels && !isCustom && 'aspect_ratio' in rules)
    return [{ field: 'input.width', says: 'Only used with a custom size' }]
  const [image] = pictures.get('image') ?? []
  const [mask] = pictures.get('mask') ?? []
  if (image !== undefined && follows === 'always' && ratio !== undefined)
    return [{ field: 'input.aspect_ratio', says: 'Not used with an image' }]
  if (mask === undefined) {
    const needsMask = image !== undefined && 'mask' in rules && 'style_type' in rules
    return needsMask ? [{ field: 'input.image', says: 'Only used with a mask' }] : []
  }
  if (mask.width !== image?.width || mask.height !== image.height)
    return [{ field: 'input.mask', says: 'The mask must have the dimensions of the image' }]
  return (await isOpaque(mask)) ? [] : [{ field: 'input.mask', says: 'The mask must be black and white' }]
}

const FORMATS: Readonly<Record<string, Task['format']>> = { jpg: 'jpeg', jpeg: 'jpeg', png: 'png', webp: 'webp' }

function taskOf(model: SimulatedModel, fields: Fields, named: ReadonlyMap<string, readonly InputPicture[]>): Task {
  const pictures = [...named].flatMap(([name, each]) => (name === 'mask' ? [] : each))
  const [width, height] = pixelsOf(model, fields, pictures[0])
  const count = Number(fields['num_outputs'] ?? fields['number_of_images'] ?? 1)
  const { prompt = '', output_format: wished } = fields
  return {
    fields,
    prompt: String(prompt),
    pictures,
    mask: named.get('mask')?.[0],
    width,
    height,
    count,
    format: FORMATS[String(wished)] ?? model.format,
    output: model.output,
    nanos: priceOf(model, [...pictures, { width, height }], count),
  }
}

const MEGAPIXEL = 1024 * 1024

function priceOf(
  { price }: SimulatedModel,
  pictures: readonly Pick<InputPicture, 'width' | 'height'>[],
  count: number,
): bigint {
  if (price.per === 'image') return price.nanos * BigInt(count)
  const megapixels = pictures.reduce((sum, { width, height }) => sum + Math.ceil((width * height) / MEGAPIXEL), 0)
  return price.run + price.nanos * BigInt(megapixels)
}
