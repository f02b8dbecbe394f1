import type { ImageRequest } from '../../core/image-request.ts'
import { err, type Result } from '../../core/result.ts'
import { rejected } from '../failure.ts'
import type { JsonPost, Upstream } from '../http.ts'
import type { Call, Generated, UpstreamFailure } from '../provider.ts'
import { readAnswer } from './answer.ts'
import { type Dialect, type ImagesCall, toImagesCall } from './request.ts'
import { imageEvents } from './stream.ts'

/** Where the Images API is, and how its door is opened. */
export interface ImagesApi extends Dialect {
  pathOf(operation: ImagesCall['operation']): string
  readonly query?: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
}

/** The one paid call of a request, as a stream where previews are wished. Both OpenAI and Azure are called so. */
export async function callImages(
  upstream: Upstream,
  call: Call,
  request: ImageRequest,
  api: ImagesApi,
): Promise<Result<Generated, UpstreamFailure>> {
  const asked = toImagesCall(request, api)
  if (!asked.ok) return err(rejected(asked.error))
  const { operation, content, isStream } = asked.value
  if ((request.previews ?? 0) > 0 && !isStream) {
    call.progress({ type: 'status', message: 'Previews are shown of calls for one picture alone.' })
  }
  const post: JsonPost<Generated> = {
    path: api.pathOf(operation),
    ...(api.query && { query: api.query }),
    headers: api.headers,
    ...content,
    pictures: (path) => path.at(-1) === 'b64_json',
    read: (answer) => readAnswer(answer, call.clock),
  }
  return isStream
    ? await upstream.requestEvents(call, { ...post, ...imageEvents(call) })
    : await upstream.postJson(call, post)
}
