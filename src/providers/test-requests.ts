import sharp from 'sharp'

import type { ImageRequest, Picture } from '../core/image-request.ts'
import { JsonBlob } from '../core/json-blob.ts'
import { err, ok } from '../core/result.ts'
import type { Pixels } from './provider.ts'
import { bytesOf } from './test-fixtures.ts'

/** For tests: pictures to send, a PNG and a WebP. */
export const RED = await solid(96, 64, '#c03020')
export const BLUE = await solid(64, 64, '#2030c0', 'webp')

/** For tests: one turn of the user's, its pictures before its words, and what else is wished. */
export function asked(
  prompt: string,
  pictures: readonly (Buffer | Picture)[] = [],
  more: Partial<ImageRequest> = {},
): ImageRequest {
  const images = pictures.map(
    (each) => ({ type: 'image', picture: Buffer.isBuffer(each) ? picture(each) : each }) as const,
  )
  return { model: 'any', turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }], ...more }
}

export function picture(bytes: Buffer, field = 'image', mediaType: string | undefined = typeOf(bytes)): Picture {
  return { field, source: { type: 'inline', blob: new JsonBlob('binary', [bytes], mediaType) } }
}

/** A PNG of which admission has found out what it is. */
export function probed(bytes: Buffer, field = 'image'): Picture {
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
  const facts = { sha256: 'x', mediaType: 'image/png', width, height, bytes: bytes.length }
  return { ...picture(bytes, field), facts }
}

export async function solid(
  width: number,
  height: number,
  background: string,
  format: 'png' | 'webp' | 'jpeg' = 'png',
): Promise<Buffer> {
  const channels = background.length > '#rrggbb'.length ? 4 : 3
  return await sharp({ create: { width, height, channels, background } }).toFormat(format).toBuffer()
}

/** A mask that lets one half of its picture be repainted. */
export async function halfOpen(width: number, height: number, side: 'left' | 'right'): Promise<Buffer> {
  return await sharp({ create: { width: width / 2, height, channels: 4, background: '#000000ff' } })
    .extend({ [side]: width / 2, background: '#00000000' })
    .png()
    .toBuffer()
}

/** Work on pixels as the decoding process does it, where nothing has to be cut: what is transparent becomes white. */
export const PIXELS: Pixels = {
  split: async () => err('Nothing is to be cut.'),
  async stencil(mask) {
    const made = await sharp(bytesOf(mask)).ensureAlpha().extractChannel('alpha').negate().png().toBuffer()
    return ok(new JsonBlob('binary', [made], 'image/png'))
  },
}

export const PAINTED = Buffer.from('white where the mask was transparent')

/** Work on pixels that shows what was asked of it: white alone, without a look at the mask. */
export const WHITE_ONLY: Pixels = {
  split: async () => err('nothing is split here'),
  stencil: async (_, marked) =>
    marked === 'white' ? ok(new JsonBlob('binary', [PAINTED], 'image/png')) : err('it is not white'),
}

/** By its first byte: PNG, JPEG, or else the `R` of WebP's container. */
function typeOf([first]: Buffer): string {
  return first === 0x89 ? 'image/png' : first === 0xff ? 'image/jpeg' : 'image/webp'
}
