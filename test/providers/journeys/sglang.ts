import { type Journey, PHOTO, reference } from '../journey.ts'

export const JOURNEY: Journey = {
  provider: 'sglang',
  environment: { SGLANG_API_KEY: 'journey' },
  steps: [
    {
      does: 'makes two in one call, in a ratio at a tier',
      body: {
        model: 'tongyi-mai/z-image-turbo',
        prompt: 'a red fox for sglang',
        n: 2,
        seed: 7,
        aspect_ratio: '4:3',
        resolution: '512',
      },
      charge: '0',
      pictures: 2,
      size: [576, 432],
    },
    {
      does: 'edits with two pictures',
      body: {
        model: 'qwen/qwen-image-edit-plus',
        prompt: 'night for sglang',
        size: '256x256',
        input_references: [reference(PHOTO), reference(PHOTO)],
      },
      charge: '0',
      size: [256, 256],
    },
  ],
}
