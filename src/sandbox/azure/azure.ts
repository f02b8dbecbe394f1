import type { IncomingHttpHeaders } from 'node:http'

import { answerImages } from '../openai/images.ts'
import { modelsServed } from '../openai/models.ts'
import { type Handler, sendRefusal, type SimulatorOptions } from '../simulator.ts'
import {
  apiVersionRefusal,
  contentFilter,
  deploymentNotFound,
  filteredItem,
  keyRefusal,
  notFound,
  refusalFor,
} from './errors.ts'

const IMAGES = /^\/openai\/(?:v1|deployments\/([^/]+))\/images\/(generations|edits)$/u

/**
 * An Azure OpenAI resource that has every model deployed under its own name. Pictures are made by either form of address: the v1 API,
 * which names the deployment in the body, and the older one, which names it in the path and needs its `api-version`. Behind the door it is
 * OpenAI's simulator.
 * Source: https://learn.microsoft.com/azure/ai-services/openai/how-to/dall-e, @ai-sdk/azure 4.0.85 (read 2026-11-22).
 */
export function azureSimulator(options: SimulatorOptions): Handler {
  // A deployment has its operator's own end, whatever its maker has shut down.
  const models = modelsServed('serve')
  const find = (id: string) => models.find((model) => model.id === id) ?? deploymentNotFound()

  return async (request, response, path) => {
    const { pathname, searchParams } = new URL(path, 'http://sandbox')
    const [, deployment, operation] = IMAGES.exec(pathname) ?? []
    const isOlder = deployment !== undefined || pathname === '/openai/models'
    const closed = keyRefusal(keyOf(request.headers)) ?? apiVersionRefusal(searchParams.get('api-version'), isOlder)
    if (request.method === 'POST' && operation !== undefined) {
      return await answerImages(request, response, options, {
        simulator: 'azure',
        operation: operation as 'generations' | 'edits',
        closed,
        find,
        ...(deployment !== undefined && { named: decodeURIComponent(deployment) }),
        refusals: {
          filter: { refusal: contentFilter('violence'), isMade: false },
          item: { refusal: filteredItem('violence'), isMade: true },
        },
        refusalFor,
      })
    }
    if (closed !== undefined && closed.status !== 429) return sendRefusal(response, closed)
    if (request.method === 'GET' && /^\/openai(\/v1)?\/models$/u.test(pathname)) {
      response.writeHead(200, { 'content-type': 'application/json' })
      return void response.end(
        JSON.stringify({ object: 'list', data: models.map(({ id }) => ({ id, object: 'model' })) }),
      )
    }
    sendRefusal(response, notFound())
  }
}

/** Azure's own header, or a token of Entra. */
function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const own = headers['api-key']
  return typeof own === 'string' ? own : /^Bearer (\S+)$/u.exec(headers.authorization ?? '')?.[1]
}
