import { randomInt, randomUUID } from 'node:crypto'

import { err, ok, type Result } from '../../core/result.ts'
import { rejected, unusableAnswer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import { type Poll, pollUntil } from '../poll.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../provider.ts'
import { checkMachine } from './check.ts'
import { errorFailure, executionFailure, INTERRUPTED } from './errors.ts'
import { fetchPictures, filesOf } from './pictures.ts'
import { toJob } from './request.ts'
import { askHistory, askPlace, credentialOf, type Told } from './server.ts'
import { listen } from './socket.ts'
import { uploadAll } from './upload.ts'
import { type Place, readSubmitted } from './wire.ts'
import { stoppedAtDeadline, withdraw } from './withdraw.ts'

const ID = 'comfyui'

/** Questions cost the machine next to nothing, and its socket says when to ask. */
const EVERY_MS = 250
const CAP_MS = 2_000

/** Below 2^53, so that every JSON writer and reader agrees on it; ComfyUI takes 64 bits. */
const SEEDS = 2 ** 48 - 1

interface Chance {
  readonly seed?: () => number
  /** A UUID in lower case: newer versions refuse anything else. */
  readonly id?: () => string
}

/**
 * ComfyUI on the operator's own machine: a graph is queued under an id of our choosing, so that it can be asked about even when the
 * answer was lost; its socket tells of it while it lasts, its history how it ended. A machine runs one job at a time.
 * Source: server.py and execution.py of https://github.com/Comfy-Org/ComfyUI (read 2026-11-22).
 */
export function makeComfyUi(
  upstream: Upstream,
  { seed: randomSeed = () => randomInt(SEEDS), id = randomUUID }: Chance = {},
): Provider {
  /** Jobs that are being taken back by their callers: their end is theirs to tell. */
  const takenBack = new Set<string>()

  return {
    id: ID,
    async generate(request, call) {
      const options = request.providerOptions?.[ID] ?? {}
      const job = await toJob(request, options, call.model, { randomSeed, pixels: call.pixels })
      if (!job.ok) return err(rejected(job.error))
      const names = await uploadAll(upstream, call, job.value.uploads, id)
      if (!names.ok) return names
      const { previews = 0 } = request
      const chosen = id()
      // Before it is queued: from here on the job can be asked about, whatever becomes of us or of the answer.
      await call.submitted(chosen)
      const queued = await upstream.requestJson(call, {
        method: 'POST',
        path: '/prompt',
        headers: credentialOf(call),
        body: {
          prompt: job.value.graph(names.value),
          client_id: clientOf(chosen),
          prompt_id: chosen,
          ...(previews > 0 && { extra_data: { preview_method: 'auto' } }),
        },
        paid: true,
        read: (answer) => {
          if (answer.status >= 300) return err(errorFailure(answer, call.clock))
          const promptId = readSubmitted(answer.value)
          return promptId === undefined
            ? err(unusableAnswer(answer.status, 'it does not say under which id', answer.raw))
            : ok(promptId)
        },
      })
      if (!queued.ok)
        return err({ ...(await stoppedAtDeadline(upstream, chosen, queued.error, call)), upstreamId: chosen })
      // Older versions choose the id themselves.
      if (queued.value !== chosen) await call.submitted(queued.value)
      return await finish({ promptId: queued.value, clientId: clientOf(chosen), previews }, call)
    },

    resume: (promptId, { previews = 0 }, call) => finish({ promptId, clientId: clientOf(promptId), previews }, call),

    /** Stopping one's own machine costs nothing, waiting or at work. The history has the last word. */
    async cancel(promptId, call) {
      takenBack.add(promptId)
      const isGone = await withdraw(upstream, promptId, call)
      if (!isGone) takenBack.delete(promptId)
      return isGone ? 'cancelled' : 'too_late'
    },

    check: (call) => checkMachine(upstream, call),
  }

  /** From a queued job to its pictures. Queues nothing. */
  async function finish(
    job: { readonly promptId: string; readonly clientId: string; readonly previews: number },
    call: Call,
  ): Promise<Result<Generated, UpstreamFailure>> {
    const { promptId } = job
    const news = listen(call, job)
    try {
      const ended = await pollUntil<Told>(
        { ...call, hook: { url: '', called: () => news.ended() } },
        { everyMs: EVERY_MS, capMs: CAP_MS, ask: asking(promptId, call) },
      )
      if (!ended.ok)
        return err({ ...(await stoppedAtDeadline(upstream, promptId, ended.error, call)), upstreamId: promptId })
      const images = await picturesOf(ended.value, call)
      return images.ok
        ? ok({ images: images.value, upstreamId: promptId })
        : err({ ...images.error, upstreamId: promptId })
    } finally {
      news.close()
      takenBack.delete(promptId)
    }
  }

  function asking(promptId: string, call: Call) {
    let told = ''
    const tell = (place: Place) => {
      const message =
        place.is === 'running' ? 'The picture is being made.' : `Waiting in the queue, ${place.before} before it.`
      if (message === told) return
      told = message
      call.progress({ type: 'status', message, ...(place.is === 'pending' && { queuePosition: place.before }) })
    }
    return async (): Promise<Result<Poll<Told>, UpstreamFailure>> => {
      const history = await askHistory(upstream, promptId, call)
      if (!history.ok) return history
      if (history.value !== undefined) return ok(pollOf(promptId, history.value))
      const place = await askPlace(upstream, promptId, call)
      if (!place.ok) return place
      if (place.value.is !== 'absent') {
        tell(place.value)
        return ok({ is: 'waiting' })
      }
      // It may have ended between the two questions; a machine that was restarted knows nothing of it.
      return ok(
        takenBack.has(promptId) ? { is: 'waiting' } : { is: 'over', failure: unknownJob(promptId), sure: false },
      )
    }
  }

  function pollOf(promptId: string, told: Told): Poll<Told> {
    if (told.end.status?.status_str !== 'error') return { is: 'done', value: told }
    const failure = executionFailure(told.end, told.answer)
    if (failure.code === INTERRUPTED && takenBack.has(promptId)) return { is: 'waiting' }
    return { is: 'over', failure, sure: true }
  }

  async function picturesOf({ end, answer }: Told, call: Call) {
    const files = filesOf(end)
    if (files.length > 0) return await fetchPictures(upstream, call, files)
    const message = 'The workflow ended without a picture: it needs a SaveImage or PreviewImage node.'
    const failure: UpstreamFailure = {
      kind: 'no_image',
      billed: 'yes',
      status: answer.status,
      message,
      raw: answer.raw,
    }
    return err(failure)
  }
}

/** Events of a job go to the client that queued it: whoever resumes it is that client. */
function clientOf(promptId: string): string {
  return `plantain-${promptId}`
}

function unknownJob(promptId: string): UpstreamFailure {
  const message = `ComfyUI knows no job ${promptId}: it never came, or the machine was restarted.`
  return { kind: 'unavailable', billed: 'no', status: 200, message, raw: '' }
}
