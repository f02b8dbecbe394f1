/**
 * The far end: answers every POST as Google's generateContent does, with a JPEG of the asked weight. No two answers hold the same
 * picture, so that nothing downstream can save itself the work.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'

import sharp from 'sharp'

const pictureBytes = Number(process.argv[2])

/** Room for a counter in a JPEG comment; a multiple of three, so that its base64 stands alone. */
const COUNTER_BYTES = 24

const jpeg = await pictureOf(pictureBytes)
const at = jpeg.indexOf('#'.repeat(COUNTER_BYTES))
const head = Buffer.from(`{
  "candidates": [
    {
      "content": {
        "parts": [
          {
            "inlineData": {
              "mimeType": "image/jpeg",
              "data": "${jpeg.subarray(0, at).toString('base64')}`)
const tail = Buffer.from(`${jpeg.subarray(at + COUNTER_BYTES).toString('base64')}"
            }
          }
        ],
        "role": "model"
      },
      "finishReason": "STOP",
      "index": 0
    }
  ],
  "usageMetadata": {
    "promptTokenCount": 9,
    "candidatesTokenCount": 1240,
    "totalTokenCount": 1249,
    "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": 9 }],
    "candidatesTokensDetails": [{ "modality": "IMAGE", "tokenCount": 1120 }]
  },
  "modelVersion": "gemini-nano-banana-2.1",
  "responseId": "bench"
}
`)

let answers = 0
const server = createServer((request, response) => {
  request.resume().once('end', () => {
    const counter = String((answers += 1)).padStart(COUNTER_BYTES, '0')
    const middle = Buffer.from(Buffer.from(counter).toString('base64'))
    response.writeHead(200, {
      'content-type': 'application/json; charset=UTF-8',
      'content-length': head.length + middle.length + tail.length,
    })
    response.write(head)
    response.write(middle)
    response.end(tail)
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
process.send?.(typeof address === 'object' && address ? address.port : 0)

/** A real JPEG of about this many bytes, with a comment that starts at a multiple of three. */
async function pictureOf(bytes: number): Promise<Buffer> {
  const side = Math.max(16, Math.round(Math.sqrt(bytes / 1.35)))
  const noise = Buffer.from(Array.from({ length: side * side * 3 }, (_, index) => (index * 2_654_435_761) >>> 24))
  const plain = await sharp(noise, { raw: { width: side, height: side, channels: 3 } })
    .jpeg({ quality: bytes > 4096 ? 96 : 40 })
    .toBuffer()
  // FF D8 · FF FE, length, padding to a multiple of three, the counter's room.
  const padding = 3
  const comment = Buffer.from([0xff, 0xfe, 0, 2 + padding + COUNTER_BYTES])
  return Buffer.concat([
    plain.subarray(0, 2),
    comment,
    Buffer.alloc(padding, '-'),
    Buffer.alloc(COUNTER_BYTES, '#'),
    plain.subarray(2),
  ])
}
