import { crc32, deflateSync } from 'node:zlib'

import { noise } from './test-pictures.ts'
import type { UnusablePicture } from './usable.ts'

const MIB = 1024 * 1024

/** For tests: a chunk of a PNG with its true checksum. */
export function pngChunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(named.length + 8)
  framed.writeUInt32BE(data.length, 0)
  named.copy(framed, 4)
  framed.writeUInt32BE(crc32(named), named.length + 4)
  return framed
}

interface PngParts {
  readonly width: number
  readonly height: number
  /** Filter bytes and pixels before compression. */
  readonly rows: Buffer
  readonly bitDepth?: number
  /** PNG's own number: 0 grey, 2 RGB, 6 RGBA. */
  readonly colourType?: number
  readonly before?: readonly Buffer[]
  readonly behind?: readonly Buffer[]
}

/** A PNG that is right in everything but what its parts say. */
export function pngFrom({
  width,
  height,
  rows,
  bitDepth = 8,
  colourType = 2,
  before = [],
  behind = [],
}: PngParts): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([bitDepth, colourType], 8)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    pngChunk('IHDR', header),
    ...before,
    pngChunk('IDAT', deflateSync(rows, { level: 9 })),
    pngChunk('IEND'),
    ...behind,
  ])
}

/** Black, one bit a pixel: 16,000² is 256 megapixels in 31 KB. */
export function blackPng(width: number, height: number): Buffer {
  return pngFrom({ width, height, rows: Buffer.alloc((1 + Math.ceil(width / 8)) * height), bitDepth: 1, colourType: 0 })
}

/** 64 × 64 black pixels and these chunks. */
export function pngWith(before: readonly Buffer[], behind: readonly Buffer[] = []): Buffer {
  return pngFrom({ width: 64, height: 64, rows: Buffer.alloc(64 * 193), before, behind })
}

/**
 * A progressive JPEG whose scans say nothing: each is a run of empty blocks, some 120 bytes for all of the picture, and a decoder walks
 * all of its coefficients for each. Up to 1,323 of them are as the standard allows.
 */
export function jpegOfScans(side: number, scans: number): Buffer {
  const blocks = Math.ceil(side / 8) ** 2
  const runs = Buffer.alloc(Math.ceil((Math.ceil(blocks / 16_384) * 15) / 8))
  const quantisation = segment(0xdb, Buffer.concat([Buffer.from([0]), Buffer.alloc(64, 1)]))
  const frame = segment(
    0xc2,
    Buffer.from([8, side >> 8, side & 255, side >> 8, side & 255, 3, 1, 17, 0, 2, 17, 0, 3, 17, 0]),
  )
  const table = (id: number, symbol: number) =>
    segment(0xc4, Buffer.from([id, 1, ...Array<number>(15).fill(0), symbol]))
  const first = [segment(0xda, Buffer.from([3, 1, 0, 2, 0, 3, 0, 0, 0, 0])), Buffer.alloc(Math.ceil((blocks * 3) / 8))]
  const rest = Array.from({ length: scans - 1 }, (_, index) => {
    const [component, band, bit] = [
      1 + (index % 3),
      1 + (Math.floor(index / 3) % 63),
      6 - (Math.floor(index / 189) % 7),
    ]
    return [segment(0xda, Buffer.from([1, component, 0, band, band, bit === 6 ? bit : ((bit + 1) << 4) | bit])), runs]
  }).flat()
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    quantisation,
    frame,
    table(0x00, 0),
    table(0x10, 0xe0),
    ...first,
    ...rest,
    Buffer.from([0xff, 0xd9]),
  ])
}

function segment(marker: number, data: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(data.length + 2, 2)
  return Buffer.concat([head, data])
}

/** A lossless WebP of one colour: every code has one symbol, so no pixel takes a bit. 49 megapixels in 46 bytes, and valid. */
export function flatWebp(width: number, height: number): Buffer {
  const bits = Buffer.alloc(26)
  bits[0] = 0x2f
  bits.writeUInt32LE((width - 1) | ((height - 1) << 14), 1)
  // No transform, no cache, no groups; then five codes, each simple with one symbol of one bit: 1000 in order of reading.
  bits.writeUIntLE(0b0001_0001_0001_0001_0001_000, 5, 3)
  return riff([riffChunk('VP8L', bits)])
}

function riff(chunks: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from('WEBP', 'latin1'), ...chunks])
  const head = Buffer.from('RIFF\0\0\0\0', 'latin1')
  head.writeUInt32LE(body.length, 4)
  return Buffer.concat([head, body])
}

function riffChunk(type: string, data: Buffer): Buffer {
  const head = Buffer.from(`${type}\0\0\0\0`, 'latin1')
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
}

const FRAMES = 10_000

function manyFramesPng(): Buffer {
  const control = Buffer.alloc(8)
  control.writeUInt32BE(FRAMES, 0)
  const frames = Array.from({ length: FRAMES }, (_, index) => {
    const frame = Buffer.alloc(26)
    frame.writeUInt32BE(2 * index, 0)
    frame.writeUInt32BE(1, 4)
    frame.writeUInt32BE(1, 8)
    const data = Buffer.concat([Buffer.alloc(4), deflateSync(Buffer.alloc(4))])
    data.writeUInt32BE(2 * index + 1, 0)
    return [pngChunk('fcTL', frame), pngChunk('fdAT', data)]
  })
  const still = pngWith([pngChunk('acTL', control)])
  return Buffer.concat([still.subarray(0, -12), ...frames.flat(), pngChunk('IEND')])
}

function manyFramesWebp(): Buffer {
  const extended = Buffer.alloc(10)
  extended[0] = 0x02
  const frame = riffChunk('ANMF', Buffer.concat([Buffer.alloc(16), flatWebp(1, 1).subarray(12)]))
  return riff([riffChunk('VP8X', extended), riffChunk('ANIM', Buffer.alloc(6)), ...Array<Buffer>(FRAMES).fill(frame)])
}

function manyFramesGif(still: Buffer): Buffer {
  const image = still.subarray(still.indexOf(0x2c, 13 + 3 * 2 ** (((still[10] ?? 0) & 7) + 1)), -1)
  return Buffer.concat([still.subarray(0, -1), ...Array<Buffer>(FRAMES).fill(image), Buffer.from([0x3b])])
}

export interface Bomb {
  readonly name: string
  readonly bytes: Buffer
  readonly reason: UnusablePicture['reason']
  /** Words of the refusal, where its reason could have others. */
  readonly says?: RegExp
}

/** For tests: the corpus of pictures that cost more than they show, or are not what they seem. */
export async function bombs(): Promise<readonly Bomb[]> {
  const packed = deflateSync(Buffer.alloc(100 * MIB), { level: 9 })
  const gif = await noise('gif', 20, 20)
  const page = Buffer.from('<!DOCTYPE html><html><body><script>alert(1)</script></body></html>')
  const entities = Array.from(
    { length: 9 },
    (_, index) => `<!ENTITY e${index + 1} "${`&e${index};`.repeat(10)}">`,
  ).join('')
  return [
    { name: '16000² PNG of 31 KB', bytes: blackPng(16_000, 16_000), reason: 'too_large' },
    { name: '30000² PNG', bytes: blackPng(30_000, 30_000), reason: 'too_large' },
    { name: '1 × 2³¹ PNG', bytes: headed(1, 2 ** 31), reason: 'too_large' },
    { name: 'PNG with far less data than its header says', bytes: headed(7000, 7000), reason: 'truncated' },
    { name: 'PNG with half of its rows', bytes: headed(64, 128), reason: 'not_decodable', says: /cannot be decoded/ },
    {
      name: 'PNG with more data than its header says',
      bytes: await shrunk(),
      reason: 'not_decodable',
      says: /more data/,
    },
    {
      name: 'PNG with 100 MiB of zTXt',
      bytes: pngWith([pngChunk('zTXt', labelled('a\0\0', packed))]),
      reason: 'not_decodable',
      says: /unfolds/,
    },
    {
      name: 'PNG with 100 MiB of iTXt',
      bytes: pngWith([pngChunk('iTXt', labelled('a\0\u0001\0\0\0', packed))]),
      reason: 'not_decodable',
      says: /unfolds/,
    },
    {
      name: 'PNG with 100 MiB of iCCP',
      bytes: pngWith([pngChunk('iCCP', labelled('a\0\0', packed))]),
      reason: 'not_decodable',
      says: /unfolds/,
    },
    { name: '10,000-frame APNG', bytes: manyFramesPng(), reason: 'unsupported_format' },
    { name: '10,000-frame WebP', bytes: manyFramesWebp(), reason: 'unsupported_format' },
    { name: '10,000-frame GIF', bytes: manyFramesGif(gif), reason: 'unsupported_format' },
    {
      name: 'progressive JPEG with 10,000 scans',
      bytes: jpegOfScans(1024, 10_000),
      reason: 'not_decodable',
      says: /100 scans/,
    },
    {
      name: 'progressive JPEG with 1,300 scans of 49 megapixels',
      bytes: jpegOfScans(7000, 1300),
      reason: 'not_decodable',
      says: /100 scans/,
    },
    { name: 'GIF labelled as PNG', bytes: gif, reason: 'unsupported_format' },
    { name: 'SVG with a file', bytes: svg('<image href="file:///etc/passwd"/>'), reason: 'unsupported_format' },
    { name: 'SVG with a link', bytes: svg('<image href="http://127.0.0.1:9/a.png"/>'), reason: 'unsupported_format' },
    {
      name: 'XML entity bomb',
      bytes: Buffer.from(
        `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY e0 "ha">${entities}]><svg xmlns="http://www.w3.org/2000/svg"><text>&e9;</text></svg>`,
      ),
      reason: 'unsupported_format',
    },
    {
      name: 'TIFF whose directory is its own next',
      bytes: Buffer.from('49492a00080000000000080000000000', 'hex'),
      reason: 'unsupported_format',
    },
    { name: 'page with a PNG behind it', bytes: Buffer.concat([page, pngWith([])]), reason: 'not_a_picture' },
    { name: 'PNG with a page behind it', bytes: pngWith([], [page]), reason: 'not_decodable', says: /document behind/ },
    { name: 'file of no bytes', bytes: Buffer.alloc(0), reason: 'empty' },
  ]
}

function svg(inside: string): Buffer {
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">${inside}</svg>`)
}

/** A header, and pixels for 64 × 64. */
function headed(width: number, height: number): Buffer {
  return pngFrom({ width, height, rows: Buffer.alloc(64 * 193) })
}

/** A picture of 1 megapixel under a header of 64 × 64. */
async function shrunk(): Promise<Buffer> {
  const large = await noise('png', 1000, 1000)
  const header = Buffer.from(large.subarray(16, 29))
  header.writeUInt32BE(64, 0)
  header.writeUInt32BE(64, 4)
  return Buffer.concat([large.subarray(0, 8), pngChunk('IHDR', header), large.subarray(33)])
}

function labelled(label: string, packed: Buffer): Buffer {
  return Buffer.concat([Buffer.from(label, 'latin1'), packed])
}
