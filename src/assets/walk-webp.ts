import type { Ending, Seen, Walk } from './probe.ts'

/**
 * WebP: lossy, lossless or extended, told apart by the first chunk; the RIFF header says how long the file is.
 * Source: https://developers.google.com/speed/webp/docs/riff_container, RFC 9649 (read 2026-11-22).
 */
export const webp = {
  *walk(seen: Seen): Walk {
    const head = yield { at: 0, length: 30 }
    seen.fault = undefined
    seen.promisedBytes = head.readUInt32LE(4) + 8
    const first = head.toString('latin1', 12, 16)
    if (first === 'VP8 ') {
      if (head.readUIntBE(23, 3) !== 0x9d012a) {
        seen.fault = 'its first frame is damaged'
        return
      }
      seen.width = head.readUInt16LE(26) & 0x3fff
      seen.height = head.readUInt16LE(28) & 0x3fff
    } else if (first === 'VP8L') {
      const bits = head.readUInt32LE(21)
      seen.width = (bits & 0x3fff) + 1
      seen.height = ((bits >>> 14) & 0x3fff) + 1
      if (head[20] !== 0x2f) seen.fault = 'its first frame is damaged'
    } else if (first === 'VP8X') {
      seen.animated = ((head[20] ?? 0) & 0x02) !== 0
      seen.width = head.readUIntLE(24, 3) + 1
      seen.height = head.readUIntLE(27, 3) + 1
    } else {
      seen.fault = 'its first chunk is unknown'
    }
  },

  end(seen: Seen, { bytes }: Ending): void {
    if (seen.fault === undefined && bytes < (seen.promisedBytes ?? 0)) seen.fault = 'it is shorter than its header says'
  },
}
