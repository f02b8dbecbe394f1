import { refusalFor as openAiRefusalFor } from '../openai/errors.ts'
import type { Refusal } from '../simulator.ts'

/** Azure's error body, which has no type and repeats its status as a code. */
function refusal(status: number, message: string, code = String(status)): Refusal {
  return { status, body: { error: { code, message } } }
}

export function notFound(): Refusal {
  return refusal(404, 'Resource not found')
}

export function deploymentNotFound(): Refusal {
  const message =
    'The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.'
  return refusal(404, message, 'DeploymentNotFound')
}

/** What a key in its text asks for: `invalid` is none, `locked` and `empty` are of a resource that Azure has blocked. */
export function keyRefusal(key: string | undefined): Refusal | undefined {
  if (key === undefined || key.includes('invalid')) {
    return refusal(401, 'Access denied due to invalid subscription key or wrong API endpoint.')
  }
  if (!/locked|empty/u.test(key)) return undefined
  return refusal(403, 'Your resource has been temporarily blocked. Please check your subscription.', 'Forbidden')
}

const DATED = /^20\d\d-\d\d-\d\d(-preview)?$/u
/** The first version that has GPT Image. */
const FIRST = '2025-04-01-preview'

/** Either form of address has versions of its own. */
export function apiVersionRefusal(version: string | null, isOlder: boolean): Refusal | undefined {
  if (isOlder) return version !== null && DATED.test(version) && version >= FIRST ? undefined : notFound()
  if (version === null || version === 'v1' || version === 'preview') return undefined
  return refusal(400, 'API version not supported', 'BadRequest')
}

/** The filter in front of the model. */
export function contentFilter(category: string): Refusal {
  return {
    status: 400,
    body: {
      error: {
        code: 'contentFilter',
        message: 'Your task failed as a result of our safety system.',
        inner_error: { code: 'ResponsibleAIPolicyViolation', content_filter_results: filtered(category) },
      },
    },
  }
}

/** The filter behind the model: a success whose picture is gone. */
export function filteredItem(category: string): Refusal {
  return { status: 200, body: { created: 1_790_000_000, data: [{ content_filter_results: filtered(category) }] } }
}

function filtered(category: string): object {
  const safe = { filtered: false, severity: 'safe' }
  return {
    hate: safe,
    self_harm: safe,
    sexual: safe,
    violence: safe,
    [category]: { filtered: true, severity: 'medium' },
  }
}

/** The error that Azure sends with this status, for faults asked for by number. */
export function refusalFor(status: number): Refusal {
  if (status === 401) return refusal(401, 'Access denied due to invalid subscription key or wrong API endpoint.')
  if (status === 404) return deploymentNotFound()
  if (status !== 429) return openAiRefusalFor(status)
  const message = 'Your requests to this deployment have exceeded the call rate limit of your current pricing tier.'
  return { ...refusal(429, message, 'RateLimitReached'), headers: { 'retry-after': '7' } }
}
