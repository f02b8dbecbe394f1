import { z } from 'zod'

/**
 * Request fields that say in plain words what they accept. Every refusal is a predicate (`must be a whole number from 1 to 10`);
 * zod-problem.ts puts the field's name before it.
 */

export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

/** A whole number written in a query string. */
export function wholeNumberText(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`
  return z
    .string({ error })
    .regex(/^-?\d{1,15}$/, { error })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error })
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` })
}

export function flag() {
  return z.boolean({ error: 'must be true or false' })
}

/** A boolean written in a query string. */
export function flagText() {
  return z.enum(['true', 'false'], { error: 'must be true or false' }).transform((value) => value === 'true')
}

/** Text that is a name or a label, never a prompt. */
export function shortText(maxCharacters: number) {
  const error = `must be text of 1 to ${maxCharacters} characters`
  return z.string({ error }).min(1, { error }).max(maxCharacters, { error })
}

export function names(maxItems: number) {
  const error = `must be a list of at most ${maxItems} names`
  return z.array(shortText(200), { error }).max(maxItems, { error })
}

/** A comma list in a query string; repeating the parameter means the same. */
export function commaList() {
  return z.union([z.string(), z.array(z.string())], { error: 'must be a comma-separated list' }).transform((value) =>
    [value]
      .flat()
      .flatMap((part) => part.split(','))
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )
}

export function textMap(maxPairs: number, maxKey: number, maxValue: number) {
  const error = `must be an object of at most ${maxPairs} pairs, keys of at most ${maxKey} and text values of at most ${maxValue} characters`
  return z
    .record(z.string(), z.string({ error }).max(maxValue, { error }), { error })
    .refine((map) => Object.keys(map).length <= maxPairs && Object.keys(map).every((key) => key.length <= maxKey), {
      error,
    })
}

type Said<T> = { [Key in keyof T]?: Exclude<T[Key], null | undefined> }

/** `null` and `undefined` are the wire's two ways of saying nothing. */
export function isSaid(value: unknown): boolean {
  return value !== null && value !== undefined
}

/** The fields that were said. */
export function said<T extends object>(fields: T): Said<T> {
  const entries = Object.entries(fields).filter(([, value]) => isSaid(value))
  // What was removed is exactly what the type removes; TypeScript cannot follow it through the entries.
  return Object.fromEntries(entries) as Said<T>
}

/**
 * Names of the fields that a caller said and nobody here honours, under `prefix`. Empty lists and objects say nothing. `silent`
 * names those whose absence changes nothing, so that a warning would only be noise.
 */
export function unheard(
  body: object,
  known: object,
  { prefix = '', silent = [] }: { readonly prefix?: string; readonly silent?: readonly string[] } = {},
): readonly string[] {
  return Object.entries(body)
    .filter(([name, value]) => !Object.hasOwn(known, name) && !silent.includes(name) && !isEmpty(value))
    .map(([name]) => `${prefix}${name.slice(0, 100)}`)
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
