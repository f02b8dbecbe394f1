import { z } from 'zod'

import type { Route, Surface } from '../core/surface.ts'

/** The OpenAPI 3.1 document of the mounted tables: whatever is mounted is in it, and nothing else. */
export function openApi(surfaces: readonly Surface[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const surface of surfaces)
    for (const route of surface.routes) {
      const path = route.path.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{path}')
      paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(surface, route) }
    }
  return {
    openapi: '3.1.0',
    info: { title: 'Plantain', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
  }
}

function operation(surface: Surface, route: Route): object {
  const body = route.kind === 'catalog' ? undefined : route.body
  const query = route.kind === 'generate' ? undefined : route.query
  const status = route.kind === 'ask' ? (route.status ?? 200) : 200
  return {
    operationId: route.id,
    summary: route.summary,
    tags: [surface.name],
    parameters: [
      ...pathParameters(route.path),
      ...queryParameters(query),
      ...(route.kind === 'generate' ? HEADER_PARAMETERS : []),
    ],
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } } }),
    responses: {
      [status]: { description: 'Success' },
      ...(route.kind === 'generate' && GENERATE_RESPONSES),
      default: {
        description: 'A failure, in the envelope of this dialect. X-Error-By and X-Error-Retryable say whose it is.',
      },
    },
    security: route.access === 'none' ? [] : [{ apiKey: [] }],
  }
}

/** Headers that every route which buys pictures reads. Their bounds are those of `idempotency.ts` and `prefer.ts`. */
const HEADER_PARAMETERS = [
  {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Your own name for this purchase. The same call with the same key is answered from the first one and buys nothing, for 24 h after that has ended.',
    schema: { type: 'string', pattern: '^[\\x20-\\x7e]{1,255}$' },
  },
  {
    name: 'Prefer',
    in: 'header',
    description:
      'RFC 7240. `respond-async`: 202 at once. `wait=N`: 202 when there is no answer after N seconds. Both: the same. Other preferences are ignored.',
    schema: { type: 'string', examples: ['respond-async', 'wait=30', 'respond-async, wait=10'] },
  },
  {
    name: 'X-Plantain-Deadline',
    in: 'header',
    description: 'Longest time for the generation itself, in seconds. Without it the model’s or the gateway’s own.',
    schema: { type: 'integer', minimum: 10, maximum: 900 },
  },
] as const

/** Answers of the same routes that neither are pictures nor say that none can be had. */
const GENERATE_RESPONSES = {
  202: {
    description: 'The generation goes on: ask again at `Location`. Only to a `Prefer`.',
    headers: {
      Location: { description: 'Its receipt.', schema: { type: 'string' } },
      'Retry-After': { description: 'Seconds until asking is worthwhile.', schema: { type: 'integer' } },
      'Preference-Applied': { description: 'What of `Prefer` was heeded.', schema: { type: 'string' } },
    },
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['id', 'status', 'created_at', 'progress', 'links'],
          properties: {
            id: { type: 'string' },
            status: { type: 'string' },
            created_at: { type: 'string', format: 'date-time' },
            progress: {
              type: ['object', 'null'],
              properties: {
                fraction: { type: ['number', 'null'] },
                message: { type: ['string', 'null'] },
                queue_position: { type: ['integer', 'null'] },
              },
            },
            links: {
              type: 'object',
              properties: { self: { type: 'string' }, images: { type: 'string' } },
            },
          },
        },
      },
    },
  },
  409: {
    description:
      '`idempotency_in_progress`: the first call with this key still runs; the same call again, after `Retry-After`, gets its answer. `cancelled`: the generation was cancelled while this call waited for it.',
  },
  422: {
    description:
      '`idempotency_key_reused`: the key was used for another request. `image_not_decodable`: the pixels of a reference cannot be had.',
  },
} as const

function pathParameters(path: string): object[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters(query: z.ZodType | undefined): object[] {
  if (!query) return []
  const schema = schemaOf(query)
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: 'query',
    required: schema.required?.includes(name) ?? false,
    schema: property,
  }))
}

/** What callers may write, before defaults. Pictures are strings on the wire, whatever they are inside. */
function schemaOf(schema: z.ZodType) {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' })
}
