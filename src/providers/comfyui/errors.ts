import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { type Ended, readRefused, type Refused } from './wire.ts'

/**
 * What a refused graph means for the router. A file or a node that this machine does not have says nothing against the request: another
 * place may have it. Nothing that a machine of one's own does is ever charged.
 */
export function errorFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const generic = statusFailure(answer, clock)
  const refused = answer.status === 400 ? readRefused(answer.value) : undefined
  if (refused === undefined) return generic
  const { kind, code } = isLacking(refused)
    ? ({ kind: 'unavailable', code: 'not_installed' } as const)
    : ({ kind: 'rejected', code: codeOf(refused) } as const)
  const sentence = sentenceOf(refused)
  return { ...generic, kind, message: sentence === '' ? generic.message : sentence, ...(code && { code }) }
}

/** Slots that are chosen from a list of words; every other list is one of files. */
const WORDS = new Set(['sampler_name', 'scheduler', 'type', 'weight_dtype', 'upscale_method', 'crop', 'channel'])

function isLacking({ error, node_errors: nodes }: Refused): boolean {
  if (typeof error !== 'string' && isOfNode(error)) return true
  return Object.values(nodes).some(({ errors }) =>
    errors.some(({ type, extra_info: extra }) => type === 'value_not_in_list' && !WORDS.has(extra?.input_name ?? '')),
  )
}

/** Older versions call it an invalid prompt, "Cannot execute because node X does not exist." */
function isOfNode({ type, message = '' }: Exclude<Refused['error'], string>): boolean {
  return type === 'missing_node_type' || (type === 'invalid_prompt' && message.includes('does not exist'))
}

function codeOf({ error, node_errors: nodes }: Refused): string | undefined {
  const [first] = Object.values(nodes).flatMap(({ errors }) => errors)
  return first?.type ?? (typeof error === 'string' ? undefined : error.type)
}

/** `CheckpointLoaderSimple: Value not in list (ckpt_name: 'a' not in ['b'])`. */
function sentenceOf({ error, node_errors: nodes }: Refused): string {
  const told = Object.values(nodes).flatMap(({ class_type: node = 'a node', errors }) =>
    errors.map(({ message = '', details }) => `${node}: ${message}${details ? ` (${details})` : ''}`),
  )
  if (told.length > 0) return told.join('; ')
  if (typeof error === 'string') return error
  return [error.message, error.details].filter((text) => text).join(': ')
}

export const INTERRUPTED = 'execution_interrupted'

/**
 * Why a job that ended has no pictures. It is the machine's trouble, not the request's: memory that did not suffice, a broken file, or
 * somebody at the machine who stopped it.
 */
export function executionFailure({ status }: Ended, answer: Answer): UpstreamFailure {
  const base = { kind: 'unavailable', billed: 'no', status: answer.status, raw: answer.raw } as const
  const messages = status?.messages ?? []
  if (messages.some(([event]) => event === INTERRUPTED))
    return { ...base, code: INTERRUPTED, message: 'The job was interrupted on the machine.' }
  const failed = messages.find(([event]) => event === 'execution_error')?.[1]
  const { node_type: node = 'a node', exception_message: said = '', exception_type: code } = failed ?? {}
  const reason = said.trim() === '' ? 'it does not say why' : said.trim()
  return { ...base, ...(code !== undefined && { code }), message: `ComfyUI failed in ${node}: ${reason}` }
}
