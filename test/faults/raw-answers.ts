import type { Socket } from 'node:net'

import type { Mishap } from '../support/road.ts'
import type { Simulator } from '../support/simulator.ts'

/** What a 1K picture of the model costs by tokens: a raw provider bills as much for each picture that it says it has made. */
export const PICTURE = 33_600_000n

/** What every picture of these tests shows: painted once, every further answer is quick. */
export const PROMPT = 'a heron at dusk'

/** What the provider says when all is well, to be spoilt. */
export async function goodAnswer({ google }: Simulator): Promise<string> {
  const answer = await fetch(`${google}/v1beta/models/gemini-nano-banana-2.1:generateContent`, {
    method: 'POST',
    headers: { 'x-goog-api-key': 'k', 'content-type': 'application/json' },
    body: JSON.stringify({ contents: [{ parts: [{ text: PROMPT }] }] }),
  })
  return await answer.text()
}

/** The edge's own page, where the provider's answer should be. */
export function edge(status: number): Mishap {
  const page = `<html><head><title>${status}</title></head><body><center><h1>${status}</h1></center></body></html>`
  return answered(`HTTP/1.1 ${status} Edge`, page, 0n, 'content-type: text/html')
}

export function redirectTo(status: number, location: string): Mishap {
  return answered(`HTTP/1.1 ${status} Elsewhere`, '', 0n, `location: ${location}`)
}

/** A whole answer, rightly framed, after which the connection closes. */
export function answered(line: string, body: string, billed: bigint, ...headers: readonly string[]): Mishap {
  const head = [line, ...headers, `content-length: ${Buffer.byteLength(body)}`, 'connection: close', '', '']
  return {
    billed,
    raw(socket) {
      socket.end(head.join('\r\n') + body)
    },
  }
}

/** These bytes, then the end, a reset, or nothing for ever. */
export function bytes(text: string | Buffer, then: 'end' | 'reset' | 'nothing', billed: bigint = PICTURE): Mishap {
  return {
    billed,
    async raw(socket) {
      await new Promise((written) => socket.write(text, written))
      if (then === 'end') socket.end()
      if (then === 'reset') socket.resetAndDestroy()
    },
  }
}

/** A picture that never ends, as fast as it is read. `counted` is what the headers announce; `sentBytes` tells where it was cut off. */
export function endless(counted: number | 'chunked'): { readonly mishap: Mishap; sentBytes(): number } {
  let sent = 0
  const pour = async (socket: Socket, piece: Buffer): Promise<void> => {
    sent += piece.length
    if (socket.write(piece)) return
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        socket.off('drain', wake)
        socket.off('close', wake)
        resolve()
      }
      socket.on('drain', wake)
      socket.on('close', wake)
    })
  }
  const isChunked = counted === 'chunked'
  const mishap: Mishap = {
    billed: PICTURE,
    async raw(socket) {
      const framing = isChunked ? 'transfer-encoding: chunked' : `content-length: ${counted}`
      socket.write(`${OK}\r\n${JSON_TYPE}\r\n${framing}\r\n\r\n`)
      const start = Buffer.from('{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"')
      const more = Buffer.alloc(256 * 1024, 'A')
      await pour(socket, isChunked ? chunk(start) : start)
      while (!socket.destroyed) await pour(socket, isChunked ? chunk(more) : more)
    },
  }
  return { mishap, sentBytes: () => sent }
}

/** Answers with something odd about their frame and nothing missing: the picture was paid for, and is not thrown away over form. */
export function oddAnswers(good: string): Readonly<Record<string, Mishap>> {
  const { length } = Buffer.from(good)
  return {
    'framed by the end of the connection': bytes(`HTTP/1.0 200 OK\r\n${JSON_TYPE}\r\n\r\n${good}`, 'end'),
    'a length that promises more, behind a whole document': bytes(
      `${OK}\r\n${JSON_TYPE}\r\ncontent-length: ${length + 1000}\r\n\r\n${good}`,
      'end',
    ),
    'another content-type': bytes(
      `${OK}\r\ncontent-type: text/plain\r\ncontent-length: ${length}\r\n\r\n${good}`,
      'end',
    ),
  }
}

function chunk(data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')])
}

const OK = 'HTTP/1.1 200 OK'
const JSON_TYPE = 'content-type: application/json; charset=UTF-8'

/**
 * Answers that no working server gives, made of the document of a good one. By what they break off or contradict: RFC 9112 §6 (framing),
 * §4 (status line), RFC 8259 (JSON). Each of them stands for a picture that was made, and so most likely billed.
 */
export function brokenAnswers(good: string): Readonly<Record<string, Mishap>> {
  const length = Buffer.byteLength(good)
  const head = (...headers: readonly string[]) => [OK, JSON_TYPE, ...headers, '', ''].join('\r\n')
  const framed = (body: string | Buffer, type = JSON_TYPE) =>
    Buffer.concat([
      Buffer.from(`${OK}\r\n${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`),
      Buffer.from(body),
    ])
  return {
    'half a status line': bytes('HTTP/1.1 20', 'end'),
    'a line that is no status line': bytes('SSH-2.0-OpenSSH_9.9\r\n', 'end'),
    'the headers and nothing more': bytes(head(`content-length: ${length}`), 'end'),
    'headers that never end': bytes(`${OK}\r\n${'x-padding: aaaaaaaaaaaaaaaa\r\n'.repeat(4_000)}`, 'end'),
    'a content-length that is too long': bytes(head(`content-length: ${length}`) + good.slice(0, -1000), 'end'),
    'a content-length that is too short': bytes(head(`content-length: ${length - 1000}`) + good, 'end'),
    'two content-lengths': bytes(head('content-length: 10', `content-length: ${length}`) + good, 'end'),
    'a content-length beside chunks': bytes(
      `${head('content-length: 10', 'transfer-encoding: chunked')}${length.toString(16)}\r\n${good}\r\n0\r\n\r\n`,
      'end',
    ),
    'a chunk whose size is no number': bytes(`${head('transfer-encoding: chunked')}zz\r\n${good}\r\n0\r\n\r\n`, 'end'),
    'chunks without a last one': bytes(
      `${head('transfer-encoding: chunked')}${(length - 100).toString(16)}\r\n${good.slice(0, -100)}\r\n`,
      'end',
    ),
    'a reset in the middle of the picture': bytes(
      head(`content-length: ${length}`) + good.slice(0, length / 2),
      'reset',
    ),
    'a body that was promised compressed and is not': bytes(
      head('content-encoding: gzip', `content-length: ${length}`) + good.slice(0, length / 2),
      'end',
    ),
    'an empty body': bytes(framed(''), 'end'),
    'no content': bytes('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n', 'end'),
    'another protocol': bytes('HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n', 'end'),
    'a page of HTML with 200': bytes(framed('<!doctype html><title>Sign in</title>', 'content-type: text/html'), 'end'),
    'JSON that breaks off': bytes(framed(good.slice(0, length / 2)), 'end'),
    'JSON with something behind it': bytes(framed(`${good} oops`), 'end'),
    'JSON of another kind': bytes(framed('[1, 2, 3]'), 'end'),
    'a JSON string': bytes(framed(`"${'A'.repeat(50_000)}"`), 'end'),
    null: bytes(framed('null'), 'end'),
    'brackets without end': bytes(framed('['.repeat(200_000)), 'end'),
    'UTF-16': bytes(framed(Buffer.from(good, 'utf16le')), 'end'),
    'bytes of no encoding': bytes(framed(Buffer.alloc(50_000, 0xff)), 'end'),
    'the picture itself instead of JSON': bytes(
      framed(Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'content-type: image/png'),
      'end',
    ),
  }
}
