import { type Journey, PHOTO, reference } from '../journey.ts'

export const JOURNEY: Journey = {
  provider: 'volcengine',
  environment: { VOLCENGINE_API_KEY: 'ark-journey' },
  steps: [
    {
      does: 'makes one',
      body: { model: 'bytedance-seed/seedream-4.0', prompt: 'a red fox for volcengine', size: '1280x720' },
      charge: '0.03',
      size: [1280, 720],
    },
    {
      does: 'edits',
      body: {
        model: 'bytedance-seed/seedream-4.0',
        prompt: 'night for volcengine',
        size: '1280x720',
        input_references: [reference(PHOTO)],
      },
      charge: '0.03',
    },
    {
      does: 'makes two by two calls',
      body: { model: 'bytedance-seed/seedream-4.0', prompt: 'two foxes for volcengine', n: 2, size: '1280x720' },
      charge: '0.06',
      pictures: 2,
    },
  ],
}
