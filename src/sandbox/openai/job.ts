import type { InputPicture } from '../input-picture.ts'
import { sha256 } from '../network-faults.ts'
import type { Received, Understood } from '../paid-call.ts'
import type { Refusal } from '../simulator.ts'
import { invalidValue, refusal } from './errors.ts'
import { type Fields, readFields } from './fields.ts'
import { type EditForm, readForm } from './form.ts'
import type { SimulatedModel } from './models.ts'
import { countTokens, priceOf } from './usage.ts'

/** A request that the model accepts, as the simulator works on it. */
export interface Job extends Omit<Fields, 'size'> {
  readonly operation: 'generations' | 'edits'
  readonly width: number
  readonly height: number
  readonly images: readonly InputPicture[]
  readonly mask: InputPicture | undefined
}

export type Find = (id: string) => SimulatedModel | Refusal

/** Reads a request. `named`: the deployment in its path, which then need not be in the body. */
export async function readJob(
  received: Received,
  operation: Job['operation'],
  find: Find,
  named?: string,
): Promise<Understood<Job> | Refusal> {
  const form = operation === 'edits' ? await editFormOf(received) : undefined
  if (form !== undefined && 'body' in form) return form
  const raw = form?.fields ?? jsonOf(received)
  if (raw === undefined) return refusal(400, 'We could not parse the JSON body of your request.')
  const fields = readFields(named === undefined ? raw : { ...raw, model: named }, operation, find)
  if ('body' in fields) return fields
  const { images = [], mask } = form ?? {}
  const [width, height] = fields.size ?? autoSize(images[0])
  const job: Job = { ...fields, operation, width, height, images, mask }
  const tokens = countTokens(job)
  return {
    model: fields.model,
    prompt: fields.prompt,
    input: job,
    nanos: priceOf(job.simulated, tokens),
    tier: `${width}x${height} ${fields.quality}`,
    tokens: { ...tokens },
    ...(form && { summary: summaryOf(form) }),
  }
}

async function editFormOf(received: Received): Promise<EditForm | Refusal> {
  if (!received.headers['content-type']?.startsWith('multipart/form-data')) {
    // OpenAI would take JSON with addresses or file ids as well; the sandbox fetches nothing and keeps no files.
    return invalidValue('image', 'the sandbox takes edits as multipart/form-data alone.')
  }
  const form = await received.form()
  return form === undefined ? refusal(400, 'Could not parse multipart form.') : await readForm(form)
}

function jsonOf({ json: parse }: Received): Readonly<Record<string, unknown>> | undefined {
  const json = parse()
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json)
  return isObject ? (json as Readonly<Record<string, unknown>>) : undefined
}

/** What a model makes unasked: a square, or, of the three usual sizes, the one that is most like the picture to be edited. */
function autoSize(like: InputPicture | undefined): readonly [number, number] {
  const ratio = like === undefined ? 1 : like.width / like.height
  if (ratio > 1.2) return [1536, 1024]
  return ratio < 1 / 1.2 ? [1024, 1536] : [1024, 1024]
}

/** A form as the bill keeps it. */
function summaryOf({ fields, images, mask }: EditForm): unknown {
  return { ...fields, image: images.map(fileSummary), ...(mask && { mask: fileSummary(mask) }) }
}

function fileSummary({ bytes }: InputPicture) {
  return { bytes: bytes.length, sha256: sha256(bytes) }
}
