import { type InputPicture, readPicture } from '../input-picture.ts'
import type { Refusal } from '../simulator.ts'
import type { Endpoint, Rule } from './endpoints.ts'
import { badRequest } from './errors.ts'

/** A form that its service takes. */
export interface Form {
  readonly texts: Readonly<Record<string, string>>
  readonly image: InputPicture | undefined
  readonly mask: InputPicture | undefined
}

const LEAST_SIDE = 64
const TYPES = ['image/jpeg', 'image/png', 'image/webp']

/**
 * Reads a form as strictly as the service's schema is written, and more strictly than Stability in one thing: a field that it does not
 * have is refused instead of ignored, so that a wrong name cannot pass unnoticed. All complaints come at once.
 */
export async function checkForm(endpoint: Endpoint, form: FormData): Promise<Form | Refusal> {
  const complaints: string[] = []
  const texts: Record<string, string> = {}
  const pictures: Record<string, InputPicture> = {}
  for (const [name, value] of form) {
    const rule = Object.hasOwn(endpoint.fields, name) ? endpoint.fields[name] : undefined
    const problem =
      rule === undefined
        ? 'is not a field of this service'
        : name in texts || name in pictures
          ? 'is given twice'
          : typeof value === 'string'
            ? complain(rule, value)
            : await takePicture(rule, value, (picture) => (pictures[name] = picture))
    if (problem !== undefined) complaints.push(`${name}: ${problem}`)
    else if (typeof value === 'string') texts[name] = value
  }
  for (const name of endpoint.required) if (!form.has(name)) complaints.push(`${name}: is required`)
  complaints.push(...startingComplaints(endpoint, form))
  if (complaints.length > 0) return badRequest(...complaints)
  return { texts, image: pictures['image'], mask: pictures['mask'] }
}

function complain(rule: Rule, value: string): string | undefined {
  switch (rule.is) {
    case 'text':
      if (value.length > rule.most) return `cannot be longer than ${rule.most} characters`
      return value.length < (rule.least ?? 0) ? 'cannot be empty' : undefined
    case 'number': {
      const number = value.trim() === '' ? Number.NaN : Number(value)
      if (!Number.isFinite(number) || (rule.whole === true && !Number.isInteger(number))) return 'must be a number'
      return number < rule.from || number > rule.to ? `must be between ${rule.from} and ${rule.to}` : undefined
    }
    case 'choice':
      return rule.of.includes(value) ? undefined : `must be one of ${rule.of.join(', ')}`
    case 'picture':
      return 'must be a file'
    default:
      return rule satisfies never
  }
}

async function takePicture(rule: Rule, file: File, take: (picture: InputPicture) => void): Promise<string | undefined> {
  if (rule.is !== 'picture') return 'must be a text'
  if (!TYPES.includes(file.type)) return `has an unsupported content type: ${file.type}`
  const bytes = Buffer.from(await file.arrayBuffer())
  const picture = await readPicture(bytes)
  if (picture === undefined) return 'cannot be read as an image'
  const { format, width, height } = picture
  if (`image/${format}` !== file.type) return `is labelled ${file.type}, and is not`
  if (Math.min(width, height) < LEAST_SIDE) return `every side must be at least ${LEAST_SIDE} pixels`
  if (width * height > (rule.mostPixels ?? Infinity)) return `must have at most ${rule.mostPixels} pixels`
  take(picture)
  return undefined
}

/** What goes together only, where a generation may start from a picture. */
function startingComplaints({ fields, required }: Endpoint, form: FormData): readonly string[] {
  const complaints: string[] = []
  if (fields['strength'] !== undefined && form.has('image') && !form.has('strength'))
    complaints.push('strength: is required')
  if (fields['mode'] !== undefined) {
    const isFromImage = form.get('mode') === 'image-to-image'
    if (isFromImage && !form.has('image')) complaints.push('image: is required')
    for (const name of isFromImage ? ['aspect_ratio'] : ['image', 'strength']) {
      if (form.has(name)) complaints.push(`${name}: is not allowed in this mode`)
    }
  } else if (form.has('strength') && !form.has('image')) {
    complaints.push('image: is required')
  }
  const isGrown = required.includes('image') && fields['left'] !== undefined
  const sides = ['left', 'right', 'up', 'down'].map((side) => Number(form.get(side) ?? 0))
  if (isGrown && sides.every((side) => side === 0)) complaints.push('left: at least one side must be extended')
  return complaints
}
