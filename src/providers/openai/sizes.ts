import type { Model, SizeRule } from '../../catalog/model.ts'
import { allModels } from '../../catalog/models/all-models.ts'
import { areaOf } from '../../catalog/tier.ts'
import { type ImageRequest, references } from '../../core/image-request.ts'
import { err, ok, type Result } from '../../core/result.ts'

/** Of GPT Image 2 and everything after it, as far as anybody has said. */
const FREE: SizeRule & { readonly kind: 'range' } = {
  kind: 'range',
  multipleOf: 16,
  maxSide: 3840,
  minPixels: 655_360,
  maxPixels: 8_294_400,
  maxRatio: 3,
}

/**
 * What sizes a model takes: by its route, or, where an operator has called a deployment as he liked, by the model that the caller named.
 * A model that the catalogue does not know is taken for one of the newest.
 */
export function sizesOf(provider: string, model: string, named: string): SizeRule {
  const isRoute = ({ routes }: Model) => routes.some((route) => route.provider === provider && route.model === model)
  const wanted = `/${named.toLowerCase()}`
  const isNamed = ({ id, aliases }: Model) => [id, ...aliases].some((name) => `/${name}`.endsWith(wanted))
  return (allModels.find(isRoute) ?? allModels.find(isNamed))?.sizes ?? FREE
}

/**
 * The API knows pixels alone: a ratio and a tier become a size of that shape and about that area, which the model takes. Undefined:
 * neither was asked, and the model decides. The error names the field that cannot be had.
 */
export function sizeFor(request: ImageRequest, rule: SizeRule): Result<string | undefined, string> {
  const { size, resolution } = request
  const ratio = request.aspectRatio === 'auto' ? undefined : request.aspectRatio
  if (size !== undefined) return ok(`${size.width}x${size.height}`)
  if (resolution === undefined && ratio === undefined) return ok(undefined)
  return rule.kind === 'list' ? fromList(request, ratio, rule.sizes) : fromRange(request, ratio, rule)
}

/** The first GPT Image models make three sizes, all of them at 1K. */
function fromList(
  { resolution }: ImageRequest,
  ratio: string | undefined,
  sizes: readonly string[],
): Result<string | undefined, string> {
  if (resolution !== undefined && resolution !== '1K') {
    return err(`resolution ${resolution} cannot be asked for: the model makes ${sizes.join(', ')}.`)
  }
  if (ratio === undefined) return ok(undefined)
  const wanted = quotientOf(ratio)
  const found = sizes.find((each) => Math.abs(quotientOf(each.replace('x', ':')) - wanted) < 0.001)
  return found === undefined
    ? err(`aspect_ratio ${ratio} cannot be asked for: the model makes ${sizes.join(', ')}.`)
    : ok(found)
}

function fromRange(
  request: ImageRequest,
  ratio: string | undefined,
  { multipleOf, maxSide = Infinity, minPixels = 0, maxPixels = Infinity, maxRatio = Infinity }: typeof FREE,
): Result<string, string> {
  const { resolution = '1K' } = request
  const wanted = ratio === undefined ? likeReference(request, maxRatio) : quotientOf(ratio)
  const stretch = Math.max(wanted, 1 / wanted)
  if (!(stretch <= maxRatio)) {
    return err(
      `aspect_ratio ${ratio ?? ''} cannot be asked for: no side may have more than ${maxRatio} times the other.`,
    )
  }
  // A hair more, lest 2160 come out as 2159.999 and be cut to 2144.
  const cut = (length: number) => Math.floor((length + 1e-6) / multipleOf) * multipleOf
  const area = Math.min(areaOf(resolution), maxPixels)
  const short = cut(Math.min(Math.sqrt(area / stretch), maxSide / stretch))
  const long = cut(short * stretch)
  if (short * long < minPixels) {
    return err(`resolution ${resolution} cannot be asked for: the model makes at least ${minPixels} pixels.`)
  }
  return ok(wanted >= 1 ? `${long}x${short}` : `${short}x${long}`)
}

/** An edit without a ratio keeps that of its first picture, as near as the model comes to it; a picture from words is square. */
function likeReference(request: ImageRequest, maxRatio: number): number {
  const facts = references(request)[0]?.facts
  return facts === undefined ? 1 : Math.min(maxRatio, Math.max(1 / maxRatio, facts.width / facts.height))
}

/** `16:9` as a number. */
function quotientOf(ratio: string): number {
  const [across = 1, down = 1] = ratio.split(':').map(Number)
  return across / down
}
