import { createHash } from 'node:crypto'

/** What a thought signature is bound to, as far as is known: sent to another model, or with another key, it is refused. */
export interface Maker {
  readonly model: string
  readonly credential: string
}

/**
 * A signature on its way through the engine's memory, with all it is bound to: model, a mark of the key, and the picture's media type,
 * since a picture that was converted on its way to the caller is no longer the one that was signed. Never on any wire.
 */
export function toContinuation(maker: Maker, mediaType: string | undefined, signature: string): string {
  return [maker.model, keyMark(maker), mediaType?.toLowerCase() ?? UNLABELLED, signature].join(' ')
}

/** The signature, if this model with this key made this picture. Undefined means: send the picture as an ordinary reference. */
export function signatureIn(continuation: string | undefined, maker: Maker, mediaType: string): string | undefined {
  const [model, key, label, signature] = continuation?.split(' ') ?? []
  const isSamePicture = label === mediaType || label === UNLABELLED
  return model === maker.model && key === keyMark(maker) && isSamePicture ? signature : undefined
}

const UNLABELLED = '*'

/** Tells keys apart and nothing else: 32 bits of a digest. */
function keyMark({ credential }: Maker): string {
  return createHash('sha256').update(credential).digest('hex').slice(0, 8)
}
