import { type Journey, PHOTO, reference } from '../journey.ts'

const SDXL = 'stabilityai/stable-diffusion-xl-base-1.0'

export const JOURNEY: Journey = {
  provider: 'automatic1111',
  environment: { SD_WEBUI_API_AUTH: 'operator:journey' },
  steps: [
    {
      does: 'makes two in one call, for nothing',
      body: {
        model: SDXL,
        prompt: 'a red fox for automatic1111',
        n: 2,
        seed: 7,
        negative_prompt: 'fog',
        size: '192x128',
        provider: { options: { automatic1111: { steps: 12, sampler_name: 'Euler a' } } },
      },
      charge: '0',
      pictures: 2,
      size: [192, 128],
    },
    {
      does: 'edits, in the shape of the picture',
      body: { model: SDXL, prompt: 'night for automatic1111', input_references: [reference(PHOTO)] },
      charge: '0',
      size: [512, 512],
    },
  ],
}
