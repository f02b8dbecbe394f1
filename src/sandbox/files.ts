import type { IncomingMessage, ServerResponse } from 'node:http'

import { amount, type Faults } from './faults.ts'
import { send } from './send.ts'

export interface NewFile {
  /** Part of its address. */
  readonly name: string
  readonly type: string
  readonly bytes: Buffer
  readonly faults: Faults
  /** Told how each download ended. */
  readonly delivered?: (complete: boolean) => void
}

const FILES_KEPT = 300

/**
 * Pictures that a provider hands over by address. They are public, as delivery hosts are, and refuse a credential that was sent along.
 * The faults `delivery-gone`, `cut`, `truncate`, `drip` and `reset=mid-body` are theirs.
 */
export function makeFiles() {
  const files = new Map<string, NewFile & { downloads: number }>()

  return {
    /** The name again, for the address. */
    put(file: NewFile): string {
      files.set(file.name, { ...file, downloads: 0 })
      for (const oldest of files.keys()) {
        if (files.size <= FILES_KEPT) break
        files.delete(oldest)
      }
      return file.name
    },
    async deliver(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
      const secret = ['authorization', 'x-key', 'x-api-key', 'api-key', 'mj-api-secret', 'x-goog-api-key'].find(
        (header) => request.headers[header] !== undefined,
      )
      if (secret !== undefined)
        return plain(response, 400, `This host takes no credentials, and has now seen ${secret}.`)
      const file = files.get(name)
      if (file === undefined) return plain(response, 404, 'Not found')
      file.downloads += 1
      if (file.downloads <= (amount(file.faults, 'delivery-gone') ?? 0)) return plain(response, 404, 'Not found')
      response.statusCode = 200
      response.setHeader('content-type', file.type)
      if (file.faults.cut === undefined) response.setHeader('content-length', file.bytes.length)
      const complete = await send(response, [file.bytes], file.faults)
      file.delivered?.(complete)
    },
  }
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(text)
}
