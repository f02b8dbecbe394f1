import { err, ok, type Result } from '../../core/result.ts'
import { unusableAnswer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Call, Generated, GeneratedImage, UpstreamFailure } from '../provider.ts'
import { isGrid, toContinuation } from './actions.ts'
import type { Task } from './wire.ts'

interface Wanted {
  readonly taskId: string
  /** Pictures; a task makes four at once, whatever is wanted. */
  readonly count: number
}

/**
 * The pictures of a task that succeeded, downloaded at once: addresses expire. Four that come as one are cut apart; where that cannot be
 * done, the one is handed over rather than nothing.
 */
export async function fetchPictures(
  upstream: Upstream,
  call: Call,
  task: Task,
  wanted: Wanted,
): Promise<Result<Pick<Generated, 'images' | 'modelVersion'>, UpstreamFailure>> {
  const images = await imagesOf(upstream, call, task, wanted)
  return images.ok ? ok({ images: images.value, ...(task.version && { modelVersion: task.version }) }) : images
}

async function imagesOf(
  upstream: Upstream,
  call: Call,
  task: Task,
  { taskId, count }: Wanted,
): Promise<Result<readonly GeneratedImage[], UpstreamFailure>> {
  const buttons = task.buttons.map(({ customId }) => customId).filter((button) => !/\s/.test(button))
  const grid = isGrid(task.action, buttons)
  const continued = (index: number) => ({ continuation: toContinuation({ taskId, index, buttons }) })
  const singles = task.imageUrls.length > 1 || !grid ? task.imageUrls.slice(0, count) : []
  if (singles.length > 0) {
    const fetched = await Promise.all(singles.map(({ url }) => upstream.download(call, url)))
    const images = fetched.flatMap((blob, at) => (blob.ok ? [{ blob: blob.value, ...continued(at + 1) }] : []))
    const failed = fetched.find((blob) => !blob.ok)
    return images.length > 0 || failed === undefined ? ok(images) : failed
  }

  if (task.imageUrl === undefined) return err(unusableAnswer(200, 'the task names no picture', ''))
  const whole = await upstream.download(call, task.imageUrl)
  if (!whole.ok) return whole
  if (!grid) return ok([{ blob: whole.value, ...continued(1) }])
  const parts = await call.pixels?.split(whole.value, 2, 2, count)
  if (!parts?.ok) return ok([{ blob: whole.value }])
  return ok(parts.value.map((blob, at) => ({ blob, ...continued(at + 1) })))
}
