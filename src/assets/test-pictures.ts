import { randomBytes } from 'node:crypto'

import sharp from 'sharp'

import { JsonBlob } from '../core/json-blob.ts'
import { decodedSlices } from './blob-bytes.ts'

/** For tests: a real picture of the given size whose pixels are noise, so that its weight is about 3 bytes a pixel as PNG. */
export async function noise(
  format: 'png' | 'jpeg' | 'webp' | 'gif',
  width: number,
  height: number,
  seed?: Buffer,
): Promise<Buffer> {
  const pixels = seed ?? randomBytes(width * height * 3)
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .toFormat(format, format === 'webp' ? { lossless: true } : {})
    .toBuffer()
}

/** A base64 blob as the codec makes them: slices cut anywhere. */
export function base64Blob(bytes: Buffer, sliceLength = 65_536): JsonBlob {
  return new JsonBlob('base64', slicesOf(Buffer.from(bytes.toString('base64')), sliceLength))
}

export function binaryBlob(bytes: Buffer): JsonBlob {
  return new JsonBlob('binary', slicesOf(bytes, 65_536))
}

export function slicesOf(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  )
}

/** A picture's bytes in one piece; undefined when its base64 is damaged. */
export async function bytesOf(blob: JsonBlob): Promise<Buffer | undefined> {
  const pieces: Buffer[] = []
  for await (const bytes of decodedSlices(blob)) pieces.push(bytes)
  const [only] = pieces
  return pieces.length === 1 ? only : pieces.length === 0 ? undefined : Buffer.concat(pieces)
}
