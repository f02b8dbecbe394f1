import { fail, type Failure } from '../core/errors.ts'
import type { Turn } from '../core/image-request.ts'

/** All text of one request together, in UTF-8 bytes. */
export const MAX_PROMPT_BYTES = 128 * 1024

/** What is wrong with the words of a request as a whole: none although there is no picture either, or too many. */
export function checkPrompt(turns: readonly Turn[], field: string): Failure | undefined {
  const parts = turns.flatMap((turn) => turn.parts)
  if (parts.every((part) => part.type === 'text' && part.text.trim() === ''))
    return fail('invalid_prompt', `${field} must hold a prompt: it is empty.`, { field })
  const bytes = parts.reduce((total, part) => total + (part.type === 'text' ? Buffer.byteLength(part.text) : 0), 0)
  if (bytes <= MAX_PROMPT_BYTES) return undefined
  return fail('invalid_prompt', `${field} must be at most 128 KiB of text; it is ${bytes} bytes.`, { field })
}
