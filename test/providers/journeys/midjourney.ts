import { type Journey, PHOTO, reference } from '../journey.ts'

/** What an operator might ask for a picture: a fourth of what he reckons that a task costs him. */
const pricing = { basis: 'image', entries: [{ billable: 'output_image', unit: 'image', usd: '0.025' }] }

/** The version whose pictures are small in the simulator. */
const small = { provider: { options: { midjourney: { v: 1 } } } }

export const JOURNEY: Journey = {
  provider: 'midjourney',
  environment: { MIDJOURNEY_PROXY_SECRET: 'journey-secret' },
  catalog: [
    { id: 'midjourney/midjourney', pricing },
    { id: 'midjourney/niji', pricing },
  ],
  steps: [
    {
      does: 'makes the four of a task where nobody says how many',
      body: { model: 'midjourney/midjourney', prompt: 'a fox by Midjourney', ...small },
      charge: '0.1',
      pictures: 4,
      size: [64, 64],
    },
    {
      does: 'makes eight, by two tasks',
      body: { model: 'midjourney/midjourney', prompt: 'eight foxes by Midjourney', n: 8, ...small },
      charge: '0.2',
      pictures: 8,
    },
    {
      does: 'draws after a picture',
      body: {
        model: 'midjourney/niji',
        prompt: 'night by Midjourney',
        aspect_ratio: '4:1',
        input_references: [reference(PHOTO)],
        ...small,
      },
      charge: '0.1',
      pictures: 4,
      size: [128, 32],
    },
    {
      does: 'is refused for nothing',
      body: { model: 'midjourney/midjourney', prompt: 'refused by Midjourney [[fault:refusal=banned]]', ...small },
      charge: '0',
      refused: { status: 400, says: 'May contain sensitive words' },
    },
  ],
  survives: {
    does: 'survives',
    body: { model: 'midjourney/midjourney', prompt: 'Midjourney survives [[fault:delay=1500]]', ...small },
    charge: '0.1',
    pictures: 4,
    size: [64, 64],
  },
}
