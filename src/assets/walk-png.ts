import type { Seen, Walk } from './probe.ts'

/** Bits per pixel and bit depth by colour type. Source: PNG, third edition, 11.2.1 (https://www.w3.org/TR/png-3/, read 2026-11-22). */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/** Deflate cannot do better than 258 bytes for 2 bits (RFC 1951): 1,032 to 1. */
const DEFLATE_LIMIT = 1032
const DEFLATE_SLACK = 64 * 1024

/** PNG: IHDR for the size, then from chunk to chunk until IEND. What follows IEND is not part of the picture. */
export const png = {
  *walk(seen: Seen): Walk {
    const header = yield { at: 8, length: 25 }
    if (header.toString('latin1', 4, 8) !== 'IHDR' || header.readUInt32BE(0) !== 13) {
      seen.fault = 'it does not begin with an IHDR chunk'
      return
    }
    seen.width = header.readUInt32BE(8)
    seen.height = header.readUInt32BE(12)
    const bitsPerPixel = (header[16] ?? 0) * (CHANNELS[header[17] ?? -1] ?? 0)
    if (bitsPerPixel === 0) {
      seen.fault = 'its header names no colour type'
      return
    }

    let pixelBytes = 0
    for (let at = 33; ;) {
      const chunk = yield { at, length: 8 }
      const length = chunk.readUInt32BE(0)
      const type = chunk.toString('latin1', 4, 8)
      if (!/^[A-Za-z]{4}$/.test(type) || length > 0x7fffffff) {
        seen.fault = 'its chunks are damaged'
        return
      }
      if (type === 'IDAT') pixelBytes += length
      if (type === 'acTL') seen.animated = true
      at += 12 + length
      // The last byte of the chunk: a chunk that promises more than there is never gets beyond this.
      yield { at: at - 1, length: 1 }
      if (type === 'IEND') break
    }
    const raw = (seen.width * seen.height * bitsPerPixel) / 8
    const possible = pixelBytes * DEFLATE_LIMIT + DEFLATE_SLACK
    seen.fault = raw > possible ? 'its data is too little for the size in its header' : undefined
  },
}
