import { type Journey, PHOTO, reference } from '../journey.ts'

export const JOURNEY: Journey = {
  provider: 'google-ai-studio',
  environment: { GEMINI_API_KEY: 'journey' },
  steps: [
    {
      does: 'makes one, whose tokens are charged',
      body: { model: 'google/gemini-3.1-flash-lite-image', prompt: 'a red fox for google' },
      // 5 tokens of words at 0.25, 1120 of a picture at 30 and 123 + 151 of words and thoughts at 1.50 a million.
      charge: '0.03401225',
    },
    {
      does: 'makes two by two calls',
      body: { model: 'google/gemini-3.1-flash-lite-image', prompt: 'two foxes for google', n: 2 },
      // Twice that.
      charge: '0.0680245',
      pictures: 2,
    },
    {
      does: 'edits',
      body: {
        model: 'google/gemini-3.1-flash-lite-image',
        prompt: 'night for google',
        input_references: [reference(PHOTO)],
      },
      // 4 tokens of words and 1120 of the reference at 0.25, 1120 at 30, and 116 + 140 at 1.50 a million.
      charge: '0.034265',
    },
    {
      does: 'is refused by the rules, for which the caller pays nothing',
      body: {
        model: 'google/gemini-3.1-flash-lite-image',
        prompt: 'something else for google [[fault:refusal=promptFeedback:PROHIBITED_CONTENT]]',
      },
      charge: '0',
      refused: { status: 400, says: 'PROHIBITED_CONTENT' },
    },
  ],
}
