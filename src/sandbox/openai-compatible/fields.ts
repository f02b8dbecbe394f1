/** What one field of a request takes. A form has texts for everything, so numbers and booleans may come as such there. */
export type Rule =
  | { readonly is: 'text' }
  | { readonly is: 'boolean' }
  | { readonly is: 'number'; readonly from: number; readonly to: number; readonly whole?: boolean }
  | { readonly is: 'choice'; readonly of: readonly string[] }
  | { readonly is: 'object' }
  /** Read elsewhere. */
  | { readonly is: 'picture' }

export type Rules = Readonly<Record<string, Rule>>

export interface Complaint {
  readonly field: string
  readonly says: string
  readonly is: 'missing' | 'unknown' | 'wrong'
}

/** Fields by name, forms in the form of JSON. */
export type Fields = Readonly<Record<string, unknown>>

/**
 * The first thing wrong with the fields. Stricter than the servers in one thing: a field that they do not have is refused instead of
 * ignored, so that a wrong name cannot pass unnoticed.
 */
export function complain(rules: Rules, required: readonly string[], fields: Fields): Complaint | undefined {
  const missing = required.find((field) => fields[field] === undefined || fields[field] === '')
  if (missing !== undefined) return { field: missing, says: 'Field required', is: 'missing' }
  for (const [field, value] of Object.entries(fields)) {
    const rule = Object.hasOwn(rules, field) ? rules[field] : undefined
    if (rule === undefined) return { field, says: 'Extra inputs are not permitted', is: 'unknown' }
    const says = wrong(rule, value)
    if (says !== undefined) return { field, says, is: 'wrong' }
  }
  return undefined
}

function wrong(rule: Rule, value: unknown): string | undefined {
  switch (rule.is) {
    case 'text':
      return typeof value === 'string' ? undefined : 'Input should be a valid string'
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'Input should be a valid boolean'
    case 'choice':
      return typeof value === 'string' && rule.of.includes(value)
        ? undefined
        : `Input should be ${rule.of.join(' or ')}`
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) return 'Input should be a valid number'
      if (rule.whole === true && !Number.isInteger(value)) return 'Input should be a valid integer'
      if (value < rule.from) return `Input should be greater than or equal to ${rule.from}`
      return value > rule.to ? `Input should be less than or equal to ${rule.to}` : undefined
    case 'object':
      return typeof value === 'object' && value !== null ? undefined : 'Input should be a valid dictionary'
    case 'picture':
      return undefined
    default:
      return rule satisfies never
  }
}

export const TEXT = { is: 'text' } as const
export const FLAG = { is: 'boolean' } as const
export const OBJECT = { is: 'object' } as const
export const PICTURE = { is: 'picture' } as const
export const SEED = whole(0, 4_294_967_295)

export function whole(from: number, to: number) {
  return { is: 'number', from, to, whole: true } as const
}

export function number(from: number, to: number) {
  return { is: 'number', from, to } as const
}

export function choice(...of: readonly string[]) {
  return { is: 'choice', of } as const
}

/** Texts of a form as the numbers and booleans that a rule wants; a field that is repeated, as a list. */
export function fieldsOf(form: FormData, rules: Rules): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const name of new Set(form.keys())) {
    const values = form.getAll(name).map((value) => (typeof value === 'string' ? inTypeOf(rules[name], value) : value))
    fields[name] = values.length > 1 || values.some((value) => value instanceof File) ? values : values[0]
  }
  return fields
}

function inTypeOf(rule: Rule | undefined, value: string): unknown {
  if (rule?.is === 'number') return value.trim() === '' ? value : Number(value)
  if (rule?.is === 'boolean' && ['true', 'false'].includes(value)) return value === 'true'
  return value
}
