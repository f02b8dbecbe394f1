import type { JsonBlob, JsonValue } from './json-blob.ts'

/** Resolution tiers by their canonical names: `512` is what OpenRouter's chat calls `0.5K`. */
export const TIERS = ['512', '1K', '2K', '4K'] as const
export type Tier = (typeof TIERS)[number]

export const FORMATS = ['png', 'jpeg', 'webp'] as const
export type Format = (typeof FORMATS)[number]

/**
 * What a caller asked for, in words of no dialect. It keeps what was said and nothing else: absent stays absent, so that a
 * provider's own defaults apply. Surfaces make it, providers read it; neither knows the other.
 */
export interface ImageRequest {
  /** The model as the caller wrote it: an id, an alias or a retired id. Resolving it is the catalogue's business. */
  readonly model: string
  /** Models to try after `model`, in order. */
  readonly fallbackModels?: readonly string[]
  /** The conversation, oldest first; the last turn is the user's. A plain prompt is one user turn. */
  readonly turns: readonly Turn[]
  /** Transparent where the first reference may be repainted. */
  readonly mask?: Picture
  /** Pictures wanted, 1 to 10. */
  readonly n?: number
  /** Exact pixels. Never together with a contradicting tier or ratio: surfaces refuse that. */
  readonly size?: { readonly width: number; readonly height: number }
  readonly resolution?: Tier
  /** `W:H` as written, for example `21:9` or `2.35:1`. */
  readonly aspectRatio?: string
  readonly quality?: string
  readonly background?: 'auto' | 'transparent' | 'opaque'
  /** Absent: the provider's own bytes and media type reach the caller unchanged. */
  readonly format?: Format | 'svg'
  /** 0 to 100, for JPEG and WebP. */
  readonly compression?: number
  /** Zero is a seed like any other. */
  readonly seed?: number
  readonly negativePrompt?: string
  /** Pictures to be shown while the last one is still being made, 0 to 3, of providers that can. */
  readonly previews?: number
  /** Whether the caller has use for words beside the pictures. Absent: not said. */
  readonly wantsText?: boolean
  readonly routing?: RoutingPreferences
  /** Pass-through parameters by provider slug; a provider takes only the keys its routes list. */
  readonly providerOptions?: Readonly<Record<string, Readonly<Record<string, JsonValue>>>>
  /** The caller's name for its own end user. */
  readonly user?: string
  readonly sessionId?: string
  readonly metadata?: Readonly<Record<string, string>>
  /** Parameters of the dialect that no image model honours (`temperature`, `tools`), by field name: warned about, or refused under `requireParameters`. */
  readonly ignored?: readonly string[]
}

export interface Turn {
  readonly role: 'system' | 'user' | 'assistant'
  readonly parts: readonly Part[]
}

export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly picture: Picture }

/** A picture inside a request. */
export interface Picture {
  /** Where it stood in the caller's body, dotted; errors name it. */
  readonly field: string
  readonly source: { readonly type: 'inline'; readonly blob: JsonBlob } | { readonly type: 'url'; readonly url: string }
  /** Set by admission, once the bytes were decoded and probed: what the picture really is, not what it was labelled. */
  readonly facts?: PictureFacts
  /** What the provider that made this picture wants to see again when it is sent back. Opaque; set by the engine from its own memory. */
  readonly continuation?: string
}

/** What is known about a picture from its bytes alone. */
export interface PictureFacts {
  /** Lower-case hex over the decoded bytes. */
  readonly sha256: string
  /** By magic bytes: `image/png`, `image/jpeg`, `image/webp` … */
  readonly mediaType: string
  /** Pixels, from the header. */
  readonly width: number
  readonly height: number
  /** Decoded size. */
  readonly bytes: number
}

/** OpenRouter's `provider` object, with names and slugs as the caller wrote them (matched case-insensitively). */
export interface RoutingPreferences {
  readonly order?: readonly string[]
  readonly only?: readonly string[]
  readonly ignore?: readonly string[]
  readonly allowFallbacks?: boolean
  readonly requireParameters?: boolean
  readonly sort?: Sort
  readonly maxPrice?: MaxPrice
  /** `deny`: only providers that make nothing of what they are sent but the pictures. */
  readonly dataCollection?: 'allow' | 'deny'
  /** Only providers that keep nothing of what they are sent. */
  readonly zdr?: boolean
  /** Whether a refusal by one provider's safety rules may be tried at another. */
  readonly fallbackOnModeration?: boolean
  /** Preferences that were said and are not acted on, by field name: warned about. */
  readonly unheeded?: readonly string[]
}

export const SORTS = ['price', 'latency', 'throughput'] as const

export interface Sort {
  readonly by?: (typeof SORTS)[number]
  /** `none`: the routes of all models together. Otherwise every route of the first model goes before the second's. */
  readonly partition?: 'model' | 'none'
}

/** Ceilings in decimal dollars: `prompt` and `completion` per million tokens, `request` per request, `image` per picture made. */
export interface MaxPrice {
  readonly prompt?: string
  readonly completion?: string
  readonly request?: string
  readonly image?: string
}

/** All prompt text of a request in order, for counting and for providers that take one string. */
export function promptText(request: ImageRequest): string {
  return request.turns
    .flatMap((turn) => turn.parts)
    .flatMap((part) => (part.type === 'text' ? [part.text] : []))
    .join('\n')
}

/** Every picture of a request in the order in which it was given, earlier turns included, the mask not. */
export function references(request: ImageRequest): readonly Picture[] {
  return request.turns.flatMap((turn) => turn.parts).flatMap((part) => (part.type === 'image' ? [part.picture] : []))
}
