import { type Journey, PHOTO, reference } from '../journey.ts'

export const JOURNEY: Journey = {
  provider: 'alibaba',
  environment: { DASHSCOPE_API_KEY: 'sk-journey' },
  steps: [
    {
      does: 'makes one at once',
      body: { model: 'qwen/qwen-image-2.0', prompt: 'a red fox for alibaba', size: '512x512' },
      charge: '0.035',
      size: [512, 512],
    },
    {
      does: 'edits',
      body: {
        model: 'qwen/qwen-image-edit-plus',
        prompt: 'night for alibaba',
        size: '512x512',
        input_references: [reference(PHOTO)],
      },
      charge: '0.03',
      size: [512, 512],
    },
    {
      does: 'makes three in one call',
      body: { model: 'qwen/qwen-image-2.0', prompt: 'three foxes for alibaba', n: 3, size: '512x512' },
      charge: '0.105',
      pictures: 3,
    },
    {
      does: 'makes one by a task, at its own price and not at the lowest reseller’s',
      body: { model: 'qwen/qwen-image', prompt: 'a task for alibaba', aspect_ratio: '9:16' },
      charge: '0.035',
      size: [928, 1664],
    },
    {
      does: 'is refused what its rules forbid',
      body: { model: 'qwen/qwen-image-2.0', prompt: 'not for alibaba [[fault:refusal=input]]', size: '512x512' },
      charge: '0',
      refused: { status: 400, says: 'inappropriate content' },
    },
  ],
  survives: {
    does: 'survives',
    body: {
      model: 'qwen/qwen-image',
      prompt: 'alibaba survives [[fault:delay=1500]]',
      size: '928x1664',
    },
    charge: '0.035',
  },
}
