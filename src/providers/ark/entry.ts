import type { ProviderEntry } from '../entry.ts'
import { makeArk } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

const common = {
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: false,
    seed: true,
    negativePrompt: false,
    mostPerCall: 15,
    formats: ['png', 'jpeg'],
    progress: 'none',
    cost: 'list price',
    refusal: '400 with a code such as InputTextSensitiveContentDetected, or such an error in the place of a picture',
    client: 'openai',
    source:
      'https://docs.byteplus.com/en/docs/ModelArk/1666945 and https://www.volcengine.com/docs/82379/1299023, in excerpts, read 2026-11-22',
  },
} as const satisfies Partial<ProviderEntry>

/** BytePlus ModelArk, outside China. */
export const SEED: ProviderEntry = {
  ...common,
  name: 'Seed',
  settings: 'ARK',
  credentials: ['ARK_API_KEY', 'BYTEPLUS_API_KEY'],
  baseUrl: 'https://ark.ap-southeast.bytepluses.com/api/v3',
  make: (upstream) => makeArk('seed', upstream),
}

/**
 * Its Chinese twin, with accounts and ids of its own. Both vendors' samples call the key `ARK_API_KEY`; here that is ModelArk's alone,
 * as one setting that meant both would send each key to the other's host.
 */
export const VOLCENGINE: ProviderEntry = {
  ...common,
  name: 'Volcengine',
  settings: 'VOLCENGINE',
  credentials: ['VOLCENGINE_API_KEY', 'VOLC_API_KEY'],
  baseUrl: 'https://ark.cn-beijing.volces.com/api/v3',
  make: (upstream) => makeArk('volcengine', upstream),
}
