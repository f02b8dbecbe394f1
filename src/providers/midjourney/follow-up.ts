import { type ImageRequest, type Picture, references } from '../../core/image-request.ts'
import type { JsonBlob, JsonValue } from '../../core/json-blob.ts'
import { dataUrl } from '../../core/json-blobs.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { toDataUri } from '../inline-picture.ts'
import type { Call } from '../provider.ts'
import {
  type Action,
  ACTIONS,
  isAction,
  type Origin,
  originIn,
  picturesMadeBy,
  type Press,
  pressOf,
} from './actions.ts'
import { PASS_THROUGH, safeWords } from './request.ts'

type JsonObject = Readonly<Record<string, JsonValue | undefined>>

/** Something to be done with a picture that this proxy made. */
export interface FollowUp {
  readonly press: Press
  /** What the window is answered that some buttons open; nothing is drawn before. */
  readonly window: JsonObject | undefined
}

/** Whether a request is one. A mask is: Midjourney repaints only what it has drawn. */
export function isFollowUp({ mask }: ImageRequest, { action }: JsonObject): boolean {
  return mask !== undefined || action !== undefined
}

/** What is to be pressed for a request, or in a sentence why that cannot be. */
export async function toFollowUp(
  request: ImageRequest,
  options: JsonObject,
  { pixels }: Pick<Call, 'pixels'>,
): Promise<Result<FollowUp, string>> {
  const action = actionOf(request, options)
  if (!action.ok) return action
  const origin = originOf(request, action.value)
  if (!origin.ok) return origin
  const field = fieldBeside(request, options)
  if (field !== undefined) return err(`${field} cannot be sent: a button takes nothing but the picture.`)
  const { n = 1 } = request
  if (n > 1 && picturesMadeBy({ action: action.value }) === 1)
    return err(`n cannot be ${n}: ${action.value} gives one picture.`)

  const press = pressOf(action.value, origin.value)
  if (!press.ok) return press
  if (action.value !== 'inpaint') return ok({ press: press.value, window: undefined })
  const window = await toWindow(request, pixels)
  return window.ok ? ok({ press: press.value, window: window.value }) : window
}

function actionOf({ mask }: ImageRequest, { action = 'inpaint' }: JsonObject): Result<Action, string> {
  if (!isAction(action)) return err(`provider.options.midjourney.action is one of ${ACTIONS.join(', ')}.`)
  if (mask !== undefined && action !== 'inpaint') return err(`${mask.field} cannot be sent: ${action} takes no mask.`)
  if (mask === undefined && action === 'inpaint') return err('inpaint needs a mask.')
  return ok(action)
}

function originOf(request: ImageRequest, action: Action): Result<Origin, string> {
  const [picture, surplus] = references(request)
  if (surplus !== undefined) return err(`The picture at ${surplus.field} is one too many: ${action} takes one.`)
  const origin = originIn(picture?.continuation)
  if (origin !== undefined) return ok(origin)
  const which = picture === undefined ? 'and the request has none' : `and the one at ${picture.field} is not`
  return err(`${action} needs a picture that Midjourney made here within a day, unchanged, ${which}.`)
}

/** A field that says something about the picture which no button can be told. */
function fieldBeside(request: ImageRequest, options: JsonObject): string | undefined {
  const { aspectRatio, size, resolution, quality, seed, negativePrompt } = request
  const said = Object.entries({
    aspect_ratio: aspectRatio,
    size,
    resolution,
    quality,
    seed,
    negative_prompt: negativePrompt,
  })
  const [field] = said.find(([, value]) => value !== undefined) ?? []
  const flag = PASS_THROUGH.find((name) => name !== 'action' && options[name] !== undefined)
  return field ?? (flag && `provider.options.midjourney.${flag}`)
}

/** White is what the window paints over. Source: the documents of midjourney-proxy-plus, which show a brush on black (read 2026-11-22). */
async function toWindow(request: ImageRequest, pixels: Call['pixels']): Promise<Result<JsonObject, string>> {
  const words = safeWords(request)
  if (!words.ok) return words
  const { mask } = request
  if (mask === undefined) return ok({ prompt: words.value })
  const uri = toDataUri(mask)
  if (!uri.ok) return uri
  const stencil = await stencilOf(mask, pixels)
  if (stencil === undefined) return ok({ prompt: words.value, maskBase64: uri.value })
  if (!stencil.ok) return err(`The mask at ${mask.field} cannot be used: ${stencil.error}`)
  return ok({ prompt: words.value, maskBase64: dataUrl(stencil.value, 'image/png') })
}

async function stencilOf({ source }: Picture, pixels: Call['pixels']): Promise<Result<JsonBlob, string> | undefined> {
  return source.type === 'inline' ? await pixels?.stencil(source.blob, 'white') : undefined
}
