import type { InputPicture } from '../input-picture.ts'
import { isRefusal, type Refusal } from '../simulator.ts'
import { invalid } from './errors.ts'
import type { Rule, Side, SimulatedModel } from './models.ts'

export interface Settled {
  readonly width: number
  readonly height: number
  readonly count: number
  /** Everything else that was said: each has its effect on the picture, `prompt_extend` on some prices too. */
  readonly steering: Readonly<Record<string, unknown>>
}

/** What the parameters come to for this model and these pictures, or the first that it does not take. */
export function readParameters(
  { size, n, ...steering }: Readonly<Record<string, unknown>>,
  model: SimulatedModel,
  pictures: readonly InputPicture[],
): Settled | Refusal {
  for (const [name, value] of Object.entries(steering)) {
    const rule = Object.hasOwn(model.parameters, name) ? model.parameters[name] : undefined
    if (rule === undefined) return invalid(`${name} is not a parameter of this model`)
    if (!fits(rule, value)) return invalid(`${name} is not valid: ${JSON.stringify(value).slice(0, 100)}`)
  }
  const { most, usual } = model.count
  if (n !== undefined && !fits({ from: 1, to: most }, n)) return invalid(`num_images_per_prompt must be 1 to ${most}`)
  const side = size === undefined ? usualSide(model, pictures) : readSize(size, model, pictures)
  if (isRefusal(side)) return side
  const [width, height] = side
  return { width, height, count: n === undefined ? usual : Number(n), steering }
}

function fits(rule: Rule, value: unknown): boolean {
  if (rule === 'boolean') return typeof value === 'boolean'
  if (rule === 'palette') return Array.isArray(value) && value.length >= 3 && value.length <= 10
  if (rule === 'boxes') return Array.isArray(value) && value.every((boxes) => Array.isArray(boxes))
  if ('letters' in rule) return typeof value === 'string' && value.length <= rule.letters
  if ('of' in rule) return typeof value === 'string' && rule.of.includes(value)
  return Number.isInteger(value) && Number(value) >= rule.from && Number(value) <= rule.to
}

function readSize(size: unknown, { sizes }: SimulatedModel, pictures: readonly InputPicture[]): Side | Refusal {
  const named = typeof size === 'string' && 'named' in sizes ? sizes.named?.[size] : undefined
  const [, across, down] = /^(\d+)\*(\d+)$/u.exec(named === undefined ? String(size) : `${named}*${named}`) ?? []
  if (across === undefined) return invalid('size must match format width*height, like 1024*1024')
  const [width, height] = [Number(across), Number(down)]
  if ('of' in sizes) {
    return sizes.of.includes(`${width}*${height}`)
      ? [width, height]
      : invalid(`size must be one of ${sizes.of.join(', ')}`)
  }
  const most = pictures.length > 0 ? (sizes.mostEdited ?? sizes.most) : sizes.most
  const area = width * height
  if (area < sizes.least || area > most) return invalid(`size must have between ${sizes.least} and ${most} pixels`)
  const ratio = Math.max(width / height, height / width)
  return ratio > sizes.ratio ? invalid(`size must have a ratio of at most ${sizes.ratio}:1`) : [width, height]
}

/** An edit follows the last picture, at about a megapixel. */
function usualSide({ usual }: SimulatedModel, pictures: readonly InputPicture[]): Side {
  const last = pictures.at(-1)
  if (last === undefined) return usual
  const stretch = Math.sqrt(last.width / last.height)
  return [inSteps(1024 * stretch), inSteps(1024 / stretch)]
}

function inSteps(length: number): number {
  return Math.max(16, Math.floor(length / 16) * 16)
}
