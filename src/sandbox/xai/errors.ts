import type { Refusal } from '../simulator.ts'

/** What xAI writes into `code`: its words for the conditions of gRPC, whatever the HTTP status. */
const BY_STATUS: Readonly<Record<number, readonly [code: string, error: string]>> = {
  400: ['Client specified an invalid argument', 'Invalid request content.'],
  401: ['The request does not have valid authentication credentials', 'No valid authorization header was provided.'],
  403: ['The caller does not have permission to execute the specified operation', 'Access is denied.'],
  404: [
    'Some requested entity was not found',
    'The requested resource was not found. Please check the URL and try again.',
  ],
  413: ['Client specified an invalid argument', 'The request body is too large.'],
  422: ['Client specified an invalid argument', 'Failed to deserialize the JSON body into the target type.'],
  429: ['Some resource has been exhausted', 'Too many requests.'],
  500: ['Internal error', 'Internal server error'],
  503: ['The service is currently unavailable', 'Service temporarily unavailable. The model is at capacity.'],
}

/** xAI's error body for a status. Source: https://docs.x.ai/developers/debugging and bodies in public bug reports (read 2026-11-22). */
export function refusalFor(status: number, error?: string, code?: string): Refusal {
  const [usualCode, usualError] = BY_STATUS[status] ?? ['Unknown error', `Status ${status}.`]
  return { status, body: { code: code ?? usualCode, error: error ?? usualError } }
}

export function unsupported(argument: string): Refusal {
  return refusalFor(400, `Argument not supported: ${argument}`)
}

/** 422: a value that cannot be read as what the field is. */
export function unreadable(why: string): Refusal {
  return refusalFor(422, `Failed to deserialize the JSON body into the target type: ${why}`)
}

export function modelNotFound(model: string): Refusal {
  return refusalFor(
    404,
    `The model ${model} does not exist or your team ${TEAM} does not have access to it. Please ensure you're using a valid model name.`,
  )
}

const TEAM = '5ea6f6bd-0000-0000-0000-000000000000'

/**
 * What a key in its text asks for: `invalid` and `blocked` fail as such keys do at xAI, `locked` and `empty` are of a team without credit;
 * any other key is good.
 */
export function keyRefusal(authorization: string | undefined): Refusal | undefined {
  const key = /^Bearer (\S+)$/iu.exec(authorization ?? '')?.[1]
  if (key === undefined) return refusalFor(401)
  if (key.includes('invalid')) {
    const shown = `${key.slice(0, 2)}***${key.slice(-2)}`
    return refusalFor(400, `Incorrect API key provided: ${shown}. You can obtain an API key from https://console.x.ai.`)
  }
  if (key.includes('blocked')) return refusalFor(403, 'The API key is blocked.')
  return undefined
}

/** Whether the team has spent everything: it may still ask about its key. */
export function creditRefusal(authorization: string | undefined): Refusal | undefined {
  if (!/locked|empty/u.test(authorization ?? '')) return undefined
  return refusalFor(
    403,
    `Your team ${TEAM} has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit.`,
  )
}
