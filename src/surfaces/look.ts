import { text } from '../core/blob-fields.ts'
import { fail, type Failure } from '../core/errors.ts'
import type { ImageRequest } from '../core/image-request.ts'
import { isSaid, oneOf, said, wholeNumber } from './fields.ts'

/** Fields about the picture that the dialects share by name and meaning. */
export const LookFields = {
  quality: oneOf(['auto', 'low', 'medium', 'high', 'xhigh', 'max']).nullish().describe('How much work goes into it.'),
  background: oneOf(['auto', 'transparent', 'opaque']).nullish().describe('`transparent` needs png or webp.'),
  output_format: oneOf(['png', 'jpeg', 'webp', 'svg'])
    .nullish()
    .describe("Absent: the provider's own bytes, unchanged. `svg` only from vector models."),
  output_compression: wholeNumber(0, 100).nullish().describe('For jpeg and webp.'),
  seed: wholeNumber(-(2 ** 53) + 1, 2 ** 53 - 1)
    .nullish()
    .describe('Best effort: the same seed tends to give the same picture.'),
  negative_prompt: text().nullish().describe('Extension: what should not be in the picture.'),
}

/** What the dialects call the look of a picture, after their schemas. */
interface Look {
  readonly quality?: string | null | undefined
  readonly background?: ImageRequest['background'] | null | undefined
  readonly output_format?: ImageRequest['format'] | null | undefined
  readonly output_compression?: number | null | undefined
  readonly seed?: number | null | undefined
  readonly negative_prompt?: string | null | undefined
}

export function toLook(look: Look): Partial<ImageRequest> {
  return said({
    // `auto` is what happens when nothing is said, and the only word for it that every provider understands.
    quality: look.quality === 'auto' ? undefined : look.quality,
    background: look.background,
    format: look.output_format,
    compression: look.output_compression,
    seed: look.seed,
    negativePrompt: look.negative_prompt === '' ? undefined : look.negative_prompt,
  })
}

/** Formats that contradict what else was asked of the same picture. */
export function checkLook(look: Look, prefix = ''): Failure | undefined {
  const { output_format: format, background, output_compression: compression } = look
  if (background === 'transparent' && format === 'jpeg') {
    const message = `${prefix}background transparent needs ${prefix}output_format png or webp; jpeg has no transparency.`
    return fail('invalid_request', message, { field: `${prefix}background` })
  }
  if (isSaid(compression) && isSaid(format) && format !== 'jpeg' && format !== 'webp') {
    const message = `${prefix}output_compression needs ${prefix}output_format jpeg or webp; ${format} is lossless.`
    return fail('invalid_request', message, { field: `${prefix}output_compression` })
  }
  return undefined
}
