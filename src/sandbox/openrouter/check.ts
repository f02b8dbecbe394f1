import { readInputPicture } from '../gemini/input-picture.ts'
import type { InputPicture } from '../gemini/input-picture.ts'
import { isRefusal, type Refusal } from '../simulator.ts'
import { invalidRequest, noEndpoints, wrongEndpoint } from './errors.ts'
import type { Host, SimulatedModel, Tier } from './model.ts'
import { route } from './route.ts'
import type { ChatBody, ImagesBody, Message, Routing } from './schema.ts'
import { defaultTier, pixelsOf, ratioLike, refusedSize, tierOf } from './sizes.ts'
import type { Pixels } from './sizes.ts'

/** A request that the model accepts, as the simulator works on it. */
export interface Job {
  readonly model: SimulatedModel
  readonly host: Host
  /** All text of the request: what is counted, and what fault directives are read from. */
  readonly text: string
  /** The words that are painted. */
  readonly instruction: string
  /** The words before them: an answer depends on all that was said. */
  readonly before: string
  /** Every picture of the request in order. */
  readonly pictures: readonly InputPicture[]
  /** What is edited: the pictures of the last message that has any. */
  readonly edited: readonly InputPicture[]
  readonly n: number
  readonly pixels: Pixels
  readonly tier: Tier
  /** One of the model's own; undefined where it has no such knob. */
  readonly quality: string | undefined
  readonly format: 'png' | 'jpeg' | 'webp'
  readonly compression: number | undefined
  readonly isTransparent: boolean
  readonly seed: number | undefined
  readonly wantsText: boolean
  readonly wantsImage: boolean
}

/** Both APIs' wishes in the same words. */
interface Wish {
  readonly n?: number | undefined
  readonly size?: string | undefined
  readonly tier?: string | undefined
  readonly ratio?: string | undefined
  readonly quality?: string | undefined
  readonly format?: string | undefined
  readonly background?: string | undefined
  readonly compression?: number | undefined
  readonly seed?: number | null | undefined
  readonly provider?: Routing | null | undefined
}

interface Said {
  readonly text: string
  readonly instruction: string
  readonly before: string
  /** Data URLs by message. */
  readonly urls: readonly (readonly string[])[]
  readonly wantsText: boolean
  readonly wantsImage: boolean
}

/** A body of `POST /images` that the model accepts. */
export async function checkImages(model: SimulatedModel, body: ImagesBody): Promise<Job | Refusal> {
  if (model.chatOnly) return wrongEndpoint(model.id, '/api/v1/chat/completions')
  const tierSize = body.size !== undefined && !body.size.includes('x') ? body.size : undefined
  if (tierSize !== undefined && body.resolution !== undefined && body.resolution !== tierSize) {
    return invalidRequest(`size ${tierSize} contradicts resolution ${body.resolution}`)
  }
  const wish: Wish = {
    n: body.n,
    size: tierSize === undefined ? body.size : undefined,
    tier: tierSize ?? body.resolution,
    ratio: body.aspect_ratio,
    quality: body.quality,
    format: body.output_format,
    background: body.background,
    compression: body.output_compression,
    seed: body.seed,
    provider: body.provider,
  }
  const urls = [(body.input_references ?? []).map(({ image_url: at }) => at.url)]
  const { prompt } = body
  return check(model, wish, { text: prompt, instruction: prompt, before: '', urls, wantsText: false, wantsImage: true })
}

/** A body of `POST /chat/completions` that the model accepts. */
export async function checkChat(model: SimulatedModel, body: ChatBody): Promise<Job | Refusal> {
  // Unsaid, it is words that are wanted. Live, some models without words make a picture all the same: not to be relied on.
  const modalities = body.modalities ?? ['text']
  if (modalities.includes('audio') || (modalities.includes('text') && !model.speaks)) {
    const message = `No endpoints found that support the requested output modalities: ${modalities.join(', ')}`
    return noEndpoints(model.id, message, 'output_modalities')
  }
  const { image_config: config = {}, messages } = body
  const wish: Wish = {
    size: config.size,
    tier: config.image_size === '0.5K' ? '512' : config.image_size,
    ratio: config.aspect_ratio,
    quality: config.quality,
    format: config.output_format,
    background: config.background,
    compression: config.output_compression,
    seed: body.seed,
    provider: body.provider,
  }
  const last = messages.findLastIndex(({ role }) => role === 'user')
  return check(model, wish, {
    text: messages.map(wordsOf).join('\n'),
    instruction: wordsOf(messages[last]),
    before: messages
      .slice(0, Math.max(0, last))
      .map((message) => `${message.role}: ${wordsOf(message)}`)
      .join('\n'),
    urls: messages.map(urlsOf),
    wantsText: modalities.includes('text'),
    wantsImage: modalities.includes('image'),
  })
}

async function check(model: SimulatedModel, wish: Wish, said: Said): Promise<Job | Refusal> {
  const host = route(model, wish.provider ?? {})
  if (isRefusal(host)) return host
  const refusal = unsupported(model, wish)
  if (refusal) return refusal
  const read = await readPictures(model, said.urls)
  if (isRefusal(read)) return read
  const edited = read.findLast((pictures) => pictures.length > 0) ?? []
  const shape = shapeOf(model, wish, edited.find(({ size }) => size)?.size)
  if (isRefusal(shape)) return shape
  const format = model.formats.find((name) => name === wish.format) ?? model.formats[0] ?? 'png'
  if (wish.background === 'transparent' && format === 'jpeg') {
    return invalidRequest('background transparent requires output_format png or webp')
  }
  return {
    model,
    host,
    text: said.text,
    instruction: said.instruction,
    before: said.before,
    pictures: read.flat(),
    edited,
    n: wish.n ?? 1,
    ...shape,
    quality: model.qualities.length === 0 ? undefined : chosenQuality(wish),
    format,
    compression: format === 'png' ? undefined : wish.compression,
    isTransparent: wish.background === 'transparent',
    seed: wish.seed ?? undefined,
    wantsText: said.wantsText,
    wantsImage: said.wantsImage,
  }
}

function chosenQuality({ quality }: Wish): string {
  return quality === undefined || quality === 'auto' ? 'medium' : quality
}

/** Fields for which the model has no knob. Quality and compression are the two that are documented as passed over. */
function unsupported(model: SimulatedModel, wish: Wish): Refusal | undefined {
  const no = (field: string) => invalidRequest(`Parameter '${field}' is not supported by ${model.id}`)
  if (wish.n !== undefined && wish.n > model.maxN) {
    return invalidRequest(`${model.id} supports at most n=${model.maxN}, got n=${wish.n}`)
  }
  if (wish.seed !== undefined && wish.seed !== null && !model.seed) return no('seed')
  if (wish.background !== undefined && !model.transparency) return no('background')
  if (wish.format !== undefined) {
    if (model.formats.length === 1) return no('output_format')
    if (!model.formats.some((name) => name === wish.format)) {
      return invalidRequest(`output_format ${wish.format} is not one of ${model.formats.join(', ')}`)
    }
  }
  if (wish.tier !== undefined && model.tiers.length === 0) return no('resolution')
  const { qualities } = model
  if (qualities.length > 0 && wish.quality !== undefined && ![...qualities, 'auto'].includes(wish.quality)) {
    return invalidRequest(`quality ${wish.quality} is not one of auto, ${qualities.join(', ')}`)
  }
  return undefined
}

/** Pixels are authoritative; what contradicts them is refused. A ratio or tier that the model has not is refused too, never bent. */
function shapeOf(
  model: SimulatedModel,
  { size, tier: asked, ratio }: Wish,
  input: Pixels | undefined,
): Pick<Job, 'pixels' | 'tier'> | Refusal {
  const tier = model.tiers.find((name) => name === asked)
  if (asked !== undefined && tier === undefined) {
    return invalidRequest(`resolution ${asked} is not supported by ${model.id}. Supported: ${model.tiers.join(', ')}`)
  }
  if (ratio !== undefined && !model.ratios.includes(ratio)) {
    return invalidRequest(
      `aspect_ratio ${ratio} is not supported by ${model.id}. Supported: ${model.ratios.join(', ')}`,
    )
  }
  if (size === undefined) {
    const made = tier ?? defaultTier(model)
    const shape = ratio === undefined || ratio === 'auto' ? ratioLike(model, input) : ratio
    return { pixels: pixelsOf(model, shape, made), tier: made }
  }
  const [width = 1, height = 1] = size.split('x').map(Number)
  const pixels = { width, height }
  if (asked !== undefined && asked !== tierOf(model, pixels))
    return invalidRequest(`size ${size} contradicts resolution ${asked}`)
  const [w = 1, h = 1] = (ratio ?? '').split(':').map(Number)
  if (ratio !== undefined && ratio !== 'auto' && Math.abs(width / height / (w / h) - 1) > 0.04) {
    return invalidRequest(`size ${size} contradicts aspect_ratio ${ratio}`)
  }
  const why = refusedSize(model, pixels)
  return why === undefined
    ? { pixels, tier: tierOf(model, pixels) }
    : invalidRequest(`size ${size} is not supported by ${model.id}. ${why}`)
}

async function readPictures(
  model: SimulatedModel,
  urls: readonly (readonly string[])[],
): Promise<InputPicture[][] | Refusal> {
  const count = urls.flat().length
  if (count > 0 && model.maxReferences === 0) {
    return noEndpoints(model.id, 'No endpoints found that support image input', 'input_modalities')
  }
  if (count > model.maxReferences) {
    return invalidRequest(`${model.id} takes at most ${model.maxReferences} input images, got ${count}`)
  }
  const messages: InputPicture[][] = []
  for (const message of urls) {
    const pictures: InputPicture[] = []
    for (const url of message) {
      const picture = await readUrl(url)
      if (isRefusal(picture)) return picture
      pictures.push(picture)
    }
    messages.push(pictures)
  }
  return messages
}

async function readUrl(url: string): Promise<InputPicture | Refusal> {
  // The sandbox opens no connection to the outside, so an address is always one that could not be fetched.
  if (/^https?:/iu.test(url)) return invalidRequest(`Failed to download image from ${url}`, 'image_download_failed')
  // Megabytes long: cut at the comma, since a pattern over the whole would exhaust its stack.
  const comma = url.indexOf(',')
  const mimeType = /^data:(image\/[a-z0-9.+-]{1,40});base64,$/iu.exec(url.slice(0, Math.min(comma + 1, 100)))?.[1]
  if (mimeType === undefined) {
    return invalidRequest('Invalid image URL: expected http(s) or a base64 data URL', 'invalid_image')
  }
  const data = url.slice(comma + 1)
  if (data === '' || data.length % 4 !== 0 || /[^A-Za-z0-9+/]/u.test(data.replace(/={1,2}$/u, ''))) {
    return invalidRequest('Invalid base64 in image data URL', 'invalid_image')
  }
  const picture = await readInputPicture(data, mimeType)
  return typeof picture === 'string' ? invalidRequest('Could not process image', 'invalid_image') : picture
}

function wordsOf(message: Message | undefined): string {
  const content = message?.content ?? ''
  if (typeof content === 'string') return content
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
}

function urlsOf(message: Message): readonly string[] {
  const content = typeof message.content === 'string' ? [] : (message.content ?? [])
  const images = message.role === 'assistant' ? (message.images ?? []) : []
  return [...content.flatMap((part) => (part.type === 'image_url' ? [part] : [])), ...images].map(
    ({ image_url: at }) => at.url,
  )
}
