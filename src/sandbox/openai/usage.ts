import type { Job } from './job.ts'
import type { SimulatedModel } from './models.ts'

/** What a call used. */
export interface Tokens {
  readonly text: number
  readonly pictures: number
  readonly image: number
  readonly words: number
}

const MEGAPIXEL = 1024 * 1024
/** Of one preview (general knowledge of November 2026). */
const PREVIEW = 100
const PLANNING: Readonly<Record<string, number>> = { low: 10, medium: 30, high: 90 }

/**
 * Counts a call so that anyone can do it by hand: ceil(UTF-8 bytes of the prompt ÷ 4) and a fixed count per reference go in; out come,
 * per picture, what the table has for its quality and size, 100 for each preview, and for models that plan 10, 30 or 90 words.
 */
export function countTokens(job: Job): Tokens {
  const { simulated, prompt, images, fidelity, n, previews, isStream, complexity } = job
  const perReference = simulated.perReference[fidelity ?? simulated.fidelities[0] ?? 'high'] ?? 0
  return {
    text: Math.ceil(Buffer.byteLength(prompt) / 4),
    pictures: images.length * perReference,
    image: n * ofOne(job) + (isStream ? previews * PREVIEW : 0),
    words: PLANNING[complexity ?? ''] ?? 0,
  }
}

function ofOne({ simulated: { tokens }, quality, width, height }: Job): number {
  const [square, wide, tall, megapixel] = tokens[quality] ?? [0, 0, 0, 0]
  switch (`${width}x${height}`) {
    case '1024x1024':
      return square
    case '1536x1024':
      return wide
    case '1024x1536':
      return tall
    default:
      return Math.ceil((megapixel * width * height) / MEGAPIXEL)
  }
}

/** Nano-dollars. Words have no price that anybody has seen. */
export function priceOf({ rates }: SimulatedModel, { text, pictures, image }: Tokens): bigint {
  return BigInt(text) * rates.text + BigInt(pictures) * rates.picture + BigInt(image) * rates.image
}

/** `usage` of an answer. In a stream the output is not told apart, as in OpenAI's own description of its events. */
export function usageBody({ text, pictures, image, words }: Tokens, details: boolean): object {
  return {
    input_tokens: text + pictures,
    input_tokens_details: { text_tokens: text, image_tokens: pictures },
    output_tokens: image + words,
    ...(details && { output_tokens_details: { image_tokens: image, text_tokens: words } }),
    total_tokens: text + pictures + image + words,
  }
}
