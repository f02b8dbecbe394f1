import { badRequest } from './errors.ts'
import type { Refusal, Violation } from './errors.ts'

/** Shapes of the request as protobuf's JSON mapping sees them. */
export type Shape =
  | { readonly is: 'string' | 'bytes' | 'bool' | 'int32' | 'number' }
  | { readonly is: 'enum'; readonly name: string; readonly values: readonly string[]; readonly anyCase?: true }
  | { readonly is: 'list'; readonly of: Shape }
  | { readonly is: 'map' }
  | { readonly is: 'message'; readonly fields: Readonly<Record<string, Shape>> }

const PACKAGE = 'type.googleapis.com/google.ai.generativelanguage.v1beta'
export const text: Shape = { is: 'string' }
const bool: Shape = { is: 'bool' }
export const int32: Shape = { is: 'int32' }
const number: Shape = { is: 'number' }
const list = (of: Shape): Shape => ({ is: 'list', of })
export const message = (fields: Readonly<Record<string, Shape>>): Shape => ({ is: 'message', fields })
export const oneOf = (name: string, values: readonly string[]): Shape => ({ is: 'enum', name, values })

const part = message({
  text,
  inlineData: message({ mimeType: text, data: { is: 'bytes' } }),
  fileData: message({ mimeType: text, fileUri: text }),
  thought: bool,
  thoughtSignature: { is: 'bytes' },
})
const content = message({ role: text, parts: list(part) })

/** What the surfaces do not have in common. */
export interface OwnFields {
  readonly imageConfig: Readonly<Record<string, Shape>>
  /** Behind `HARM_CATEGORY_`. */
  readonly harmCategories: readonly string[]
  readonly topLevel: Readonly<Record<string, Shape>>
}

/** Every field that an image request may carry, and no other. Source: js-genai 3.1.0, the converters for either surface. */
export const requestOf = ({ imageConfig, harmCategories, topLevel }: OwnFields): Shape =>
  message({
    contents: list(content),
    systemInstruction: content,
    generationConfig: message({
      responseModalities: list({
        is: 'enum',
        name: 'GenerationConfig.Modality',
        values: ['MODALITY_UNSPECIFIED', 'TEXT', 'IMAGE', 'AUDIO', 'VIDEO'],
        anyCase: true,
      }),
      imageConfig: message({ aspectRatio: text, imageSize: text, ...imageConfig }),
      thinkingConfig: message({
        thinkingLevel: oneOf('ThinkingConfig.ThinkingLevel', [
          'THINKING_LEVEL_UNSPECIFIED',
          'MINIMAL',
          'LOW',
          'MEDIUM',
          'HIGH',
        ]),
        thinkingBudget: int32,
        includeThoughts: bool,
      }),
      seed: int32,
      candidateCount: int32,
      maxOutputTokens: int32,
      mediaResolution: oneOf('GenerationConfig.MediaResolution', [
        'MEDIA_RESOLUTION_UNSPECIFIED',
        'MEDIA_RESOLUTION_LOW',
        'MEDIA_RESOLUTION_MEDIUM',
        'MEDIA_RESOLUTION_HIGH',
      ]),
      temperature: number,
      topP: number,
      topK: number,
      stopSequences: list(text),
      presencePenalty: number,
      frequencyPenalty: number,
    }),
    safetySettings: list(
      message({
        category: oneOf(
          'HarmCategory',
          harmCategories.map((name) => `HARM_CATEGORY_${name}`),
        ),
        threshold: oneOf('SafetySetting.HarmBlockThreshold', [
          'HARM_BLOCK_THRESHOLD_UNSPECIFIED',
          'BLOCK_LOW_AND_ABOVE',
          'BLOCK_MEDIUM_AND_ABOVE',
          'BLOCK_ONLY_HIGH',
          'BLOCK_NONE',
          'OFF',
        ]),
      }),
    ),
    tools: list(message({ googleSearch: message({}) })),
    toolConfig: message({}),
    cachedContent: text,
    labels: { is: 'map' },
    serviceTier: oneOf('ServiceTier', ['unspecified', 'standard', 'flex', 'priority']),
    continuationToken: text,
    ...topLevel,
  })

export const HARM_CATEGORIES: readonly string[] = [
  'HARASSMENT',
  'HATE_SPEECH',
  'SEXUALLY_EXPLICIT',
  'DANGEROUS_CONTENT',
  'CIVIC_INTEGRITY',
  'JAILBREAK',
]

export const REQUEST: Shape = requestOf({
  imageConfig: {},
  harmCategories: HARM_CATEGORIES,
  topLevel: { store: bool },
})

const COUNT_REQUEST = message({ contents: list(content) })

export interface Part {
  readonly text?: string
  readonly inlineData?: { readonly mimeType?: string; readonly data?: string }
  readonly fileData?: { readonly mimeType?: string; readonly fileUri?: string }
  readonly thought?: boolean
  readonly thoughtSignature?: string
}

export interface Content {
  readonly role?: string
  readonly parts?: readonly Part[]
}

/** A request whose every field exists and has its type; whether the values suit the model is checked after it. */
export interface GenerateBody {
  readonly contents?: readonly Content[]
  readonly systemInstruction?: Content
  readonly generationConfig?: {
    readonly responseModalities?: readonly string[]
    readonly imageConfig?: {
      readonly aspectRatio?: string
      readonly imageSize?: string
      readonly personGeneration?: string
      readonly prominentPeople?: string
      readonly imageOutputOptions?: { readonly mimeType?: string; readonly compressionQuality?: number }
    }
    readonly thinkingConfig?: {
      readonly thinkingLevel?: string
      readonly thinkingBudget?: number
      readonly includeThoughts?: boolean
    }
    readonly seed?: number
    readonly candidateCount?: number
    readonly maxOutputTokens?: number
    readonly temperature?: number
    readonly topP?: number
    readonly topK?: number
  }
  readonly tools?: readonly { readonly googleSearch?: object }[]
  readonly cachedContent?: string
  readonly continuationToken?: string
  readonly serviceTier?: string
  readonly store?: boolean
}

/** Reads a body by a schema: unknown names, wrong types and wrong enum values are each named, snake_case becomes camelCase. */
export function readBody(json: unknown, method: 'generate' | 'count', request = REQUEST): GenerateBody | Refusal {
  const violations: Violation[] = []
  const value = read(json, method === 'generate' ? request : COUNT_REQUEST, '', violations)
  // The schema above is what makes this cast true.
  return violations.length > 0 ? badRequest(violations) : (value as GenerateBody)
}

function read(value: unknown, shape: Shape, path: string, violations: Violation[]): unknown {
  switch (shape.is) {
    case 'message':
      return readMessage(value, shape.fields, path, violations)
    case 'list':
      if (!Array.isArray(value)) return refuse(path, 'TYPE_LIST', value, violations)
      return value.map((item, index) => read(item, shape.of, `${path}[${index}]`, violations))
    case 'map':
      return isObject(value) ? value : refuse(path, 'TYPE_MAP', value, violations)
    case 'string':
      return typeof value === 'string' ? value : refuse(path, 'TYPE_STRING', value, violations)
    case 'bool':
      return typeof value === 'boolean' ? value : refuse(path, 'TYPE_BOOL', value, violations)
    case 'number':
      return typeof value === 'number' ? value : refuse(path, 'TYPE_FLOAT', value, violations)
    case 'int32': {
      const fits = Number.isInteger(value) && Math.abs(Number(value) + 0.5) < 2 ** 31
      return typeof value === 'number' && fits ? value : refuse(path, 'TYPE_INT32', value, violations)
    }
    case 'bytes': {
      if (typeof value !== 'string') return refuse(path, 'TYPE_BYTES', value, violations)
      if (isBase64(value)) return value
      const description = `Invalid value at '${path}' (TYPE_BYTES), Base64 decoding failed for "${value.slice(0, 40)}"`
      return void violations.push({ field: path, description })
    }
    case 'enum': {
      const name = typeof value === 'string' && shape.anyCase ? value.toUpperCase() : value
      if (typeof name === 'string' && shape.values.includes(name)) return name
      return refuse(path, `${PACKAGE}.${shape.name}`, value, violations)
    }
    default:
      return shape satisfies never
  }
}

function readMessage(
  value: unknown,
  fields: Readonly<Record<string, Shape>>,
  path: string,
  violations: Violation[],
): unknown {
  if (!isObject(value)) return refuse(path, 'TYPE_MESSAGE', value, violations)
  const result: Record<string, unknown> = {}
  for (const [written, inner] of Object.entries(value)) {
    const name = Object.keys(fields).find((field) => field === written || snakeCase(field) === written)
    const shape = name === undefined ? undefined : fields[name]
    if (name === undefined || shape === undefined) {
      const place = path === '' ? '' : ` at '${path}'`
      const description = `Invalid JSON payload received. Unknown name "${written}"${place}: Cannot find field.`
      violations.push({ field: path, description })
    } else if (inner !== null) {
      result[name] = read(inner, shape, path === '' ? snakeCase(name) : `${path}.${snakeCase(name)}`, violations)
    }
  }
  return result
}

function refuse(path: string, type: string, value: unknown, violations: Violation[]): undefined {
  const place = path === '' ? '' : ` at '${path}'`
  const shown = JSON.stringify(value)?.slice(0, 80)
  violations.push({ field: path, description: `Invalid value${place} (${type}), ${shown}` })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/gu, (capital) => `_${capital.toLowerCase()}`)
}

/** Protobuf's JSON takes both alphabets, with and without padding, and nothing else: https://protobuf.dev/programming-guides/json/. */
function isBase64(value: string): boolean {
  const bare = value.endsWith('==') ? value.slice(0, -2) : value.endsWith('=') ? value.slice(0, -1) : value
  if (bare.length % 4 === 1 || (bare.length !== value.length && value.length % 4 !== 0)) return false
  return !/[^A-Za-z0-9+/_-]/u.test(bare)
}
