import { inflateSync } from 'node:zlib'

/** What a picture's metadata may unfold to, all of it together. */
const METADATA_BYTES = 8 * 1024 * 1024
/** libjpeg's own encoder writes ten; each costs a pass over all of the picture. */
const MAX_SCANS = 100
/** Signature and IHDR. */
const PNG_HEAD_BYTES = 33
const MARKUP = /<(?:!doctype|html|head|body|script|iframe|svg|\?xml)/i
const MARKUP_SEARCHED = 1024 * 1024

/**
 * Why a picture is built to cost more than it shows, or to be two things at once, in a sentence; undefined when it is not. Looks at
 * the structure only, before any decoder does. What is merely broken is left to the decoder.
 */
export function trapIn(bytes: Buffer): string | undefined {
  if (bytes.subarray(0, 2).equals(Buffer.from([0xff, 0xd8]))) return trapInJpeg(bytes)
  if (bytes.toString('latin1', 1, 4) === 'PNG') return trapInPng(bytes)
  return undefined
}

/** Read as libjpeg does, which passes over garbage between its markers: a file cannot hide scans behind what a stricter reader refuses. */
function trapInJpeg(bytes: Buffer): string | undefined {
  let scans = 0
  for (let at = nextMarker(bytes, 2); at + 4 <= bytes.length; at = nextMarker(bytes, at)) {
    const marker = bytes[at + 1]
    if (marker === 0xd9) return undefined
    if (marker === 0xda) scans++
    if (scans > MAX_SCANS) return `The picture has more than ${MAX_SCANS} scans.`
    at += 2 + bytes.readUInt16BE(at + 2)
  }
  return undefined
}

/** Past coded data, in which 0xff is stuffed with a zero, past fill bytes and the markers that stand alone. */
function nextMarker(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const marker = bytes[at + 1] ?? 0
    const standsAlone = marker <= 0x01 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7)
    if (!standsAlone) return at
  }
  return bytes.length
}

/** Walks the chunks; the probe has seen before that they lead to IEND. */
function trapInPng(bytes: Buffer): string | undefined {
  if (bytes.length < PNG_HEAD_BYTES) return undefined
  let metadata = METADATA_BYTES
  let pixelBytes = 0
  let at = 8
  for (let type = ''; type !== 'IEND' && at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at)
    type = bytes.toString('latin1', at + 4, at + 8)
    const packed = packedIn(type, bytes.subarray(at + 8, at + 8 + length))
    if (packed !== undefined) metadata -= unpackedLength(packed, metadata)
    if (metadata < 0) return `The picture's metadata unfolds to more than ${METADATA_BYTES / (1024 * 1024)} MiB.`
    if (type === 'IDAT') pixelBytes += length
    at += 12 + length
  }
  if (pixelBytes > mostPixelBytes(bytes)) return 'The picture has more data than its header has pixels.'
  if (MARKUP.test(bytes.toString('latin1', at, at + MARKUP_SEARCHED))) return 'The picture has a document behind it.'
  return undefined
}

/** The deflated part of a chunk: behind a keyword and a method, and in iTXt behind two more texts (PNG: iCCP, zTXt, iTXt). */
function packedIn(type: string, data: Buffer): Buffer | undefined {
  const keyword = data.indexOf(0)
  if (keyword < 0) return undefined
  if (type === 'iCCP' || type === 'zTXt') return data.subarray(keyword + 2)
  if (type !== 'iTXt' || data[keyword + 1] !== 1) return undefined
  const language = data.indexOf(0, keyword + 3)
  const translated = data.indexOf(0, language + 1)
  return language < 0 || translated < 0 ? undefined : data.subarray(translated + 1)
}

/** Bytes that come of it, or one more than `most`. Damaged data is no danger: decoders pass over it. */
function unpackedLength(packed: Buffer, most: number): number {
  try {
    return inflateSync(packed, { maxOutputLength: Math.max(1, most) }).length
  } catch (error) {
    return error instanceof RangeError ? most + 1 : 0
  }
}

/** Deflate adds little to what it cannot shrink; encoders that flush after every row add a few bytes to each. */
function mostPixelBytes(bytes: Buffer): number {
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
  const bitsPerPixel = (bytes[24] ?? 0) * 4
  return 1.1 * height * (1 + (width * bitsPerPixel) / 8) + 16 * height + 4096
}
