import { type Handler, sendRefusal, type SimulatorOptions } from '../simulator.ts'
import { keyRefusal, modelNotFound, refusal, refusalFor } from './errors.ts'
import { answerImages } from './images.ts'
import { modelsServed, type SimulatedModel } from './models.ts'

/**
 * OpenAI's Images API, streams included, and its list of models. Strict: what the original would silently pass over is refused too. Not
 * simulated: edits as JSON, `markup`, GIF and SVG, the Responses API, files.
 * Source: https://platform.openai.com/docs/api-reference/images, openai-node 7.57.0 (read 2026-11-22).
 */
export function openAiSimulator(options: SimulatorOptions): Handler {
  const models = modelsServed(options.retired)
  const find = (id: string) => models.find((model) => model.id === id) ?? modelNotFound(id)

  return async (request, response, path) => {
    const { pathname } = new URL(path, 'http://sandbox')
    const closed = keyRefusal(request.headers.authorization)
    const operation = /^\/v1\/images\/(generations|edits)$/u.exec(pathname)?.[1] as 'generations' | 'edits' | undefined
    if (request.method === 'POST' && operation !== undefined) {
      return await answerImages(request, response, options, {
        simulator: 'openai',
        operation,
        closed,
        find,
        refusals: { policy: { refusal: policyViolation(), isMade: false } },
        refusalFor,
      })
    }
    // Looking costs nothing, so an account without credit may.
    if (closed !== undefined && closed.status !== 429) return sendRefusal(response, closed)
    if (request.method === 'GET' && pathname === '/v1/models') {
      response.writeHead(200, { 'content-type': 'application/json' })
      return void response.end(JSON.stringify({ object: 'list', data: models.map(described) }))
    }
    sendRefusal(response, refusal(404, `Invalid URL (${request.method} ${pathname})`))
  }
}

/** How the first models refused. */
function policyViolation() {
  const message = 'Your request was rejected as a result of our safety system.'
  return refusal(400, message, { code: 'content_policy_violation' })
}

function described({ id, shutdown }: SimulatedModel): object {
  return { id, object: 'model', created: 1_790_000_000, owned_by: 'openai', shutdown_date: shutdown }
}
