import type { z } from 'zod'

import { fail, type Failure, type FailureCode } from '../core/errors.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/**
 * The first thing that is wrong with a body or a query, as one failure: the field in the caller's own words (`messages.0.content`)
 * and what would be accepted there. `input` is what was parsed; it is only asked whether a field is there at all.
 */
export function zodProblem(error: z.ZodError, input: unknown): Failure {
  const found = deepest(error.issues[0], [])
  if (found === undefined) return fail('invalid_request', 'The request is not in the expected form.')
  const { issue, path } = found
  const field = path.map(String).join('.')
  const accepted = predicate(issue)
  const missing = path.length > 0 && valueAt(input, path) === undefined
  const subject = field === '' ? 'The request' : field
  const message = missing ? `${subject} is missing; it ${accepted}.` : `${subject} ${accepted}.`
  return fail(codeOf(path, missing), message, field === '' ? {} : { field })
}

/** A union fails in all its branches. The one that got furthest, or else the one whose type fitted, is what the caller meant. */
function deepest(issue: Issue | undefined, above: Path): { issue: Issue; path: Path } | undefined {
  if (issue === undefined) return undefined
  const path = [...above, ...issue.path]
  if (issue.code !== 'invalid_union') return { issue, path }
  const branches = issue.errors.map((issues) => deepest(issues[0], path)).filter((branch) => branch !== undefined)
  const inside = branches
    .filter((branch) => branch.path.length > path.length)
    .toSorted((a, b) => b.path.length - a.path.length)[0]
  return inside ?? branches.find((branch) => !isWrongType(branch.issue)) ?? { issue, path }
}

function isWrongType({ code, message }: Issue): boolean {
  return code === 'invalid_type' || /^(expected|must be) /.test(message)
}

function predicate(issue: Issue): string {
  // Our own fields and the codec's bring their words with them; Zod's are for developers.
  if (/^(must|is) /.test(issue.message)) return issue.message
  if (issue.message.startsWith('expected '))
    return issue.message.replace(/^expected/, 'must be').replace(/, not undefined$/, '')
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPE_WORDS[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`
    case 'too_big':
      return `must be at most ${issue.maximum}${SIZE_WORDS[issue.origin] ?? ''}`
    case 'too_small':
      return `must be at least ${issue.minimum}${SIZE_WORDS[issue.origin] ?? ''}`
    case 'unrecognized_keys':
      return `must not hold ${issue.keys.join(', ')}`
    case 'custom':
      return `is not accepted: ${issue.message}`
    case 'invalid_union':
    case 'invalid_format':
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
    default:
      return 'is not in an accepted form'
  }
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a JSON object',
  record: 'a JSON object',
  nonoptional: 'given',
}

const SIZE_WORDS: Readonly<Record<string, string>> = { string: ' characters long', array: ' items long' }

const PROMPT = /^(prompt|messages|contents)$|\.(content|text|prompt)$/
/** `provider.max_price.image` is a price. */
const PICTURE = /^(?!provider\.)(?:.*\.)?(url|b64_json|data|image|mask)$/

function codeOf(path: Path, missing: boolean): FailureCode {
  const field = path.map(String).join('.')
  if (PROMPT.test(field)) return 'invalid_prompt'
  return PICTURE.test(field) && !missing ? 'invalid_image' : 'invalid_request'
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, step)
  }
  return value
}
