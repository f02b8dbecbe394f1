import assert from 'node:assert/strict'

import type { Experiment } from './experiment.ts'
import { attemptsOf, openScene, type ProviderName } from './scene.ts'

/** Every shape in which a provider says no to what is asked, as the simulators know them. */
const SHAPES: readonly (readonly [ProviderName, string, 'short'?])[] = [
  // A blocked prompt never reached the model: Google's own documents leave open whether its words are counted.
  ['google', 'promptFeedback:SAFETY,billed=no', 'short'],
  ['google', 'promptFeedback:BLOCKLIST,billed=no'],
  ['google', 'promptFeedback:PROHIBITED_CONTENT,billed=no'],
  ['google', 'finish:IMAGE_SAFETY', 'short'],
  ['google', 'finish:SAFETY'],
  ['google', 'finish:IMAGE_PROHIBITED_CONTENT'],
  ['google', 'finish:RECITATION'],
  ['google', 'finish:SPII'],
  ['openrouter', 'moderation:violence', 'short'],
  ['openrouter', 'promptFeedback:content_policy_violation'],
  ['openrouter', 'finish:IMAGE_SAFETY', 'short'],
  ['fal', 'policy', 'short'],
  ['fal', 'nsfw', 'short'],
]

/** Two of the surfaces, with what their clients look for. */
const SURFACES = [
  { path: '/api/v1/images', says: ['content_policy_violation', 'content_refused'] },
  { path: '/v1/images/generations', says: ['image_generation_user_error', 'moderation_blocked'] },
] as const

/** Safety blocks: the caller's to mend, whoever says so and however. */
export const REFUSALS: readonly Experiment[] = [
  {
    promise: 'M13',
    claim:
      'a refusal is one error whatever its provider calls it, is never tried again and goes elsewhere only on request',
    async run(stage) {
      const shapes = SHAPES.filter(([, , form]) => stage.isLong || form === 'short')
      for (const [provider, shape] of shapes) {
        const others = (['google', 'openrouter', 'fal'] as const).filter((name) => name !== provider)
        for (const { path, says } of SURFACES) {
          await using scene = await openScene({
            ...stage,
            providers: [provider, ...others],
            environment: { PLANTAIN_ROUTE_ORDER: order(provider, others) },
          })
          scene.roads[provider].always({ fault: `refusal=${shape}` })

          const refused = await scene.buy({ path })

          assert.equal(refused.status, 400, `${provider} ${shape}: ${refused.text.slice(0, 300)}`)
          for (const word of says)
            assert.ok(refused.text.includes(word), `${provider} ${shape} on ${path}: ${refused.text}`)
          assert.equal(attemptsOf(refused).length, 1, shape)
          assert.match(attemptsOf(refused)[0] ?? '', new RegExp(`^${provider} `))
          assert.equal(refused.receipt?.charge_usd, '0')
          assert.equal(scene.roads[provider].posts(), 1)
          for (const other of others) assert.equal(scene.roads[other].posts(), 0, `${other} was not asked`)
          const books = await scene.books()
          assert.ok(
            books.loss >= books.billed,
            `${provider} ${shape}: ${books.loss} is booked, ${books.billed} was billed`,
          )

          if (path === '/api/v1/images') {
            const wished = await scene.buy({ body: { provider: { fallback_on_moderation: true } } })
            assert.equal(wished.status, 200, `${provider} ${shape} with fallback: ${wished.text.slice(0, 300)}`)
            assert.deepEqual(attemptsOf(wished).slice(1), [`${others[0]} ok`])
          }
        }
      }
      return { shapes: shapes.length, retried: 0, failedOver: 0 }
    },
  },
]

const SLUGS = { google: 'google-ai-studio', openrouter: 'openrouter', fal: 'fal' } as const

function order(first: ProviderName, others: readonly ProviderName[]): string {
  return [first, ...others].map((name) => SLUGS[name]).join(',')
}
