import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** RFC 6455 §1.3 */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

const TEXT = 0x1
const BINARY = 0x2
const CLOSE = 0x8
const PING = 0x9
const PONG = 0xa

/** A client sends a line of JSON at most; what is longer is none of ours. */
const MOST_BYTES = 64 * 1024

export interface Socket {
  sendText(text: string): void
  sendBinary(bytes: Buffer): void
}

/**
 * The server's side of a WebSocket: says yes to the handshake, writes frames, answers pings and the end. Undefined when it was no
 * handshake. What clients say is read and passed over, as ComfyUI does with all but feature flags.
 */
export function acceptSocket(request: IncomingMessage, stream: Duplex, closed: () => void): Socket | undefined {
  const { 'sec-websocket-key': key, 'sec-websocket-version': version, upgrade } = request.headers
  if (key === undefined || version !== '13' || upgrade?.toLowerCase() !== 'websocket') return undefined
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64')
  stream.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  )
  let pending = Buffer.of()
  let isOpen = true
  const end = () => {
    isOpen = false
    closed()
    stream.end()
  }
  stream.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    for (let frame = takeFrame(pending); frame !== undefined; frame = takeFrame(pending)) {
      pending = pending.subarray(frame.length)
      if (frame.opcode === PING) stream.write(frameOf(PONG, frame.payload))
      if (frame.opcode !== CLOSE && frame.isMasked) continue
      if (isOpen) stream.write(frameOf(CLOSE, frame.isMasked ? frame.payload : Buffer.from([0x03, 0xea])))
      return end()
    }
    if (pending.length > MOST_BYTES) end()
  })
  stream.on('error', () => {})
  stream.on('close', closed)
  return {
    sendText: (text) => void (isOpen && stream.write(frameOf(TEXT, Buffer.from(text)))),
    sendBinary: (bytes) => void (isOpen && stream.write(frameOf(BINARY, bytes))),
  }
}

/** One whole frame, unmasked, as servers send them (RFC 6455 §5.2). */
export function frameOf(opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  const first = 0x80 | opcode
  if (length < 126) return Buffer.concat([Buffer.from([first, length]), payload])
  const head = Buffer.alloc(length < 65_536 ? 4 : 10)
  head[0] = first
  if (length < 65_536) {
    head[1] = 126
    head.writeUInt16BE(length, 2)
  } else {
    head[1] = 127
    head.writeBigUInt64BE(BigInt(length), 2)
  }
  return Buffer.concat([head, payload])
}

interface Frame {
  readonly opcode: number
  readonly isMasked: boolean
  readonly payload: Buffer
  /** With its head. */
  readonly length: number
}

/** The first frame of what has come; undefined while it is not whole. Lengths beyond 64 KiB never become whole. */
function takeFrame(bytes: Buffer): Frame | undefined {
  const [first, second] = bytes
  if (first === undefined || second === undefined) return undefined
  const isMasked = (second & 0x80) !== 0
  const short = second & 0x7f
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  const start = 2 + lengthBytes + (isMasked ? 4 : 0)
  if (bytes.length < start) return undefined
  const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  if (bytes.length < start + size) return undefined
  const mask = bytes.subarray(2 + lengthBytes, start)
  const payload = Buffer.from(bytes.subarray(start, start + size))
  if (isMasked) for (let at = 0; at < size; at += 1) payload[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0)
  return { opcode: first & 0x0f, isMasked, payload, length: start + size }
}
