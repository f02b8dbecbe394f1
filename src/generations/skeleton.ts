import type { GenerationContent } from '../core/ask.ts'
import type { ImageRequest, Part, Turn } from '../core/image-request.ts'

/** A request as it is written down: words as they were, pictures as what they are, bytes nowhere. */
export interface Skeleton {
  readonly turns: readonly { readonly role: Turn['role']; readonly parts: readonly SkeletonPart[] }[]
  readonly n?: number
  readonly resolution?: string
  readonly aspect_ratio?: string
  readonly quality?: string
  readonly format?: string
  readonly background?: string
  readonly seed?: number
}

type SkeletonPart =
  | { readonly text: string }
  | {
      readonly image: {
        readonly sha256: string | null
        readonly media_type: string | null
        readonly width: number | null
        readonly height: number | null
      }
    }

export function skeletonOf(request: ImageRequest): Skeleton {
  return {
    turns: request.turns.map(({ role, parts }) => ({ role, parts: parts.map(skeletonPart) })),
    ...(request.n !== undefined && { n: request.n }),
    ...(request.resolution !== undefined && { resolution: request.resolution }),
    ...(request.aspectRatio !== undefined && { aspect_ratio: request.aspectRatio }),
    ...(request.quality !== undefined && { quality: request.quality }),
    ...(request.format !== undefined && { format: request.format }),
    ...(request.background !== undefined && { background: request.background }),
    ...(request.seed !== undefined && { seed: request.seed }),
  }
}

function skeletonPart(part: Part): SkeletonPart {
  if (part.type === 'text') return { text: part.text }
  const facts = part.picture.facts
  return {
    image: {
      sha256: facts?.sha256 ?? null,
      media_type: facts?.mediaType ?? null,
      width: facts?.width ?? null,
      height: facts?.height ?? null,
    },
  }
}

/** A request as far as it can be told again from what was written down: without pictures, and without words where none were kept. */
export function requestOf(model: string, skeleton: Skeleton | undefined): ImageRequest {
  const { turns = [], seed } = skeleton ?? {}
  return {
    model,
    turns: turns.map(({ role, parts }) => ({
      role,
      parts: parts.flatMap((part) => ('text' in part ? [{ type: 'text' as const, text: part.text }] : [])),
    })),
    ...(seed !== undefined && { seed }),
  }
}

/** The conversation as `GET /generation/content` tells it. */
export function turnsOf({ turns }: Skeleton): NonNullable<GenerationContent['turns']> {
  return turns.map(({ role, parts }) => ({
    role,
    text: parts.flatMap((part) => ('text' in part ? [part.text] : [])).join('\n'),
    images: parts.filter((part) => 'image' in part).length,
  }))
}
