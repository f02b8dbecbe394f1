import { fail, type Failure } from '../../core/errors.ts'
import type { ImageRequest } from '../../core/image-request.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { names, shortText } from '../fields.ts'

export const ModelFields = {
  model: shortText(200).nullish().describe('Id or alias of an image model.'),
  models: names(100)
    .max(3, { error: "must be a list of at most 3 models: 'models' array must have 3 items or fewer" })
    .nullish()
    .describe('Models to try in order; `model`, where given, goes first.'),
}

interface Named {
  readonly model?: string | null | undefined
  readonly models?: readonly string[] | null | undefined
}

/** The model and those to fall back to, each once. */
export function toModels({ model, models }: Named): Result<Pick<ImageRequest, 'model' | 'fallbackModels'>, Failure> {
  const named = model === null || model === undefined ? [] : [model]
  const [first, ...fallbackModels] = new Set([...named, ...(models ?? [])])
  if (first === undefined)
    return err(fail('invalid_request', 'model is missing; it must be the id of an image model.', { field: 'model' }))
  return ok({ model: first, ...(fallbackModels.length > 0 && { fallbackModels }) })
}
