import { type Journey, PHOTO, PHOTO_PNG, reference } from '../journey.ts'

const SDXL = 'stabilityai/stable-diffusion-xl-base-1.0'

export const JOURNEY: Journey = {
  provider: 'comfyui',
  environment: {},
  steps: [
    {
      does: 'makes two in one call, for nothing',
      body: {
        model: SDXL,
        prompt: 'a red fox for comfyui',
        n: 2,
        seed: 7,
        negative_prompt: 'fog',
        size: '192x128',
        provider: { options: { comfyui: { steps: 12 } } },
      },
      charge: '0',
      pictures: 2,
      size: [192, 128],
    },
    {
      does: 'edits, in the shape of the picture',
      body: { model: SDXL, prompt: 'night for comfyui', input_references: [reference(PHOTO)] },
      charge: '0',
      size: [512, 512],
    },
    {
      does: 'edits two pictures by instruction',
      body: {
        model: 'qwen/qwen-image-edit-plus',
        prompt: 'both for comfyui',
        size: '512x512',
        input_references: [reference(PHOTO), reference(PHOTO_PNG)],
      },
      charge: '0',
      size: [512, 512],
    },
    {
      does: 'is refused a workflow that its operator does not allow',
      body: {
        model: SDXL,
        prompt: 'own for comfyui',
        provider: { options: { comfyui: { workflow: { a: { class_type: 'SaveImage', inputs: {} } } } } },
      },
      charge: '0',
      refused: { status: 400, says: 'workflow is not allowed on this route' },
    },
  ],
  survives: {
    does: 'survives',
    body: { model: SDXL, prompt: 'comfyui survives [[fault:delay=1500]]', size: '128x128' },
    charge: '0',
    size: [128, 128],
  },
}
