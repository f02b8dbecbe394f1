import type { Job } from './check.ts'
import type { SimulatedModel, ThinkingLevel } from './models.ts'

/** What a call used, in tokens by kind. */
export interface Usage {
  readonly promptText: number
  readonly promptImage: number
  readonly image: number
  /** Output at the text rate, thoughts not included. */
  readonly text: number
  readonly thoughts: number
}

const THOUGHTS: Readonly<Record<ThinkingLevel, number>> = { MINIMAL: 96, LOW: 160, MEDIUM: 320, HIGH: 960 }

/**
 * Counts a call so that anyone can do it by hand. With T = the prompt's text tokens:
 * - T = ceil(UTF-8 bytes of all text in the request ÷ 4), directives and system instruction included, texts joined by one line feed;
 * - pictures in the request: 258 tokens each on 2.5, 560 on 3 Pro, 1120 on 3.1 and 2.1;
 * - pictures in the answer: the tier's tokens each (1290 on 2.5; 747/1120/1680/2520; Pro 1120/1120/2000);
 * - words in the answer: 88 + 7T mod 543 on models that think, said or not; on 2.5 12 with TEXT among the modalities, else 0;
 * - thoughts: by level 96 minimal, 160 low, 320 medium, 960 high, plus 11T mod 128; on 3 Pro always 256 plus 11T mod 128; on 2.5 none.
 * A call costs (T + picture tokens in) × input rate + image tokens × image rate + (words + thoughts) × text rate.
 * The shape follows 49 recorded answers, in which the candidates' count exceeded the image count by 88 to 630.
 */
export function countUsage(job: Counted, images: number): Usage {
  const promptText = textTokens(job.text)
  const thinks = job.model.thinkingLevels.length > 0
  return {
    promptText,
    promptImage: job.pictures.length * job.model.tokensPerInput,
    image: images * (job.model.tokens[job.size] ?? 0),
    text: thinks ? 88 + ((7 * promptText) % 543) : job.wantsText ? 12 : 0,
    thoughts: job.level ? thoughtsBase(job.model, job.level) + ((11 * promptText) % 128) : 0,
  }
}

/** What of a job its tokens depend on. */
type Counted = Pick<Job, 'model' | 'text' | 'size' | 'wantsText' | 'level'> & {
  readonly pictures: { readonly length: number }
}

/** `ceil(UTF-8 bytes ÷ 4)`. */
export function textTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4)
}

function thoughtsBase({ id }: SimulatedModel, level: ThinkingLevel): number {
  return id.startsWith('gemini-3-pro') ? 256 : THOUGHTS[level]
}

/** What Google would put on the bill, in nano-dollars. Every service tier at the standard rate: the others are not published per token. */
export function priceOf({ rates }: SimulatedModel, usage: Usage): bigint {
  return (
    BigInt(usage.promptText + usage.promptImage) * rates.input +
    BigInt(usage.image) * rates.image +
    BigInt(usage.text + usage.thoughts) * rates.text
  )
}

type Traffic = Readonly<Record<string, string>>

/** `usageMetadata` in Google's order of fields. The details list pictures alone, and the rest of the count has no entry. */
export function usageMetadata(usage: Usage, traffic: Traffic, details = true): Record<string, unknown> {
  const prompt = usage.promptText + usage.promptImage
  const candidates = usage.image + usage.text
  const inputs = [
    { modality: 'TEXT', tokenCount: usage.promptText },
    ...(usage.promptImage > 0 ? [{ modality: 'IMAGE', tokenCount: usage.promptImage }] : []),
  ]
  return {
    promptTokenCount: prompt,
    candidatesTokenCount: candidates,
    totalTokenCount: prompt + candidates + usage.thoughts,
    ...(details && { promptTokensDetails: inputs }),
    ...(details && usage.image > 0 && { candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: usage.image }] }),
    ...(usage.thoughts > 0 && { thoughtsTokenCount: usage.thoughts }),
    ...traffic,
  }
}

/** The metadata of a blocked answer. Where the model had thought before it was stopped, the candidates' count repeats the thoughts. */
export function blockedMetadata(usage: Usage, traffic: Traffic): Record<string, unknown> {
  const prompt = usage.promptText + usage.promptImage
  return {
    promptTokenCount: prompt,
    ...(usage.thoughts > 0 && { candidatesTokenCount: usage.thoughts }),
    totalTokenCount: prompt + usage.thoughts,
    promptTokensDetails: [
      { modality: 'TEXT', tokenCount: usage.promptText },
      ...(usage.promptImage > 0 ? [{ modality: 'IMAGE', tokenCount: usage.promptImage }] : []),
    ],
    ...(usage.thoughts > 0 && { thoughtsTokenCount: usage.thoughts }),
    ...traffic,
  }
}
