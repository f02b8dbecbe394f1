import { crc32, deflateSync } from 'node:zlib'

/** A whole, valid PNG of one bit a pixel, all black: 16,000² is 256 megapixels in 31 KB. */
export function blackPng(width: number, height: number): Buffer {
  return pngOf(width, height, Buffer.alloc((1 + Math.ceil(width / 8)) * height))
}

/** A PNG whose header may claim any size; `rows` are its pixels as they are before compression. */
export function pngOf(width: number, height: number, rows: Buffer): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([1, 0], 8)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(named.length + 8)
  framed.writeUInt32BE(data.length, 0)
  named.copy(framed, 4)
  framed.writeUInt32BE(crc32(named), named.length + 4)
  return framed
}
