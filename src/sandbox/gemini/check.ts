import { invalidArgument } from './errors.ts'
import type { Refusal } from './errors.ts'
import { readInputPicture } from './input-picture.ts'
import type { InputPicture } from './input-picture.ts'
import { OUTPUT_TOKEN_LIMIT, ratioLike } from './models.ts'
import type { Surface } from './surface.ts'
import type { SimulatedModel, SizeName, ThinkingLevel } from './models.ts'
import type { Content, GenerateBody, Part } from './schema.ts'
import { isGenuine } from './signature.ts'

/** A request that the model accepts, as the simulator works on it. */
export interface Job {
  readonly model: SimulatedModel
  /** All text of the request, system instruction first: what is counted, and what fault directives are read from. */
  readonly text: string
  /** The words of the last turn alone: what is painted. */
  readonly instruction: string
  /** Every picture of the conversation in order. */
  readonly pictures: readonly InputPicture[]
  /** The pictures of the last turn that has any: what is edited. */
  readonly edited: readonly InputPicture[]
  readonly ratio: string
  readonly size: SizeName
  readonly wantsText: boolean
  readonly wantsImage: boolean
  readonly level: ThinkingLevel | undefined
  readonly includeThoughts: boolean
  readonly seed: number | undefined
  readonly maxOutputTokens: number | undefined
  readonly mimeType: 'image/png' | 'image/jpeg'
  /** 0 to 100, where the caller may say. */
  readonly quality: number | undefined
  /** What the usage says of the road that the call took. */
  readonly traffic: Readonly<Record<string, string>>
}

/** Whether the values suit the model, each refusal in the words Google uses. The body has already passed the schema. */
export async function checkRequest(
  model: SimulatedModel,
  body: GenerateBody,
  surface: Surface,
): Promise<Job | Refusal> {
  const refusal = checkConfig(model, body) ?? surface.check(body) ?? checkContents(body.contents, surface.needsRoles)
  if (refusal) return refusal
  const contents = body.contents ?? []
  const turns = await readTurns(model, contents)
  if ('code' in turns) return turns

  const config = body.generationConfig ?? {}
  const edited = turns.findLast((turn) => turn.length > 0) ?? []
  const pictures = turns.flat()
  const modalities = config.responseModalities?.length ? config.responseModalities : ['TEXT', 'IMAGE']
  const system = textOf(body.systemInstruction)
  return {
    model,
    text: [...(system ? [system] : []), ...contents.map(textOf)].join('\n'),
    instruction: textOf(contents.at(-1)),
    pictures,
    edited,
    ratio: config.imageConfig?.aspectRatio ?? ratioLike(model, edited.find(({ size }) => size)?.size),
    size: sizeName(config.imageConfig?.imageSize) ?? '1K',
    wantsText: modalities.includes('TEXT'),
    wantsImage: modalities.includes('IMAGE'),
    level: levelOf(model, config.thinkingConfig?.thinkingLevel),
    includeThoughts: config.thinkingConfig?.includeThoughts ?? false,
    seed: config.seed,
    maxOutputTokens: config.maxOutputTokens,
    mimeType: surface.mimeTypeOf(model, body),
    quality: config.imageConfig?.imageOutputOptions?.compressionQuality,
    traffic: surface.trafficOf(body),
  }
}

function checkConfig(model: SimulatedModel, body: GenerateBody): Refusal | undefined {
  const config = body.generationConfig ?? {}
  const { aspectRatio, imageSize } = config.imageConfig ?? {}
  const level = config.thinkingConfig?.thinkingLevel
  const modalities = config.responseModalities ?? []
  if (aspectRatio !== undefined && !model.ratios.includes(aspectRatio)) {
    return invalidArgument(
      `Invalid value for image_config.aspect_ratio: "${aspectRatio}". Supported values are: ${model.ratios.join(', ')}.`,
    )
  }
  if (imageSize !== undefined && (sizeName(imageSize) === undefined || !(imageSize in model.tokens))) {
    return invalidArgument(
      `Invalid value for image_config.image_size: "${imageSize}". Supported values for models/${model.id} are: ${Object.keys(model.tokens).join(', ')}.`,
    )
  }
  if (modalities.some((modality) => modality !== 'TEXT' && modality !== 'IMAGE')) {
    return invalidArgument(
      `The requested combination of response modalities (${modalities.join(', ')}) is not supported by the model. models/${model.id} accepts the following combination of response modalities:\n* IMAGE, TEXT\n* IMAGE\n* TEXT\n`,
    )
  }
  if (config.candidateCount !== undefined && config.candidateCount !== 1) {
    return invalidArgument(
      config.candidateCount > 1
        ? `Multiple candidates is not enabled for models/${model.id}`
        : 'Invalid value at generation_config.candidate_count: must be positive.',
    )
  }
  if (level !== undefined && levelOf(model, level) === undefined) {
    return invalidArgument(
      `Thinking level ${level} is not supported for this model. Please retry with other thinking level.`,
    )
  }
  if (config.thinkingConfig?.thinkingBudget !== undefined) {
    return invalidArgument(`Thinking budget is not supported for this model.`)
  }
  if (
    config.maxOutputTokens !== undefined &&
    (config.maxOutputTokens < 1 || config.maxOutputTokens > OUTPUT_TOKEN_LIMIT)
  ) {
    return invalidArgument(
      `Unable to submit request because it has a maxOutputTokens value of ${config.maxOutputTokens} but the supported range is from 1 (inclusive) to ${OUTPUT_TOKEN_LIMIT + 1} (exclusive).`,
    )
  }
  if (outside(config.temperature, 0, 2)) return invalidArgument('temperature must be in the range [0.0, 2.0].')
  if (outside(config.topP, 0, 1)) return invalidArgument('top_p must be in the range [0.0, 1.0].')
  if (body.tools?.some(({ googleSearch }) => googleSearch) && !model.grounding) {
    return invalidArgument('Search Grounding is not supported.')
  }
  if (body.cachedContent !== undefined) {
    return { code: 403, status: 'PERMISSION_DENIED', message: 'CachedContent not found (or permission denied)' }
  }
  return body.continuationToken === undefined ? undefined : invalidArgument('Invalid continuation token.')
}

function checkContents(contents: readonly Content[] | undefined, needsRoles: boolean): Refusal | undefined {
  if (!contents?.length) {
    return invalidArgument('* GenerateContentRequest.contents: contents is not specified\n')
  }
  for (const [index, { role, parts }] of contents.entries()) {
    const field = `GenerateContentRequest.contents[${index}]`
    const isOpen = role === undefined && contents.length === 1 && !needsRoles
    if (role !== 'user' && role !== 'model' && !isOpen) {
      return invalidArgument('Please use a valid role: user, model.')
    }
    if (!parts?.length) return invalidArgument(`* ${field}.parts: contents.parts must not be empty.\n`)
    for (const [at, part] of parts.entries()) {
      const kinds = [part.text, part.inlineData, part.fileData].filter((kind) => kind !== undefined).length
      if (kinds === 0) {
        return invalidArgument(
          `* ${field}.parts[${at}].data: required oneof field 'data' must have one initialized field\n`,
        )
      }
      if (kinds > 1) return invalidArgument(`* ${field}.parts[${at}].data: oneof field 'data' is already set\n`)
    }
  }
  if (contents.at(-1)?.role === 'model') {
    return invalidArgument('Please ensure that multiturn requests end with a user role or a function response.')
  }
  return undefined
}

/** The pictures of each turn, every signature checked on the way. */
async function readTurns(model: SimulatedModel, contents: readonly Content[]): Promise<InputPicture[][] | Refusal> {
  const turns: InputPicture[][] = []
  for (const [position, { role, parts = [] }] of contents.entries()) {
    const turn: InputPicture[] = []
    for (const [at, part] of parts.entries()) {
      const picture = await readPart(part)
      if (picture && 'code' in picture) return picture
      const refusal = role === 'model' ? checkSignature(model, part, picture, position + 1, at + 1) : undefined
      if (refusal) return refusal
      if (picture) turn.push(picture)
    }
    turns.push(turn)
  }
  const given = contents.reduce((sum, { role }, index) => sum + (role === 'model' ? 0 : (turns[index]?.length ?? 0)), 0)
  if (given > model.maxInputs) {
    return invalidArgument(
      `Please reduce the number of input images: models/${model.id} takes at most ${model.maxInputs}, got ${given}.`,
    )
  }
  return turns
}

async function readPart({ inlineData, fileData }: Part): Promise<InputPicture | Refusal | undefined> {
  if (fileData?.fileUri?.includes('/files/')) {
    const message = `You do not have permission to access the File ${fileData.fileUri.split('/').at(-1)} or it may not exist.`
    return { code: 403, status: 'PERMISSION_DENIED', message }
  }
  // The sandbox opens no connection to the outside, so a URL is always one that could not be fetched.
  if (fileData) return invalidArgument('Cannot fetch content from the provided URL.')
  if (!inlineData) return undefined
  const picture = await readInputPicture(inlineData.data, inlineData.mimeType)
  return typeof picture === 'string' ? invalidArgument(picture) : picture
}

/** A model's own picture must come back with the signature it left with; its words may. Models that do not think sign nothing. */
function checkSignature(
  model: SimulatedModel,
  { text, thoughtSignature }: Part,
  picture: InputPicture | undefined,
  position: number,
  at: number,
): Refusal | undefined {
  if (model.thinkingLevels.length === 0) return undefined
  const place = `in content position ${position}, part position ${at}`
  const docs = 'Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.'
  if (thoughtSignature === undefined) {
    return picture && invalidArgument(`Image part is missing a thought_signature ${place}. ${docs}`)
  }
  if (isGenuine(thoughtSignature, model.id, picture?.bytes ?? text ?? '')) return undefined
  return invalidArgument(`Corrupted thought signature ${place}. ${docs}`)
}

function levelOf(model: SimulatedModel, asked: string | undefined): ThinkingLevel | undefined {
  if (asked === undefined || asked === 'THINKING_LEVEL_UNSPECIFIED') return model.thinkingLevels[0]
  return model.thinkingLevels.find((level) => level === asked)
}

function sizeName(text: string | undefined): SizeName | undefined {
  return (['512', '1K', '2K', '4K'] as const).find((size) => size === text)
}

function outside(value: number | undefined, low: number, high: number): boolean {
  return value !== undefined && (value < low || value > high)
}

function textOf(content: Content | undefined): string {
  return (content?.parts ?? []).flatMap(({ text }) => (text === undefined ? [] : [text])).join('\n')
}
