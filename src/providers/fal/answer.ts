import { JsonBlob } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Call, Generated, GeneratedImage, UpstreamFailure } from '../provider.ts'
import { type File, type Output, readOutput } from './wire.ts'

/** What a job that ended well has to hand over, pictures that were blacked out already dropped. */
export interface Outcome {
  readonly files: readonly File[]
  readonly text: string
}

/** The pictures of a result, or why there are none. A job that ended well was charged, whatever came of it. */
export function readOutcome(answer: Answer): Result<Outcome, UpstreamFailure> {
  const base = { billed: 'yes', status: answer.status, raw: answer.raw } as const
  const output = readOutput(answer.value)
  const all = output === undefined ? [] : filesOf(output)
  const files = all.filter(({ isBlack }) => !isBlack).map(({ file }) => file)
  const text = output?.description ?? ''
  if (files.length > 0) return ok({ files, text })
  if (all.length > 0) {
    const message = 'fal’s safety checker blacked the picture out.'
    return err({ ...base, kind: 'refused', code: 'nsfw_concepts', message })
  }
  const said = text === '' ? '.' : `: ${text}`
  return err({ ...base, kind: 'no_image', message: `fal answered without a picture${said}` })
}

function filesOf({ images, image, has_nsfw_concepts: flags }: Output): readonly { file: File; isBlack: boolean }[] {
  return [...images, ...(image === undefined ? [] : [image])]
    .map((file, index) => ({ file, isBlack: flags[index] === true }))
    .filter(({ file }) => file.url !== undefined)
}

/** Fetches every picture at once: addresses do not live for ever. One that cannot be had spoils the call, as its price is in it. */
export async function fetchPictures(
  upstream: Upstream,
  call: Call,
  { files, text }: Outcome,
): Promise<Result<Pick<Generated, 'images' | 'text'>, UpstreamFailure>> {
  const fetched = await Promise.all(files.map((file) => pictureOf(upstream, call, file)))
  const images: GeneratedImage[] = []
  for (const picture of fetched) {
    if (!picture.ok) return picture
    images.push(picture.value)
  }
  return ok({ images, ...(text !== '' && { text }) })
}

async function pictureOf(
  upstream: Upstream,
  call: Call,
  { url = '', content_type: type }: File,
): Promise<Result<GeneratedImage, UpstreamFailure>> {
  const label = type === undefined ? {} : { mediaType: type }
  if (url instanceof JsonBlob) return ok({ blob: url, ...label })
  const inline = /^data:([^;,]*);base64,(.*)$/s.exec(url)
  if (inline !== null) return ok({ blob: new JsonBlob('base64', [Buffer.from(inline[2] ?? '')], inline[1]), ...label })
  const blob = await upstream.download(call, url, label)
  return blob.ok ? ok({ blob: blob.value, ...label }) : blob
}
