import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'

export type SlotValue = string | number

/** A name, and behind a bar what stands there when nothing was given for it. */
const SLOT = /\{\{([a-z]\w*)(?:\|([^{}]*))?\}\}/g

/**
 * A workflow with its slots filled. `{{seed}}` as the whole of a text becomes the value itself, a number where it is one; within a
 * longer text it becomes a part of it; `{{steps|30}}` becomes 30 where no value was given. What is put in is never searched again, so
 * a prompt may say `{{seed}}`. The error names the first slot that has neither a value nor a default. See workflows/README.md.
 */
export function fillSlots(
  workflow: JsonValue,
  values: Readonly<Record<string, SlotValue>>,
): Result<JsonValue, { readonly slot: string }> {
  let missing: string | undefined
  const valueOf = (name: string, fallback: string | undefined): SlotValue => {
    if (Object.hasOwn(values, name)) return values[name] ?? ''
    if (fallback === undefined) missing ??= name
    return read(fallback ?? '')
  }
  const filled = mapTexts(workflow, (text) => {
    const [whole] = text.matchAll(SLOT)
    if (whole?.[0] === text) return valueOf(whole[1] ?? '', whole[2])
    return text.replace(SLOT, (_, name: string, fallback?: string) => String(valueOf(name, fallback)))
  })
  return missing === undefined ? ok(filled) : err({ slot: missing })
}

/** Names of all slots in a workflow. */
export function slotsIn(workflow: JsonValue): ReadonlySet<string> {
  const names = new Set<string>()
  mapTexts(workflow, (text) => {
    for (const [, name = ''] of text.matchAll(SLOT)) names.add(name)
    return text
  })
  return names
}

/** A number where it reads as one: `30`, not `1e3` and not an empty text. */
export function read(text: string): SlotValue {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

function mapTexts(value: JsonValue, make: (text: string) => SlotValue): JsonValue {
  if (typeof value === 'string') return make(value)
  if (typeof value !== 'object' || value === null || value instanceof JsonBlob) return value
  if (isList(value)) return value.map((item) => mapTexts(item, make))
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item ?? null, make)]))
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value)
}
