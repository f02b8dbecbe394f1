import type { IncomingMessage } from 'node:http'
import type { Handler, SimulatorOptions } from '../simulator.ts'
import { invalidArgument, keyRefusal, modelNotFound } from './errors.ts'
import { answerGenerate } from './generate.ts'
import type { Method } from './generate.ts'
import { modelsServed, OUTPUT_TOKEN_LIMIT } from './models.ts'
import type { SimulatedModel } from './models.ts'
import { sendJson } from './send.ts'
import { AI_STUDIO } from './surface.ts'

/**
 * The Gemini API as far as pictures need it, after Google's own reference: https://ai.google.dev/api/generate-content (read 2026-11-22).
 * Strict where Google is: an unknown field, a value that the model does not take, a lost thought signature are its 400.
 * Not simulated: files, URLs, video and PDF inputs, batches, interactions, Imagen's `:predict`.
 */
export function geminiSimulator(options: SimulatorOptions): Handler {
  const models = modelsServed(options.retired)
  return async (request, response, path) => {
    const url = new URL(path, 'http://sandbox')
    const [, version = '', resource = ''] = /^\/(v1beta|v1)\/models(?:\/(.*))?$/u.exec(url.pathname) ?? []
    const [id = '', method = ''] = decodeURIComponent(resource).split(':')
    if (version === '')
      return sendJson(response, { code: 404, status: 'NOT_FOUND', message: 'Requested entity was not found.' })

    const refusal = keyRefusal(
      header(request, 'x-goog-api-key') ?? url.searchParams.get('key') ?? undefined,
      request.headers.authorization !== undefined,
      id,
    )
    if (request.method === 'GET' && method === '') {
      // A project without billing may look, which is no use of the quota that it does not have.
      if (refusal && refusal.code !== 429) return sendJson(response, refusal)
      if (id === '') return sendJson(response, { models: models.map(described) })
      const found = models.find((model) => model.id === id)
      return sendJson(response, found ? described(found) : modelNotFound(id, version, 'getModel'))
    }
    if (request.method !== 'POST' || !isMethod(method)) {
      return sendJson(response, invalidArgument(`The sandbox does not simulate ${request.method} ${url.pathname}.`))
    }
    const model = models.find((candidate) => candidate.id === id)
    return answerGenerate(request, response, {
      ...options,
      surface: AI_STUDIO,
      method,
      modelId: id,
      model,
      sse: url.searchParams.get('alt') === 'sse',
      refusal: refusal ?? (model ? undefined : modelNotFound(id, version, method)),
    })
  }
}

function isMethod(name: string): name is Method {
  return name === 'generateContent' || name === 'streamGenerateContent' || name === 'countTokens'
}

function described({ id, displayName, inputTokenLimit, thinkingLevels }: SimulatedModel): object {
  return {
    name: `models/${id}`,
    version: '1.0',
    displayName,
    description: `${displayName}, simulated by the sandbox`,
    inputTokenLimit,
    outputTokenLimit: OUTPUT_TOKEN_LIMIT,
    supportedGenerationMethods: ['generateContent', 'countTokens'],
    temperature: 1,
    topP: 0.95,
    topK: 64,
    maxTemperature: 2,
    ...(thinkingLevels.length > 0 && { thinking: true }),
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
