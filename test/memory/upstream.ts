/**
 * The far end: answers every POST as Google's generateContent does, with a PNG of the asked weight, no two the same, and lists the
 * SHA-256 of all that it has sent. Answers wait until `together` requests are there, or no more come. `node upstream.ts <bytes>
 * <together> [lie]`, where `lie` is what the content-length is wrong by, or `endless` for an answer that never stops.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { crc32, deflateSync } from 'node:zlib'

const [bytes = 0, together = 1] = process.argv.slice(2, 4).map(Number)
const lie = process.argv[4]

/** Digits of the number that makes each picture another one. */
const COUNTER_BYTES = 24
/** A gateway lets only so many calls out at once: after this, those that are here are answered. */
const PATIENCE_MS = 1_000
const END = chunk('IEND', Buffer.alloc(0))
const TAIL_BYTES = chunk('tEXt', Buffer.alloc(COUNTER_BYTES)).length + END.length

const start = pictureStart(bytes)
const startHash = createHash('sha256').update(start)
const head = Buffer.from(
  '{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"' + start.toString('base64'),
)
const foot = `"}}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":1240,"totalTokenCount":1249,"promptTokensDetails":[{"modality":"TEXT","tokenCount":9}],"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1120}]},"modelVersion":"gemini-nano-banana-2.1","responseId":"memory"}`

const sent: string[] = []
/** Bytes handed to the sockets of endless answers, one number an answer. */
const written: number[] = []
let waiting: ServerResponse[] = []
let patience: NodeJS.Timeout | undefined
const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.end(JSON.stringify(request.url === '/written' ? written : sent))
    return
  }
  request.resume().once('end', () => {
    waiting.push(response)
    clearTimeout(patience)
    if (waiting.length >= together) answerAll()
    else patience = setTimeout(answerAll, PATIENCE_MS)
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
console.log(`upstream at http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`)

function answerAll(): void {
  for (const each of waiting) answer(each)
  waiting = []
}

function answer(response: ServerResponse): void {
  const label = Buffer.from(`n\0${String(sent.length)}`.padEnd(COUNTER_BYTES, '.'))
  const tail = Buffer.concat([chunk('tEXt', label), END])
  sent.push(startHash.copy().update(tail).digest('hex'))
  const rest = Buffer.from(tail.toString('base64') + foot)
  const length = head.length + rest.length
  const said = lie === undefined || lie === 'endless' ? length : length + Number(lie)
  response.strictContentLength = false
  response.writeHead(200, {
    'content-type': 'application/json; charset=UTF-8',
    ...(lie !== 'endless' && { 'content-length': said }),
  })
  response.write(head)
  if (lie === 'endless') return void goOn(response)
  response.write(rest)
  if (said > length) setTimeout(() => response.destroy(), 50)
  else response.end()
}

async function goOn(response: ServerResponse): Promise<void> {
  const more = Buffer.alloc(1024 * 1024, 'A')
  const index = written.push(0) - 1
  while (!response.destroyed) {
    written[index] = (written[index] ?? 0) + more.length
    if (!response.write(more)) await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
}

/** A PNG of about this many bytes up to its last pixel, to a multiple of three, so that its base64 stands alone. */
function pictureStart(weight: number): Buffer {
  const side = Math.max(8, Math.floor(Math.sqrt(Math.max(0, weight - TAIL_BYTES) / 3)))
  const rows = Buffer.alloc(side * (1 + 3 * side))
  for (let index = 0; index < rows.length; index++)
    rows[index] = index % (1 + 3 * side) === 0 ? 0 : (index * 2_654_435_761) >>> 24
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const body = [
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 0 })),
  ]
  const length = body.reduce((total, { length: more }) => total + more, 0)
  const padding = chunk('tEXt', Buffer.from('p\0'.padEnd(4 + ((3 - ((length + 12 + 4) % 3)) % 3), '-')))
  return Buffer.concat([...body, padding])
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, check])
}
