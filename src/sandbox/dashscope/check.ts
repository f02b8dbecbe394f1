import type { InputPicture } from '../input-picture.ts'
import type { Received, Understood } from '../paid-call.ts'
import { isRefusal, type Refusal } from '../simulator.ts'
import { invalid, keyRefusal, refusalFor, wrongWay } from './errors.ts'
import { readPictures } from './input-picture.ts'
import { findModel, type SimulatedModel, type Way } from './models.ts'
import { readParameters, type Settled } from './parameters.ts'

/** A request that its model takes. */
export interface Job extends Settled {
  readonly model: SimulatedModel
  readonly prompt: string
  readonly pictures: readonly InputPicture[]
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads a request as strictly as the pages are written, and more strictly than DashScope in one thing: a field that the model does not
 * have is refused instead of passed over, so that a wrong name cannot pass unnoticed.
 */
export async function understand({ headers, json }: Received, way: Way): Promise<Understood<Job> | Refusal> {
  const refusal = keyRefusal(headers.authorization, true)
  if (refusal) return refusal
  const body = fieldsOf(json())
  if (body === undefined) return invalid('The request body is not a JSON object.')
  const { model: id, input: given, parameters: wished = {}, ...strangers } = body
  const model = findModel(String(id))
  if (model === undefined) return refusalFor(404)
  if (model.way !== way) return invalid('url error, please check url！')
  const isAsync = headers['x-dashscope-async'] === 'enable'
  if (isAsync !== (way !== 'multimodal-generation')) return wrongWay(isAsync ? 'asynchronous' : 'synchronous')
  const [input, parameters] = [fieldsOf(given), fieldsOf(wished)]
  if (input === undefined) return invalid('Required input parameter missing from request.')
  if (parameters === undefined) return invalid('parameters must be an object')
  const asked = way === 'text2image' || way === 'image2image' ? readPrompt(input, way) : readMessages(input)
  if (isRefusal(asked)) return asked
  const [stranger] = [...Object.keys(strangers), ...Object.keys(asked.strangers)]
  if (stranger !== undefined) return invalid(`${stranger} is not a known field`)

  const pictures = await readPictures(asked.images, model)
  if (isRefusal(pictures)) return pictures
  const settled = readParameters(parameters, model, pictures)
  if (isRefusal(settled)) return settled
  const { width, height, count, steering } = settled
  const price = model.price({ pixels: width * height, rewritten: steering['prompt_extend'] === true })
  return {
    model: String(id),
    prompt: asked.prompt,
    input: { ...settled, steering: { ...steering, ...asked.steering }, model, prompt: asked.prompt, pictures },
    nanos: BigInt(count) * price,
  }
}

interface Asked {
  readonly prompt: string
  readonly images: readonly unknown[]
  readonly steering: Fields
  readonly strangers: Fields
}

function readPrompt(input: Fields, way: Way): Asked | Refusal {
  const { prompt, negative_prompt: negative, ...rest } = input
  const { images = [], ...strangers } = way === 'image2image' ? rest : { ...rest, images: [] }
  if (way === 'text2image' && 'images' in rest) return invalid('images is not a known field')
  if (typeof prompt !== 'string' || prompt === '') return invalid('prompt must not be empty')
  if (!Array.isArray(images)) return invalid('images must be a list')
  if (negative !== undefined && (typeof negative !== 'string' || negative.length > 500)) {
    return invalid('negative_prompt must be a text of at most 500 characters')
  }
  return { prompt, images, steering: negative === undefined ? {} : { negative_prompt: negative }, strangers }
}

/** One message of the user's: pictures, and words about them. */
function readMessages({ messages, ...strangers }: Fields): Asked | Refusal {
  const [message, ...more] = Array.isArray(messages) ? (messages as readonly unknown[]) : []
  const { role, content, ...others } = fieldsOf(message) ?? {}
  if (role !== 'user' || more.length > 0) return invalid('input.messages must be exactly one message of the user')
  if (!Array.isArray(content) || content.length === 0) return invalid('content must be a list and not be empty')
  const images: unknown[] = []
  const texts: unknown[] = []
  for (const item of content as readonly unknown[]) {
    const fields = fieldsOf(item) ?? {}
    const [name, ...further] = Object.keys(fields)
    if (further.length > 0 || (name !== 'image' && name !== 'text'))
      return invalid('content has items of image or text')
    if (name === 'image') images.push(fields['image'])
    else texts.push(fields['text'])
  }
  const [text] = texts
  if (texts.length !== 1 || typeof text !== 'string' || text === '')
    return invalid('content must have exactly one text')
  return { prompt: text, images, steering: {}, strangers: { ...strangers, ...others } }
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}
