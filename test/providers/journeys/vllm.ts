import { type Journey, PHOTO, reference } from '../journey.ts'

export const JOURNEY: Journey = {
  provider: 'vllm',
  environment: {},
  steps: [
    {
      does: 'makes two in one call, for nothing',
      body: {
        model: 'qwen/qwen-image',
        prompt: 'a red fox for vllm',
        n: 2,
        seed: 7,
        size: '256x192',
        output_format: 'webp',
      },
      charge: '0',
      pictures: 2,
      size: [256, 192],
    },
    {
      does: 'edits, in the size of the picture',
      body: {
        model: 'qwen/qwen-image-edit-plus',
        prompt: 'night for vllm',
        input_references: [reference(PHOTO)],
      },
      charge: '0',
      size: [512, 512],
    },
  ],
}
