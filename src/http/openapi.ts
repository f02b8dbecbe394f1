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
    parameters: [...pathParameters(route.path), ...queryParameters(query)],
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } } }),
    responses: {
      [status]: { description: 'Success' },
      default: {
        description: 'A failure, in the envelope of this dialect. X-Error-By and X-Error-Retryable say whose it is.',
      },
    },
    security: route.access === 'none' ? [] : [{ apiKey: [] }],
  }
}

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
