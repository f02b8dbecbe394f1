import sharp from 'sharp'
import { amount, withoutFaults } from '../faults.ts'
import type { Faults } from '../faults.ts'
import { paint } from '../painter.ts'
import { hashOf } from '../painting/random.ts'
import { base64Form, damaged } from '../picture-faults.ts'
import { PictureText } from '../picture-json.ts'
import type { Refusal } from '../simulator.ts'
import type { Job } from './check.ts'
import { flagged, invalidRequest, refusedByHost } from './errors.ts'
import { countCall } from './usage.ts'
import type { Usage } from './usage.ts'

export type Api = 'images' | 'chat/completions'

/** What came of a job, before it is dressed as either API's document. */
export interface Answer {
  readonly pictures: readonly Made[]
  readonly words: string
  readonly finishReason: 'stop' | 'content_filter'
  /** The host's own word. */
  readonly nativeFinishReason: string
  readonly outcome: 'answered' | 'blocked'
  readonly used: Usage
}

export interface Made {
  /** The bytes as they are delivered. */
  readonly bytes: Buffer
  readonly mediaType: string
  readonly text: PictureText
}

/** Faults of providers that show their thoughts, have a queue or deliver by address. */
const ELSEWHERE = ['thought-image', 'queue', 'run-status', 'delivery-gone']

/** Makes the pictures and words of an accepted job, or what the faults make of them. */
export async function answerTo(job: Job, faults: Faults, api: Api): Promise<Answer | Refusal> {
  const strange = ELSEWHERE.find((name) => name in faults)
  if (strange !== undefined)
    return invalidRequest(`OpenRouter has nothing that the fault "${strange}" could happen to.`)
  if (faults.refusal !== undefined) return refused(job, faults.refusal, api)
  const isWithout = faults['no-image'] !== undefined || !job.wantsImage
  const count = isWithout ? 0 : job.n - 1 + Math.max(1, Math.round(amount(faults, 'drafts') ?? 1))
  return {
    pictures: await Promise.all(Array.from({ length: count }, (_, index) => made(job, faults, index))),
    words: job.wantsText ? spoken(job) : '',
    finishReason: 'stop',
    nativeFinishReason: 'STOP',
    outcome: isWithout && job.wantsImage ? 'blocked' : 'answered',
    used: countCall(job, count),
  }
}

async function made(job: Job, faults: Faults, index: number): Promise<Made> {
  const half = 'wrong-size' in faults ? 2 : 1
  // Another host is another machine, and another quality another picture; the first picture of a call is the one that n=1 makes.
  const hostMark = job.host === job.model.hosts[0] ? '' : ` at ${job.host.slug}`
  const qualityMark = job.quality === undefined || job.quality === 'medium' ? '' : ` in ${job.quality}`
  const context = job.before === '' ? '' : ` after ${hashOf(job.before)}`
  const painted = await paint({
    prompt: withoutFaults(job.instruction),
    seed: `${job.seed ?? ''}${hostMark}${qualityMark}${context}${index === 0 ? '' : ` picture ${index + 1}`}`,
    width: Math.max(1, Math.round(job.pixels.width / half)),
    height: Math.max(1, Math.round(job.pixels.height / half)),
    format: job.format,
    ...(job.compression !== undefined && { quality: Math.max(1, job.compression) }),
    references: job.edited.filter(({ size }) => size).map(({ bytes }) => bytes),
  })
  const bytes = damaged(job.isTransparent ? await cutOut(painted, job.format) : painted, faults)
  const label = 'wrong-mime' in faults ? (job.format === 'png' ? 'jpeg' : 'png') : job.format
  return { bytes, mediaType: `image/${label}`, text: new PictureText(bytes, base64Form(faults)) }
}

/** The picture in an oval, with nothing around it. */
async function cutOut(picture: Buffer, format: Job['format']): Promise<Buffer> {
  const { width, height } = await sharp(picture).metadata()
  const oval = `<svg width="${width}" height="${height}"><ellipse cx="50%" cy="50%" rx="50%" ry="50%"/></svg>`
  const cut = sharp(picture)
    .ensureAlpha()
    .composite([{ input: Buffer.from(oval), blend: 'dest-in' }])
  return format === 'webp'
    ? cut.webp({ quality: 92, effort: 1 }).toBuffer()
    : cut.png({ compressionLevel: 3 }).toBuffer()
}

function spoken(job: Job): string {
  if (!job.wantsImage) return 'I can describe this picture: ask for it with modalities.'
  return job.edited.length > 0 ? 'Here is your picture with the change.' : 'Here is the picture you asked for.'
}

/**
 * A refusal by its shape. `moderation:violence` is OpenRouter's own filter before the model, a 403 on either API. Every other one
 * happens at the host: the Images API turns it into an error, all or nothing; chat hands on what the host said, as a completion that is
 * billed for what it used.
 */
function refused(job: Job, shape: string, api: Api): Answer | Refusal {
  const [kind = '', reason = kind] = shape.split(':')
  if (kind === 'moderation') return flagged(reason === kind ? 'violence' : reason, job.instruction, job.model.id)
  if (!['stop-text-only', 'promptFeedback', 'finish'].includes(kind)) {
    return invalidRequest(
      `The sandbox has no refusal "${shape}". There are: moderation:{reason}, stop-text-only, promptFeedback:{reason}, finish:{reason}.`,
    )
  }
  if (api === 'images') return refusedByHost(job.host.name, reason)
  const isBlocked = kind === 'promptFeedback'
  const counted = countCall(job, 0)
  const used = isBlocked ? { ...counted, completion: 0, image: 0, thoughts: 0, costIn: 0n, costOut: 0n } : counted
  return {
    pictures: [],
    words: kind === 'stop-text-only' ? 'I cannot make this picture as described.' : '',
    finishReason: isBlocked ? 'content_filter' : 'stop',
    nativeFinishReason: kind === 'stop-text-only' ? 'STOP' : reason,
    outcome: 'blocked',
    used,
  }
}
