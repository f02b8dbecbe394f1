import { paint } from '../painter.ts'
import { hashOf } from '../painting/random.ts'
import { base64Form, damaged } from '../picture-faults.ts'
import { PictureText } from '../picture-json.ts'
import { amount, withoutFaults } from '../faults.ts'
import type { Faults } from '../faults.ts'
import { invalidArgument } from './errors.ts'
import type { Refusal } from './errors.ts'
import type { Job } from './check.ts'
import { pixelsOf } from './models.ts'
import { signatureFor } from './signature.ts'
import { blockedMetadata, countUsage, usageMetadata } from './usage.ts'
import type { Usage } from './usage.ts'

type Json = Readonly<Record<string, unknown>>

/** What the model made of a job, before it is dressed as one document or as a stream. */
export interface Answer {
  /** Undefined: no `candidates` at all. */
  readonly candidates: readonly Json[] | undefined
  readonly promptFeedback?: Json
  readonly usageMetadata: Json | undefined
  readonly modelVersion: string
  readonly responseId: string
  /** For the bill. */
  readonly outcome: 'answered' | 'blocked'
  /** The bytes of the pictures as they are delivered; absent: there are none. */
  readonly pictures?: readonly Buffer[]
  readonly used: Usage
}

/** Makes the pictures and words of an accepted job, or what the faults make of them. */
export async function answerTo(job: Job, faults: Faults, responseId: string): Promise<Answer | Refusal> {
  const ends = { modelVersion: job.model.id, responseId }
  if (faults.refusal !== undefined) return refused(job, faults.refusal, ends)
  if (faults['no-image'] !== undefined) return { ...withoutImage(job, faults['no-image']), ...ends }
  const imageTokens = job.model.tokens[job.size] ?? 0
  if (job.wantsImage && job.maxOutputTokens !== undefined && job.maxOutputTokens < imageTokens) {
    return refused(job, 'finish:MAX_TOKENS', ends)
  }
  if (!job.wantsImage) return { ...wordsOnly(job), ...ends }

  const thoughtFirst = faults['thought-image'] === 'before' ? 1 : 0
  const count = Math.max(1, Math.round(amount(faults, 'drafts') ?? 1)) + thoughtFirst
  const pictures = await Promise.all(Array.from({ length: count }, (_, index) => picture(job, faults, index, count)))
  const parts = pictures.map((inlineData, index) => ({
    inlineData: inlineData.json,
    ...(job.level && { thoughtSignature: signatureFor(job.model.id, inlineData.delivered) }),
    ...((index < thoughtFirst || faults['thought-image'] === 'only') && { thought: true }),
  }))
  const words = job.wantsText ? [spoken(job)] : []
  // The picture's place among the words is not fixed; one request in four has it first.
  const imageFirst = hashOf(`${job.model.id}${job.text}${job.seed ?? ''}`) % 4 === 0
  const used = countUsage(job, count)
  return {
    candidates: [candidate([...thought(job), ...(imageFirst ? [...parts, ...words] : [...words, ...parts])], 'STOP')],
    usageMetadata: 'no-usage' in faults ? undefined : usageMetadata(used, job.traffic, !('no-details' in faults)),
    ...ends,
    outcome: 'answered',
    pictures: pictures.map(({ delivered }) => delivered),
    used,
  }
}

async function picture(
  job: Job,
  faults: Faults,
  index: number,
  count: number,
): Promise<{ json: { mimeType: string; data: PictureText }; delivered: Buffer }> {
  const { width, height } = pixelsOf(job.model, job.ratio, job.size)
  const half = 'wrong-size' in faults ? 2 : 1
  const painted = await paint({
    prompt: withoutFaults(job.instruction),
    seed: `${job.seed ?? ''}${index === count - 1 ? '' : ` draft ${index + 1}`}`,
    width: width / half,
    height: height / half,
    format: job.mimeType === 'image/png' ? 'png' : 'jpeg',
    ...(job.quality !== undefined && { quality: Math.max(1, job.quality) }),
    references: job.edited.filter(({ size }) => size).map(({ bytes }) => bytes),
  })
  const delivered = damaged(painted, faults)
  const other = job.mimeType === 'image/png' ? 'image/jpeg' : 'image/png'
  const mimeType = 'wrong-mime' in faults ? other : job.mimeType
  return { json: { mimeType, data: new PictureText(delivered, base64Form(faults)) }, delivered }
}

const BLOCK_REASONS = ['SAFETY', 'OTHER', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'IMAGE_SAFETY']
/** Reasons after which the model had already thought, and that count the thoughts; the others count the prompt alone. */
const POLICY = [
  'SAFETY',
  'PROHIBITED_CONTENT',
  'BLOCKLIST',
  'SPII',
  'RECITATION',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'MAX_TOKENS',
]
const FINISH_REASONS = [
  ...POLICY,
  'LANGUAGE',
  'IMAGE_RECITATION',
  'IMAGE_OTHER',
  'NO_IMAGE',
  'OTHER',
  'MALFORMED_RESPONSE',
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'CONTINUATION',
]

function refused(job: Job, shape: string, ends: Pick<Answer, 'modelVersion' | 'responseId'>): Answer | Refusal {
  const counted = countUsage(job, 0)
  const unthought = { ...counted, text: 0, thoughts: 0 }
  const [kind = '', reason = kind] = shape.split(':')
  if (shape === 'stop-text-only') return { ...wordsOnly(job, 'I cannot make this picture as described.'), ...ends }
  if (kind === 'promptFeedback' && BLOCK_REASONS.includes(reason)) {
    return {
      candidates: undefined,
      promptFeedback: { blockReason: reason },
      usageMetadata: blockedMetadata(unthought, job.traffic),
      ...ends,
      outcome: 'blocked',
      used: unthought,
    }
  }
  if (!FINISH_REASONS.includes(reason) || (kind !== reason && kind !== 'finish')) {
    return invalidArgument(
      `The sandbox has no refusal "${shape}". There are: stop-text-only, promptFeedback:{${BLOCK_REASONS.join(', ')}}, finish:{${FINISH_REASONS.join(', ')}}.`,
    )
  }
  const used = POLICY.includes(reason) ? { ...counted, text: 0 } : unthought
  return {
    candidates: [{ content: {}, finishReason: reason, index: 0, ...finishMessage(reason) }],
    usageMetadata: blockedMetadata(used, job.traffic),
    ...ends,
    outcome: 'blocked',
    used,
  }
}

function finishMessage(reason: string): Json {
  if (reason === 'MAX_TOKENS' || reason === 'NO_IMAGE') return {}
  return {
    finishMessage: `Unable to show the generated image. It was stopped for the reason ${reason}. You will not be charged for blocked images. Try rephrasing the prompt. Support code: ${10_000_000 + (hashOf(reason) % 89_999_999)}`,
  }
}

type Made = Omit<Answer, 'modelVersion' | 'responseId'>

/** A normal end that lacks its picture, in each way seen in the wild. */
function withoutImage(job: Job, shape: string): Made {
  const used = countUsage(job, 0)
  const content: Readonly<Record<string, Json>> = {
    'parts-null': { content: { parts: null, role: 'model' } },
    'parts-empty': { content: { parts: [], role: 'model' } },
    'parts-missing': { content: { role: 'model' } },
    'content-empty': { content: {} },
    'content-missing': {},
  }
  const ended = { ...content[shape], finishReason: 'STOP', index: 0 }
  return {
    candidates: shape === 'candidates-missing' ? undefined : shape === 'candidates-empty' ? [] : [ended],
    usageMetadata: usageMetadata(used, job.traffic),
    outcome: 'blocked',
    used,
  }
}

function wordsOnly(job: Job, text?: string): Made {
  const used = countUsage(job, 0)
  return {
    candidates: [candidate([...thought(job), spoken(job, text)], 'STOP')],
    usageMetadata: usageMetadata(used, job.traffic),
    outcome: text === undefined ? 'answered' : 'blocked',
    used,
  }
}

function candidate(parts: readonly Json[], finishReason: string): Json {
  return { content: { parts, role: 'model' }, finishReason, index: 0 }
}

/** Thinking models sign the first part, whatever it is. */
function spoken(
  job: Job,
  text = job.edited.length > 0 ? 'Here is your picture with the change.' : 'Here is the picture you asked for.',
): Json {
  return { text, ...(job.level && { thoughtSignature: signatureFor(job.model.id, text) }) }
}

function thought(job: Job): Json[] {
  if (!job.includeThoughts || !job.level) return []
  return [
    { text: '**Composing the scene**\n\nI settle the light first, then the shapes, then the details.', thought: true },
  ]
}
