import type { IncomingMessage } from 'node:http'
import { invalidArgument } from '../gemini/errors.ts'
import type { Refusal } from '../gemini/errors.ts'
import { answerGenerate } from '../gemini/generate.ts'
import type { Method } from '../gemini/generate.ts'
import { modelsServed } from '../gemini/models.ts'
import type { SimulatedModel } from '../gemini/models.ts'
import { sendJson } from '../gemini/send.ts'
import { baseOf } from '../simulator.ts'
import type { Handler, SimulatorOptions } from '../simulator.ts'
import { billingDisabled, invalidKey, permissionDenied, publisherModelNotFound, unauthenticated } from './errors.ts'
import { VERTEX } from './surface.ts'
import { makeTokens } from './tokens.ts'
import type { Tokens } from './tokens.ts'

const RESOURCE =
  /^\/(v1|v1beta1)\/((?:projects\/([^/]+)\/locations\/([^/]+)\/)?publishers\/google\/models\/([^/:]+)):(\w+)$/u
const LABEL = /^[a-z][a-z0-9-]*$/u

interface Asked {
  /** From `projects` or `publishers` on. */
  readonly resource: string
  readonly project: string | undefined
  readonly location: string | undefined
  readonly modelId: string
  readonly method: Method
}

/**
 * Vertex AI as far as pictures need it: `generateContent`, streamed or not, `countTokens`, and the endpoint that gives service accounts
 * their tokens, under `/token`. A project is its token's own, or, in express mode, the API key's, which has none in the address.
 * The models are AI Studio's, and work as they do there; regions serve 2.5 alone.
 * Source: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference (read 2026-11-22).
 */
export function vertexSimulator(options: SimulatorOptions): Handler {
  const models = modelsServed(options.retired)
  const tokens = makeTokens(options)
  return async (request, response, path) => {
    const url = new URL(path, 'http://sandbox')
    if (request.method === 'POST' && url.pathname === '/token') {
      return tokens.answer(request, response, `${baseOf(request, path)}/token`)
    }
    const asked = read(url.pathname)
    if (request.method !== 'POST' || asked === undefined) {
      return sendJson(response, invalidArgument(`The sandbox does not simulate ${request.method} ${url.pathname}.`))
    }
    const model = models.find(({ id }) => id === asked.modelId && isServed(id, asked.location))
    return answerGenerate(request, response, {
      ...options,
      surface: VERTEX,
      method: asked.method,
      modelId: asked.modelId,
      model,
      sse: url.searchParams.get('alt') === 'sse',
      refusal: doorRefusal(request, url, asked, tokens) ?? modelRefusal(asked, model),
    })
  }
}

function read(pathname: string): Asked | undefined {
  const [, , resource, project, location, modelId, method] = RESOURCE.exec(decodeURIComponent(pathname)) ?? []
  if (resource === undefined || modelId === undefined) return undefined
  if (method !== 'generateContent' && method !== 'streamGenerateContent' && method !== 'countTokens') return undefined
  return { resource, project, location, modelId, method }
}

function isServed(id: string, location = 'global'): boolean {
  return location === 'global' || (LABEL.test(location) && id.startsWith('gemini-2.5'))
}

/** What keeps this caller out: `invalid` in a key or in an account's name, `locked` or `empty` in a key or in a project's. */
function doorRefusal(request: IncomingMessage, url: URL, asked: Asked, tokens: Tokens): Refusal | undefined {
  const key = request.headers['x-goog-api-key'] ?? url.searchParams.get('key') ?? undefined
  const bearer = /^Bearer (\S+)$/u.exec(request.headers.authorization ?? '')?.[1]
  if (typeof key === 'string' && key !== '') {
    if (key.includes('invalid')) return invalidKey()
    return /locked|empty/u.test(key) ? billingDisabled('1234567890') : undefined
  }
  if (bearer === undefined) return unauthenticated('CREDENTIALS_MISSING')
  const token = tokens.find(bearer)
  if (token === undefined) return unauthenticated('ACCESS_TOKEN_INVALID')
  if (token.isExpired) return unauthenticated('ACCESS_TOKEN_EXPIRED')
  const { project } = token
  if (asked.project !== project) return permissionDenied(asked.resource)
  return /locked|empty/u.test(project) ? billingDisabled(project) : undefined
}

function modelRefusal({ resource }: Asked, model: SimulatedModel | undefined): Refusal | undefined {
  return model === undefined ? publisherModelNotFound(resource) : undefined
}
