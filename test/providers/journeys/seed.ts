import { type Journey, PHOTO, PHOTO_PNG, reference } from '../journey.ts'

export const JOURNEY: Journey = {
  provider: 'seed',
  environment: { ARK_API_KEY: 'ark-journey' },
  steps: [
    {
      does: 'makes one',
      body: { model: 'bytedance-seed/seedream-4.0', prompt: 'a red fox for seed', size: '1280x720' },
      charge: '0.03',
      size: [1280, 720],
    },
    {
      does: 'edits two pictures into one',
      body: {
        model: 'bytedance-seed/seedream-4.0',
        prompt: 'night for seed',
        size: '1280x720',
        input_references: [reference(PHOTO), reference(PHOTO_PNG)],
      },
      charge: '0.03',
      size: [1280, 720],
    },
    {
      does: 'makes two by two calls',
      body: { model: 'bytedance-seed/seedream-5-0-flash', prompt: 'two foxes for seed', n: 2, size: '1280x720' },
      charge: '0.036',
      pictures: 2,
    },
    {
      does: 'is refused what its rules forbid',
      body: {
        model: 'bytedance-seed/seedream-4.0',
        prompt: 'not for seed [[fault:refusal=output]]',
        size: '1280x720',
      },
      charge: '0',
      refused: { status: 400, says: 'sensitive information' },
    },
  ],
}
