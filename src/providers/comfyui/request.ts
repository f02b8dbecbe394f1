import { type ImageRequest, promptText, references } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { inlinePicture } from '../inline-picture.ts'
import { toStencil } from '../mask.ts'
import type { Call } from '../provider.ts'
import { askedSize, sizeLike } from './size.ts'
import { fillSlots, slotsIn, type SlotValue } from './slots.ts'
import { type ComfyModel, readModel, type Template } from './templates.ts'

/** Keys of `provider.options.comfyui` that fill slots of their own name. */
const TUNING = ['steps', 'cfg', 'sampler_name', 'scheduler', 'denoise', 'guidance', 'shift'] as const

/** Keys of `provider.options.comfyui` that are acted on. Which files a workflow loads is the operator's, in the route's model id. */
export const PASS_THROUGH = [...TUNING, 'workflow'] as const

type JsonObject = Readonly<Record<string, JsonValue | undefined>>

/** What is to be done on the machine, as soon as the pictures are there. */
export interface Job {
  /** To be sent there first, each under the slot that takes its name. */
  readonly uploads: readonly Upload[]
  /** The graph, with the pictures' names there in their slots. */
  graph(names: Readonly<Record<string, string>>): JsonValue
}

export interface Upload {
  readonly slot: string
  readonly field: string
  readonly blob: JsonBlob
  readonly mediaType: string
}

/** A value that the caller gave, and the field in which he gave it: it has to have its place in the workflow. */
interface Given {
  readonly slot: string
  readonly value: SlotValue
  readonly field: string
}

/**
 * The workflow that fits the request, with everything it says in its slots. What was left open is filled by the operator and then by the
 * template's own defaults; only the seed is always new where none was asked for, because ComfyUI runs no graph twice.
 * The error is one sentence.
 */
export async function toJob(
  request: ImageRequest,
  options: JsonObject,
  modelId: string,
  { randomSeed, pixels }: { readonly randomSeed: () => number; readonly pixels: Call['pixels'] },
): Promise<Result<Job, string>> {
  const model = readModel(modelId)
  if (!model.ok) return model
  const uploads = await uploadsOf(request, pixels)
  if (!uploads.ok) return uploads
  const workflow = workflowFor(request, options, model.value, uploads.value)
  if (!workflow.ok) return workflow
  const tuning = tuningOf(options)
  if (!tuning.ok) return tuning

  const { template, settings } = model.value
  const given = [...givenOf(request, template), ...tuning.value]
  const slots = slotsIn(workflow.value)
  const homeless = [...given, ...uploads.value].find(({ slot }) => !slots.has(slot))
  if (homeless !== undefined)
    return err(`${homeless.field} cannot be sent: the workflow has no slot {{${homeless.slot}}}.`)
  const values = {
    ...settings,
    seed: randomSeed(),
    ...shapeLikeFirst(request, template),
    ...Object.fromEntries(given.map(({ slot, value }) => [slot, value])),
  }
  const graph = (names: Readonly<Record<string, string>>) => fillSlots(workflow.value, { ...values, ...names })
  const tried = graph(Object.fromEntries(uploads.value.map(({ slot }) => [slot, slot])))
  if (!tried.ok) return err(`The workflow needs a value for its slot {{${tried.error.slot}}}.`)
  return ok({
    uploads: uploads.value,
    graph: (names) => {
      const filled = graph(names)
      return filled.ok ? filled.value : tried.value
    },
  })
}

function workflowFor(
  request: ImageRequest,
  { workflow }: JsonObject,
  { template, takesWorkflows }: ComfyModel,
  uploads: readonly Upload[],
): Result<JsonValue, string> {
  if (workflow !== undefined) {
    if (!takesWorkflows)
      return err('provider.options.comfyui.workflow is not allowed on this route; its operator can: ?workflow=allow.')
    return isWorkflow(workflow)
      ? ok(workflow)
      : err('provider.options.comfyui.workflow is not a workflow in API format: nodes with class_type and inputs.')
  }
  const graph = graphFor(request, template)
  if (graph !== undefined) return ok(graph)
  const [first] = uploads
  if (first === undefined) return err('The model edits pictures, and the request has none.')
  const surplus = request.mask ?? references(request)[template.fromPictures.length]
  return err(`The picture at ${surplus?.field ?? first.field} is one that the workflow does not take.`)
}

function graphFor(request: ImageRequest, { fromText, fromPictures, fromMask }: Template): JsonValue | undefined {
  const count = references(request).length
  if (request.mask !== undefined) return count === 1 ? fromMask : undefined
  return count === 0 ? fromText : fromPictures[count - 1]
}

/** Nodes by their ids, each with a class and inputs. What a machine makes of them is its own business. */
function isWorkflow(value: JsonValue): boolean {
  if (!isObject(value)) return false
  const nodes = Object.values(value)
  return (
    nodes.length > 0 &&
    nodes.every((node) => {
      return isObject(node) && typeof node['class_type'] === 'string' && isObject(node['inputs'])
    })
  )
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonBlob)
}

function givenOf(request: ImageRequest, template: Template): readonly Given[] {
  const { seed, negativePrompt, n = 1, size: exact, aspectRatio } = request
  const size = askedSize(request, template, references(request)[0]?.facts)
  const sizeField = exact !== undefined ? 'size' : aspectRatio !== undefined ? 'aspect_ratio' : 'resolution'
  return [
    { slot: 'prompt', value: promptText(request), field: 'prompt' },
    { slot: 'negative', value: negativePrompt, field: 'negative_prompt' },
    { slot: 'seed', value: seed, field: 'seed' },
    { slot: 'batch_size', value: n === 1 ? undefined : n, field: 'n' },
    { slot: 'width', value: size?.width, field: sizeField },
    { slot: 'height', value: size?.height, field: sizeField },
  ].flatMap(({ slot, value, field }) => (value === undefined ? [] : [{ slot, value, field }]))
}

function tuningOf(options: JsonObject): Result<readonly Given[], string> {
  const given: Given[] = []
  for (const slot of TUNING) {
    const value = options[slot]
    if (value === undefined) continue
    const field = `provider.options.comfyui.${slot}`
    if (typeof value !== 'string' && typeof value !== 'number') return err(`${field} is neither a number nor a text.`)
    given.push({ slot, value, field })
  }
  return ok(given)
}

function shapeLikeFirst(request: ImageRequest, template: Template) {
  const facts = references(request)[0]?.facts
  return facts === undefined ? {} : sizeLike(facts, template)
}

async function uploadsOf(request: ImageRequest, pixels: Call['pixels']): Promise<Result<readonly Upload[], string>> {
  const uploads: Upload[] = []
  for (const [index, picture] of references(request).entries()) {
    const sent = inlinePicture(picture)
    if (!sent.ok) return sent
    uploads.push({ slot: index === 0 ? 'image' : `image${index + 1}`, field: picture.field, ...sent.value })
  }
  const { mask } = request
  if (mask === undefined) return ok(uploads)
  const stencil = await toStencil(mask, 'white', pixels)
  if (!stencil.ok) return stencil
  return ok([...uploads, { slot: 'mask', field: mask.field, blob: stencil.value, mediaType: 'image/png' }])
}
