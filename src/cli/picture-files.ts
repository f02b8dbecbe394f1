import { accessSync, constants, statSync } from 'node:fs'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'

import { JsonBlob, type JsonValue } from '../core/json-blob.ts'
import { dataUrl, REQUEST_LIMITS } from '../core/json-blobs.ts'
import { randomText } from '../core/ids.ts'
import { CommandFailure, messageOf, wrongUsage } from './failure.ts'

/** Where pictures go: decided, and known to be writable, before any of them is paid for. */
export interface Destination {
  /** Format that the file name asks for; undefined where it asks for none. */
  readonly format: string | undefined
  fileOf(picture: {
    readonly index: number
    readonly of: number
    readonly mediaType: string
    readonly id: string
  }): string
}

const FORMAT_BY_EXTENSION: Readonly<Record<string, string>> = {
  '.png': 'png',
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.webp': 'webp',
  '.svg': 'svg',
}

const EXTENSION_BY_TYPE: Readonly<Record<string, string>> = {
  'image/png': '.png',
  'image/jpeg': '.jpg',
  'image/webp': '.webp',
  'image/svg+xml': '.svg',
  'image/gif': '.gif',
}

/** `output` is a file name, a directory or nothing: then `plantain-<generation id>` here. Several pictures are numbered from 1. */
export function destinationOf(output: string | undefined): Destination {
  const isDirectory = output !== undefined && statSync(output, { throwIfNoEntry: false })?.isDirectory() === true
  const directory = output === undefined ? '.' : isDirectory ? output : dirname(output)
  try {
    accessSync(directory, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw wrongUsage(`${directory} cannot be written to: ${messageOf(error)}`)
  }
  if (output === undefined || isDirectory) {
    return {
      format: undefined,
      fileOf: ({ id, mediaType, ...place }) =>
        join(directory, `plantain-${id}${numberOf(place)}${EXTENSION_BY_TYPE[mediaType] ?? ''}`),
    }
  }
  const extension = extname(output)
  const format = FORMAT_BY_EXTENSION[extension.toLowerCase()]
  if (extension !== '' && format === undefined)
    throw wrongUsage(`${output}: pictures are written as ${Object.keys(FORMAT_BY_EXTENSION).join(', ')}.`)
  const stem = output.slice(0, output.length - extension.length)
  return { format, fileOf: (place) => `${stem}${numberOf(place)}${extension}` }
}

function numberOf({ index, of }: { readonly index: number; readonly of: number }): string {
  return of > 1 ? `-${index + 1}` : ''
}

/** The whole picture or nothing: a file of that name is replaced when the new one is on the disk. */
export async function writePicture(file: string, bytes: Buffer): Promise<void> {
  const part = `${file}.${randomText(8)}.part`
  try {
    const handle = await open(part, 'wx')
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    throw new CommandFailure(1, `${file} cannot be written: ${messageOf(error)}`)
  }
}

/** A base64 character is three quarters of a byte; some of the body is not pictures. */
const MOST_REFERENCE_BYTES = (REQUEST_LIMITS.maxBytes / 4) * 3 - 256 * 1024

/** Pictures to edit as data URLs. Looked at before anything is sent: that they are there, what they are, and that they fit. */
export async function readReferences(files: readonly string[]): Promise<readonly JsonValue[]> {
  let total = 0
  const references: JsonValue[] = []
  for (const file of files) {
    const facts = await stat(file).catch((error: unknown) => {
      throw wrongUsage(`${file} cannot be read: ${messageOf(error)}`)
    })
    if (!facts.isFile()) throw wrongUsage(`${file} is not a file.`)
    total += facts.size
    if (total > MOST_REFERENCE_BYTES)
      throw wrongUsage(`The pictures have more than ${Math.floor(MOST_REFERENCE_BYTES / 1e6)} MB together.`)
    const bytes = await readFile(file)
    const mediaType = mediaTypeOf(bytes)
    if (mediaType === undefined) throw wrongUsage(`${file} is not a PNG, JPEG or WebP picture.`)
    const url = dataUrl(new JsonBlob('binary', [bytes]), mediaType)
    references.push({ type: 'image_url', image_url: { url } })
  }
  return references
}

/** By the first bytes, never by the name. */
function mediaTypeOf(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, 12).toString('latin1')
  if (head.startsWith('\u0089PNG\r\n\u001A\n')) return 'image/png'
  if (head.startsWith('\u00FF\u00D8\u00FF')) return 'image/jpeg'
  return head.startsWith('RIFF') && head.endsWith('WEBP') ? 'image/webp' : undefined
}
