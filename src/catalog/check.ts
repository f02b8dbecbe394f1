import { fail, type Failure } from '../core/errors.ts'
import { type ImageRequest, references, type Tier } from '../core/image-request.ts'
import type { Warning } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Model } from './model.ts'
import { isNamed } from './names.ts'
import { documentedSizes, nearestSizes, refusedSize } from './sizes.ts'
import { nearestTier } from './tier.ts'

export interface Checked {
  /** The tier to make and to price; undefined when the request leaves it open or gives exact pixels that the model takes. */
  readonly resolution: Tier | undefined
  readonly aspectRatio: string | undefined
  /** The request as this model can be asked it: settled tier and ratio, without what was warned about. */
  readonly request: ImageRequest
  /** Names of what the caller said and this model cannot honour; each has its warning. */
  readonly leftOut: readonly string[]
  readonly warnings: readonly Warning[]
}

/** Pictures that one request may ask for, however many calls that takes. */
export const MOST_PICTURES = 10

/**
 * Whether a model can do what is asked. What would change the picture (ratio, tier, size, mask, background, references) is refused,
 * naming the field and what is accepted; what only steers it (seed, negative prompt, quality, parameters of the dialect) is left
 * out with a warning: whether that may be is the router's to say. A model that stands in for the one that was named takes the
 * nearest tier that it has instead of refusing.
 */
export function checkRequest(model: Model, request: ImageRequest): Result<Checked, Failure> {
  const failure = quantityFailure(request) ?? pictureFailure(model, request) ?? outputFailure(model, request)
  if (failure) return err(failure)
  const shape = checkShape(model, request)
  if (!shape.ok) return shape

  const steered = withoutUnsupported(model, request)
  const { resolution, aspectRatio, size, warnings } = shape.value
  const { resolution: _tier, aspectRatio: _ratio, size: _size, ...rest } = steered.request
  return ok({
    resolution,
    aspectRatio,
    request: {
      ...rest,
      ...(resolution !== undefined && { resolution }),
      ...(aspectRatio !== undefined && { aspectRatio }),
      ...(size && { size }),
    },
    leftOut: steered.left,
    warnings: [...warnings, ...steered.left.map((field) => ignoredWarning(model, field))],
  })
}

function quantityFailure({ n }: ImageRequest): Failure | undefined {
  if (n === undefined || (Number.isInteger(n) && n >= 1 && n <= MOST_PICTURES)) return undefined
  return fail('invalid_request', `n must be a whole number from 1 to ${MOST_PICTURES}, not ${n}.`, { field: 'n' })
}

function pictureFailure(model: Model, request: ImageRequest): Failure | undefined {
  const pictures = references(request)
  const [first] = pictures
  if (request.mask && !model.supports.mask) {
    return fail(
      'invalid_request',
      `${model.id} takes no mask. Describe in the prompt what is to change, or use a model that takes one.`,
      {
        field: request.mask.field,
      },
    )
  }
  if (request.mask && !first) {
    return fail('invalid_request', 'A mask needs the picture that it lies over: send it as a reference.', {
      field: request.mask.field,
    })
  }
  if (first && (!model.modes.includes('edit') || model.maxReferences === 0)) {
    return fail('invalid_request', `${model.id} makes pictures from text alone and takes no references.`, {
      field: first.field,
    })
  }
  if (!first && !model.modes.includes('generate')) {
    return fail('invalid_request', `${model.id} edits pictures: send at least one reference.`, {
      field: 'input_references',
    })
  }
  const surplus = model.maxReferences === undefined ? undefined : pictures[model.maxReferences]
  if (surplus === undefined) return undefined
  const most = model.maxReferences === 1 ? '1 reference' : `${model.maxReferences} references`
  return fail(
    'invalid_request',
    `${model.id} takes at most ${most}; this request has ${pictures.length}, earlier turns included.`,
    {
      field: surplus.field,
    },
  )
}

function outputFailure(model: Model, { background, format }: ImageRequest): Failure | undefined {
  if (background === 'transparent' && !model.supports.transparentBackground) {
    return fail('invalid_request', `${model.id} cannot make a transparent background. Accepted: auto, opaque.`, {
      field: 'background',
    })
  }
  if (background === 'transparent' && format === 'jpeg') {
    return fail(
      'invalid_request',
      'A transparent background needs output_format png or webp: JPEG has no transparency.',
      { field: 'output_format' },
    )
  }
  if (format === 'svg' && !model.formats.includes('svg')) {
    return fail('invalid_request', `${model.id} makes no vector graphics. Accepted: png, jpeg, webp.`, {
      field: 'output_format',
    })
  }
  return undefined
}

interface Shape {
  readonly resolution: Tier | undefined
  readonly aspectRatio: string | undefined
  readonly size: ImageRequest['size']
  readonly warnings: readonly Warning[]
}

function checkShape(model: Model, request: ImageRequest): Result<Shape, Failure> {
  const ratio = checkRatio(model, request.aspectRatio)
  if (!ratio.ok) return ratio
  const tier = checkTier(model, request)
  if (!tier.ok) return tier
  const asked = { ...tier.value, aspectRatio: ratio.value }
  return request.size === undefined ? ok({ ...asked, size: undefined }) : checkSize(model, request.size, asked)
}

const RATIO = /^\d+(?:\.\d+)?:\d+(?:\.\d+)?$/

function checkRatio({ id, aspectRatios }: Model, ratio: string | undefined): Result<string | undefined, Failure> {
  if (ratio === undefined) return ok(undefined)
  if (ratio === 'auto') return ok(Array.isArray(aspectRatios) && aspectRatios.includes('auto') ? ratio : undefined)
  if (typeof aspectRatios === 'object') {
    if (aspectRatios.includes(ratio)) return ok(ratio)
    const accepted =
      aspectRatios.length === 0 ? 'Its pictures follow the reference.' : `Accepted: ${aspectRatios.join(', ')}.`
    return err(
      fail('invalid_request', `${id} has no aspect ratio ${quoted(ratio)}. ${accepted}`, { field: 'aspect_ratio' }),
    )
  }
  if (RATIO.test(ratio)) return ok(ratio)
  return err(
    fail('invalid_request', `aspect_ratio is two numbers with a colon between them, like 16:9, not ${quoted(ratio)}.`, {
      field: 'aspect_ratio',
    }),
  )
}

function checkTier(
  model: Model,
  { model: named, resolution }: ImageRequest,
): Result<Pick<Shape, 'resolution' | 'warnings'>, Failure> {
  const { id, tiers } = model
  if (resolution === undefined || tiers?.includes(resolution)) return ok({ resolution, warnings: [] })
  const nearest = isNamed(model, named) ? undefined : nearestTier(resolution, tiers ?? [])
  if (nearest !== undefined) {
    const message = `${id}, which stands in for ${named}, has no resolution ${resolution}: ${nearest} was asked for and is charged.`
    return ok({ resolution: nearest, warnings: [{ code: 'resolution_changed', field: 'resolution', message }] })
  }
  const accepted =
    tiers === undefined ? 'It has no resolution tiers: leave resolution out.' : `Accepted: ${tiers.join(', ')}.`
  return err(fail('invalid_request', `${id} has no resolution ${resolution}. ${accepted}`, { field: 'resolution' }))
}

type Size = NonNullable<ImageRequest['size']>

function checkSize(model: Model, size: Size, asked: Omit<Shape, 'size'>): Result<Shape, Failure> {
  const { id, sizes, aspectRatios } = model
  const { width, height } = size
  if (sizes) {
    const why = refusedSize(sizes, width, height)
    if (why !== undefined)
      return err(fail('invalid_request', `${id} does not make ${width}x${height}: it ${why}.`, { field: 'size' }))
    return ok({ ...asked, resolution: undefined, size })
  }
  if (model.pixelsAt1K) return fromTable(model, size, asked)
  if (typeof aspectRatios !== 'object') return ok({ ...asked, resolution: undefined, size })
  const instead = model.tiers ? `resolution (${model.tiers.join(', ')}) and aspect_ratio` : 'aspect_ratio'
  return err(
    fail(
      'invalid_request',
      `${id} takes no exact pixels. Use ${instead} (${aspectRatios.join(', ')}) instead of size.`,
      { field: 'size' },
    ),
  )
}

/** Models that are asked by tier and ratio make exactly the sizes of their table: only such a size can be promised. */
function fromTable(
  model: Model,
  { width, height }: Size,
  { resolution, aspectRatio, warnings }: Omit<Shape, 'size'>,
): Result<Shape, Failure> {
  const found = documentedSizes(model).find(({ size: [w, h] }) => w === width && h === height)
  if (found === undefined) {
    const nearest = nearestSizes(model, width, height, 3).join(', ')
    return err(
      fail(
        'invalid_request',
        `${model.id} does not make ${width}x${height}. The nearest sizes that it makes: ${nearest}.`,
        { field: 'size' },
      ),
    )
  }
  if (
    (resolution !== undefined && resolution !== found.tier) ||
    (aspectRatio !== undefined && aspectRatio !== found.ratio)
  ) {
    return err(
      fail(
        'invalid_request',
        `size ${width}x${height} is resolution ${found.tier} at aspect_ratio ${found.ratio}, which contradicts the other fields.`,
        {
          field: 'size',
        },
      ),
    )
  }
  return ok({ resolution: found.tier, aspectRatio: found.ratio, size: undefined, warnings })
}

/** The request without what only steers the picture and this model does not know, and the names of what was left out. */
function withoutUnsupported(
  { supports }: Model,
  { seed, negativePrompt, quality, previews, ...rest }: ImageRequest,
): { readonly request: ImageRequest; readonly left: readonly string[] } {
  const knowsQuality = quality !== undefined && (supports.quality?.includes(quality) ?? false)
  const left = [
    ...(rest.ignored ?? []),
    ...(seed !== undefined && !supports.seed ? ['seed'] : []),
    ...(negativePrompt !== undefined && !supports.negativePrompt ? ['negative_prompt'] : []),
    ...(quality !== undefined && quality !== 'auto' && !knowsQuality ? ['quality'] : []),
    ...(previews !== undefined && !supports.streaming ? ['partial_images'] : []),
  ]
  return {
    request: {
      ...rest,
      ...(seed !== undefined && supports.seed && { seed }),
      ...(negativePrompt !== undefined && supports.negativePrompt && { negativePrompt }),
      ...(quality !== undefined && knowsQuality && { quality }),
      ...(previews !== undefined && supports.streaming && { previews }),
    },
    left,
  }
}

function ignoredWarning({ id, supports }: Model, field: string): Warning {
  const accepted = field === 'quality' && supports.quality ? ` It knows: ${supports.quality.join(', ')}.` : ''
  return { code: 'parameter_ignored', field, message: `${id} does not honour ${field}; it was left out.${accepted}` }
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
