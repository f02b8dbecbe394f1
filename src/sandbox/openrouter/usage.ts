import type { Nanos } from '../../core/money.ts'
import { usdNumber } from '../../core/money.ts'
import { countUsage, priceOf, textTokens } from '../gemini/usage.ts'
import type { Job } from './check.ts'

/** What a call used and costs. */
export interface Usage {
  readonly prompt: number
  /** Everything that came out: pictures, words and thoughts. */
  readonly completion: number
  readonly image: number
  readonly thoughts: number
  /** Nano-dollars for what went in, and for what came out. */
  readonly costIn: bigint
  readonly costOut: bigint
}

/** OpenRouter reports so many for a picture that is not sold by tokens; they are not billed. */
const UNBILLED_TOKENS = 4175
const WORDS = 12
const MEGAPIXEL = 1024 * 1024

/**
 * Counts a call so that anyone can do it by hand. Google's models: as the Gemini simulator counts. Others that are sold by tokens:
 * ceil(UTF-8 bytes of all text ÷ 4) and a fixed count per reference go in; per picture ceil(tokens per megapixel of its quality × its
 * megapixels) come out, and 12 for words. Sold by picture or megapixel: nothing goes in, and 4175 tokens per picture come out, unbilled.
 */
export function countCall(job: Job, images: number): Usage {
  const { price } = job.model
  const { width, height } = job.pixels
  switch (price.per) {
    case 'google token': {
      const { gemini } = price
      const used = countUsage({ ...job, model: gemini, size: job.tier, level: gemini.thinkingLevels[0] }, images)
      const none = { promptText: 0, promptImage: 0, image: 0, text: 0, thoughts: 0 }
      return {
        prompt: used.promptText + used.promptImage,
        completion: used.image + used.text + used.thoughts,
        image: used.image,
        thoughts: used.thoughts,
        costIn: priceOf(gemini, { ...none, promptText: used.promptText, promptImage: used.promptImage }),
        costOut: priceOf(gemini, { ...none, image: used.image, text: used.text, thoughts: used.thoughts }),
      }
    }
    case 'token': {
      const { rates, perMegapixel, perReference } = price
      const text = textTokens(job.text)
      const references = job.pictures.length * perReference
      const perPicture = Math.ceil(((perMegapixel[job.quality ?? 'medium'] ?? 0) * width * height) / MEGAPIXEL)
      const image = images * perPicture
      const words = job.wantsText ? WORDS : 0
      return {
        prompt: text + references,
        completion: image + words,
        image,
        thoughts: 0,
        costIn: BigInt(text) * rates.text + BigInt(references) * rates.picture,
        costOut: BigInt(image) * rates.image + BigInt(words) * rates.words,
      }
    }
    case 'image':
      return unbilled(images, BigInt(images) * (price.byTier[job.tier] ?? 0n))
    case 'megapixel': {
      const more = Math.ceil((width * height) / MEGAPIXEL) - 1
      return unbilled(images, BigInt(images) * (price.first + BigInt(more) * price.more))
    }
    default:
      return price satisfies never
  }
}

function unbilled(images: number, costOut: bigint): Usage {
  const image = images * UNBILLED_TOKENS
  return { prompt: 0, completion: image, image, thoughts: 0, costIn: 0n, costOut }
}

/** Nano-dollars in all. */
export function costOf({ costIn, costOut }: Usage): bigint {
  return costIn + costOut
}

/** `usage` of either API: no count is null and no detail is left out, lest a client stumble. */
export function usageBody(usage: Usage, details: boolean): Record<string, unknown> {
  return {
    prompt_tokens: usage.prompt,
    completion_tokens: usage.completion,
    total_tokens: usage.prompt + usage.completion,
    cost: dollars(costOf(usage)),
    is_byok: false,
    ...(details && {
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: usage.thoughts, image_tokens: usage.image },
      cost_details: {
        upstream_inference_cost: null,
        upstream_inference_prompt_cost: dollars(usage.costIn),
        upstream_inference_completions_cost: dollars(usage.costOut),
      },
    }),
  }
}

function dollars(nanos: bigint): number {
  return usdNumber(nanos as Nanos)
}
