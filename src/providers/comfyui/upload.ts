import { err, ok, type Result } from '../../core/result.ts'
import { unusableAnswer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { errorFailure } from './errors.ts'
import type { Upload } from './request.ts'
import { credentialOf } from './server.ts'
import { readUploaded, type Uploaded } from './wire.ts'

/** Below ComfyUI's directory, so that what is ours can be told from what is the operator's. */
const SUBFOLDER = 'plantain'

/**
 * Sends the pictures of a request ahead; costs nothing. They get names that nobody can guess, since ComfyUI shows any file to whoever
 * asks for it, in the directory `temp`, which ComfyUI empties when it starts. The names are those by which a graph finds them.
 */
export async function uploadAll(
  upstream: Upstream,
  call: Call,
  uploads: readonly Upload[],
  newName: () => string,
): Promise<Result<Readonly<Record<string, string>>, UpstreamFailure>> {
  const names: Record<string, string> = {}
  for (const upload of uploads) {
    const sent = await send(upstream, call, upload, newName())
    if (!sent.ok) return err({ ...sent.error, billed: 'no' })
    names[upload.slot] = annotated(sent.value)
  }
  return ok(names)
}

function send(
  upstream: Upstream,
  call: Call,
  { blob, mediaType }: Upload,
  name: string,
): Promise<Result<Uploaded, UpstreamFailure>> {
  const fileName = `${name}.${mediaType.replace(/^image\//, '').replace(/\W.*$/, '')}`
  return upstream.requestJson(call, {
    method: 'POST',
    path: '/upload/image',
    headers: credentialOf(call),
    form: [
      { name: 'image', blob, fileName, mediaType },
      { name: 'type', value: 'temp' },
      { name: 'subfolder', value: SUBFOLDER },
    ],
    read: (answer) => {
      if (answer.status >= 300) return err(errorFailure(answer, call.clock))
      const uploaded = readUploaded(answer.value)
      return uploaded ? ok(uploaded) : err(unusableAnswer(answer.status, 'it does not say where the picture is', ''))
    },
  })
}

/** `plantain/a1b2.png [temp]`, as folder_paths.annotated_filepath reads it (read 2026-11-22). */
function annotated({ name, subfolder, type = 'input' }: Uploaded): string {
  const path = subfolder ? `${subfolder}/${name}` : name
  return type === 'input' ? path : `${path} [${type}]`
}
