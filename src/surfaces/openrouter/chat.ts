import { z } from 'zod'

import { fail, type Failure } from '../../core/errors.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { GenerateRoute, ParsedGenerate } from '../../core/surface.ts'
import { flag, oneOf, said, shortText, textMap, unheard, wholeNumber } from '../fields.ts'
import { chatStream, presentChat } from './chat-answer.ts'
import { configFieldNames, ImageConfig, toPictureWishes } from './image-config.ts'
import { Messages, toTurns } from './messages.ts'
import { ProviderPreferences, toRouting } from './provider-preferences.ts'
import { ModelFields, toModels } from './wished-models.ts'

export const ChatBody = z
  .looseObject(
    {
      ...ModelFields,
      messages: Messages,
      modalities: z
        .array(oneOf(['image', 'text']), { error: 'must be a list of image and text' })
        .nullish()
        .describe('What the caller has use for. Any image model takes `["image","text"]`; absent means pictures.'),
      image_config: ImageConfig.nullish(),
      n: wholeNumber(1, 10).nullish().describe('Extension: pictures wanted, 1 to 10.'),
      seed: ImageConfig.shape.seed,
      stream: flag().nullish().describe('Server-sent events instead of one JSON document.'),
      provider: ProviderPreferences.nullish(),
      user: shortText(256).nullish().describe("The caller's stable name for its own end user."),
      session_id: shortText(256).nullish(),
      metadata: textMap(16, 64, 512).nullish(),
    },
    { error: 'must be a JSON object' },
  )
  .describe('A conversation that ends in pictures.')
type ChatBody = z.output<typeof ChatBody>

/** Usage is always returned and `route` never had a second value: leaving these out changes nothing. */
const SILENT = ['stream_options', 'usage', 'route']

export const createChatCompletion: GenerateRoute = {
  kind: 'generate',
  id: 'createChatCompletion',
  method: 'POST',
  path: '/api/v1/chat/completions',
  summary: 'Make pictures by chat',
  access: 'key',
  body: ChatBody,
  parse: parseChat,
  present: presentChat,
  stream: chatStream,
}

function parseChat(body: ChatBody): Result<ParsedGenerate, Failure> {
  const models = toModels(body)
  if (!models.ok) return models
  const turns = toTurns(body.messages)
  if (!turns.ok) return turns
  const wantsText = wordsWanted(body.modalities)
  if (!wantsText.ok) return wantsText
  const wishes = toPictureWishes(body.image_config)
  if (!wishes.ok) return wishes
  const routed = toRouting(body.provider)
  if (!routed.ok) return routed

  const ignored = [
    ...unheard(body, ChatBody.shape, { silent: SILENT }),
    ...wishes.value.ignored,
    ...routed.value.ignored,
  ]
  const request = {
    ...models.value,
    turns: turns.value,
    ...wishes.value.request,
    ...routed.value.request,
    ...said({
      wantsText: wantsText.value,
      n: body.n,
      seed: body.seed,
      user: body.user,
      sessionId: body.session_id,
      metadata: body.metadata,
    }),
    ...(ignored.length > 0 && { ignored }),
  }
  const fieldNames = configFieldNames(body.image_config)
  return ok({ request, stream: body.stream === true, ...(Object.keys(fieldNames).length > 0 && { fieldNames }) })
}

/** Absent and empty say nothing. Only words is the one thing that a picture model cannot be asked for. */
function wordsWanted(modalities: ChatBody['modalities']): Result<boolean | undefined, Failure> {
  if (modalities === null || modalities === undefined || modalities.length === 0) return ok(undefined)
  if (modalities.includes('image')) return ok(modalities.includes('text'))
  const message =
    'modalities must include image: every model here makes pictures. Send ["image","text"] or leave it out.'
  return err(fail('invalid_request', message, { field: 'modalities' }))
}
