import { type InputPicture, readDataUrl } from '../input-picture.ts'
import type { Refusal } from '../simulator.ts'
import { type Complaint, complaints } from './errors.ts'
import type { Endpoint } from './endpoints.ts'
import type { Rule, Side } from './rules.ts'

/** An input that its endpoint takes. */
export interface Job {
  readonly endpoint: Endpoint
  readonly prompt: string
  readonly input: Readonly<Record<string, unknown>>
  readonly pictures: readonly InputPicture[]
  readonly width: number
  readonly height: number
  readonly count: number
  readonly format: 'jpeg' | 'png' | 'webp'
}

/**
 * Reads an input as strictly as the endpoint's schema is written, and more strictly than fal in one thing: a field that it does not
 * have is refused instead of ignored, so that a wrong name cannot pass unnoticed. All complaints come at once.
 */
export async function checkInput(endpoint: Endpoint, input: unknown): Promise<Job | Refusal> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return complaints([{ loc: ['body'], msg: 'Input should be a valid dictionary', type: 'model_attributes_type' }])
  }
  const fields = input as Readonly<Record<string, unknown>>
  const found: Complaint[] = []
  const pictures: InputPicture[] = []
  const rules: Readonly<Record<string, Rule>> = { prompt: { is: 'text' }, ...endpoint.rules }
  for (const name of ['prompt', ...endpoint.required]) {
    if (!(name in fields)) found.push({ loc: ['body', name], msg: 'Field required', type: 'missing' })
  }
  for (const [name, value] of Object.entries(fields)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) {
      found.push({ loc: ['body', name], msg: 'Extra inputs are not permitted', type: 'extra_forbidden' })
      continue
    }
    const complaint = isPicture(rule) ? await readPictures(name, rule, value, pictures) : complain(rule, value)
    if (complaint !== undefined) found.push({ loc: ['body', name], ...complaint })
  }
  return found.length > 0 ? complaints(found) : jobOf(endpoint, fields, pictures)
}

type Complained = Omit<Complaint, 'loc'>
const TYPES = ['png', 'jpeg', 'webp']

type PictureRule = Extract<Rule, { is: 'picture' | 'pictures' }>

function isPicture(rule: Rule): rule is PictureRule {
  return rule.is === 'picture' || rule.is === 'pictures'
}

function complain(rule: Exclude<Rule, PictureRule>, value: unknown): Complained | undefined {
  switch (rule.is) {
    case 'text':
      return typeof value === 'string' ? undefined : wrong('Input should be a valid string', 'string_type')
    case 'boolean':
      return typeof value === 'boolean' ? undefined : wrong('Input should be a valid boolean', 'bool_type')
    case 'texts':
      return Array.isArray(value) && value.every((item) => typeof item === 'string')
        ? undefined
        : wrong('Input should be a valid list', 'list_type')
    case 'choice':
      return typeof value === 'string' && rule.of.includes(value)
        ? undefined
        : wrong(`Input should be ${rule.of.map((choice) => `'${choice}'`).join(' or ')}`, 'literal_error')
    case 'number':
      if (typeof value !== 'number' || (rule.whole === true && !Number.isInteger(value)))
        return rule.whole === true
          ? wrong('Input should be a valid integer', 'int_type')
          : wrong('Input should be a valid number', 'float_type')
      if (value > rule.to) return wrong(`Input should be less than or equal to ${rule.to}`, 'less_than_equal')
      if (value < rule.from) return wrong(`Input should be greater than or equal to ${rule.from}`, 'greater_than_equal')
      return undefined
    case 'size':
      if (typeof value === 'string' && Object.hasOwn(rule.named, value)) return undefined
      return rule.fits(sideOf(value) ?? [0, 0]) ? undefined : wrong('The image size is not one it makes', 'value_error')
    default:
      return rule satisfies never
  }
}

function wrong(msg: string, type: string): Complained {
  return { msg, type }
}

function sideOf(value: unknown): Side | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { width, height, ...rest } = value as Readonly<Record<string, unknown>>
  const isSide = Number.isInteger(width) && Number.isInteger(height) && Object.keys(rest).length === 0
  return isSide ? [Number(width), Number(height)] : undefined
}

async function readPictures(
  name: string,
  rule: PictureRule,
  value: unknown,
  into: InputPicture[],
): Promise<Complained | undefined> {
  const uris: readonly unknown[] = rule.is === 'picture' ? [value] : Array.isArray(value) ? value : []
  if (uris.length === 0) return wrong('List should have at least 1 item after validation', 'too_short')
  if (rule.is === 'pictures' && uris.length > rule.most) {
    return wrong(`List should have at most ${rule.most} items after validation`, 'too_long')
  }
  for (const uri of uris) {
    const picture = await readDataUrl(uri, TYPES)
    if (picture === undefined)
      return wrong('Failed to load the image. Please ensure it is a valid one.', 'image_load_error')
    // A mask lies over the picture; it is not one to be redrawn.
    if (name !== 'mask_url') into.push(picture)
  }
  return undefined
}

function jobOf(endpoint: Endpoint, input: Readonly<Record<string, unknown>>, pictures: readonly InputPicture[]): Job {
  const { num_images: count = 1, output_format: format = endpoint.format, prompt } = input
  const [width, height] = pixelsOf(endpoint, input, pictures[0])
  return {
    endpoint,
    prompt: String(prompt),
    input,
    pictures,
    width,
    height,
    count: Number(count),
    format: format === 'png' || format === 'webp' ? format : 'jpeg',
  }
}

const SCALE: Readonly<Record<string, number>> = { '0.5K': 0.5, '1K': 1, '2K': 2, '4K': 4 }

function pixelsOf(
  { rules, side, usual }: Endpoint,
  { image_size: size, aspect_ratio: ratio, resolution = '1K' }: Readonly<Record<string, unknown>>,
  first: InputPicture | undefined,
): Side {
  const rule = rules['image_size']
  const named = rule?.is === 'size' && typeof size === 'string' ? rule.named[size] : sideOf(size)
  if (named !== undefined && named[0] > 0) return named
  const length = side * (SCALE[String(resolution)] ?? 1)
  if (typeof ratio === 'string' && ratio !== 'auto') {
    const [across = 1, down = 1] = ratio.split(':').map(Number)
    return filling(length, across / down)
  }
  if (first !== undefined) return filling(length, first.width / first.height)
  return resolution === '1K' ? usual : filling(length, usual[0] / usual[1])
}

/** The ratio at the area of a square of this side, sides in steps of 16. */
function filling(side: number, ratio: number): Side {
  return [inSteps(side * Math.sqrt(ratio)), inSteps(side / Math.sqrt(ratio))]
}

function inSteps(length: number): number {
  return Math.max(16, Math.round(length / 16) * 16)
}
