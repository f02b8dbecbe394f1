import type { Format } from '../../core/image-request.ts'

/**
 * How one server that speaks OpenAI's Images API differs from the others: data, so that another one is a row of hosted.ts or self-hosted.ts. What is
 * named here is sent under that name; what has no name cannot be asked of it, and a request that needs it is refused.
 */
export interface Quirks {
  readonly slug: string
  /** A machine of the operator's own: no failure there has cost anything. */
  readonly isOwn: boolean
  /** One server, one model, and it paints with that whatever the request says: the answer's maker is looked up afterwards. */
  readonly ignoresModel?: boolean
  /** Pictures from words alone. */
  readonly words: Endpoint
  /** From references; absent: it has no way to take one. */
  readonly edits?: Endpoint
  /** From a reference and a mask over it. */
  readonly masked?: Endpoint
  /** Pictures that one call can be asked for. */
  readonly mostPerCall: number
  /** Keys of `provider.options.<slug>` that are sent on. */
  readonly passThrough: readonly string[]
  /** The free question that `check` asks. */
  readonly about: '/models' | '/me'
}

export interface Endpoint {
  /** Below `/v1`; `{model}` stands for the model's id, which is then not in the body. */
  readonly path: string
  readonly as: 'json' | 'form'
  /** Sent whatever is asked: how the pictures are to come back. */
  readonly always?: Readonly<Record<string, string>>
  readonly names: Names
  /** `size`: "1024x1024". `sides`: `width` and `height`. Absent: it decides by itself. */
  readonly shape?: 'size' | 'sides'
  /** Encodings that `names.format` can ask for. */
  readonly formats?: readonly Format[]
  /** Keys out of `passThrough` that it knows; absent: all. */
  readonly passes?: readonly string[]
  /** How it takes pictures: the first that fits the model. */
  readonly references?: readonly References[]
  readonly mask?: {
    readonly field: string
    /** What is repainted: the transparent part, as callers send it, or the white part. */
    readonly repaints: 'transparent' | 'white'
  }
  /** Where the words have to carry more than words. Absent: they are sent as they are. */
  readonly prompt?: 'negative behind a bar' | 'arguments in a tag'
}

export interface Names {
  readonly model?: string
  readonly n?: string
  readonly seed?: string
  readonly negativePrompt?: string
  readonly quality?: string
  readonly background?: string
  readonly format?: string
  readonly compression?: string
}

export interface References {
  /** Models that take them so; absent: all. */
  readonly models?: RegExp
  readonly field: string
  /** The field's name where there are several pictures, if it is another. */
  readonly fieldOfSeveral?: string
  /** `one`: a single value. `list`: an array in JSON, the field repeated in a form. */
  readonly takes: 'one' | 'list'
  /** Of JSON: how a picture is written. Forms have files. */
  readonly written?: 'data URL' | 'bare'
}
