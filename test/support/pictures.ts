import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'

import sharp from 'sharp'

/** A picture with its last pixel decoded: a header alone proves nothing. */
export async function look(bytes: Buffer | Uint8Array) {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
  const { format } = await sharp(bytes).metadata()
  assert.equal(data.length, info.width * info.height * info.channels)
  return { format, width: info.width, height: info.height, sha256: sha256(bytes) }
}

export function sha256(bytes: Buffer | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The bytes of a `data:image/…;base64,` URL. */
export function fromDataUrl(url: string): Buffer {
  const [, label, base64 = ''] = /^data:(image\/\w+);base64,([A-Za-z0-9+/]+=*)$/.exec(url) ?? []
  assert.ok(label, `not a data URL: ${url.slice(0, 60)}`)
  return Buffer.from(base64, 'base64')
}

/** A JPEG or PNG of stripes that depend on `seed`. As JPEG of this size it is too large for a row: it would be a file. */
export async function photograph(format: 'jpeg' | 'png', width = 640, height = 480, seed = 1): Promise<Buffer> {
  const pixels = Buffer.from(
    Array.from({ length: width * height * 3 }, (_, index) => (index * 7 * seed + ((index / width) | 0) * 13) & 255),
  )
  return await sharp(pixels, { raw: { width, height, channels: 3 } })
    .toFormat(format)
    .toBuffer()
}

export function dataUrl(bytes: Buffer, mediaType: string): string {
  return `data:${mediaType};base64,${bytes.toString('base64')}`
}
