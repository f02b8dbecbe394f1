import { type Journey, PHOTO, reference } from '../journey.ts'

export const JOURNEY: Journey = {
  provider: 'fal',
  environment: { FAL_KEY: 'id:journey' },
  steps: [
    {
      does: 'makes one',
      body: { model: 'black-forest-labs/flux.1-dev', prompt: 'a red fox for fal', size: '512x512' },
      charge: '0.025',
      size: [512, 512],
    },
    {
      does: 'makes two in one call',
      body: { model: 'black-forest-labs/flux.1-schnell', prompt: 'two foxes for fal', size: '512x512', n: 2 },
      // 2 × 0.003 for the megapixel that each is rounded up to.
      charge: '0.006',
      pictures: 2,
      size: [512, 512],
    },
    {
      does: 'edits',
      body: {
        model: 'black-forest-labs/flux.1-dev',
        prompt: 'night for fal',
        size: '512x512',
        input_references: [reference(PHOTO)],
      },
      charge: '0.025',
    },
  ],
  survives: {
    does: 'survives',
    body: { model: 'black-forest-labs/flux.1-dev', prompt: 'fal survives [[fault:delay=1500]]', size: '512x512' },
    charge: '0.025',
  },
}
