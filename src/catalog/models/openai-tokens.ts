import type { TokenFacts } from '../model.ts'

/*
 * Tokens that OpenAI's image models take. The reported usage is what is charged; these only size the hold, and stand in where no
 * usage comes. From 2 on they are implied by the published price of a picture (https://openai.com/api/pricing, 2026-05-06).
 */

/** Tokens of gpt-image-1 and 1.5 are the same. A reference at the default fidelity takes a few hundred (general knowledge). */
export const TOKENS_OF_1 = {
  outputPerImage: {},
  outputBySize: [
    { quality: 'low', size: '1024x1024', tokens: 272 },
    { quality: 'low', size: '1024x1536', tokens: 408 },
    { quality: 'low', size: '1536x1024', tokens: 400 },
    { quality: 'medium', size: '1024x1024', tokens: 1056 },
    { quality: 'medium', size: '1024x1536', tokens: 1584 },
    { quality: 'medium', size: '1536x1024', tokens: 1568 },
    { quality: 'high', size: '1024x1024', tokens: 4160 },
    { quality: 'high', size: '1024x1536', tokens: 6240 },
    { quality: 'high', size: '1536x1024', tokens: 6208 },
  ],
  inputPerImage: 600,
} as const satisfies TokenFacts

/** Implied by the price of a picture at 8 dollars a million. */
export const TOKENS_OF_1_MINI = {
  outputPerImage: {},
  outputBySize: [
    { quality: 'low', size: '1024x1024', tokens: 625 },
    { quality: 'low', size: '1024x1536', tokens: 750 },
    { quality: 'low', size: '1536x1024', tokens: 750 },
    { quality: 'medium', size: '1024x1024', tokens: 1375 },
    { quality: 'medium', size: '1024x1536', tokens: 1875 },
    { quality: 'medium', size: '1536x1024', tokens: 1875 },
    { quality: 'high', size: '1024x1024', tokens: 4500 },
    { quality: 'high', size: '1024x1536', tokens: 6500 },
    { quality: 'high', size: '1536x1024', tokens: 6500 },
  ],
  inputPerImage: 600,
} as const satisfies TokenFacts

/** Implied by the price of a picture at 30 dollars a million. From 2 on references are always read at full fidelity. */
export const TOKENS_OF_2 = {
  outputPerImage: {},
  outputBySize: [
    { quality: 'low', size: '1024x1024', tokens: 200 },
    { quality: 'low', size: '1024x1536', tokens: 167 },
    { quality: 'low', size: '1536x1024', tokens: 167 },
    { quality: 'medium', size: '1024x1024', tokens: 1767 },
    { quality: 'medium', size: '1024x1536', tokens: 1367 },
    { quality: 'medium', size: '1536x1024', tokens: 1367 },
    { quality: 'high', size: '1024x1024', tokens: 7034 },
    { quality: 'high', size: '1024x1536', tokens: 5500 },
    { quality: 'high', size: '1536x1024', tokens: 5500 },
  ],
  outputPerMegapixel: { low: 200, medium: 1767, high: 7034 },
  inputPerImage: 6600,
} as const satisfies TokenFacts

/** No table is published for 2.5 and 2.6: those of 2, and our own guess of twice `high` for the two qualities above it. */
export const TOKENS_OF_2_5 = {
  outputPerImage: {},
  outputPerMegapixel: { low: 200, medium: 1767, high: 7034, xhigh: 14_068, max: 14_068 },
  inputPerImage: 6600,
} as const satisfies TokenFacts
