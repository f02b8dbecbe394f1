import { err, ok, type Result } from '../../core/result.ts'
import type { Upstream } from '../http.ts'
import { slept } from '../poll.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { pictureOf } from './answer.ts'
import { errorFailure } from './errors.ts'
import { ask } from './server.ts'
import { readProgress, readTaskProgress, type TaskProgress } from './wire.ts'

/** The web UI itself asks twice a second. */
const EVERY_MS = 500

export interface Task {
  readonly id: string
  /** Pictures on the way that the caller wants to be shown. */
  readonly previews: number
}

/**
 * Tells how far the picture is, until the call's signal aborts. What the machine says of our task by its name is told, previews with it;
 * where it knows no names (started without the web UI, or SD.Next) there is only what it says of itself, and no picture of that is
 * shown: it may be anybody's.
 */
export async function watch(upstream: Upstream, call: Call, { id, previews }: Task): Promise<void> {
  let seen = -1
  let shown = 0
  while (await slept(call, EVERY_MS)) {
    const wantsPreview = shown < previews
    const asked = await askTask(upstream, call, { id, wantsPreview, seen })
    const task = asked.ok ? asked.value : undefined
    if (task?.queued) call.progress({ type: 'status', message: 'The machine is at another picture.' })
    else if (task?.active) {
      const { progress: fraction = 0, live_preview: live, id_live_preview: number = seen } = task
      call.progress({ type: 'status', fraction, message: 'The picture is being made.' })
      const picture = live === undefined ? undefined : pictureOf(live)
      // The first preview is shown when its share of the work is done, and so on: they are not all spent on the first steps.
      if (picture === undefined || !wantsPreview || fraction < (shown + 1) / (previews + 1)) continue
      call.progress({ type: 'preview', index: shown, picture })
      seen = number
      shown += 1
    } else {
      const fraction = await askMachine(upstream, call)
      if (fraction.ok) call.progress({ type: 'status', fraction: fraction.value, message: 'The machine is at work.' })
    }
  }
}

interface Question {
  readonly id: string
  readonly wantsPreview: boolean
  /** Number of the preview that was seen last: it is not sent again. */
  readonly seen: number
}

/** What the machine says of one task. Its failures are nobody's business: the picture comes all the same. */
export function askTask(
  upstream: Upstream,
  call: Call,
  { id, wantsPreview, seen }: Question,
): Promise<Result<TaskProgress | undefined, UpstreamFailure>> {
  return ask<TaskProgress | undefined>(upstream, call, {
    method: 'POST',
    path: '/internal/progress',
    body: { id_task: id, id_live_preview: seen, live_preview: wantsPreview },
    read: (answer) =>
      answer.status < 300 ? ok(readTaskProgress(answer.value)) : err(errorFailure(answer, call.clock)),
  })
}

function askMachine(upstream: Upstream, call: Call): Promise<Result<number, UpstreamFailure>> {
  return ask<number>(upstream, call, {
    method: 'GET',
    path: '/sdapi/v1/progress',
    query: { skip_current_image: 'true' },
    read: (answer) => {
      const fraction = answer.status < 300 ? readProgress(answer.value) : undefined
      return fraction === undefined ? err(errorFailure(answer, call.clock)) : ok(Math.min(1, Math.max(0, fraction)))
    },
  })
}
