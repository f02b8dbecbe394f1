import type { IncomingMessage, ServerResponse } from 'node:http'

import { amount } from '../faults.ts'
import { receive } from '../network-faults.ts'
import { send } from '../send.ts'
import { DIRECTORIES, type Store } from './store.ts'

const BODY_LIMIT = 100 * 1024 * 1024
const UPLOAD_FIELDS: readonly string[] = ['image', 'type', 'subfolder', 'overwrite']

/** POST /upload/image: the name that the picture has got; undefined when that was answered with an error. */
export async function upload(store: Store, request: IncomingMessage, response: ServerResponse) {
  const body = await receive(request, {}, BODY_LIMIT)
  if (body === 'cut') return undefined
  const init = { headers: { 'content-type': request.headers['content-type'] ?? '' } }
  const bytes = body === 'too_large' ? Buffer.of() : body
  const form = await new Response(new Uint8Array(bytes), init).formData().catch(() => new FormData())
  const image = form.get('image')
  const { type = 'input', subfolder = '' } = Object.fromEntries([...form].filter(([, value]) => isText(value)))
  const isPlace = isText(type) && DIRECTORIES.some((directory) => directory === type)
  const isBelow = isText(subfolder) && !subfolder.startsWith('/') && !subfolder.split('/').includes('..')
  const isStrange = [...form.keys()].some((name) => !UPLOAD_FIELDS.includes(name))
  const isFile = image !== null && !isText(image) && image.name !== ''
  const stored =
    isFile && isPlace && isBelow && !isStrange
      ? await store.upload({ filename: image.name, subfolder, type }, Buffer.from(await image.arrayBuffer()))
      : undefined
  if (stored === undefined) response.writeHead(body === 'too_large' ? 413 : 400).end()
  return stored && { name: stored.filename, subfolder: stored.subfolder, type: stored.type }
}

/** GET /view, with the faults of delivery. ComfyUI shows every file to whoever names it. */
export async function view(store: Store, response: ServerResponse, query: URLSearchParams): Promise<void> {
  const picture = store.find({
    filename: query.get('filename') ?? '',
    subfolder: query.get('subfolder') ?? '',
    type: query.get('type') ?? 'output',
  })
  if (picture !== undefined) picture.downloads += 1
  if (picture === undefined || picture.downloads <= (amount(picture.faults, 'delivery-gone') ?? 0)) {
    response.writeHead(404).end()
    return
  }
  response.statusCode = 200
  response.setHeader('content-type', 'wrong-mime' in picture.faults ? 'image/jpeg' : picture.type)
  if (picture.faults.cut === undefined) response.setHeader('content-length', picture.bytes.length)
  picture.delivered(await send(response, [picture.bytes], picture.faults))
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
