import { JsonBlob, type JsonValue } from '../core/json-blob.ts'

/** Where the values of a body stand: `contents.0.role`. */
export function pathsOf(value: JsonValue, path: readonly string[] = []): readonly string[] {
  if (typeof value !== 'object' || value === null || value instanceof JsonBlob) return [path.join('.')]
  return Object.entries(value).flatMap(([key, inner]: [string, JsonValue | undefined]) =>
    pathsOf(inner ?? null, [...path, key]),
  )
}

/** The body without what stands at a path; as it is, when nothing does. */
export function without(value: JsonValue, [key = '', ...rest]: readonly string[]): JsonValue {
  if (typeof value !== 'object' || value === null || value instanceof JsonBlob) return value
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[]
    return rest.length === 0
      ? items.filter((_, index) => String(index) !== key)
      : items.map((item, index) => (String(index) === key ? without(item, rest) : item))
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]: [string, JsonValue | undefined]) =>
      name !== key ? [[name, inner]] : rest.length === 0 ? [] : [[name, without(inner ?? null, rest)]],
    ),
  )
}
