import type { ProviderEntry } from '../entry.ts'
import type { Endpoint, Names, Quirks } from './quirks.ts'

/** What the rest of the house has to know of a server of this kind, beside its quirks. */
export interface Preset extends Pick<ProviderEntry, 'name' | 'settings' | 'credentials' | 'baseUrl' | 'inFlight'> {
  readonly quirks: Quirks
  readonly cost: 'reported' | 'tokens' | 'list price'
  readonly refusal: string
  readonly client: string | null
  readonly source: string
}

export const EVERY_FORMAT = ['png', 'jpeg', 'webp'] as const

export const BASICS = { model: 'model', n: 'n' } as const satisfies Names

/** OpenAI's own edits: a form with files, repeated under a name with brackets, and a mask beside them. */
export function editing(own: Pick<Endpoint, 'names' | 'formats' | 'prompt'>, repaints: 'transparent' | 'white') {
  const edits = {
    path: '/images/edits',
    as: 'form',
    shape: 'size',
    ...own,
    references: [{ field: 'image', fieldOfSeveral: 'image[]', takes: 'list' }],
  } as const
  return { edits, masked: { ...edits, mask: { field: 'mask', repaints } } } as const
}
