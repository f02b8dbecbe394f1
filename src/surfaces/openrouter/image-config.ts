import { z } from 'zod'

import type { Failure } from '../../core/errors.ts'
import type { ImageRequest } from '../../core/image-request.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { dimensions, ratioField, sizeField, tierField } from '../dimensions.ts'
import { isSaid, said, unheard } from '../fields.ts'
import { checkLook, LookFields, toLook } from '../look.ts'

/** The picture's shape in OpenRouter's chat. A free-form map there: what is not known here is warned about. */
export const ImageConfig = z
  .looseObject(
    {
      aspect_ratio: ratioField().nullish().describe('`16:9`, `auto` …'),
      image_size: tierField().nullish().describe('Resolution tier; `0.5K` is `512`.'),
      size: sizeField().nullish().describe('Pixels such as 1536x1024, or a tier.'),
      ...LookFields,
    },
    { error: 'must be an object' },
  )
  .describe('Shape, quality and format of the pictures.')

interface Configured {
  readonly request: Partial<ImageRequest>
  readonly ignored: readonly string[]
}

/** Every name under `image_config`, by the one that the catalogue refuses it by. */
export function configFieldNames(config: z.output<typeof ImageConfig> | null | undefined): Record<string, string> {
  const spoken = Object.keys(ImageConfig.shape).filter((name) => isSaid(config?.[name]))
  const names = Object.fromEntries(spoken.map((name) => [name, `image_config.${name}`]))
  const tier = names['image_size'] ?? names['size']
  return { ...names, ...(tier !== undefined && { resolution: tier }) }
}

export function toPictureWishes(config: z.output<typeof ImageConfig> | null | undefined): Result<Configured, Failure> {
  if (config === null || config === undefined) return ok({ request: {}, ignored: [] })
  const shape = dimensions(
    [
      { field: 'image_config.size', value: config.size },
      { field: 'image_config.image_size', value: config.image_size },
    ],
    { field: 'image_config.aspect_ratio', value: config.aspect_ratio },
  )
  if (!shape.ok) return shape
  const wrong = checkLook(config, 'image_config.')
  if (wrong !== undefined) return err(wrong)
  const ignored = unheard(config, ImageConfig.shape, { prefix: 'image_config.' })
  return ok({ request: said({ ...shape.value, ...toLook(config) }), ignored })
}
