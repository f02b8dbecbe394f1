import { type ImageRequest, promptText, references } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { FormPart } from '../form.ts'
import { filePart, inlinePicture } from '../inline-picture.ts'
import { toStencil } from '../mask.ts'
import type { Call } from '../provider.ts'
import type { Endpoint } from './endpoints.ts'

/** Keys of `provider.options.stability` that are sent on, whatever the service: it refuses what it does not know. */
export const PASS_THROUGH = [
  'cfg_scale',
  'control_strength',
  'creativity',
  'down',
  'fidelity',
  'grow_mask',
  'left',
  'right',
  'search_prompt',
  'select_prompt',
  'strength',
  'style_preset',
  'up',
] as const

type Options = Readonly<Record<string, JsonValue>>

/**
 * The form for one service. What the caller left out is left out, but for how far a generation may go from the picture that it starts
 * from, which has to be said. What the service has no field for is an error, in one sentence that names the caller's field.
 */
export async function toForm(
  request: ImageRequest,
  options: Options,
  endpoint: Endpoint,
  pixels: Call['pixels'],
): Promise<Result<readonly FormPart[], string>> {
  const problem = beyond(request, endpoint)
  if (problem !== undefined) return err(problem)
  const files = await filesOf(request, pixels)
  if (!files.ok) return files
  const passed = passedOn(options)
  if (!passed.ok) return passed
  const { aspectRatio, seed, negativePrompt } = request
  const format = formatOf(request, endpoint)
  const fields: Readonly<Record<string, string | undefined>> = {
    ...(references(request).length > 0 && endpoint.fromPicture),
    ...passed.value,
    prompt: promptText(request),
    model: endpoint.model,
    aspect_ratio: aspectRatio,
    negative_prompt: negativePrompt,
    seed: seed?.toString(),
    output_format: format,
  }
  const texts = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]))
  return ok([...texts, ...files.value])
}

/** What is wrong with asking this of that service; undefined when nothing is. */
function beyond(request: ImageRequest, endpoint: Endpoint): string | undefined {
  const { size, resolution, aspectRatio, negativePrompt, mask, seed } = request
  const [first, second] = references(request)
  if (first === undefined && endpoint.picture === 'always')
    return 'The service works on a picture, and the request has none.'
  if (first !== undefined && endpoint.picture === 'never') return no(first.field)
  if (second !== undefined) return no(second.field)
  if (mask !== undefined && endpoint.mask !== true) return no(mask.field)
  if (size !== undefined) return no('size')
  if (resolution !== undefined && resolution !== '1K') return no('resolution')
  const hasRatio = endpoint.ratio === 'always' || (endpoint.ratio === 'from words' && first === undefined)
  if (aspectRatio !== undefined && !hasRatio) return no('aspect_ratio')
  if (negativePrompt !== undefined && !endpoint.negates) return no('negative_prompt')
  return seed === 0
    ? 'seed 0 cannot be sent: Stability takes it for no seed at all. Any from 1 to 4294967294 can.'
    : undefined
}

function no(field: string): string {
  return `${field} cannot be sent: Stability has no field for it in this service.`
}

/** Stability knows no compression: where there is one, the file is made here, out of a PNG that nothing was lost in. */
function formatOf({ format, compression }: ImageRequest, { formats }: Endpoint): string | undefined {
  return compression === undefined ? formats.find((name) => name === format) : undefined
}

async function filesOf(request: ImageRequest, pixels: Call['pixels']): Promise<Result<readonly FormPart[], string>> {
  const { mask } = request
  const [picture] = references(request)
  if (picture === undefined) return ok([])
  const sent = inlinePicture(picture)
  if (!sent.ok) return sent
  const image = filePart('image', 'image', sent.value)
  if (mask === undefined) return ok([image])
  // White is where Stability paints; callers' masks are transparent there.
  const stencil = await toStencil(mask, 'white', pixels)
  return stencil.ok ? ok([image, filePart('mask', 'mask', { blob: stencil.value, mediaType: 'image/png' })]) : stencil
}

/** A form has texts alone. */
function passedOn(options: Options): Result<Readonly<Record<string, string>>, string> {
  const passed: Record<string, string> = {}
  for (const name of PASS_THROUGH) {
    const value = options[name]
    if (value === undefined || value === null) continue
    if (typeof value === 'object') return err(`provider.options.stability.${name} has to be a text or a number.`)
    passed[name] = String(value)
  }
  return ok(passed)
}
