import type { Ending, Seen, Walk } from './probe.ts'

const START_OF_SCAN = 0xda
/** Said when only the tail was searched and the end marker was not in it: worth a second, whole look. */
export const NO_END_MARKER = 'its end marker is missing'

/**
 * JPEG: from marker to marker until the pixels begin, past EXIF with its thumbnail; SOF holds the size.
 * Source: ITU-T T.81, annex B.
 */
export const jpeg = {
  *walk(seen: Seen): Walk {
    for (let at = 2; ;) {
      const head = yield { at, length: 2 }
      const marker = head[1] ?? 0
      if (head[0] !== 0xff) {
        seen.fault = 'its markers are damaged'
        return
      }
      // 0xff before a marker is padding; TEM and RST stand alone.
      if (marker === 0xff) {
        at += 1
        continue
      }
      if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
        at += 2
        continue
      }
      const length = (yield { at: at + 2, length: 2 }).readUInt16BE(0)
      if (length < 2) {
        seen.fault = 'its markers are damaged'
        return
      }
      if (isFrame(marker)) {
        const frame = yield { at: at + 5, length: 5 }
        seen.height = frame.readUInt16BE(0)
        seen.width = frame.readUInt16BE(2)
        const components = frame[4] ?? 0
        if (components < 1 || components > 4) {
          seen.fault = 'it has an impossible number of channels'
          return
        }
      }
      at += 2 + length
      if (marker !== START_OF_SCAN) continue
      yield { at: at - 1, length: 1 }
      seen.fault = seen.width === 0 ? 'it has no frame header before its pixels' : NO_END_MARKER
      return
    }
  },

  end(seen: Seen, { tail, endMarker }: Ending): void {
    if (seen.fault !== NO_END_MARKER) return
    if (endMarker === true || tail.includes(Buffer.from([0xff, 0xd9]))) seen.fault = undefined
  },
}

/** SOF0–SOF15 without DHT, JPG and DAC, which share the range. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}
