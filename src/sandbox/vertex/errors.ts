import type { Refusal } from '../gemini/errors.ts'

/** Refusals of Vertex AI. Source: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/api-errors (read 2026-11-22). */
const EXPECTED =
  'Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.'

export function unauthenticated(
  reason: 'CREDENTIALS_MISSING' | 'ACCESS_TOKEN_EXPIRED' | 'ACCESS_TOKEN_INVALID',
): Refusal {
  const what =
    reason === 'CREDENTIALS_MISSING'
      ? 'Request is missing required authentication credential.'
      : 'Request had invalid authentication credentials.'
  return { code: 401, status: 'UNAUTHENTICATED', message: `${what} ${EXPECTED}`, details: [errorInfo(reason)] }
}

export function billingDisabled(project: string): Refusal {
  return {
    code: 403,
    status: 'PERMISSION_DENIED',
    message: `This API method requires billing to be enabled. Please enable billing on project #${project} by visiting https://console.developers.google.com/billing/enable?project=${project} then retry.`,
    details: [errorInfo('BILLING_DISABLED')],
  }
}

export function permissionDenied(resource: string): Refusal {
  return {
    code: 403,
    status: 'PERMISSION_DENIED',
    message: `Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/${resource}' (or it may not exist).`,
    details: [errorInfo('IAM_PERMISSION_DENIED')],
  }
}

export function invalidKey(): Refusal {
  return {
    code: 400,
    status: 'INVALID_ARGUMENT',
    message: 'API key not valid. Please pass a valid API key.',
    details: [errorInfo('API_KEY_INVALID')],
  }
}

export function publisherModelNotFound(resource: string): Refusal {
  return {
    code: 404,
    status: 'NOT_FOUND',
    message: `Publisher Model \`${resource}\` was not found or your project does not have access to it. Please ensure you are using a valid model version. For more information, see: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions`,
  }
}

function errorInfo(reason: string): unknown {
  return {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason,
    domain: 'googleapis.com',
    metadata: { service: 'aiplatform.googleapis.com' },
  }
}
