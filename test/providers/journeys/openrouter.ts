import { type Journey, PHOTO, reference } from '../journey.ts'

export const JOURNEY: Journey = {
  provider: 'openrouter',
  environment: { OPENROUTER_API_KEY: 'sk-or-journey' },
  steps: [
    {
      does: 'makes one that is sold by the megapixel',
      body: { model: 'black-forest-labs/flux.2-klein-4b', prompt: 'a red fox for openrouter', size: '512x512' },
      charge: '0.014',
      size: [512, 512],
    },
    {
      does: 'makes two in one call',
      body: { model: 'qwen/qwen-image-3', prompt: 'two foxes for openrouter', size: '512x512', n: 2 },
      charge: '0.06',
      pictures: 2,
      size: [512, 512],
    },
    {
      does: 'edits',
      body: {
        model: 'qwen/qwen-image-3',
        prompt: 'night for openrouter',
        size: '512x512',
        input_references: [reference(PHOTO)],
      },
      charge: '0.03',
      size: [512, 512],
    },
    {
      does: 'is refused by moderation, for which the caller pays nothing',
      body: {
        model: 'black-forest-labs/flux.2-klein-4b',
        prompt: 'something else for openrouter [[fault:refusal=moderation:violence]]',
        size: '512x512',
      },
      charge: '0',
      refused: { status: 400, says: 'flagged by moderation: violence' },
    },
  ],
}
