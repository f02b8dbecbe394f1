/** A refusal in Google's own words. Source: https://ai.google.dev/gemini-api/docs/troubleshooting (read 2026-11-22). */
export interface Refusal {
  readonly code: number
  readonly status: string
  readonly message: string
  readonly details?: readonly unknown[]
}

export interface Violation {
  /** Dotted path in snake_case, as Google writes it; empty at the top of the body. */
  readonly field: string
  readonly description: string
}

/** 400 for a body that does not fit the schema: every violation listed, in the message and again in the details. */
export function badRequest(violations: readonly Violation[]): Refusal {
  return {
    code: 400,
    status: 'INVALID_ARGUMENT',
    message: violations.map(({ description }) => description).join('\n'),
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: violations.map(({ field, description }) =>
          field === '' ? { description } : { field, description },
        ),
      },
    ],
  }
}

/** 400 for a body that fits the schema but not the model. */
export function invalidArgument(message: string): Refusal {
  return { code: 400, status: 'INVALID_ARGUMENT', message }
}

export function modelNotFound(model: string, version: string, method: string): Refusal {
  return {
    code: 404,
    status: 'NOT_FOUND',
    message: `models/${model} is not found for API version ${version}, or is not supported for ${method}. Call ListModels to see the list of available models and their supported methods.`,
  }
}

/**
 * What a key in its text asks for: `invalid`, `forbidden` and `nobilling` (`locked`, `empty`) fail as such keys do at Google; any other
 * key is good.
 */
export function keyRefusal(key: string | undefined, bearer: boolean, model: string): Refusal | undefined {
  if (!key && bearer) {
    return {
      code: 401,
      status: 'UNAUTHENTICATED',
      message:
        'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
      details: [errorInfo('ACCESS_TOKEN_TYPE_UNSUPPORTED')],
    }
  }
  if (!key) {
    return {
      code: 403,
      status: 'PERMISSION_DENIED',
      message:
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    }
  }
  if (key.includes('invalid')) {
    return {
      code: 400,
      status: 'INVALID_ARGUMENT',
      message: 'API key not valid. Please pass a valid API key.',
      details: [
        errorInfo('API_KEY_INVALID'),
        {
          '@type': 'type.googleapis.com/google.rpc.LocalizedMessage',
          locale: 'en-US',
          message: 'API key not valid. Please pass a valid API key.',
        },
      ],
    }
  }
  if (key.includes('forbidden')) {
    return {
      code: 403,
      status: 'PERMISSION_DENIED',
      message:
        'Requests to this API generativelanguage.googleapis.com method google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent are blocked.',
      details: [errorInfo('API_KEY_SERVICE_BLOCKED')],
    }
  }
  return /nobilling|locked|empty/.test(key) ? quotaExceeded(model, 0, 34.4) : undefined
}

function errorInfo(reason: string): unknown {
  return {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason,
    domain: 'googleapis.com',
    metadata: { service: 'generativelanguage.googleapis.com' },
  }
}

/** 429. A limit of 0 is a key without billing: its `RetryInfo` says seconds, but it will never work for pictures. */
function quotaExceeded(model: string, limit: number, retrySeconds: number): Refusal {
  const free = limit === 0
  const metric = `generativelanguage.googleapis.com/generate_${free ? 'content_free_tier' : 'requests_per_model'}_requests`
  return {
    code: 429,
    status: 'RESOURCE_EXHAUSTED',
    message: `You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.\n* Quota exceeded for metric: ${metric}, limit: ${limit}, model: ${model}\nPlease retry in ${retrySeconds}s.`,
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
        violations: [
          {
            quotaMetric: metric,
            quotaId: free
              ? 'GenerateRequestsPerDayPerProjectPerModel-FreeTier'
              : 'GenerateRequestsPerMinutePerProjectPerModel',
            quotaDimensions: { location: 'global', model },
            quotaValue: String(limit),
          },
        ],
      },
      {
        '@type': 'type.googleapis.com/google.rpc.Help',
        links: [
          {
            description: 'Learn more about Gemini API quotas',
            url: 'https://ai.google.dev/gemini-api/docs/rate-limits',
          },
        ],
      },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retrySeconds}s` },
    ],
  }
}

const BY_STATUS: Readonly<Record<number, Pick<Refusal, 'status' | 'message'>>> = {
  400: { status: 'INVALID_ARGUMENT', message: 'Request contains an invalid argument.' },
  401: { status: 'UNAUTHENTICATED', message: 'Request had invalid authentication credentials.' },
  403: { status: 'PERMISSION_DENIED', message: 'The caller does not have permission' },
  404: { status: 'NOT_FOUND', message: 'Requested entity was not found.' },
  499: { status: 'CANCELLED', message: 'The operation was cancelled.' },
  500: {
    status: 'INTERNAL',
    message:
      'An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting',
  },
  503: { status: 'UNAVAILABLE', message: 'The model is overloaded. Please try again later.' },
  504: { status: 'DEADLINE_EXCEEDED', message: 'Deadline expired before operation could complete.' },
}

/** The body Google sends with this status, for faults asked for by number. */
export function refusalFor(code: number, model: string, retryAfter: string | undefined): Refusal {
  if (code === 429) return quotaExceeded(model, 20, retryAfter ? Number(retryAfter) : 12.5)
  const known = BY_STATUS[code] ?? {
    status: code < 500 ? 'FAILED_PRECONDITION' : 'INTERNAL',
    message: `Status ${code}.`,
  }
  return { code, ...known }
}

/** The body of a refusal, in Google's order of fields. */
export function refusalBody({ code, message, status, details }: Refusal): unknown {
  return { error: { code, message, status, ...(details && { details }) } }
}
