import { randomUUID } from 'node:crypto'

import { err, ok, type Result } from '../../core/result.ts'
import { rejected } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../provider.ts'
import { readGenerated } from './answer.ts'
import { errorFailure } from './errors.ts'
import { watch } from './progress.ts'
import { type Post, toPost } from './request.ts'
import { ask } from './server.ts'
import { stoppedAtDeadline } from './stop.ts'
import { readCheckpoints } from './wire.ts'

const ID = 'automatic1111'

/**
 * AUTOMATIC1111's stable-diffusion-webui, Forge and SD.Next on the operator's own machine. One question, one answer, and in between what
 * the machine tells of its steps. There is nothing to resume: an answer that was lost is nowhere else.
 * Source: modules/api/api.py of https://github.com/AUTOMATIC1111/stable-diffusion-webui (read 2026-11-22).
 */
export function makeAutomatic1111(upstream: Upstream, newTaskId = () => `plantain-${randomUUID()}`): Provider {
  return {
    id: ID,
    async generate(request, call) {
      const taskId = newTaskId()
      const options = request.providerOptions?.[ID] ?? {}
      const post = await toPost(request, options, call.model, { taskId, pixels: call.pixels })
      if (!post.ok) return err(rejected(post.error))
      const over = new AbortController()
      const signal = AbortSignal.any([call.signal, over.signal])
      const watching = watch(upstream, { ...call, signal }, { id: taskId, previews: request.previews ?? 0 })
      const made = await makePictures(upstream, call, post.value)
      over.abort()
      await watching
      return made.ok ? made : err(await stoppedAtDeadline(upstream, taskId, made.error, call))
    },
    check: (call) => checkMachine(upstream, call),
  }
}

function makePictures(upstream: Upstream, call: Call, post: Post): Promise<Result<Generated, UpstreamFailure>> {
  return ask<Generated>(upstream, call, {
    method: 'POST',
    path: post.path,
    body: post.body,
    paid: true,
    pictures: ([field]) => field === 'images',
    read: (answer) => (answer.status < 300 ? readGenerated(answer, post) : err(errorFailure(answer, call.clock))),
  })
}

/** The list of checkpoints, which is behind the same door as everything else. */
function checkMachine(upstream: Upstream, call: Call): Promise<Result<string, UpstreamFailure>> {
  return ask<string>(upstream, call, {
    method: 'GET',
    path: '/sdapi/v1/sd-models',
    read: (answer) => {
      const checkpoints = answer.status < 300 ? readCheckpoints(answer.value) : undefined
      if (checkpoints === undefined) return err(errorFailure(answer, call.clock))
      return ok(`the machine answers, and has ${checkpoints.length} checkpoint${checkpoints.length === 1 ? '' : 's'}`)
    },
  })
}
