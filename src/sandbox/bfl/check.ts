import { type InputPicture, isOpaque, readBase64 } from '../input-picture.ts'
import type { Refusal } from '../simulator.ts'
import { type Complaint, complaints } from './errors.ts'
import type { Endpoint, Rule } from './models.ts'

/** An input that its endpoint takes. */
export interface Task {
  readonly fields: Readonly<Record<string, unknown>>
  readonly prompt: string
  /** To be redrawn, in order; the mask is none of them. */
  readonly pictures: readonly InputPicture[]
  readonly mask: InputPicture | undefined
  readonly width: number
  readonly height: number
  readonly format: 'jpeg' | 'png' | 'webp'
  /** Nano-dollars. */
  readonly nanos: bigint
}

/**
 * Reads an input as strictly as its schema is written, and more strictly than the API in two things: a field that the endpoint does not
 * have is refused instead of ignored, and so is a mask that is see-through instead of black and white. All complaints come at once.
 */
export async function checkInput(endpoint: Endpoint, input: unknown): Promise<Task | Refusal> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return complaints([{ loc: ['body'], msg: 'Input should be a valid dictionary', type: 'model_attributes_type' }])
  }
  const fields = input as Readonly<Record<string, unknown>>
  const found: Complaint[] = []
  const pictures = new Map<string, readonly InputPicture[]>()
  for (const name of endpoint.required) {
    if (!(name in fields)) found.push({ loc: ['body', name], msg: 'Field required', type: 'missing' })
  }
  for (const [name, value] of Object.entries(fields)) {
    const rule = Object.hasOwn(endpoint.rules, name) ? endpoint.rules[name] : undefined
    const wrong =
      rule === undefined
        ? complaint('Extra inputs are not permitted', 'extra_forbidden')
        : rule.is === 'picture' || rule.is === 'pictures'
          ? await readPictures(name, rule, value, pictures)
          : complain(rule, value)
    if (wrong !== undefined) found.push({ loc: ['body', name], ...wrong })
  }
  if (found.length === 0) found.push(...(await wholeComplaints(fields, pictures)))
  return found.length > 0 ? complaints(found) : taskOf(endpoint, fields, pictures)
}

type Complained = Omit<Complaint, 'loc'>

function complaint(msg: string, type: string): Complained {
  return { msg, type }
}

function complain(rule: Exclude<Rule, { is: 'picture' | 'pictures' }>, value: unknown): Complained | undefined {
  switch (rule.is) {
    case 'text':
      return typeof value === 'string' ? undefined : complaint('Input should be a valid string', 'string_type')
    case 'boolean':
      return typeof value === 'boolean' ? undefined : complaint('Input should be a valid boolean', 'bool_type')
    case 'address':
      return typeof value === 'string' && /^https?:\/\//.test(value)
        ? undefined
        : complaint('Input should be a valid URL', 'url_parsing')
    case 'ratio':
      return isRatio(value) ? undefined : complaint('The ratio is not between 21:9 and 9:21', 'value_error')
    case 'choice':
      return typeof value === 'string' && rule.of.includes(value)
        ? undefined
        : complaint(`Input should be ${rule.of.map((each) => `'${each}'`).join(' or ')}`, 'enum')
    case 'number':
      if (typeof value !== 'number' || (rule.whole === true && !Number.isInteger(value)))
        return complaint(`Input should be a valid ${rule.whole ? 'integer' : 'number'}`, 'int_type')
      if (value < rule.from)
        return complaint(`Input should be greater than or equal to ${rule.from}`, 'greater_than_equal')
      if (value > rule.to) return complaint(`Input should be less than or equal to ${rule.to}`, 'less_than_equal')
      if (rule.step !== undefined && value % rule.step !== 0)
        return complaint(`Input should be a multiple of ${rule.step}`, 'multiple_of')
      return undefined
    default:
      return rule satisfies never
  }
}

function isRatio(value: unknown): boolean {
  const [, across, down] = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(typeof value === 'string' ? value : '') ?? []
  const ratio = Number(across) / Number(down)
  return ratio >= 9 / 21 && ratio <= 21 / 9
}

async function readPictures(
  name: string,
  rule: Extract<Rule, { is: 'picture' | 'pictures' }>,
  value: unknown,
  into: Map<string, readonly InputPicture[]>,
): Promise<Complained | undefined> {
  const texts: readonly unknown[] = rule.is === 'pictures' && Array.isArray(value) ? value : [value]
  if (rule.is === 'pictures' && texts.length > rule.most) {
    return complaint(`List should have at most ${rule.most} items after validation`, 'too_long')
  }
  const read: InputPicture[] = []
  for (const text of texts) {
    // The sandbox fetches no addresses, and a data URI is not what the API documents.
    const picture = await readBase64(text)
    if (picture === undefined) return complaint('Input should be a base64 encoded image', 'value_error')
    read.push(picture)
  }
  into.set(name, read)
  return undefined
}

/** What no field can be blamed for alone. */
async function wholeComplaints(
  { width, height }: Readonly<Record<string, unknown>>,
  pictures: ReadonlyMap<string, readonly InputPicture[]>,
): Promise<readonly Complaint[]> {
  if (Number(width ?? 64) * Number(height ?? 64) > 4_194_304) {
    return [{ loc: ['body', 'width'], msg: 'The picture has more than 4 megapixels', type: 'value_error' }]
  }
  const [mask] = pictures.get('mask') ?? []
  const [image] = pictures.get('image') ?? []
  if (mask === undefined) return []
  if (mask.width !== image?.width || mask.height !== image.height) {
    return [{ loc: ['body', 'mask'], msg: 'The mask must have the same dimensions as the image', type: 'value_error' }]
  }
  return (await isOpaque(mask))
    ? []
    : [{ loc: ['body', 'mask'], msg: 'The mask must be black and white', type: 'value_error' }]
}

function taskOf(
  endpoint: Endpoint,
  fields: Readonly<Record<string, unknown>>,
  named: ReadonlyMap<string, readonly InputPicture[]>,
): Task {
  const { output_format: format = endpoint.format, prompt = '' } = fields
  const pictures = [...named].flatMap(([name, each]) => (name === 'mask' || name === 'image_prompt' ? [] : each))
  const [width, height] = pixelsOf(endpoint, fields, pictures[0])
  return {
    fields,
    prompt: String(prompt),
    pictures,
    mask: named.get('mask')?.[0],
    width,
    height,
    format: format === 'png' || format === 'webp' ? format : 'jpeg',
    nanos: priceOf(endpoint, fields, { width, height }, pictures),
  }
}

const SIDES: Readonly<Record<string, number>> = { '768sq': 768, '1k': 1024, '1.5k': 1536, '2k': 2048, '4k': 4096 }

function pixelsOf(
  { rules, usual, side, step }: Endpoint,
  { width, height, aspect_ratio: ratio, resolution }: Readonly<Record<string, unknown>>,
  first: InputPicture | undefined,
): readonly [width: number, height: number] {
  if ('mask' in rules && first !== undefined) return [first.width, first.height]
  if (typeof width === 'number' || typeof height === 'number')
    return [Number(width ?? usual[0]), Number(height ?? usual[1])]
  const length = SIDES[String(resolution)] ?? side
  const inSteps = (pixels: number) => Math.max(step, Math.round(pixels / step) * step)
  const filling = (across: number) =>
    [inSteps(length * Math.sqrt(across)), inSteps(length / Math.sqrt(across))] as const
  if (typeof ratio === 'string' && ratio !== 'auto') {
    const [across = 1, down = 1] = ratio.split(':').map(Number)
    return filling(across / down)
  }
  if (first !== undefined) return filling(first.width / first.height)
  return resolution === undefined ? usual : filling(1)
}

interface Pixels {
  readonly width: number
  readonly height: number
}

const NANOS_PER_CREDIT = 10_000_000

function priceOf(
  { price }: Endpoint,
  { resolution = '1k' }: Readonly<Record<string, unknown>>,
  made: Pixels,
  pictures: readonly Pixels[],
): bigint {
  const credits =
    price.per === 'image'
      ? price.credits
      : price.per === 'resolution'
        ? (price.credits[String(resolution)] ?? 0)
        : price.first +
          (megapixels(made) - 1) * price.more +
          pictures.reduce((sum, picture) => sum + megapixels(picture), 0) * price.input
  return BigInt(Math.round(credits * NANOS_PER_CREDIT))
}

function megapixels({ width, height }: Pixels): number {
  return Math.ceil((width * height) / 1_048_576)
}
