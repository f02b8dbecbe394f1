import { z } from 'zod'

import type { Refusal } from '../simulator.ts'
import { invalidValue, missingParameter, refusal, unknownParameter } from './errors.ts'
import type { SimulatedModel } from './models.ts'

/** What a request says, whether it came as JSON or as a form, and what it leaves to the model. */
export interface Fields {
  readonly simulated: SimulatedModel
  readonly model: string
  readonly prompt: string
  readonly n: number
  /** Undefined: the model decides. */
  readonly size: readonly [width: number, height: number] | undefined
  readonly quality: string
  readonly complexity: string | undefined
  readonly background: 'opaque' | 'transparent'
  readonly format: 'png' | 'jpeg' | 'webp'
  readonly compression: number | undefined
  readonly moderation: 'auto' | 'low'
  /** Of the caller's own end user. */
  readonly identifier: string | undefined
  readonly fidelity: string | undefined
  readonly isStream: boolean
  readonly previews: number
}

/** `null` is as good as nothing, as OpenAI's own file describes its fields. A field that is not here is unknown. */
const Generation = z.strictObject({
  model: z.string(),
  prompt: z.string().min(1).max(32_000),
  n: z.int().min(1).max(10).nullish(),
  size: z.string().nullish(),
  quality: z.string().nullish(),
  complexity: z.enum(['low', 'medium', 'high']).nullish(),
  background: z.enum(['auto', 'opaque', 'transparent']).nullish(),
  output_format: z.enum(['png', 'jpeg', 'webp']).nullish(),
  output_compression: z.int().min(0).max(100).nullish(),
  moderation: z.enum(['auto', 'low']).nullish(),
  safety_identifier: z.string().nullish(),
  user: z.string().nullish(),
  stream: z.boolean().nullish(),
  partial_images: z.int().min(0).max(3).nullish(),
})
const Edit = z.strictObject({ ...Generation.shape, input_fidelity: z.string().nullish() })
type Body = z.output<typeof Edit>

export function readFields(
  raw: unknown,
  operation: 'generations' | 'edits',
  find: (id: string) => SimulatedModel | Refusal,
): Fields | Refusal {
  const parsed: z.ZodSafeParseResult<Body> = (operation === 'edits' ? Edit : Generation).safeParse(raw)
  if (!parsed.success) return wrongField(parsed.error.issues[0])
  const body = parsed.data
  const simulated = find(body.model)
  if ('body' in simulated) return simulated
  const { size } = body
  const problem = sizeProblem(size ?? 'auto', simulated)
  const refused = problem === undefined ? (unsupported(body, simulated) ?? clash(body)) : invalidValue('size', problem)
  if (refused !== undefined) return refused
  const { quality, complexity, background } = body
  return {
    simulated,
    model: body.model,
    prompt: body.prompt,
    n: body.n ?? 1,
    size: pixelsOf(size ?? 'auto'),
    quality: quality === 'auto' ? 'medium' : (quality ?? 'medium'),
    complexity: simulated.plans ? (complexity ?? 'medium') : undefined,
    background: background === 'transparent' ? 'transparent' : 'opaque',
    format: body.output_format ?? 'png',
    compression: body.output_compression ?? undefined,
    moderation: body.moderation ?? 'auto',
    identifier: body.safety_identifier ?? body.user ?? undefined,
    fidelity: body.input_fidelity ?? undefined,
    isStream: body.stream ?? false,
    previews: body.partial_images ?? 0,
  }
}

function wrongField(issue: z.core.$ZodIssue | undefined): Refusal {
  const name = String(issue?.path[0] ?? '')
  if (issue?.code === 'unrecognized_keys') return unknownParameter(issue.keys[0] ?? '')
  if (name === '') return refusal(400, 'We could not parse the JSON body of your request.')
  const isMissing = issue?.code === 'invalid_type' && issue.message.includes('undefined')
  return isMissing ? missingParameter(name) : invalidValue(name, issue?.message ?? 'not understood')
}

/** What the model does not have. */
function unsupported(
  body: Body,
  { id, plans, fidelities, qualities, transparency }: SimulatedModel,
): Refusal | undefined {
  const { complexity = null, input_fidelity: fidelity = null, quality = null, background } = body
  if (complexity !== null && !plans) return unknownParameter('complexity')
  if (fidelity !== null && !fidelities.includes(fidelity)) {
    const message = `The model '${id}' does not support the 'input_fidelity' parameter.`
    return refusal(400, message, { param: 'input_fidelity', code: 'invalid_input_fidelity_model' })
  }
  if (quality !== null && ![...qualities, 'auto'].includes(quality)) {
    return invalidValue('quality', `supported values are: ${['auto', ...qualities].join(', ')}.`)
  }
  if (background !== 'transparent' || transparency) return undefined
  return invalidValue('background', `transparent backgrounds are not supported by ${id}.`)
}

/** Fields that are good by themselves and not together. */
function clash(body: Body): Refusal | undefined {
  const format = body.output_format ?? 'png'
  if (body.background === 'transparent' && format === 'jpeg') {
    return invalidValue('background', 'transparent requires output_format png or webp.')
  }
  if ((body.output_compression ?? 100) !== 100 && format === 'png') {
    return invalidValue('output_compression', 'must be 100 for output_format png.')
  }
  if (body.stream !== true && (body.partial_images ?? 0) > 0) {
    return invalidValue('partial_images', 'is only supported when stream is true.')
  }
  return undefined
}

const SIZE = /^([1-9]\d{1,4})x([1-9]\d{1,4})$/u
const THREE_SIZES = ['1024x1024', '1536x1024', '1024x1536']
const LEAST_PIXELS = 655_360
const MOST_PIXELS = 3840 * 2160

/** Why the model does not make this size; undefined when it does. */
function sizeProblem(size: string, { sizes }: SimulatedModel): string | undefined {
  if (size === 'auto') return undefined
  const pixels = pixelsOf(size)
  if (sizes === 'three' && !THREE_SIZES.includes(size)) return `supported are ${THREE_SIZES.join(', ')}, auto.`
  if (pixels === undefined) return 'expected WIDTHxHEIGHT or auto.'
  const [width, height] = pixels
  if (width % 16 !== 0 || height % 16 !== 0) return 'width and height must be divisible by 16.'
  if (Math.max(width / height, height / width) > 3) return 'the ratio must be between 1:3 and 3:1.'
  if (Math.max(width, height) > 3840 || width * height > MOST_PIXELS) return 'at most 3840x2160 is supported.'
  return width * height < LEAST_PIXELS ? `at least ${LEAST_PIXELS} pixels are needed.` : undefined
}

function pixelsOf(size: string): Fields['size'] {
  const [, width, height] = SIZE.exec(size) ?? []
  return width === undefined ? undefined : [Number(width), Number(height)]
}
