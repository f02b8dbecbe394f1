import { z } from 'zod'

import { pictureOrUrl, text } from '../../core/blob-fields.ts'
import { fail, type Failure } from '../../core/errors.ts'
import type { Part, Picture, Turn } from '../../core/image-request.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { checkPrompt } from '../prompt.ts'

const TextPart = z.object({ type: z.literal('text'), text: text() })

export const ImagePart = z.object(
  {
    type: z.literal('image_url', { error: 'must be image_url' }),
    image_url: z.object(
      { url: pictureOrUrl().describe('A data: URL with base64, or an http(s) URL.'), detail: z.unknown().optional() },
      { error: 'must be an object with a url' },
    ),
  },
  { error: 'must be {"type":"image_url","image_url":{"url":"…"}}' },
)

const ContentPart = z.discriminatedUnion('type', [TextPart, ImagePart], { error: 'must be text or image_url' })
const content = () => z.union([text(), z.array(ContentPart)], { error: 'must be text or a list of parts' })

/** The picture of an assistant turn. The official client sends it back without a `type`. */
const AnswerImage = z.object({ image_url: ImagePart.shape.image_url }, { error: 'must be {"image_url":{"url":"…"}}' })

const Message = z.discriminatedUnion(
  'role',
  [
    z.object({ role: z.enum(['system', 'developer', 'user']), content: content() }),
    z.object({ role: z.literal('assistant'), content: content().nullish(), images: z.array(AnswerImage).nullish() }),
    z.object({ role: z.literal('tool'), content: content().nullish() }),
  ],
  { error: 'must be one of system, developer, user, assistant, tool' },
)
type Message = z.output<typeof Message>

export const Messages = z
  .array(Message, { error: 'must be a list of messages' })
  .min(1, { error: 'must be a list of at least one message' })
  .describe('The conversation, oldest first. Pictures made earlier may be sent back to be edited.')

const ROLES = { system: 'system', developer: 'system', user: 'user', assistant: 'assistant', tool: 'user' } as const

/** Turns with something in them, each picture under the field it stood in. The user speaks last. */
export function toTurns(messages: readonly Message[]): Result<readonly Turn[], Failure> {
  const turns = messages
    .map((message, index) => ({ role: ROLES[message.role], parts: partsOf(message, `messages.${index}`) }))
    .filter((turn) => turn.parts.length > 0)
  const wrong = checkPrompt(turns, 'messages')
  if (wrong !== undefined) return err(wrong)
  if (turns.at(-1)?.role !== 'user')
    return err(fail('invalid_prompt', 'messages must end with a user message.', { field: 'messages' }))
  return ok(turns)
}

function partsOf(message: Message, field: string): readonly Part[] {
  const { content: said } = message
  const spoken =
    typeof said === 'string'
      ? textPart(said)
      : (said ?? []).flatMap((part, index) => partOf(part, `${field}.content.${index}`))
  const images = message.role === 'assistant' ? (message.images ?? []) : []
  return [...spoken, ...images.map((image, index) => imagePart(image, `${field}.images.${index}`))]
}

function partOf(part: z.output<typeof ContentPart>, field: string): readonly Part[] {
  return part.type === 'text' ? textPart(part.text) : [imagePart(part, field)]
}

function textPart(said: string): readonly Part[] {
  return said === '' ? [] : [{ type: 'text', text: said }]
}

function imagePart(image: z.output<typeof AnswerImage>, field: string): Part {
  return { type: 'image', picture: toPicture(image, field) }
}

/** `field` is where the part stood: `input_references.0`. */
export function toPicture({ image_url }: z.output<typeof AnswerImage>, field: string): Picture {
  return { field: `${field}.image_url.url`, source: image_url.url }
}
