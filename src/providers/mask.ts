import type { Picture } from '../core/image-request.ts'
import type { JsonBlob } from '../core/json-blob.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Call } from './provider.ts'

/**
 * A mask in black and white: `marked` where the picture may be repainted. As it came, where nobody works on pixels. The error is a
 * sentence that names the field.
 */
export async function toStencil(
  { field, source }: Picture,
  marked: 'black' | 'white',
  pixels: Call['pixels'],
): Promise<Result<JsonBlob, string>> {
  if (source.type === 'url') return err(`The mask at ${field} is an address, and this provider is only sent bytes.`)
  if (pixels === undefined) return ok(source.blob)
  const stencil = await pixels.stencil(source.blob, marked)
  return stencil.ok ? stencil : err(`The mask at ${field} cannot be used: ${stencil.error}`)
}
